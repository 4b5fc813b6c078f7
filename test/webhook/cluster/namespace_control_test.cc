// The modes that follow from the cluster's namespaces, and what is told of them.
#include "webhook/cluster/namespace_control.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "test/webhook/cluster/await.h"
#include "test/webhook/cluster/fake_namespaces.h"

namespace smc::webhook {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

json labelled(const char* value) {
  return {{"metadata", {{"labels", {{"pod-security.kubernetes.io/enforce", value}}}}}};
}

TEST(AdmitsPrivileged, IsWhatTheAdmissionPlugInMakesOfTheLabel) {
  EXPECT_TRUE(admits_privileged(labelled("privileged")));
  EXPECT_FALSE(admits_privileged(labelled("baseline")));
  EXPECT_FALSE(admits_privileged(labelled("restricted")));
  EXPECT_FALSE(admits_privileged(labelled("Privileged"))) << "unknown: as restricted";
  EXPECT_FALSE(admits_privileged(labelled("")));
  for (const char* without : {R"({"metadata":{}})", R"({"metadata":{"labels":null}})",
                              R"({"metadata":{"labels":{"pod-security.kubernetes.io/warn":
                                                        "restricted"}}})"})
    EXPECT_TRUE(admits_privileged(json::parse(without))) << without;
  EXPECT_FALSE(admits_privileged(json::object())) << "no namespace that one could know";
}

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back("team-" + std::to_string(i));
  return out;
}

TEST(NamespaceModes, AreAgentForWhatIsNotKnown) {
  NamespaceModes modes;
  EXPECT_EQ(modes.mode_of("shop"), InitMode::kAgent);
  modes.replace({"shop"});
  EXPECT_EQ(modes.mode_of("shop"), InitMode::kPrivileged);
  EXPECT_EQ(modes.mode_of("shop2"), InitMode::kAgent);
  EXPECT_EQ(modes.mode_of(""), InitMode::kAgent);
  modes.set("shop", false);
  EXPECT_EQ(modes.mode_of("shop"), InitMode::kAgent);
}

