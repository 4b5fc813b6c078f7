// What is read of the API server's pods, and for how long a pod keeps its name.
#include "node-init/agent/cluster/pod_list.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace smc::node {
namespace {

using nlohmann::json;
using testing::IsEmpty;
using testing::SizeIs;

json listed_pod(const std::string& uid, const std::string& name) {
  return {{"metadata", {{"uid", uid}, {"namespace", "shop"}, {"name", name}}},
          {"spec", json::object()},
          {"status", {{"phase", "Running"}}}};
}

json injected_pod() {
  json out = listed_pod("u1", "cart-0");
  out["metadata"]["annotations"] = {
      {"smc.asm.alibabacloud.com/enabled", "true"},
      {"smc.asm.alibabacloud.com/status", R"({"version":"1","container":"smc-init"})"}};
  out["spec"]["initContainers"] = {{{"name", "smc-init"}}};
  return out;
}

TEST(ReadPod, KnowsOneThatIsInjected) {
  const auto facts = read_pod(injected_pod());
  ASSERT_TRUE(facts);
  PodFacts expected;
  expected.uid = expected.cgroup_uid = "u1";
  expected.ns = "shop";
  expected.name = "cart-0";
  expected.setup_container = "smc-init";
  expected.asks_for_smc = expected.injected = expected.running = true;
  EXPECT_EQ(*facts, expected);
}

// The annotation alone does not count: the webhook may not have allowed it.
TEST(ReadPod, ProgramsAskWhereTheInjectedContainerWasToldSo) {
  json asking = injected_pod();
  asking["metadata"]["annotations"]["smc.asm.alibabacloud.com/programs"] = "ask";
  EXPECT_FALSE(read_pod(asking)->programs_ask);
  for (const char* value : {"--programs=switch", "--on-failure=fail", "pod"}) {
    asking["spec"]["initContainers"][0]["args"] = {"pod", value};
    EXPECT_FALSE(read_pod(asking)->programs_ask) << value;
  }
  asking["spec"]["initContainers"][0]["args"] = {"pod", "--programs=ask"};
  EXPECT_TRUE(read_pod(asking)->programs_ask);
  asking["metadata"]["annotations"].erase("smc.asm.alibabacloud.com/status");
  EXPECT_FALSE(read_pod(asking)->programs_ask) << "any container may have such an argument";
}

TEST(ReadPod, KnowsTheContainersThatHaveRunByTheirRuntimesIds) {
  json running = injected_pod();
  running["status"]["initContainerStatuses"] = {
      {{"name", "smc-init"}, {"containerID", "containerd://aa1"}}};
  running["status"]["containerStatuses"] = {{{"name", "app"}, {"containerID", "cri-o://bb2"}},
                                            {{"name", "waits"}, {"containerID", ""}},
                                            {{"name", "odd"}, {"containerID", "cc3"}},
                                            "odd"};
  const std::map<std::string, std::string> expected = {{"aa1", "smc-init"}, {"bb2", "app"}};
  EXPECT_EQ(read_pod(running)->containers, expected);
}

TEST(ReadPod, AMarkWithoutTheContainerThatItNamesIsNoInjection) {
  json no_container = injected_pod();
  no_container["spec"].erase("initContainers");
  EXPECT_FALSE(read_pod(no_container)->injected);
  json other_name = injected_pod();
  other_name["spec"]["initContainers"][0]["name"] = "else";
  EXPECT_FALSE(read_pod(other_name)->injected);
  json malformed = injected_pod();
  malformed["metadata"]["annotations"]["smc.asm.alibabacloud.com/status"] = "{malformed";
  EXPECT_FALSE(read_pod(malformed)->injected);
}

TEST(ReadPod, AsksForSmcByExactlyTrue) {
  for (const char* value : {"false", "TRUE", "1", ""}) {
    json other = injected_pod();
    other["metadata"]["annotations"]["smc.asm.alibabacloud.com/enabled"] = value;
    EXPECT_FALSE(read_pod(other)->asks_for_smc) << value;
  }
}

TEST(ReadPod, APodThatIsBeingDeletedDoesNotRun) {
  json ending = listed_pod("u1", "a");
  ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_FALSE(read_pod(ending)->running);
  json pending = listed_pod("u1", "a");
  pending["status"]["phase"] = "Pending";
  EXPECT_FALSE(read_pod(pending)->running);
}

TEST(ReadPod, AStaticPodsProcessesHaveTheKubeletsUid) {
  json mirror = listed_pod("u1", "etcd-n1");
  mirror["metadata"]["annotations"] = {{"kubernetes.io/config.mirror", "hash"},
                                       {"kubernetes.io/config.hash", "hash"}};
  EXPECT_EQ(read_pod(mirror)->cgroup_uid, "hash");
}

TEST(ReadPod, SurvivesWhateverElseIsThere) {
  for (const char* text :
       {"{}", R"({"metadata":null})", R"({"metadata":{"uid":1,"namespace":"a","name":"b"}})",
        R"({"metadata":[]})"})
    EXPECT_FALSE(read_pod(json::parse(text))) << text;
  EXPECT_TRUE(read_pod(json::parse(
      R"({"metadata":{"uid":"u","namespace":"a","name":"b","annotations":[]},"spec":3,"status":""})")));
}

class Pods : public testing::Test {
 protected:
  void event(kube::WatchEvent::Type type, const json& object) { list_.apply({type, "1", object}); }

  PodList list_;
};

using Type = kube::WatchEvent::Type;

TEST_F(Pods, ComeAndGo) {
  list_.replace({listed_pod("u1", "a"), listed_pod("u2", "b")});
  event(Type::kAdded, listed_pod("u3", "c"));
  event(Type::kDeleted, listed_pod("u1", "a"));
  EXPECT_THAT(list_.pods(), SizeIs(2));
  EXPECT_EQ(list_.name_of("u3").name, "c");
  EXPECT_EQ(list_.name_of("u3").ns, "shop");
  EXPECT_THAT(list_.name_of("nobody").name, IsEmpty());
}

TEST_F(Pods, KeepTheirNamesAsLongAsTheyHaveProcesses) {
  list_.replace({listed_pod("u1", "a")});
  event(Type::kDeleted, listed_pod("u1", "a"));
  list_.forget_gone({"u1"});
  EXPECT_EQ(list_.name_of("u1").name, "a") << "else its last stats would be of a nameless pod";
  list_.forget_gone({});
  EXPECT_THAT(list_.name_of("u1").name, IsEmpty());
}

TEST_F(Pods, ANewListReplacesTheOldOne) {
  list_.replace({listed_pod("u1", "a"), listed_pod("u2", "b")});
  list_.replace({listed_pod("u2", "b")});
  list_.forget_gone({});
  EXPECT_THAT(list_.pods(), SizeIs(1));
  EXPECT_THAT(list_.name_of("u1").name, IsEmpty());
  EXPECT_EQ(list_.name_of("u2").name, "b");
}

TEST_F(Pods, APodThatComesBackIsNotForgotten) {
  list_.replace({listed_pod("u1", "a")});
  list_.replace({});
  list_.replace({listed_pod("u1", "a")});
  list_.forget_gone({});
  EXPECT_EQ(list_.name_of("u1").name, "a");
}

}  // namespace
}  // namespace smc::node
