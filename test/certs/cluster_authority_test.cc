// One and two replicas against an API server that holds a Secret and a webhook object, loses them,
// refuses and goes away on demand.
#include "certs/cluster_authority.h"

#include <condition_variable>
#include <csignal>
#include <ctime>
#include <map>
#include <mutex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "certs/authority_objects.h"
#include "certs/inspect.h"
#include "test/kube/fake_api.h"

namespace smc::certs {
namespace {

using httplib::Request;
using httplib::Response;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kSecretPath[] = "/api/v1/namespaces/ns/secrets/ca";
constexpr char kConfigurationPath[] =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/hook";

// The two objects, with what the real server does to them: versions, conflicts, watches.
class Cluster {
 public:
  Cluster() : api_([this](const Request& q, Response& r) { handle(q, r); }) {
    store(kSecretPath, {{"metadata", {{"name", "ca"}, {"labels", {{"kept", "yes"}}}}}});
    store(kConfigurationPath,
          {{"metadata", {{"name", "hook"}}},
           {"webhooks", {{{"name", "pods"}, {"clientConfig", {{"service", {{"name", "x"}}}}}}}}});
  }
  ~Cluster() {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }

  std::shared_ptr<kube::Cluster> cluster() const { return api_.cluster(); }
  std::size_t requests() const { return api_.requests().size(); }

  // Changes an object as somebody else would.
  template <class Change>
  void change(const std::string& path, Change by) {
    const std::lock_guard lock(mutex_);
    json object = objects_.at(path);
    by(object);
    put(path, std::move(object));
  }
  void remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    objects_.erase(path);
  }
  void store(const std::string& path, json object) {
    const std::lock_guard lock(mutex_);
    put(path, std::move(object));
  }

  // "get secrets", "patch mutatingwebhookconfigurations"
  void forbid(const std::set<std::string>& rights) {
    const std::lock_guard lock(mutex_);
    forbidden_ = rights;
  }
  void set_down(bool down) {
    const std::lock_guard lock(mutex_);
    down_ = down;
  }
  void set_clock(hours ahead) {
    const std::lock_guard lock(mutex_);
    ahead_ = ahead;
  }

  SharedAuthorities authorities() {
    const std::lock_guard lock(mutex_);
    return authorities_of(objects_.at(kSecretPath));
  }
  std::string bundle() {
    const std::lock_guard lock(mutex_);
    const auto bundles = bundles_of(objects_.at(kConfigurationPath));
    return bundles.empty() ? "" : bundles[0];
  }
  json object(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return objects_.at(path);
  }

 private:
  struct Event {
    std::string path;
    long version;
    std::string line;
  };

  void put(const std::string& path, json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    if (path == kConfigurationPath) object["metadata"]["generation"] = version_;
    events_.push_back(
        {path, version_, json{{"type", "MODIFIED"}, {"object", object}}.dump() + "\n"});
    objects_[path] = std::move(object);
  }

  static void refuse(Response& response, int status, const std::string& reason) {
    kube::answer(response, status, json{{"reason", reason}, {"message", reason + "!"}}.dump());
  }

  void handle(const Request& request, Response& response) {
    const std::lock_guard lock(mutex_);
    const std::time_t date =
        std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + ahead_);
    std::tm fields{};
    ::gmtime_r(&date, &fields);
    char text[40];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &fields);
    response.set_header("Date", text);
    if (down_) return refuse(response, 500, "InternalError");
    const bool one = objects_.count(request.path) != 0 || request.path == kSecretPath ||
                     request.path == kConfigurationPath;
    const std::string resource = request.path.find("secrets") != std::string::npos
                                     ? "secrets"
                                     : "mutatingwebhookconfigurations";
    const std::string verb = request.has_param("watch")  ? "watch"
                             : request.method == "PUT"   ? "update"
                             : request.method == "PATCH" ? "patch"
                             : one                       ? "get"
                                                         : "list";
    if (forbidden_.count(verb + " " + resource) != 0) return refuse(response, 403, "Forbidden");
    if (!one) {
      const std::string path = resource == "secrets" ? kSecretPath : kConfigurationPath;
      return verb == "watch" ? watch(request, response, path) : list(response, path);
    }
    if (objects_.count(request.path) == 0) return refuse(response, 404, "NotFound");
    if (verb != "get" && !write(request, response)) return;
    kube::answer(response, 200, objects_.at(request.path).dump());
  }

  bool write(const Request& request, Response& response) {
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

  void list(Response& response, const std::string& path) {
    json items = json::array();
    if (objects_.count(path) != 0) items.push_back(objects_.at(path));
    kube::answer(
        response, 200,
        json{{"metadata", {{"resourceVersion", std::to_string(version_)}}}, {"items", items}}
            .dump());
  }

  void watch(const Request& request, Response& response, const std::string& path) {
    long seen = std::stol(request.get_param_value("resourceVersion"));
    response.set_chunked_content_provider(
        "application/json", [this, path, seen](std::size_t, httplib::DataSink& sink) mutable {
          std::this_thread::sleep_for(milliseconds(2));
          std::string lines;
          {
            const std::lock_guard lock(mutex_);
            if (down_ || closing_) return false;
            for (const Event& event : events_)
              if (event.path == path && event.version > seen) {
                lines += event.line;
                seen = event.version;
              }
          }
          return lines.empty() ? sink.is_writable() : sink.write(lines.data(), lines.size());
        });
  }

  std::mutex mutex_;
  std::map<std::string, json> objects_;
  std::vector<Event> events_;
  std::set<std::string> forbidden_;
  long version_ = 100;
  hours ahead_{0};
  bool down_ = false;
  bool closing_ = false;
  kube::FakeApi api_;  // last: its threads use all of the above
};

