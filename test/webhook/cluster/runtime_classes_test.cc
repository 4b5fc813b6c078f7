// Which runtimeClassNames are excluded for what their RuntimeClass's handler is, and what is told.
#include "webhook/cluster/runtime_classes.h"

#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "test/kube/fake_api.h"
#include "test/webhook/cluster/await.h"

namespace smc::webhook {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// An API server with RuntimeClasses.
class FakeRuntimeClasses {
 public:
  std::shared_ptr<const kube::Cluster> cluster() const { return api_.cluster(); }

  void put(const std::string& name, const std::string& handler) {
    const std::lock_guard lock(state_->mutex);
    const json object = object_of(name, handler, state_->changes.size() + 1);
    state_->objects[name] = object;
    state_->changes.push_back(line("MODIFIED", object));
  }
  void remove(const std::string& name) {
    const std::lock_guard lock(state_->mutex);
    const json last = state_->objects.at(name);
    state_->objects.erase(name);
    state_->changes.push_back(line("DELETED", last));
  }
  // Answers every request so, and ends the watches; 0: as usual again.
  void refuse(int status) {
    const std::lock_guard lock(state_->mutex);
    state_->refused = status;
    ++state_->generation;
  }

 private:
  struct State {
    std::mutex mutex;
    int refused = 0;
    int generation = 0;  // of the watches: one of an older generation ends
    std::map<std::string, json> objects;
    std::vector<std::string> changes;  // the version is their number
  };

  static json object_of(const std::string& name, const std::string& handler, std::size_t version) {
    return {{"metadata", {{"name", name}, {"resourceVersion", std::to_string(version)}}},
            {"handler", handler}};
  }
  static std::string line(const char* type, const json& object) {
    return json{{"type", type}, {"object", object}}.dump() + "\n";
  }

  void handle(const kube::ApiRequest& request, kube::ApiResponse& response) {
    EXPECT_EQ(request.path, "/apis/node.k8s.io/v1/runtimeclasses");
    const std::lock_guard lock(state_->mutex);
    if (state_->refused != 0)
      return kube::answer(response, state_->refused,
                          kube::status_body("Forbidden", state_->refused));
    if (request.has_parameter("watch")) return watch(request, response);
    json items = json::array();
    for (const auto& [name, object] : state_->objects) items.push_back(object);
    const std::string version = std::to_string(state_->changes.size());
    kube::answer(response, 200,
                 json{{"metadata", {{"resourceVersion", version}}}, {"items", items}}.dump());
  }

  void watch(const kube::ApiRequest& request, kube::ApiResponse& response) {
    response.stream =
        [state = state_, generation = state_->generation,
         sent = std::stoul(request.parameter("resourceVersion"))](std::string& part) mutable {
          std::this_thread::sleep_for(milliseconds(2));
          const std::lock_guard lock(state->mutex);
          if (generation != state->generation) return kube::Next::kEnd;
          if (sent < state->changes.size()) part = state->changes[sent++];
          return kube::Next::kMore;
        };
  }

  std::shared_ptr<State> state_ = std::make_shared<State>();
  kube::FakeApi api_{[this](const kube::ApiRequest& request, kube::ApiResponse& response) {
    handle(request, response);
  }};  // last: it calls handle()
};

class RuntimeClassesTest : public testing::Test {
 protected:
  RuntimeClassesTest() {
    Config config;
    config.injection.excluded_runtime_classes = {"kata*", "runsc"};
    config_ = std::make_shared<const Config>(std::move(config));
  }

  void follow() {
    kube::WatcherOptions options;
    options.client = kube::client_options();
    options.backoff = {milliseconds(2), milliseconds(20)};
    classes_.follow(api_.cluster(), options);
  }
  std::vector<std::string> excluded() {
    return classes_.effective(config_)->injection.excluded_runtime_classes;
  }
  bool becomes(const std::vector<std::string>& names) {
    return await(classes_, [&] { return excluded() == names; });
  }

  FakeRuntimeClasses api_;
  std::shared_ptr<const Config> config_;
  Readiness readiness_;
  Metrics metrics_;
  RuntimeClasses classes_{readiness_, metrics_};
};

TEST_F(RuntimeClassesTest, ThatNobodyFollowsLeaveTheConfigurationAsItIs) {
  EXPECT_EQ(classes_.effective(config_), config_);
  EXPECT_EQ(readiness_.reasons(), "");
}

TEST_F(RuntimeClassesTest, AreExcludedByTheirNamesWhereTheirHandlerIs) {
  api_.put("secure", "kata-qemu");
  api_.put("sandboxed", "runsc");
  api_.put("plain", "runc");
  api_.put("kata-clh", "kata-clh");  // by its name already
  follow();
  EXPECT_TRUE(becomes({"kata*", "runsc", "sandboxed", "secure"}));
}

TEST_F(RuntimeClassesTest, AreFollowed) {
  follow();
  ASSERT_TRUE(await(classes_, [&] { return readiness_.reasons().empty(); }));
  api_.put("secure", "kata");
  EXPECT_TRUE(becomes({"kata*", "runsc", "secure"}));
  api_.put("secure", "runc");
  EXPECT_TRUE(becomes({"kata*", "runsc"}));
  api_.put("other", "runsc");
  EXPECT_TRUE(becomes({"kata*", "runsc", "other"}));
  api_.remove("other");
  EXPECT_TRUE(becomes({"kata*", "runsc"}));
}

// Its injected pods would be those that it ought to leave alone.
TEST_F(RuntimeClassesTest, MakeAReplicaReadyWhenTheyHaveBeenRead) {
  api_.put("secure", "kata");
  follow();
  EXPECT_EQ(readiness_.reasons(), "runtime-classes: they have not been read yet\n");
  EXPECT_TRUE(await(classes_, [&] { return readiness_.reasons().empty(); }));
  EXPECT_THAT(excluded(), ElementsAre("kata*", "runsc", "secure"));
  EXPECT_THAT(metrics_.text(), HasSubstr("smc_webhook_api_up{what=\"runtime_classes\"} 1"));
}

TEST_F(RuntimeClassesTest, WithoutTheRightNamesAloneDecideAndThatIsSaid) {
  api_.refuse(403);
  follow();
  ASSERT_TRUE(await(classes_, [&] { return readiness_.reasons().empty(); }));
  EXPECT_THAT(readiness_.notices(),
              AllOf(HasSubstr("notice: runtime-classes: the watch is lost"), HasSubstr("403")));
  EXPECT_THAT(metrics_.text(), HasSubstr("smc_webhook_api_up{what=\"runtime_classes\"} 0"));
  EXPECT_EQ(classes_.effective(config_), config_);
}

TEST_F(RuntimeClassesTest, StayAsTheyWereSeenLastUntilTheWatchIsBack) {
  api_.put("secure", "kata");
  follow();
  ASSERT_TRUE(becomes({"kata*", "runsc", "secure"}));
  api_.refuse(403);
  ASSERT_TRUE(await(classes_, [&] { return !readiness_.notices().empty(); }));
  EXPECT_THAT(excluded(), ElementsAre("kata*", "runsc", "secure"));
  api_.put("late", "kata");
  api_.refuse(0);
  EXPECT_TRUE(becomes({"kata*", "runsc", "late", "secure"}));
  EXPECT_TRUE(await(classes_, [&] { return readiness_.notices().empty(); }));
}

}  // namespace
}  // namespace smc::webhook
