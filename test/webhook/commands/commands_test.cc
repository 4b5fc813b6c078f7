// The commands that are no daemon, as users call them: exit codes, and what goes to which stream.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/version.h"
#include "test/support/child.h"
#include "test/support/temporary_directory.h"
#include "test/webhook/review/reviews.h"
#include "webhook/config/config.h"

namespace smc::webhook {
namespace {

using nlohmann::json;
using smc::test::Ran;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

constexpr const char* kOneLine = "[^\n]+\n";

class Commands : public testing::Test {
 protected:
  Ran run(std::vector<std::string> arguments, const std::string& input = "",
          const std::map<std::string, std::string>& environment = {}) const {
    return smc::test::run(
        SMC_BIN_DIR "/smc-webhook",
        {.arguments = std::move(arguments), .environment = environment, .input = input});
  }
  std::string written(const std::string& name, const std::string& content) const {
    EXPECT_TRUE(write_file_atomic(directory_.file(name), content, 0600));
    return directory_.file(name);
  }
  std::string content(const std::string& name) const {
    const auto read = read_file(directory_.file(name), 1 << 20);
    return read ? *read : read.error().text();
  }

  smc::test::TemporaryDirectory directory_;
};

using Review = Commands;

const std::string& annotated_review() {
  static const std::string kReview = test::review_of(test::annotated_pod()).dump();
  return kReview;
}

TEST_F(Review, IsAnsweredOnStandardOutputAlone) {
  const Ran ran = run({"review"}, annotated_review());
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(ran.out, MatchesRegex(kOneLine));
  const json response = json::parse(ran.out)["response"];
  EXPECT_EQ(response["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
  EXPECT_EQ(response["allowed"], true);
  EXPECT_EQ(response["patchType"], "JSONPatch");
}

TEST_F(Review, FollowsTheConfigurationOfTheFlagOrTheEnvironment) {
  const std::string off = written("off.yaml", "mesh: {smcEnabled: false}");
  const std::string on = written("on.yaml", "{}");
  const std::map<std::string, std::string> twin = {{"SMC_WEBHOOK_CONFIG", off}};
  EXPECT_THAT(run({"review", "--config", off}, annotated_review()).out, HasSubstr("mesh_disabled"));
  EXPECT_THAT(run({"review"}, annotated_review(), twin).out, HasSubstr("mesh_disabled"));
  EXPECT_THAT(run({"review", "--config", on}, annotated_review(), twin).out, HasSubstr("injected"));
}

TEST_F(Review, ThatCannotBeReadIsOneLineOnStandardErrorAndNothingElse) {
  json wrong_type = json::parse(annotated_review());
  wrong_type["request"]["object"]["spec"] = "none\nat all";
  const std::string bodies[] = {"",
                                "{",
                                "no json",
                                "{}",
                                annotated_review() + annotated_review(),
                                annotated_review() + "x",
                                annotated_review().substr(0, 100),
                                wrong_type.dump(),
                                "\xff\xfe",
                                std::string(2'000'000, '['),
                                std::string((7 << 20) + 1, ' ')};
  for (const std::string& body : bodies) {
    const Ran ran = run({"review"}, body);
    EXPECT_EQ(ran.code, 2) << body.substr(0, 50);
    EXPECT_EQ(ran.out, "") << body.substr(0, 50);
    EXPECT_THAT(ran.err, MatchesRegex(std::string("smc-webhook: error: ") + kOneLine))
        << body.substr(0, 50);
  }
}

TEST_F(Review, WithABadConfigurationIsRefusedToo) {
  const Ran ran =
      run({"review", "--config", written("c.yaml", "a: 1\nlog: {level: x}")}, annotated_review());
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, ContainsRegex("c.yaml:1: a: .*\n.*c.yaml:2: log.level: .*\nhint: "));
}

using Inject = Commands;

constexpr const char* kCronJob = R"(# nightly
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec:
  jobTemplate:
    spec:
      template:
        metadata: {annotations: {smc.asm.alibabacloud.com/enabled: "true"}}
        spec: {containers: [{name: a, image: "b:1", args: ["1000", "true", "1e3", "0x1", "null"]}]}
)";

constexpr const char* kList = R"(---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: with, annotations: {smc.asm.alibabacloud.com/enabled: "true"}}
  spec: {containers: []}
- apiVersion: v1
  kind: Pod
  metadata: {name: system, namespace: kube-system, annotations: {smc.asm.alibabacloud.com/enabled: "true"}}
  spec: {containers: []}
)";

constexpr const char* kOther = R"(---
apiVersion: v1   # stays as it is
kind: ConfigMap
data: {key:   "0x1"}
)";

