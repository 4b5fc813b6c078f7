// An API server for the faults that a real one will not produce on demand. It answers what the
// test's handler says and records what it was asked.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "certs/authority.h"
#include "kube/client.h"

// Only fake_api.cc includes the library's header, which is long.
namespace httplib {
class Server;
}

namespace smc::kube {

// What a FakeApi is asked.
struct ApiRequest {
  std::string method;
  std::string target;  // "/api/v1/pods?limit=50"
  std::string path;
  std::string body;
  std::map<std::string, std::string, std::less<>> parameters;
  std::map<std::string, std::string, std::less<>> headers;  // their names as they were sent
  int remote_port = 0;

  bool has_parameter(std::string_view name) const { return parameters.contains(name); }
  // Empty where it is not there.
  std::string parameter(std::string_view name) const;
  std::string header(std::string_view name) const;
};

// What comes next of a streamed answer's body: more (nothing yet, where nothing is appended), the
// last chunk, or a cut connection.
enum class Next { kMore, kEnd, kCut };
using Stream = std::function<Next(std::string& part)>;

// What the handler answers: a body, or a stream of type application/json.
struct ApiResponse {
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
  Stream stream;
};

class FakeApi {
 public:
  // Called on one of eight threads, as are the streams.
  using Handler = std::function<void(const ApiRequest&, ApiResponse&)>;

  // Plain HTTP on 127.0.0.1; port 0 takes a free one.
  explicit FakeApi(Handler handler, int port = 0);
  // HTTPS with a certificate for these names and addresses; with `ask_client`, clients must show
  // one that the same authority signed.
  FakeApi(Handler handler, const certs::SubjectNames& names, bool ask_client = false);
  ~FakeApi();

  // With the token "secret", and, over HTTPS, this server's authority.
  std::shared_ptr<Cluster> cluster() const;
  const certs::KeyPair& authority() const { return authority_; }
  int port() const { return port_; }

  // "GET /api/v1/pods?limit=50", in the order of arrival.
  std::vector<std::string> requests() const;

 private:
  void start(Handler handler, int port = 0);

  certs::KeyPair authority_;
  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

// What follows the parts of a stream: the last chunk, a cut connection, or silence until either
// side leaves.
enum class Ending { kProper, kCut, kHeld };
void stream(ApiResponse& response, std::vector<std::string> parts, Ending ending);

void answer(ApiResponse& response, int status, const std::string& body);

// The body of a refusal: a metav1.Status that says "because".
std::string status_body(const std::string& reason, int code);
// One line of a watch's stream: an object that has this version and nothing else.
std::string watch_line(const std::string& type, const std::string& version);

// Of a client called "test/1".
ClientOptions client_options();

}  // namespace smc::kube
