// The mesh switch followed on an API server that behaves, misbehaves, and goes away.
#include "mesh/mesh_watch.h"

#include <condition_variable>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/mesh/fake_mesh.h"
#include "test/support/temporary_directory.h"

namespace smc {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;

const json kBothOn = {{"smcEnabled", true}, {"ambientConfiguration", {{"enabled", true}}}};
const json kSmcOff = {{"smcEnabled", false}};

MeshWatchOptions quick(std::shared_ptr<const kube::Cluster> cluster) {
  MeshWatchOptions out("test");
  out.cluster = std::move(cluster);
  out.watcher.backoff = {milliseconds(2), milliseconds(20)};
  out.watcher.random = [] { return 0.5; };
  out.discovery = {milliseconds(5), milliseconds(20)};
  return out;
}

// A MeshWatch whose status can be waited for.
class Followed {
 public:
  explicit Followed(MeshWatchOptions options)
      : watch_(std::move(options), [this](const MeshStatus&) { changed_.notify_all(); }) {}

  // The status as soon as it is `wanted`, or as it is after 20 s, which only a broken watch needs.
  MeshStatus await(const std::function<bool(const MeshStatus&)>& wanted) {
    std::unique_lock lock(mutex_);
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    while (!wanted(watch_.status()) && steady_clock::now() < end)
      changed_.wait_for(lock, milliseconds(5));
    return watch_.status();
  }
  MeshConfigState await_seen(MeshConfigState seen) {
    return await([&](const MeshStatus& now) { return now.seen == seen && now.lost.empty(); }).seen;
  }
  MeshStatus await_lost() {
    return await([](const MeshStatus& now) { return !now.lost.empty(); });
  }
  MeshStatus status() const { return watch_.status(); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  MeshWatch watch_;
};

TEST(MeshWatch, FollowsTheObjectOfAClusterScopedKind) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kSmcOff);
  Followed followed(quick(mesh.cluster()));
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
  EXPECT_THAT(mesh.requests()[1],
              HasSubstr("GET /apis/istio.alibabacloud.com/v1beta1/asmmeshconfigs?"));
  mesh.put(kBothOn);
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOn), MeshConfigState::kOn);
  mesh.put({{"cniConfiguration", json::object()}});
  EXPECT_EQ(followed.await_seen(MeshConfigState::kNoField), MeshConfigState::kNoField);
  mesh.put({{"smcEnabled", "yes"}});
  EXPECT_EQ(followed.await_seen(MeshConfigState::kNoBoolean), MeshConfigState::kNoBoolean);
  mesh.remove();
  EXPECT_EQ(followed.await_seen(MeshConfigState::kNoObject), MeshConfigState::kNoObject);
  mesh.put(kSmcOff);
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
}

TEST(MeshWatch, FollowsTheObjectsOfANamespacedKind) {
  FakeMesh mesh;
  mesh.serve(/*namespaced=*/true);
  mesh.put(kSmcOff, "a");
  Followed followed(quick(mesh.cluster()));
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
  mesh.put(kBothOn, "b");
  EXPECT_EQ(followed.await_seen(MeshConfigState::kContradictory), MeshConfigState::kContradictory);
  mesh.remove("a");
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOn), MeshConfigState::kOn);
}

TEST(MeshWatch, FindsAKindThatIsInstalledLaterAndSaysThatNothingIsLost) {
  FakeMesh mesh;
  Followed followed(quick(mesh.cluster()));
  EXPECT_EQ(followed.await_seen(MeshConfigState::kNoResource), MeshConfigState::kNoResource);
  mesh.serve();
  EXPECT_EQ(followed.await_seen(MeshConfigState::kNoObject), MeshConfigState::kNoObject);
  mesh.put(kSmcOff);
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
}

TEST(MeshWatch, AsksAClusterWithoutTheKindEverMoreRarely) {
  FakeMesh mesh;
  MeshWatchOptions options = quick(mesh.cluster());
  options.discovery = {milliseconds(10), milliseconds(200)};
  {
    Followed followed(options);
    std::this_thread::sleep_for(milliseconds(1000));
  }
  // after 8, 15, 30, 60, 120 and then each 150 ms
  EXPECT_LE(mesh.requests().size(), 12U);
  EXPECT_GE(mesh.requests().size(), 2U);
}