TEST_F(Inject, WritesTheManifestToStandardOutputAndReasonsToStandardError) {
  const std::string file = written("in.yaml", std::string(kCronJob) + kList + kOther);
  const Ran ran = run({"inject", "-f", file});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("jobTemplate"));
  EXPECT_THAT(ran.out, HasSubstr(R"("0x1")"));
  EXPECT_THAT(ran.out, testing::EndsWith(kOther)) << "other documents pass through unchanged";
  EXPECT_THAT(ran.err, HasSubstr(file + ":2: CronJob shop/nightly: injected: "));
  EXPECT_THAT(ran.err, HasSubstr(": Pod default/with: injected: "));
  EXPECT_THAT(ran.err, HasSubstr(": Pod kube-system/system: excluded_namespace: "));
  EXPECT_THAT(ran.err, HasSubstr("\n  warning: SMC: not injected (excluded_namespace)"));
  const Ran again = run({"inject", "-f", "-"}, ran.out);
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(again.out, ran.out);
  EXPECT_THAT(again.err, HasSubstr("already_injected"));
}

TEST_F(Inject, SaysThatItKnowsNoNamespaceWhereTheModeIsLeftToThat) {
  const auto in_mode = [&](const std::string& mode, const std::string& manifest) {
    const std::string config = written("c.yaml", "initContainer: {mode: " + mode + "}");
    return run({"inject", "--config", config, "-f", "-"}, manifest);
  };
  const Ran open = in_mode("auto", kCronJob);
  EXPECT_THAT(open.err,
              HasSubstr("note: initContainer.mode is auto, and not every namespace is known"));
  EXPECT_THAT(open.err, HasSubstr("\n  hint: "));
  EXPECT_EQ(open.out, in_mode("agent", kCronJob).out);
  EXPECT_THAT(open.out, HasSubstr("--by-agent"));
  EXPECT_THAT(in_mode("agent", kCronJob).err, Not(HasSubstr("note: ")));
  EXPECT_THAT(in_mode("auto", kOther).err, Not(HasSubstr("note: "))) << "there is no pod in it";
}

TEST_F(Inject, TheNamespacesOfTheManifestDecideOnTheModeWhereverTheyStand) {
  const std::string pods =
      "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: open, annotations: "
      "{smc.asm.alibabacloud.com/enabled: \"true\"}}, spec: {containers: [{name: a, image: "
      "\"b:1\"}]}}\n"
      "---\n"
      "{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: strict, annotations: "
      "{smc.asm.alibabacloud.com/enabled: \"true\"}}, spec: {containers: [{name: a, image: "
      "\"b:1\"}]}}\n";
  const std::string namespaces =
      "---\n"
      "apiVersion: v1\nkind: List\nitems:\n"
      "- {apiVersion: v1, kind: Namespace, metadata: {name: open}}\n"
      "- {apiVersion: v1, kind: Namespace, metadata: {name: strict, labels: "
      "{pod-security.kubernetes.io/enforce: restricted}}}\n";
  const Ran ran = run({"inject", "-f", "-"}, pods + namespaces);
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, Not(HasSubstr("note: ")));
  const std::string open = ran.out.substr(0, ran.out.find("---"));
  const std::string strict = ran.out.substr(ran.out.find("---"));
  EXPECT_THAT(open, HasSubstr("privileged"));
  EXPECT_THAT(open, Not(HasSubstr("--by-agent")));
  EXPECT_THAT(strict, HasSubstr("--by-agent"));
  const Ran alone = run({"inject", "-f", "-"}, pods);
  EXPECT_THAT(alone.out, HasSubstr("--by-agent"));
  EXPECT_THAT(alone.err, HasSubstr("note: "));
}