TEST(NamespaceModes, KeepTenThousandNamesAndAreAgentBeyond) {
  NamespaceModes modes;
  modes.replace(names(NamespaceModes::kMaxNames));
  EXPECT_FALSE(modes.full());
  modes.set("team-0", true);
  EXPECT_FALSE(modes.full()) << "one that is there already";
  modes.set("late", true);
  EXPECT_TRUE(modes.full());
  EXPECT_EQ(modes.size(), NamespaceModes::kMaxNames);
  EXPECT_EQ(modes.mode_of("late"), InitMode::kAgent);
  EXPECT_EQ(modes.mode_of("team-9999"), InitMode::kPrivileged);
  modes.replace(names(12'000));
  EXPECT_TRUE(modes.full());
  EXPECT_EQ(modes.size(), NamespaceModes::kMaxNames);
  modes.replace({});
  EXPECT_FALSE(modes.full());
}

class NamespaceControlTest : public testing::Test {
 protected:
  void follow() {
    kube::WatcherOptions options;
    options.client = kube::client_options();
    options.backoff = {milliseconds(2), milliseconds(20)};
    control_.follow(api_.cluster(), options);
  }
  bool becomes(const std::string& name, InitMode mode) {
    return await(control_, [&] { return control_.modes()(name) == mode; });
  }
  bool is_up(bool up) {
    return await(control_, [&] {
      return metrics_.text().find("smc_webhook_api_up{what=\"namespaces\"} " +
                                  std::to_string(up ? 1 : 0)) != std::string::npos;
    });
  }

  FakeNamespaces api_;
  Readiness readiness_;
  Metrics metrics_;
  NamespaceControl control_{readiness_, metrics_};
};

TEST_F(NamespaceControlTest, FollowsLabelsAndAsksForMetadataAlone) {
  api_.put("open");
  api_.put("strict", "restricted");
  follow();
  ASSERT_TRUE(becomes("open", InitMode::kPrivileged));
  EXPECT_EQ(control_.modes()("strict"), InitMode::kAgent);
  api_.put("strict", "privileged");
  EXPECT_TRUE(becomes("strict", InitMode::kPrivileged));
  api_.put("open", "baseline");
  EXPECT_TRUE(becomes("open", InitMode::kAgent));
  api_.put("new");
  EXPECT_TRUE(becomes("new", InitMode::kPrivileged));
  api_.remove("new");
  EXPECT_TRUE(becomes("new", InitMode::kAgent));
  EXPECT_TRUE(is_up(true));
  EXPECT_EQ(readiness_.reasons() + readiness_.notices(), "");
  EXPECT_THAT(api_.accepted(),
              ElementsAre(StartsWith("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;"
                                     "v=v1,"),
                          StartsWith("application/json;as=PartialObjectMetadata;g=meta.k8s.io;"
                                     "v=v1,")));
}

TEST_F(NamespaceControlTest, ListsInPages) {
  for (const std::string& name : names(120)) api_.put(name);
  follow();
  ASSERT_TRUE(becomes("team-119", InitMode::kPrivileged));
  ASSERT_TRUE(becomes("team-7", InitMode::kPrivileged));
  const auto requests = api_.requests();
  ASSERT_GE(requests.size(), 3U);
  EXPECT_EQ(requests[0], "GET /api/v1/namespaces?limit=50");
  EXPECT_THAT(requests[2], HasSubstr("limit=50&continue="));
}

TEST_F(NamespaceControlTest, WithoutTheRightPodsAreLeftToTheAgentAndThatIsSaid) {
  api_.put("open");
  api_.refuse(403);
  follow();
  ASSERT_TRUE(await(control_, [&] { return !readiness_.notices().empty(); }));
  EXPECT_THAT(readiness_.notices(),
              AllOf(StartsWith("notice: namespaces: not known, and mode auto is agent for all "
                               "pods: list namespaces"),
                    HasSubstr("because")));
  EXPECT_EQ(readiness_.reasons(), "");
  EXPECT_TRUE(is_up(false));
  EXPECT_EQ(control_.modes()("open"), InitMode::kAgent);
  api_.allow();  // somebody grants it
  EXPECT_TRUE(becomes("open", InitMode::kPrivileged));
  EXPECT_TRUE(is_up(true));
  EXPECT_EQ(readiness_.notices(), "");
}

TEST_F(NamespaceControlTest, WhatWasSeenLastStaysWhileTheWatchIsLost) {
  api_.put("open");
  follow();
  ASSERT_TRUE(becomes("open", InitMode::kPrivileged));
  api_.refuse(503);
  EXPECT_TRUE(is_up(false));
  EXPECT_THAT(readiness_.notices(), HasSubstr("the watch is lost, what was seen last stays: "));
  EXPECT_EQ(control_.modes()("open"), InitMode::kPrivileged);
  api_.put("open", "restricted");
  api_.allow();
  EXPECT_TRUE(becomes("open", InitMode::kAgent));
  EXPECT_TRUE(is_up(true));
}

TEST_F(NamespaceControlTest, WithoutAClusterPodsAreLeftToTheAgentAndThatIsSaid) {
  control_.follow(Error{"there is no API server", 0, "start one"});
  EXPECT_EQ(readiness_.notices(),
            "notice: namespaces: not known, and mode auto is agent for all pods: there is no API "
            "server\n");
  EXPECT_TRUE(is_up(false));
  EXPECT_EQ(control_.modes()("open"), InitMode::kAgent);
}

TEST_F(NamespaceControlTest, SaysThatMoreThanItKnowsAreLeftToTheAgent) {
  for (const std::string& name : names(NamespaceModes::kMaxNames)) api_.put(name);
  follow();
  ASSERT_TRUE(becomes("team-9999", InitMode::kPrivileged));
  api_.put("zz-late");
  EXPECT_TRUE(await(control_, [&] { return !readiness_.notices().empty(); }));
  EXPECT_EQ(readiness_.notices(),
            "notice: namespaces: more than 10000 admit privileged containers: mode auto is agent "
            "in those beyond\n");
  EXPECT_EQ(control_.modes()("zz-late"), InitMode::kAgent);
  EXPECT_TRUE(is_up(true));
}

TEST_F(NamespaceControlTest, KnowsAndTellsNothingAfterStop) {
  api_.put("open");
  follow();
  ASSERT_TRUE(becomes("open", InitMode::kPrivileged));
  const ModeOfNamespace modes = control_.modes();
  control_.stop();
  EXPECT_EQ(modes("open"), InitMode::kAgent);
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("smc_webhook_api_up{")));
  follow();
  EXPECT_TRUE(becomes("open", InitMode::kPrivileged));
  EXPECT_EQ(modes("open"), InitMode::kPrivileged) << "the same table, for whoever looks into it";
}

}  // namespace
}  // namespace smc::webhook
