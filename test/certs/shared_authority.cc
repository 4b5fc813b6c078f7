#include "test/certs/shared_authority.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <thread>
#include <utility>

#include "certs/authority_objects.h"

namespace smc::certs {

using kube::ApiRequest;
using kube::ApiResponse;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

void refuse(ApiResponse& response, int status, const std::string& reason) {
  kube::answer(response, status, json{{"reason", reason}, {"message", reason + "!"}}.dump());
}

std::string http_date(std::chrono::system_clock::time_point when) {
  const std::time_t time = std::chrono::system_clock::to_time_t(when);
  std::tm fields{};
  ::gmtime_r(&time, &fields);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &fields);
  return text.data();
}

bool is_secret(const std::string& path) {
  return path.find("secrets") != std::string::npos;
}

// As RBAC names it.
std::string verb_of(const ApiRequest& request) {
  if (request.has_parameter("watch")) return "watch";
  if (request.method == "PUT") return "update";
  if (request.method == "PATCH") return "patch";
  if (request.method == "POST") return "create";
  return request.path == kSecretPath || request.path == kConfigurationPath ? "get" : "list";
}

}  // namespace

SharedCluster::SharedCluster()
    : api_([this](const ApiRequest& q, ApiResponse& r) { handle(q, r); }) {
  store(kSecretPath, {{"metadata", {{"name", "ca"}, {"labels", {{"kept", "yes"}}}}}});
  store(kConfigurationPath,
        {{"apiVersion", "admissionregistration.k8s.io/v1"},
         {"kind", "MutatingWebhookConfiguration"},
         {"metadata", {{"name", "hook"}, {"uid", "uid-of-hook"}}},
         {"webhooks", {{{"name", "pods"}, {"clientConfig", {{"service", {{"name", "x"}}}}}}}}});
}

SharedCluster::~SharedCluster() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
}

std::size_t SharedCluster::requests(const std::string& beginning) const {
  const std::vector<std::string> all = api_.requests();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(),
      [&](const std::string& each) { return each.compare(0, beginning.size(), beginning) == 0; }));
}

void SharedCluster::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(path);
  if (found == objects_.end()) return;
  ++version_;
  tell("DELETED", path, found->second);
  objects_.erase(found);
}

void SharedCluster::store(const std::string& path, json object) {
  const std::lock_guard lock(mutex_);
  put(path, std::move(object));
}

void SharedCluster::forbid(const std::set<std::string>& rights) {
  const std::lock_guard lock(mutex_);
  forbidden_ = rights;
}

void SharedCluster::set_down(bool down) {
  const std::lock_guard lock(mutex_);
  down_ = down;
}

void SharedCluster::set_clock(hours ahead) {
  const std::lock_guard lock(mutex_);
  ahead_ = ahead;
}

void SharedCluster::beat_to_it(json object) {
  const std::lock_guard lock(mutex_);
  first_ = std::move(object);
}

bool SharedCluster::holds(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return objects_.count(path) != 0;
}

SharedAuthorities SharedCluster::authorities() {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(kSecretPath);
  return found == objects_.end() ? SharedAuthorities() : authorities_of(found->second);
}

std::string SharedCluster::bundle() {
  const std::lock_guard lock(mutex_);
  const auto bundles = bundles_of(objects_.at(kConfigurationPath));
  return bundles.empty() ? "" : bundles[0];
}

json SharedCluster::object(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return objects_.at(path);
}

void SharedCluster::put(const std::string& path, json object) {
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  if (path == kConfigurationPath) object["metadata"]["generation"] = version_;
  tell("MODIFIED", path, object);
  objects_[path] = std::move(object);
}

void SharedCluster::tell(const char* type, const std::string& path, const json& object) {
  events_.push_back({path, version_, json{{"type", type}, {"object", object}}.dump() + "\n"});
}

void SharedCluster::handle(const ApiRequest& request, ApiResponse& response) {
  const std::lock_guard lock(mutex_);
  response.headers["Date"] = http_date(std::chrono::system_clock::now() + ahead_);
  if (down_) return refuse(response, 500, "InternalError");
  const std::string verb = verb_of(request);
  const std::string path = is_secret(request.path) ? kSecretPath : kConfigurationPath;
  const std::string resource =
      is_secret(request.path) ? "secrets" : "mutatingwebhookconfigurations";
  if (forbidden_.count(verb + " " + resource) != 0) return refuse(response, 403, "Forbidden");
  if (verb == "watch") return watch(request, response, path);
  if (verb == "list") return list(response, path);
  if (verb == "create") return create(path, request, response);
  if (objects_.count(path) == 0) return refuse(response, 404, "NotFound");
  if (verb != "get" && !write(request, response)) return;
  kube::answer(response, 200, objects_.at(path).dump());
}