TEST_F(Inject, WritesTheFileThatIsNamed) {
  const std::string out = directory_.file("out.yaml");
  const Ran ran = run({"inject", "--filename", "-", "--output", out}, kCronJob);
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, StartsWith("standard input:2: CronJob shop/nightly: injected: "));
  EXPECT_EQ(content("out.yaml"), run({"inject", "-f", "-"}, kCronJob).out);
}

TEST_F(Inject, WhatCannotBeReadIs2WithItsLineAndLeavesTheOutputAlone) {
  const std::string out = written("out.yaml", "old");
  const std::string bad = written("in.yaml", std::string(kCronJob) + "---\na: [\n");
  const Ran ran = run({"inject", "-f", bad, "-o", out});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, MatchesRegex("smc-webhook: error: .*in.yaml:1[23]: [^\n]+\nhint: [^\n]+\n"));
  EXPECT_EQ(content("out.yaml"), "old");
  EXPECT_EQ(run({"inject", "-f", directory_.file("none")}).code, 2);
  EXPECT_EQ(run({"inject", "-f", "-", "-o", directory_.file("none/out.yaml")}, kCronJob).code, 2);
  EXPECT_EQ(run({"inject", "--config", directory_.file("none"), "-f", "-"}, kCronJob).code, 2);
}

using CheckConfig = Commands;

TEST_F(CheckConfig, AGoodFileIs0) {
  const std::string file = written("good.yaml", "log: {level: warn}\n");
  const Ran ran = run({"check-config", file});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, file + ": good\n");
  EXPECT_EQ(ran.err, "");
}

TEST_F(CheckConfig, EveryMistakeHasALineWithItsPlaceItsKeyAndWhatIsAllowed) {
  const std::string file = written("bad.yaml",
                                   "mesh: {smcEnabled: maybe}\n"
                                   "injection:\n"
                                   "  excludedNamespaces: [Kube_System]\n"
                                   "  overrides: {allowed: [everything]}\n"
                                   "  affinity: {key: 'a/b/c', values: []}\n"
                                   "  excludeDestinations: [10.0.0.7, 'fd00::/8']\n"
                                   "initContainer:\n"
                                   "  image: nginx\n"
                                   "  resources: {memory: 32MiB}\n"
                                   "server: {idleTimeout: 30s, maxConections: 5}\n");
  const Ran ran = run({"check-config", file});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.out, "");
  const std::pair<int, const char*> mistakes[] = {{1, "mesh.smcEnabled"},
                                                  {3, "injection.excludedNamespaces"},
                                                  {4, "injection.overrides.allowed"},
                                                  {5, "injection.affinity.key"},
                                                  {5, "injection.affinity.values"},
                                                  {6, "injection.excludeDestinations"},
                                                  {6, "injection.excludeDestinations"},
                                                  {8, "initContainer.image"},
                                                  {9, "initContainer.resources.memory"},
                                                  {10, "server.idleTimeout"},
                                                  {10, "server.maxConections"}};
  std::string expected;
  for (const auto& [line, key] : mistakes)
    expected += file + ":" + std::to_string(line) + ": " + key + ": [^\n]+ \\(allowed: [^\n]+\\)\n";
  EXPECT_THAT(ran.err, MatchesRegex(expected));
}

TEST_F(CheckConfig, AFileThatCannotBeReadIs2) {
  for (const std::string& file : {directory_.file("none"), directory_.path()}) {
    const Ran ran = run({"check-config", file});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr(file));
  }
}

using Usage = Commands;

TEST_F(Usage, VersionIsTheReleases) {
  const Ran ran = run({"version"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, std::string("smc-webhook ") + kVersion + "\n");
  EXPECT_EQ(ran.err, "");
}

TEST_F(Usage, HelpIs0AndWrongUsageIs1) {
  EXPECT_EQ(run({"--help"}).code, 0);
  EXPECT_EQ(run({"serve", "--help"}).code, 0);
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{},
                                             {"nonsense"},
                                             {"inject"},
                                             {"check-config"},
                                             {"review", "extra"},
                                             {"inject", "-f", "-", "--nonsense"}}) {
    const Ran ran = run(wrong);
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err, "");
  }
}

}  // namespace
}  // namespace smc::webhook
