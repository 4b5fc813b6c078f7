// What is written upon a Node, and that nothing is where nothing differs.
#include "node-init/agent/cluster/node_patch.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace smc::node {
namespace {

using nlohmann::json;
using testing::EndsWith;

constexpr const char* kKey = "smc.asm.alibabacloud.com/erdma";

json node(const json& labels, const json& annotations) {
  return {{"metadata", {{"name", "n1"}, {"labels", labels}, {"annotations", annotations}}}};
}

TEST(NodePatch, OfABareNodeHasLabelAndWords) {
  EXPECT_EQ(node_patch({{"metadata", {{"name", "n1"}}}}, {}, {true, "ready"}),
            json::parse(R"({"metadata":{"labels":{"smc.asm.alibabacloud.com/erdma":"true"},
                            "annotations":{"smc.asm.alibabacloud.com/node":"ready"}}})"));
}

TEST(NodePatch, IsNullWhereTheNodeIsAsWished) {
  const json right = node({{kKey, "true"}, {"other", "x"}}, {{kNodeAnnotation, "ready"}});
  EXPECT_TRUE(node_patch(right, {}, {true, "ready"}).is_null());
  EXPECT_TRUE(node_patch(node(nullptr, nullptr), {}, {false, ""}).is_null());
}

TEST(NodePatch, RemovesALabelOfAnyValueAndLeavesOthersAlone) {
  EXPECT_EQ(node_patch(node({{kKey, "maybe"}, {"other", "x"}}, {}), {}, {false, ""}),
            json::parse(R"({"metadata":{"labels":{"smc.asm.alibabacloud.com/erdma":null}}})"));
}

TEST(NodePatch, CorrectsTheValue) {
  EXPECT_EQ(node_patch(node({{kKey, "false"}}, {{kNodeAnnotation, "ready"}}), {}, {true, "ready"}),
            json::parse(R"({"metadata":{"labels":{"smc.asm.alibabacloud.com/erdma":"true"}}})"));
}

TEST(NodePatch, FollowsTheConfiguredLabel) {
  EXPECT_EQ(node_patch(node({}, {}), {"own/key", "yes"}, {true, ""}),
            json::parse(R"({"metadata":{"labels":{"own/key":"yes"}}})"));
}

TEST(FailedChecks, AreThoseThatFailedInTheirOrder) {
  EXPECT_EQ(failed_checks({{"kernel", Verdict::kPass, "new", ""},
                           {"rdma device", Verdict::kFail, "none", "h"},
                           {"cni", Verdict::kWarn, "odd", "h"},
                           {"ueid", Verdict::kFail, "table\nfull", "h"}}),
            "rdma device: none; ueid: table full");
}

TEST(FailedChecks, AreBoundedAndCutBetweenCharacters) {
  std::string finding;
  for (int i = 0; i < 300; ++i) finding += "ü";
  const std::string text = failed_checks({{"a", Verdict::kFail, finding, "h"}});
  EXPECT_LE(text.size(), kMaxReasonBytes);
  EXPECT_THAT(text, EndsWith("ü..."));
}

TEST(FailedChecks, OfBytesThatAreNoTextAreTextStill) {
  EXPECT_EQ(failed_checks({{"a", Verdict::kFail, "\xff\xfe", "h"}}), "a: ??");
}

}  // namespace
}  // namespace smc::node