TEST(MeshWatch, NoticesThatTheKindIsRemovedAndComesBackWithAnotherScope) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kSmcOff);
  MeshWatchOptions options = quick(mesh.cluster());
  options.gone_after = milliseconds(50);
  Followed followed(options);
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
  mesh.remove_kind();
  EXPECT_EQ(followed.await_seen(MeshConfigState::kNoResource), MeshConfigState::kNoResource);
  mesh.serve(/*namespaced=*/true);
  mesh.put(kBothOn, "a");
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOn), MeshConfigState::kOn);
}

TEST(MeshWatch, DoesNotBelieveAStartingServerThatTheKindIsGone) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kSmcOff);
  Followed followed(quick(mesh.cluster()));
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
  for (const char* verb : {"discover", "list", "watch"}) mesh.refuse(verb, 404);
  EXPECT_EQ(followed.await_lost().seen, MeshConfigState::kOff);
  const int asked = mesh.count("GET /apis/istio.alibabacloud.com/v1beta1");
  while (mesh.count("GET /apis/istio.alibabacloud.com/v1beta1") < asked + 5)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(followed.status().seen, MeshConfigState::kOff);
  for (const char* verb : {"discover", "list", "watch"}) mesh.allow(verb);
  mesh.put(kBothOn);
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOn), MeshConfigState::kOn);
}

TEST(MeshWatch, KeepsTheLastValueWhenTheWatchIsLostAndSaysWhy) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kSmcOff);
  Followed followed(quick(mesh.cluster()));
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
  for (const char* verb : {"discover", "list", "watch"})
    mesh.refuse(verb, 500, R"({"reason":"InternalError","message":"etcd"})");
  const MeshStatus lost = followed.await_lost();  // a stream that ends may still bring a change
  mesh.put(kBothOn);
  EXPECT_EQ(lost.seen, MeshConfigState::kOff);
  EXPECT_THAT(lost.lost, HasSubstr("500 InternalError: etcd"));
  for (const char* verb : {"discover", "list", "watch"}) mesh.allow(verb);
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOn), MeshConfigState::kOn)
      << "what changed meanwhile";
}

TEST(MeshWatch, ABrokenStreamThatIsTakenUpAtOnceIsNotLost) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kSmcOff);
  std::atomic<bool> said = false;
  const MeshWatch followed(quick(mesh.cluster()), [&](const MeshStatus& status) {
    if (!status.lost.empty()) said = true;
  });
  while (mesh.count("GET /apis/istio.alibabacloud.com/v1beta1/asmmeshconfigs?watch") < 1)
    std::this_thread::sleep_for(milliseconds(1));
  mesh.cut();
  mesh.put(kBothOn);
  while (followed.status().seen != MeshConfigState::kOn)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_FALSE(said);
}

TEST(MeshWatch, GoneListsAgain) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kSmcOff);
  Followed followed(quick(mesh.cluster()));
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
  mesh.put(kBothOn);
  mesh.compact();
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOn), MeshConfigState::kOn);
}

TEST(MeshWatch, NamesTheVerbThatIsMissing) {
  const char* forbidden = R"({"reason":"Forbidden","message":"no"})";
  for (const std::string verb : {"list", "watch"}) {
    FakeMesh mesh;
    mesh.serve();
    mesh.put(kSmcOff);
    mesh.refuse(verb, 403, forbidden);
    Followed followed(quick(mesh.cluster()));
    EXPECT_THAT(followed.await_lost().lost,
                AllOf(HasSubstr(verb + " asmmeshconfigs.istio.alibabacloud.com"),
                      HasSubstr("403 Forbidden")));
    mesh.allow(verb);
    EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff)
        << "the right is granted";
  }
  FakeMesh mesh;
  mesh.refuse("discover", 403, forbidden);
  Followed followed(quick(mesh.cluster()));
  EXPECT_THAT(followed.await_lost().lost, HasSubstr("get /apis/istio.alibabacloud.com/v1beta1"));
}

TEST(MeshWatch, BeforeTheFirstAnswerNothingIsKnownAndItIsTold) {
  FakeMesh mesh;
  mesh.refuse("discover", 503);
  Followed followed(quick(mesh.cluster()));
  const MeshStatus status = followed.await([](const MeshStatus& now) { return now.tried; });
  EXPECT_EQ(status.seen, MeshConfigState::kNothing);
  EXPECT_NE(status.lost, "");
}

