// What is written upon a Node, and that nothing is where nothing differs.
#include "node-init/agent/cluster/node_patch.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/keys.h"

namespace smc::node {
namespace {

using nlohmann::json;
using testing::EndsWith;

constexpr const char* kLabelKey = "smc.asm.alibabacloud.com/erdma";

json node(const json& labels, const json& annotations) {
  return {{"metadata", {{"name", "n1"}, {"labels", labels}, {"annotations", annotations}}}};
}

TEST(NodePatch, OfABareNodeHasLabelAndWords) {
  EXPECT_EQ(node_patch({{"metadata", {{"name", "n1"}}}}, {}, {true, "ready"}),
            json::parse(R"({"metadata":{"labels":{"smc.asm.alibabacloud.com/erdma":"true"},
                            "annotations":{"smc.asm.alibabacloud.com/node":"ready"}}})"));
}

TEST(NodePatch, IsNullWhereTheNodeIsAsWished) {
  const json right = node({{kLabelKey, "true"}, {"other", "x"}}, {{kNodeAnnotation, "ready"}});
  EXPECT_TRUE(node_patch(right, {}, {true, "ready"}).is_null());
  EXPECT_TRUE(node_patch(node(nullptr, nullptr), {}, {false, ""}).is_null());
}

TEST(NodePatch, RemovesALabelOfAnyValueAndLeavesOthersAlone) {
  EXPECT_EQ(node_patch(node({{kLabelKey, "maybe"}, {"other", "x"}}, {}), {}, {false, ""}),
            json::parse(R"({"metadata":{"labels":{"smc.asm.alibabacloud.com/erdma":null}}})"));
}

TEST(NodePatch, CorrectsTheValue) {
  EXPECT_EQ(
      node_patch(node({{kLabelKey, "false"}}, {{kNodeAnnotation, "ready"}}), {}, {true, "ready"}),
      json::parse(R"({"metadata":{"labels":{"smc.asm.alibabacloud.com/erdma":"true"}}})"));
}

TEST(NodePatch, FollowsTheConfiguredLabel) {
  EXPECT_EQ(node_patch(node({}, {}), {"own/key", "yes"}, {true, ""}),
            json::parse(R"({"metadata":{"labels":{"own/key":"yes"}}})"));
}

json tainted(const json& taints) {
  return {{"metadata", {{"name", "n1"}}}, {"spec", {{"taints", taints}}}};
}
const json kOtherTaint = {{"key", "gpu"}, {"value", "a"}, {"effect", "NoSchedule"}};
const json kOurTaint = {{"key", kNotReadyTaint}, {"effect", "NoSchedule"}};

TEST(TaintPatch, TakesOursAndLeavesTheOthers) {
  json object = tainted({kOtherTaint, kOurTaint, kOtherTaint});
  object = object.patch(taint_patch(object));
  EXPECT_EQ(object, tainted({kOtherTaint, kOtherTaint}));
}

TEST(TaintPatch, IsNullWhereThereIsNone) {
  const json same_key = {{"key", kNotReadyTaint}, {"effect", "NoExecute"}};
  for (const json& object : {json::object(), tainted(nullptr), tainted(json::array()),
                             tainted({kOtherTaint, same_key, 1})})
    EXPECT_TRUE(taint_patch(object).is_null()) << object;
}

TEST(TaintPatch, DoesNotApplyOnceSomebodyHasChangedTheList) {
  const json patch = taint_patch(tainted({kOurTaint, kOtherTaint}));
  EXPECT_THROW((void)tainted({kOtherTaint, kOurTaint}).patch(patch), json::exception);
  EXPECT_THROW((void)tainted(json::array()).patch(patch), json::exception);
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
