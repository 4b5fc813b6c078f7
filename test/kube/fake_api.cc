#include "test/kube/fake_api.h"

#include <chrono>
#include <stdexcept>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include "base/openssl.h"

namespace smc::kube {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

struct Keys {
  openssl::Certificate certificate;
  openssl::Pkey key;
};

Keys parsed(const certs::KeyPair& pair) {
  return {std::move(*openssl::parse_certificate(pair.certificate_pem)),
          std::move(*openssl::parse_key(pair.key_pem))};
}

X509_STORE* store_of(const certs::KeyPair& authority) {
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, openssl::parse_certificate(authority.certificate_pem)->get());
  // The library issues certificates for servers alone; here they serve clients too.
  X509_VERIFY_PARAM_set_purpose(X509_STORE_get0_param(store), X509_PURPOSE_ANY);
  return store;  // SSLServer takes it over
}

std::string value_of(const std::map<std::string, std::string, std::less<>>& values,
                     std::string_view name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

ApiRequest request_of(const httplib::Request& from) {
  ApiRequest request;
  request.method = from.method;
  request.target = from.target;
  request.path = from.path;
  request.body = from.body;
  request.parameters.insert(from.params.begin(), from.params.end());
  request.headers.insert(from.headers.begin(), from.headers.end());
  request.remote_port = from.remote_port;
  return request;
}

void send(const ApiResponse& response, httplib::Response& to) {
  to.status = response.status;
  for (const auto& [name, value] : response.headers) to.set_header(name, value);
  if (!response.stream) return to.set_content(response.body, "application/json");
  const auto provide = [next = response.stream](std::size_t, httplib::DataSink& sink) mutable {
    std::string part;
    const Next what = next(part);
    if (!part.empty() && !sink.write(part.data(), part.size())) return false;
    if (what == Next::kEnd) sink.done();
    if (what == Next::kMore && part.empty()) return sink.is_writable();
    return what != Next::kCut;
  };
  to.set_chunked_content_provider("application/json", provide);
}

}  // namespace

std::string ApiRequest::parameter(std::string_view name) const {
  return value_of(parameters, name);
}

std::string ApiRequest::header(std::string_view name) const {
  return value_of(headers, name);
}

FakeApi::FakeApi(Handler handler, int port) : server_(std::make_unique<httplib::Server>()) {
  start(std::move(handler), port);
}

FakeApi::FakeApi(Handler handler, const certs::SubjectNames& names, bool ask_client)
    : authority_(*certs::make_authority(std::chrono::system_clock::now())) {
  const Keys keys =
      parsed(*certs::issue_serving(authority_, names, std::chrono::system_clock::now()));
  server_ = std::make_unique<httplib::SSLServer>(keys.certificate.get(), keys.key.get(),
                                                 ask_client ? store_of(authority_) : nullptr);
  start(std::move(handler));
}

void FakeApi::start(Handler handler, int port) {
  const auto recorded = [this, handler = std::move(handler)](const httplib::Request& asked,
                                                             httplib::Response& answered) {
    const ApiRequest request = request_of(asked);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request.method + " " + request.target);
    }
    ApiResponse response;
    handler(request, response);
    send(response, answered);
  };
  const std::string any = "/.*";
  server_->Get(any, recorded).Post(any, recorded).Put(any, recorded);
  server_->Patch(any, recorded).Delete(any, recorded);
  server_->set_tcp_nodelay(true);
  server_->set_keep_alive_max_count(1000);
  server_->new_task_queue = [] { return new httplib::ThreadPool(8); };
  port_ = port;
  if (port == 0)
    port_ = server_->bind_to_any_port("127.0.0.1");
  else if (!server_->bind_to_port("127.0.0.1", port))
    throw std::runtime_error("port " + std::to_string(port) + " is taken");
  thread_ = std::thread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::sleep_for(milliseconds(1));
}

FakeApi::~FakeApi() {
  server_->stop();
  thread_.join();
}

std::shared_ptr<Cluster> FakeApi::cluster() const {
  auto out = std::make_shared<Cluster>();
  out->host = "127.0.0.1";
  out->port = static_cast<std::uint16_t>(port_);
  out->tls = !authority_.certificate_pem.empty();
  out->authority.data = authority_.certificate_pem;
  out->token.data = "secret";
  out->origin = "the test";
  return out;
}

std::vector<std::string> FakeApi::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void stream(ApiResponse& response, std::vector<std::string> parts, Ending ending) {
  response.stream = [parts = std::move(parts), ending,
                     next = std::size_t{0}](std::string& part) mutable {
    if (next < parts.size()) {
      part = parts[next++];
      return Next::kMore;
    }
    if (ending == Ending::kCut) return Next::kCut;
    if (ending == Ending::kProper) return Next::kEnd;
    std::this_thread::sleep_for(milliseconds(5));
    return Next::kMore;
  };
}

void answer(ApiResponse& response, int status, const std::string& body) {
  response.status = status;
  response.body = body;
}

std::string status_body(const std::string& reason, int code) {
  return json{{"kind", "Status"}, {"reason", reason}, {"message", "because"}, {"code", code}}
      .dump();
}

std::string watch_line(const std::string& type, const std::string& version) {
  return json{{"type", type}, {"object", {{"metadata", {{"resourceVersion", version}}}}}}.dump() +
         "\n";
}

ClientOptions client_options() {
  ClientOptions out;
  out.user_agent = "test/1";
  return out;
}

}  // namespace smc::kube