// A replica, and what it was told to do.
class Replica {
 public:
  explicit Replica(const Cluster& cluster,
                   RotationWaits waits = {milliseconds(50), milliseconds(80)}) {
    ClusterAuthorityOptions options;
    options.ns = "ns";
    options.secret = "ca";
    options.configuration = "hook";
    options.names = {{"web.ns.svc"}, {}};
    options.waits = waits;
    options.client.user_agent = "test/1";
    options.backoff = {milliseconds(5), milliseconds(50)};
    options.resync = milliseconds(500);
    authority_ = std::make_unique<ClusterAuthority>(cluster.cluster(), options, handlers());
  }

  template <class Condition>
  bool await(Condition condition) {
    std::unique_lock lock(mutex_);
    // Far beyond what any case needs: only a broken one waits for it.
    return changed_.wait_for(lock, seconds(20), condition);
  }
  bool ready() {
    return await([this] { return told_ && why_.empty(); });
  }
  bool not_ready_for(const std::string& reason) {
    return await([&] { return why_.find(reason) != std::string::npos; });
  }
  bool is_ready() {
    const std::lock_guard lock(mutex_);
    return told_ && why_.empty();
  }
  bool in_touch(bool wanted) {
    return await([&] { return in_touch_ == wanted; });
  }
  std::string why() {
    const std::lock_guard lock(mutex_);
    return why_;
  }
  std::string issuer() {
    const std::lock_guard lock(mutex_);
    return leaf_.certificate_pem.empty() ? ""
                                         : read_certificates(leaf_.certificate_pem)->front().issuer;
  }
  CertificateInfo leaf() {
    const std::lock_guard lock(mutex_);
    return read_certificates(leaf_.certificate_pem)->front();
  }
  std::vector<std::string> steps() {
    const std::lock_guard lock(mutex_);
    return steps_;
  }
  bool took(const std::string& step) {
    return await([&] { return std::find(steps_.begin(), steps_.end(), step) != steps_.end(); });
  }
  int failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  template <class Change>
  void change(Change by) {
    const std::lock_guard lock(mutex_);
    by();
    changed_.notify_all();
  }

  ClusterAuthorityHandlers handlers() {
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
      });
    };
    on.api_failed = [this] { change([&] { ++failures_; }); };
    on.api_in_touch = [this](bool in_touch) { change([&] { in_touch_ = in_touch; }); };
    return on;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  KeyPair leaf_;
  std::string why_;
  bool told_ = false;
  bool in_touch_ = true;
  int failures_ = 0;
  std::vector<std::string> steps_;
  std::unique_ptr<ClusterAuthority> authority_;  // last: its thread uses all of the above
};

class ClusterAuthorityTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }

  template <class Condition>
  static bool soon(Condition condition) {
    const auto end = steady_clock::now() + seconds(20);
    while (!condition() && steady_clock::now() < end) std::this_thread::sleep_for(milliseconds(2));
    return condition();
  }
  std::string subject() {
    return read_certificates(cluster_.authorities().current.certificate_pem)->front().subject;
  }
  std::size_t trusted() {
    const auto infos = read_certificates(cluster_.bundle());
    return infos ? infos->size() : 0;
  }
  void reset_bundle(const std::string& text) {
    cluster_.change(kConfigurationPath, [&](json& object) {
      object["webhooks"][0]["clientConfig"]["caBundle"] = base64_encode(text);
    });
  }

  Cluster cluster_;
};

