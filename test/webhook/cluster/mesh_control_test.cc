// What the daemon makes of the mesh switch and of its configuration, and what it tells.
#include "webhook/cluster/mesh_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/mesh/fake_mesh.h"
#include "test/webhook/cluster/await.h"

namespace smc::webhook {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

const json kOn = {{"smcEnabled", true}};
const json kOff = {{"smcEnabled", false}};

Config configured(bool enabled) {
  Config out;
  out.mesh.smc_enabled = enabled;
  return out;
}

class MeshControlTest : public testing::Test {
 protected:
  MeshControlTest() { mesh_.serve(); }

  void follow() {
    MeshWatchOptions options("test");
    options.cluster = mesh_.cluster();
    options.watcher.backoff = {milliseconds(2), milliseconds(20)};
    control_.follow(options);
  }
  // Takes what comes until the effective value is this one; false after 20 s.
  bool await(bool enabled) {
    return await([&] { return control_.effective(config_)->mesh.smc_enabled == enabled; });
  }
  bool await(const std::function<bool()>& condition) { return webhook::await(control_, condition); }
  bool now() { return control_.effective(config_)->mesh.smc_enabled; }

  FakeMesh mesh_;
  Config config_;
  Readiness readiness_;
  Metrics metrics_;
  MeshControl control_{readiness_, metrics_};
};

TEST_F(MeshControlTest, WithoutAWatchTheConfigurationDecidesAndNoWatchIsReported) {
  EXPECT_TRUE(control_.effective(configured(true))->mesh.smc_enabled);
  EXPECT_FALSE(control_.effective(configured(false))->mesh.smc_enabled);
  EXPECT_EQ(readiness_.reasons(), "");
  EXPECT_THAT(metrics_.text(), HasSubstr("smc_webhook_mesh_smc_enabled 0"));
  EXPECT_THAT(metrics_.text(), HasSubstr("smc_webhook_mesh_source{source=\"configuration\"} 1"));
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("smc_webhook_api_up{")));
}

TEST_F(MeshControlTest, IsNotReadyBeforeTheSwitchHasBeenRead) {
  mesh_.put(kOff);
  follow();
  EXPECT_EQ(readiness_.reasons(), "mesh-switch: it has not been read yet\n");
  EXPECT_TRUE(await([&] { return readiness_.reasons().empty(); }));
  EXPECT_FALSE(now()) << "and then the value is there";
}

TEST_F(MeshControlTest, IsReadyWhenTheFirstAttemptHasFailed) {
  mesh_.refuse("discover", 503);
  follow();
  EXPECT_TRUE(await([&] { return readiness_.reasons().empty(); }));
  EXPECT_THAT(readiness_.notices(),
              HasSubstr("notice: mesh-switch: the watch is lost, the configuration's value (on) "
                        "holds: get /apis/istio.alibabacloud.com/v1beta1: 503"));
}

TEST_F(MeshControlTest, TheObjectWinsWhicheverChangesLast) {
  mesh_.put(kOff);
  follow();
  EXPECT_TRUE(await(false));
  config_ = configured(false);
  EXPECT_FALSE(now());
  config_ = configured(true);
  EXPECT_FALSE(now()) << "a reload does not switch on what the object has switched off";
  mesh_.put(kOn);
  EXPECT_TRUE(await(true));
  config_ = configured(false);
  EXPECT_TRUE(now()) << "nor the other way round";
  EXPECT_THAT(metrics_.text(), HasSubstr("smc_webhook_mesh_source{source=\"ASMMeshConfig\"} 1"));
}

TEST_F(MeshControlTest, TheConfigurationAsReloadedHoldsWhenTheObjectGoes) {
  mesh_.put(kOn);
  follow();
  EXPECT_TRUE(await([&] { return readiness_.reasons().empty(); }));
  config_ = configured(false);
  EXPECT_TRUE(now());
  mesh_.remove();
  EXPECT_TRUE(await(false));
  config_ = configured(true);
  EXPECT_TRUE(now()) << "and a reload counts at once";
}

TEST_F(MeshControlTest, ALostWatchIsANoticeAndAMetricAndNoReasonToGetNoRequests) {
  mesh_.put(kOff);
  follow();
  EXPECT_TRUE(await(false));
  EXPECT_THAT(metrics_.text(), HasSubstr("smc_webhook_api_up{what=\"mesh_switch\"} 1"));
  for (const char* verb : {"discover", "list", "watch"}) mesh_.refuse(verb, 500);
  EXPECT_TRUE(await([&] { return !readiness_.notices().empty(); }));
  EXPECT_THAT(readiness_.notices(),
              HasSubstr("notice: mesh-switch: the watch is lost, the last known value (off) "
                        "stays: watch asmmeshconfigs.istio.alibabacloud.com: 500"));
  EXPECT_EQ(readiness_.reasons(), "");
  EXPECT_FALSE(now());
  EXPECT_THAT(metrics_.text(), HasSubstr("smc_webhook_api_up{what=\"mesh_switch\"} 0"));
  for (const char* verb : {"discover", "list", "watch"}) mesh_.allow(verb);
  EXPECT_TRUE(await([&] { return readiness_.notices().empty(); }));
  EXPECT_THAT(metrics_.text(), HasSubstr("smc_webhook_api_up{what=\"mesh_switch\"} 1"));
}

}  // namespace
}  // namespace smc::webhook