TEST(MeshWatch, StopsAtOnceWhateverItDoes) {
  FakeMesh mesh;
  MeshWatchOptions options = quick(mesh.cluster());
  options.discovery = {std::chrono::hours(1), std::chrono::hours(1)};
  auto followed = std::make_unique<Followed>(options);
  followed->await_seen(MeshConfigState::kNoResource);
  auto began = steady_clock::now();
  followed.reset();
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(1));

  mesh.serve();
  followed = std::make_unique<Followed>(options);
  followed->await_seen(MeshConfigState::kNoObject);
  began = steady_clock::now();
  followed.reset();
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(1));
}

// The kubeconfig in a file, as a Secret is mounted: replaced by a rename.
class MeshKubeconfig : public testing::Test {
 protected:
  MeshWatchOptions options() const {
    MeshWatchOptions out = quick(nullptr);
    out.kubeconfig = file();
    return out;
  }
  std::string file() const { return directory_.file("kubeconfig"); }
  void write(const std::string& content) const {
    std::ofstream(file() + ".new") << content;
    std::filesystem::rename(file() + ".new", file());
  }
  void write(const FakeMesh& mesh, const json& user = {{"token", "secret"}}) const {
    write(json{
        {"current-context", "mesh"},
        {"clusters",
         {{{"name", "mesh"},
           {"cluster", {{"server", "http://127.0.0.1:" + std::to_string(mesh.cluster()->port)}}}}}},
        {"users", {{{"name", "mesh"}, {"user", user}}}},
        {"contexts", {{{"name", "mesh"}, {"context", {{"cluster", "mesh"}, {"user", "mesh"}}}}}}}
              .dump());
  }

  test::TemporaryDirectory directory_;
};

TEST_F(MeshKubeconfig, NamesTheServerThatIsFollowed) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kSmcOff);
  write(mesh);
  Followed followed(options());
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
}

TEST_F(MeshKubeconfig, IsReadAnewWhenItIsReplaced) {
  FakeMesh old_mesh;
  old_mesh.serve();
  old_mesh.put(kSmcOff);
  FakeMesh new_mesh;
  new_mesh.serve();
  new_mesh.put(kBothOn);
  write(old_mesh);
  Followed followed(options());
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
  write(new_mesh);
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOn), MeshConfigState::kOn);
  const int before = static_cast<int>(old_mesh.requests().size());
  new_mesh.put(kSmcOff);
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
  EXPECT_EQ(static_cast<int>(old_mesh.requests().size()), before);
}

TEST_F(MeshKubeconfig, ThatGoesBadChangesNothingAndIsReported) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kSmcOff);
  write(mesh);
  Followed followed(options());
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
  write("malformed");
  const auto reported = [](const MeshStatus& now) { return !now.kubeconfig_problem.empty(); };
  EXPECT_THAT(followed.await(reported).kubeconfig_problem, HasSubstr("not a kubeconfig"));
  mesh.put(kBothOn);
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOn), MeshConfigState::kOn)
      << "the old connection goes on";
  write(mesh);
  EXPECT_EQ(followed.await([&](const MeshStatus& now) { return !reported(now); }).seen,
            MeshConfigState::kOn);
}

TEST_F(MeshKubeconfig, ThatIsBadOrMissingAtTheStartIsReportedAndTakenWhenItIsGood) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kSmcOff);
  MeshWatchOptions wanted = options();
  Followed followed(wanted);
  const MeshStatus missing = followed.await_lost();
  EXPECT_TRUE(missing.tried);
  EXPECT_THAT(missing.lost, AllOf(HasSubstr(file()), HasSubstr("No such file")));
  write(mesh);
  EXPECT_EQ(followed.await_seen(MeshConfigState::kOff), MeshConfigState::kOff);
}

TEST_F(MeshKubeconfig, MustHoldItsCredentialsAndStartNoProgram) {
  FakeMesh mesh;
  const std::vector<std::pair<json, std::string>> cases = {
      {{{"tokenFile", "/var/run/secrets/kubernetes.io/serviceaccount/token"}}, "tokenFile"},
      {{{"exec", {{"command", "aliyun"}}}}, "exec is not supported"},
      {json::object(), "no credentials"},
  };
  for (const auto& [user, expected] : cases) {
    write(mesh, user);
    Followed followed(options());
    EXPECT_THAT(followed.await_lost().lost, HasSubstr(expected));
  }
  EXPECT_TRUE(mesh.requests().empty());
}

}  // namespace
}  // namespace smc