TEST_F(ClusterAuthorityTest, FillsAnEmptySecretAndIsReadyWhenTheBundleTrustsIt) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  EXPECT_THAT(replica.steps(), ElementsAre("create", "issue", "bundle"));
  EXPECT_EQ(replica.issuer(), subject());
  EXPECT_THAT(replica.leaf().names.dns, ElementsAre("web.ns.svc"));
  const json secret = cluster_.object(kSecretPath);
  EXPECT_EQ(secret["metadata"]["labels"]["kept"], "yes");
  EXPECT_EQ(cluster_.object(kConfigurationPath)["webhooks"][0]["clientConfig"]["service"]["name"],
            "x");
}

TEST_F(ClusterAuthorityTest, ReplicasAgreeOnOneCa) {
  Replica one(cluster_);
  Replica two(cluster_);
  ASSERT_TRUE(one.ready());
  ASSERT_TRUE(two.ready());
  EXPECT_EQ(one.issuer(), subject());
  EXPECT_EQ(two.issuer(), subject());
  EXPECT_NE(one.leaf().serial, two.leaf().serial) << "each has a key of its own";
  EXPECT_EQ(trusted(), 1U);
}

TEST_F(ClusterAuthorityTest, PutsBackACaBundleThatSomebodyReset) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  const std::string before = cluster_.bundle();
  for (const char* text : {"", "rubbish"}) {
    reset_bundle(text);
    EXPECT_TRUE(soon([&] { return cluster_.bundle() == before; })) << text;
    EXPECT_TRUE(replica.ready());
  }
}

TEST_F(ClusterAuthorityTest, DoesNotFightForEver) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  const auto end = steady_clock::now() + milliseconds(600);
  const std::size_t before = cluster_.requests();
  while (steady_clock::now() < end) reset_bundle("");
  // The burst, some doublings, then one write for each pause of 25 ms or more; each is three
  // requests.
  EXPECT_LT(cluster_.requests() - before, 3 * (10 + 5 + 600 / 25));
}

TEST_F(ClusterAuthorityTest, RubbishInTheSecretIsReplacedByTheSameCa) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  const std::string before = cluster_.authorities().current.key_pem;
  const std::string served = replica.leaf().serial;
  cluster_.change(kSecretPath, [](json& object) { object["data"]["ca.crt"] = "cnViYmlzaA=="; });
  EXPECT_TRUE(replica.took("restore"));
  EXPECT_EQ(cluster_.authorities().current.key_pem, before);
  EXPECT_EQ(replica.leaf().serial, served);
}

TEST_F(ClusterAuthorityTest, RubbishFoundAtTheStartIsReplacedByANewCa) {
  cluster_.change(kSecretPath, [](json& object) {
    object["data"] = {{"ca.crt", "cnViYmlzaA=="}, {"ca.key", "cnViYmlzaA=="}};
  });
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  EXPECT_EQ(replica.steps().front(), "create");
}

TEST_F(ClusterAuthorityTest, RotatesOnRequestWithBothTrustedInBetween) {
  Replica one(cluster_, {milliseconds(200), milliseconds(200)});
  Replica two(cluster_, {milliseconds(200), milliseconds(200)});
  ASSERT_TRUE(one.ready());
  ASSERT_TRUE(two.ready());
  const std::string old_subject = subject();
  cluster_.change(kSecretPath, [](json& object) {
    object["metadata"]["annotations"][kRotateAnnotation] = "now";
  });
  EXPECT_TRUE(soon([&] { return trusted() == 2; }));
  EXPECT_EQ(one.issuer(), old_subject) << "no leaf changes before the API server has both";
  EXPECT_TRUE(soon([&] { return one.issuer() != old_subject && two.issuer() != old_subject; }));
  EXPECT_TRUE(soon([&] { return trusted() == 1; }));
  EXPECT_EQ(one.issuer(), subject());
  EXPECT_EQ(two.issuer(), subject());
  EXPECT_EQ(cluster_.authorities().previous, "");
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(one.issuer(), subject()) << "one wish is one rotation";
  EXPECT_TRUE(one.is_ready());
}

TEST_F(ClusterAuthorityTest, AReplicaThatComesInTheMiddleOfARotationGoesOnWithIt) {
  {
    Replica dies(cluster_, {hours(1), hours(1)});
    ASSERT_TRUE(dies.ready());
    cluster_.change(kSecretPath, [](json& object) {
      object["metadata"]["annotations"][kRotateAnnotation] = "now";
    });
    ASSERT_TRUE(soon([&] { return trusted() == 2; }));
  }
  const std::string next = cluster_.authorities().next.key_pem;
  Replica replica(cluster_);
  ASSERT_TRUE(replica.took("prune"));
  EXPECT_TRUE(soon([&] { return trusted() == 1; }));
  EXPECT_EQ(cluster_.authorities().current.key_pem, next);
}