bool SharedCluster::write(const ApiRequest& request, ApiResponse& response) {
  const json& before = objects_.at(request.path);
  json after = json::parse(request.body);
  if (request.method == "PATCH") try {
      after = before.patch(after);
    } catch (const json::exception&) {
      return refuse(response, 422, "Invalid"), false;
    }
  if (after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"])
    return refuse(response, 409, "Conflict"), false;
  put(request.path, std::move(after));
  return true;
}

void SharedCluster::create(const std::string& path, const ApiRequest& request,
                           ApiResponse& response) {
  json object = json::parse(request.body);
  if (object["metadata"]["name"] != path.substr(path.rfind('/') + 1))
    return refuse(response, 422, "Invalid");
  if (const auto first = std::exchange(first_, std::nullopt)) put(path, *first);
  if (objects_.count(path) != 0) return refuse(response, 409, "AlreadyExists");
  put(path, std::move(object));
  kube::answer(response, 201, objects_.at(path).dump());
}

void SharedCluster::list(ApiResponse& response, const std::string& path) {
  json items = json::array();
  if (objects_.count(path) != 0) items.push_back(objects_.at(path));
  kube::answer(
      response, 200,
      json{{"metadata", {{"resourceVersion", std::to_string(version_)}}}, {"items", items}}.dump());
}

void SharedCluster::watch(const ApiRequest& request, ApiResponse& response,
                          const std::string& path) {
  long seen = std::stol(request.parameter("resourceVersion"));
  response.stream = [this, path, seen](std::string& part) mutable {
    std::this_thread::sleep_for(milliseconds(2));
    const std::lock_guard lock(mutex_);
    if (down_ || closing_) return kube::Next::kCut;
    for (const Event& event : events_)
      if (event.path == path && event.version > seen) {
        part += event.line;
        seen = event.version;
      }
    return kube::Next::kMore;
  };
}

bool soon(const std::function<bool()>& condition) {
  const auto end = steady_clock::now() + kPatience;
  while (!condition() && steady_clock::now() < end) std::this_thread::sleep_for(milliseconds(2));
  return condition();
}

Replica::Replica(const SharedCluster& cluster, RotationWaits waits, kube::Backoff::Limits backoff) {
  ClusterAuthorityOptions options;
  options.ns = "ns";
  options.secret = "ca";
  options.marks = {{{"app.kubernetes.io/managed-by", "Helm"}},
                   {{"meta.helm.sh/release-name", "smc"}}};
  options.configuration = "hook";
  options.names = {{"web.ns.svc"}, {}};
  options.waits = waits;
  options.client.user_agent = "test/1";
  options.backoff = backoff;
  options.resync = milliseconds(500);
  authority_ = std::make_unique<ClusterAuthority>(cluster.cluster(), options, handlers());
}

bool Replica::await(const std::function<bool()>& condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, condition);
}

bool Replica::ready() {
  return await([this] { return told_ && why_.empty(); });
}

bool Replica::not_ready_for(const std::string& reason) {
  return await([&] { return why_.find(reason) != std::string::npos; });
}

bool Replica::api_up(bool wanted) {
  return await([&] { return api_up_ == wanted; });
}

bool Replica::took(const std::string& step) {
  return await([&] { return std::find(steps_.begin(), steps_.end(), step) != steps_.end(); });
}

bool Replica::is_ready() {
  const std::lock_guard lock(mutex_);
  return told_ && why_.empty();
}

std::string Replica::why() {
  const std::lock_guard lock(mutex_);
  return why_;
}

std::string Replica::issuer() {
  const std::lock_guard lock(mutex_);
  return leaf_.certificate_pem.empty() ? ""
                                       : read_certificates(leaf_.certificate_pem)->front().issuer;
}

CertificateInfo Replica::leaf() {
  const std::lock_guard lock(mutex_);
  return read_certificates(leaf_.certificate_pem)->front();
}

std::vector<std::string> Replica::steps() {
  const std::lock_guard lock(mutex_);
  return steps_;
}

int Replica::failures() {
  const std::lock_guard lock(mutex_);
  return failures_;
}

int Replica::turns() {
  const std::lock_guard lock(mutex_);
  return turns_;
}

void Replica::change(const std::function<void()>& by) {
  const std::lock_guard lock(mutex_);
  by();
  changed_.notify_all();
}

ClusterAuthorityHandlers Replica::handlers() {
  ClusterAuthorityHandlers on;
  on.serve = [this](const KeyPair& leaf) {
    change([&] { leaf_ = leaf; });
    return Result<void>();
  };
  on.not_ready = [this](const std::string& why) {
    change([&] {
      told_ = true;
      why_ = why;
    });
  };
  on.authority_expires = [](Time) {};
  on.stepped = [this](Step::Kind kind, StepResult result) {
    change([&] {
      if (result == StepResult::kDone) steps_.emplace_back(step_name(kind));
      if (result == StepResult::kConflict)
        steps_.push_back(std::string(step_name(kind)) + " conflict");
    });
  };
  on.api_failed = [this] { change([&] { ++failures_; }); };
  on.api_up = [this](bool up) {
    change([&] {
      api_up_ = up;
      ++turns_;
    });
  };
  return on;
}

}  // namespace smc::certs
