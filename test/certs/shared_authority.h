// What the replicas of a webhook share, for the tests of certs/cluster_authority.h: an API server
// that holds a Secret and a webhook object, loses them, refuses and goes away on demand; and a
// replica that remembers what it was told. Any thread of the test.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "certs/cluster_authority.h"
#include "certs/inspect.h"
#include "test/kube/fake_api.h"

namespace smc::certs {

inline constexpr char kSecretPath[] = "/api/v1/namespaces/ns/secrets/ca";
inline constexpr char kConfigurationPath[] =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/hook";

// The two objects, with what the real server does to them: versions, conflicts, watches. At first
// the Secret is empty and the webhook object without caBundle.
class SharedCluster {
 public:
  SharedCluster();
  ~SharedCluster();

  std::shared_ptr<kube::Cluster> cluster() const { return api_.cluster(); }
  std::size_t requests() const { return api_.requests().size(); }
  // How many requests began so, such as "POST /api".
  std::size_t requests(const std::string& beginning) const;

  // Changes an object as somebody else would.
  template <class Change>
  void change(const std::string& path, Change by) {
    const std::lock_guard lock(mutex_);
    nlohmann::json object = objects_.at(path);
    by(object);
    put(path, std::move(object));
  }
  void remove(const std::string& path);
  void store(const std::string& path, nlohmann::json object);

  // "get secrets", "patch mutatingwebhookconfigurations"
  void forbid(const std::set<std::string>& rights);
  void set_down(bool down);
  void set_clock(std::chrono::hours ahead);
  // The next creation finds that somebody else has just made this one.
  void beat_to_it(nlohmann::json object);

  bool holds(const std::string& path);
  SharedAuthorities authorities();
  std::string bundle();
  nlohmann::json object(const std::string& path);

 private:
  struct Event {
    std::string path;
    long version;
    std::string line;
  };

  void put(const std::string& path, nlohmann::json object);
  void tell(const char* type, const std::string& path, const nlohmann::json& object);
  void handle(const kube::ApiRequest& request, kube::ApiResponse& response);
  bool write(const kube::ApiRequest& request, kube::ApiResponse& response);
  void create(const std::string& path, const kube::ApiRequest& request,
              kube::ApiResponse& response);
  void list(kube::ApiResponse& response, const std::string& path);
  void watch(const kube::ApiRequest& request, kube::ApiResponse& response, const std::string& path);

  std::mutex mutex_;
  std::map<std::string, nlohmann::json> objects_;
  std::vector<Event> events_;
  std::set<std::string> forbidden_;
  long version_ = 100;
  std::chrono::hours ahead_{0};
  std::optional<nlohmann::json> first_;  // comes before the next creation
  bool down_ = false;
  bool closing_ = false;
  kube::FakeApi api_;  // last: its threads use all of the above
};

// Far beyond what any case needs: only a broken one waits for it.
inline constexpr std::chrono::seconds kPatience{20};

// Whether `condition` comes to hold.
bool soon(const std::function<bool()>& condition);

// A replica, and what it was told to do.
class Replica {
 public:
  explicit Replica(const SharedCluster& cluster,
                   RotationWaits waits = {std::chrono::milliseconds(50),
                                          std::chrono::milliseconds(80)},
                   kube::Backoff::Limits backoff = {std::chrono::milliseconds(5),
                                                    std::chrono::milliseconds(50)});

  bool ready();
  bool not_ready_for(const std::string& reason);
  bool api_up(bool wanted);
  bool took(const std::string& step);

  bool is_ready();
  std::string why();
  std::string issuer();
  CertificateInfo leaf();
  // Those that were done, in their order; with " conflict" behind those where somebody else was
  // first.
  std::vector<std::string> steps();
  int failures();
  // How often it was told that the API server answers, or does not.
  int turns();

 private:
  bool await(const std::function<bool()>& condition);
  void change(const std::function<void()>& by);
  ClusterAuthorityHandlers handlers();

  std::mutex mutex_;
  std::condition_variable changed_;
  KeyPair leaf_;
  std::string why_;
  bool told_ = false;
  bool api_up_ = true;
  int failures_ = 0;
  int turns_ = 0;
  std::vector<std::string> steps_;
  std::unique_ptr<ClusterAuthority> authority_;  // last: its thread uses all of the above
};

}  // namespace smc::certs