TEST_F(ClusterAuthorityTest, ACaThatIsAboutToExpireIsRotatedByItself) {
  const auto old = make_authority(std::chrono::system_clock::now() - kAuthorityLife + hours(1));
  cluster_.change(kSecretPath, [&](json& object) {
    object = with_authorities(object, {*old, {}, {}, {}, {}});
  });
  Replica replica(cluster_);
  ASSERT_TRUE(replica.took("prune"));
  EXPECT_NE(cluster_.authorities().current.key_pem, old->key_pem);
}

TEST_F(ClusterAuthorityTest, ServesOnAndStaysReadyWhileTheApiServerIsAway) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  cluster_.set_down(true);
  ASSERT_TRUE(replica.in_touch(false));
  const std::size_t before = cluster_.requests();
  std::this_thread::sleep_for(milliseconds(500));
  // Three threads, each with pauses of 25 ms or more once it has backed off, two requests at most.
  EXPECT_LT(cluster_.requests() - before, 3 * 2 * (500 / 25 + 5));
  EXPECT_TRUE(replica.is_ready()) << replica.why();
  EXPECT_GT(replica.failures(), 0);
  cluster_.set_down(false);
  EXPECT_TRUE(replica.in_touch(true));
  reset_bundle("");
  EXPECT_TRUE(soon([&] { return trusted() == 1; }));
}

TEST_F(ClusterAuthorityTest, EachMissingRightIsNamed) {
  for (const char* right : {"get secrets", "update secrets", "get mutatingwebhookconfigurations",
                            "patch mutatingwebhookconfigurations"}) {
    Cluster cluster;
    cluster.forbid({right});
    Replica replica(cluster);
    EXPECT_TRUE(replica.not_ready_for(right)) << right << ": " << replica.why();
    EXPECT_TRUE(replica.not_ready_for("403")) << replica.why();
    cluster.forbid({});
    EXPECT_TRUE(replica.ready()) << right << ": " << replica.why();
  }
}

TEST_F(ClusterAuthorityTest, WithoutAWatchChangesAreNoticedLate) {
  cluster_.forbid({"watch secrets", "list mutatingwebhookconfigurations"});
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  EXPECT_TRUE(replica.in_touch(false));
  reset_bundle("");
  EXPECT_TRUE(soon([&] { return trusted() == 1; }));
}

TEST_F(ClusterAuthorityTest, ObjectsThatAreDeletedAndComeBackAreFilledAgain) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  const std::string key = cluster_.authorities().current.key_pem;
  json configuration = cluster_.object(kConfigurationPath);
  cluster_.remove(kConfigurationPath);
  EXPECT_TRUE(replica.not_ready_for("is not there"));
  configuration["webhooks"][0]["clientConfig"].erase("caBundle");
  cluster_.store(kConfigurationPath, configuration);
  EXPECT_TRUE(replica.ready());

  cluster_.remove(kSecretPath);
  ASSERT_TRUE(replica.in_touch(false));
  EXPECT_TRUE(replica.is_ready()) << replica.why();
  cluster_.store(kSecretPath, {{"metadata", {{"name", "ca"}}}, {"data", nullptr}});
  EXPECT_TRUE(soon([&] { return cluster_.authorities().current.key_pem == key; }));
}

TEST_F(ClusterAuthorityTest, TheApiServersClockJudges) {
  cluster_.set_clock(hours(24 * 365 * 3));
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  EXPECT_GT(replica.leaf().not_before, std::chrono::system_clock::now() + hours(24 * 365 * 2));
  cluster_.set_clock(hours(0));
  EXPECT_TRUE(soon([&] { return replica.leaf().not_before < std::chrono::system_clock::now(); }))
      << "it jumps back, and the CA has not begun";
  EXPECT_TRUE(replica.ready());
}

TEST_F(ClusterAuthorityTest, StopsAtOnceWhateverItWaitsFor) {
  for (const bool down : {false, true}) {
    cluster_.set_down(down);
    auto replica = std::make_unique<Replica>(cluster_);
    if (!down) {
      ASSERT_TRUE(replica->ready());
    }
    const auto began = steady_clock::now();
    replica.reset();
    EXPECT_LT(steady_clock::now() - began, seconds(1));
  }
}

}  // namespace
}  // namespace smc::certs
