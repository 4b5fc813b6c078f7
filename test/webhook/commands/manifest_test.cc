// `inject` does to a manifest what the cluster would do to its pods, and nothing else.
#include "webhook/commands/manifest.h"

#include <filesystem>
#include <random>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/yaml_tree.h"
#include "test/support/temporary_directory.h"
#include "webhook/commands/inject_command.h"
#include "webhook/commands/manifest_text.h"
#include "webhook/commands/yaml_patch.h"

namespace smc::webhook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kAnnotations = "{smc.asm.alibabacloud.com/enabled: \"true\"}";
constexpr const char* kContainers = "[{name: a, image: \"b:1\"}]";

std::string pod_yaml(const std::string& annotations = kAnnotations) {
  return std::string("apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: ") + annotations +
         "}\nspec: {containers: " + kContainers + "}\n";
}

std::string workload_yaml(const std::string& api, const std::string& kind,
                          const std::string& annotations = kAnnotations) {
  std::string template_yaml = std::string("template: {metadata: {annotations: ") + annotations +
                              "}, spec: {containers: " + kContainers + "}}";
  if (kind == "CronJob") template_yaml = "jobTemplate: {spec: {" + template_yaml + "}}";
  return "apiVersion: " + api + "\nkind: " + kind + "\nmetadata: {name: w}\nspec: {" +
         template_yaml + "}\n";
}

InjectedManifest injected(const std::string& text) {
  const auto result = inject_manifest(text, Config());
  if (!result) ADD_FAILURE() << result.error().line << ": " << result.error().what;
  return result ? *result : InjectedManifest{};
}

std::vector<Decision> decisions(const InjectedManifest& manifest) {
  std::vector<Decision> out;
  for (const ManifestDecision& decision : manifest.decisions) out.push_back(decision.decision);
  return out;
}

// The node under `path` of the first document.
std::string json_at(const std::string& yaml, const std::vector<std::string>& path) {
  const auto documents = yaml::parse(yaml);
  EXPECT_TRUE(documents) << yaml;
  const yaml::Node* node = &documents->front();
  for (const std::string& key : path) node = node != nullptr ? node->find(key) : nullptr;
  std::string out;
  EXPECT_TRUE(node == nullptr || append_json(out, *node));
  return out;
}

TEST(Inject, AnAnnotatedPodGetsTheInitContainerFirst) {
  const InjectedManifest manifest = injected(pod_yaml());
  EXPECT_THAT(decisions(manifest), ElementsAre(Decision::kInjected));
  EXPECT_THAT(json_at(manifest.text, {"spec", "initContainers"}),
              testing::StartsWith("[{\"name\":\"smc-init\""));
  EXPECT_THAT(json_at(manifest.text, {"spec", "affinity"}), HasSubstr("erdma"));
  EXPECT_EQ(json_at(manifest.text, {"spec", "containers"}), "[{\"name\":\"a\",\"image\":\"b:1\"}]");
}

TEST(Inject, EveryWorkloadsTemplateIsReviewedAsItsPod) {
  const std::pair<const char*, const char*> kinds[] = {
      {"apps/v1", "Deployment"},    {"apps/v1", "StatefulSet"},
      {"apps/v1", "ReplicaSet"},    {"apps/v1", "DaemonSet"},
      {"batch/v1", "Job"},          {"batch/v1", "CronJob"},
      {"batch/v1beta1", "CronJob"}, {"extensions/v1beta1", "Deployment"}};
  for (const auto& [api, kind] : kinds) {
    const InjectedManifest manifest = injected(workload_yaml(api, kind));
    EXPECT_THAT(decisions(manifest), ElementsAre(Decision::kInjected)) << kind;
    EXPECT_EQ(manifest.decisions.at(0).name, std::string(kind) + " default/w");
    std::vector<std::string> path = {"spec", "template", "spec", "initContainers"};
    if (std::string(kind) == "CronJob") path.insert(path.begin() + 1, {"jobTemplate", "spec"});
    EXPECT_THAT(json_at(manifest.text, path), HasSubstr("smc-init")) << kind;
  }
}

TEST(Inject, ADaemonSetsPodsGetNoAffinityAsInTheCluster) {
  const InjectedManifest manifest = injected(workload_yaml("apps/v1", "DaemonSet"));
  EXPECT_THAT(manifest.text, HasSubstr("smc-init"));
  EXPECT_EQ(json_at(manifest.text, {"spec", "template", "spec", "affinity"}), "");
  EXPECT_THAT(manifest.decisions.at(0).warnings, testing::Not(IsEmpty()));
}

TEST(Inject, WhatTheControllerAddsToAPodStaysOutOfTheTemplate) {
  const InjectedManifest manifest = injected(workload_yaml("apps/v1", "Deployment"));
  EXPECT_THAT(json_at(manifest.text, {"spec", "template", "metadata"}),
              testing::Not(testing::AnyOf(HasSubstr("ownerReferences"), HasSubstr("generateName"),
                                          HasSubstr("namespace"))));
}

TEST(Inject, OtherKindsAndUnpatchedPodsComeBackByteForByte) {
  const std::string text =
      "# leading comment\n\n---\n# Source: x\nkind: Job\napiVersion: example.org/v1\n"
      "spec: {template: {metadata: {annotations: " +
      std::string(kAnnotations) + "}}}\n---   # odd   marker\n" + pod_yaml("{}") +
      "\n\n--- {a:   1}\n---\n---\r\nb: 'x'   # y\r\n...\n---\nkey: |\n ---\n  text\n";
  const InjectedManifest manifest = injected(text);
  EXPECT_EQ(manifest.text, text);
  EXPECT_THAT(decisions(manifest), ElementsAre(Decision::kNotAnnotated));
}

TEST(Inject, DocumentsAroundAPatchedOneStayAsTheyWere) {
  const std::string before = "a:   1 # x\n";
  const std::string after = "---\nc:   [1,2]   # y\n";
  const InjectedManifest manifest = injected(before + "---\n# mine\n" + pod_yaml() + after);
  EXPECT_THAT(manifest.text, testing::StartsWith(before + "---\n# mine\napiVersion: v1\n"));
  EXPECT_THAT(manifest.text, testing::EndsWith("\n" + after));
  EXPECT_EQ(yaml::parse(manifest.text)->size(), 3u);
  EXPECT_EQ(manifest.decisions.at(0).line, 4);
}

TEST(Inject, ListsAndListsWithinListsAreSearched) {
  const std::string item =
      std::string("{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: ") + kAnnotations +
      "}, spec: {containers: " + kContainers + "}}";
  const InjectedManifest manifest =
      injected("apiVersion: v1\nkind: List\nitems:\n- " + item +
               "\n- {kind: ConfigMap, data: {x: '1'}}\n- {apiVersion: v1, kind: List, items: [" +
               item + "]}\n");
  EXPECT_THAT(decisions(manifest), ElementsAre(Decision::kInjected, Decision::kInjected));
  EXPECT_THAT(json_at(manifest.text, {"items"}), HasSubstr("{\"x\":\"1\"}"));
}

TEST(Inject, ASecondRunChangesNothing) {
  for (const std::string& text : {pod_yaml(), workload_yaml("apps/v1", "Deployment")}) {
    const InjectedManifest once = injected(text);
    const InjectedManifest twice = injected(once.text);
    EXPECT_EQ(twice.text, once.text);
    EXPECT_THAT(decisions(twice), ElementsAre(Decision::kAlreadyInjected));
  }
}

TEST(Inject, DecisionsFollowNamespaceAndAnnotation) {
  const std::string pod = pod_yaml();
  const std::string system =
      std::string(pod).replace(pod.find("name: p"), 7, "name: p, namespace: kube-system");
  EXPECT_THAT(decisions(injected(system)), ElementsAre(Decision::kExcludedNamespace));
  const InjectedManifest odd = injected(pod_yaml("{smc.asm.alibabacloud.com/enabled: \"maybe\"}"));
  EXPECT_THAT(decisions(odd), ElementsAre(Decision::kInvalidAnnotation));
  EXPECT_THAT(odd.decisions.at(0).warnings, testing::SizeIs(1));
}

TEST(Inject, StringsThatLookLikeOtherThingsAndBlocksKeepTheirMeaning) {
  std::string pod = pod_yaml();
  pod +=
      "extra: {a: \"1000\", b: 'true', c: '1e3', d: \"0x1\", e: 'null', f: '~', g: 1e3, h: 0x1}\n"
      "base: &base {x: \"1\", z: 2}\nmerged: {<<: *base, z: '3'}\nscript: |\n  a\n    b: c\n"
      "folded: >-\n  a\n  b\n";
  const InjectedManifest manifest = injected(pod);
  EXPECT_EQ(json_at(manifest.text, {"extra"}),
            R"({"a":"1000","b":"true","c":"1e3","d":"0x1","e":"null","f":"~","g":1e3,"h":1})");
  EXPECT_EQ(json_at(manifest.text, {"merged"}), R"({"x":"1","z":"3"})");
  EXPECT_EQ(json_at(manifest.text, {"script"}), R"("a\n  b: c\n")");
  EXPECT_EQ(json_at(manifest.text, {"folded"}), R"("a b")");
}

TEST(Inject, JsonIsReadToo) {
  const InjectedManifest manifest = injected(
      std::string("{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"annotations\": ") +
      "{\"smc.asm.alibabacloud.com/enabled\": \"true\"}}, \"spec\": {\"containers\": []}}\n"
      "{\"kind\": \"Other\", \"size\": 1.50}\n");
  EXPECT_THAT(decisions(manifest), ElementsAre(Decision::kInjected));
  EXPECT_EQ(yaml::parse(manifest.text)->size(), 2u);
  EXPECT_THAT(manifest.text, testing::EndsWith("{\"kind\": \"Other\", \"size\": 1.50}\n"));
}

TEST(Inject, WhatCannotBeReadIsRefusedWithItsLine) {
  struct Case {
    std::string text;
    int line;
    const char* what;
  };
  const std::string good = "a: 1\n---\n";  // two lines
  const Case cases[] = {
      {good + "b: [\n", 4, ""},
      {good + "b: \x80\n", 3, "not UTF-8"},
      {good + "b: *none\n", 3, ""},
      {good + "b: &b [*b]\n", 3, "within what it names"},
      {good + pod_yaml() + "spec: {}\n", 7, "twice"},
      {good + pod_yaml() + "? [x]\n: y\n", 7, "key"},
      {good + pod_yaml() + "x: !mine y\n", 7, "tag"},
      {good + pod_yaml() + "x: .nan\n", 7, "JSON"},
      {good + pod_yaml("[]"), 3, "Pod default/p cannot be reviewed"},
      {good + pod_yaml("{smc.asm.alibabacloud.com/enabled: true}"), 5, "must be a string"},
      {good + "x: " + std::string(10000, '['), 3, "nested deeper"},
  };
  for (const Case& wrong : cases) {
    const auto result = inject_manifest(wrong.text, Config());
    ASSERT_FALSE(result) << wrong.text.substr(0, 200);
    EXPECT_EQ(result.error().line, wrong.line) << wrong.text.substr(0, 200);
    EXPECT_THAT(result.error().what, HasSubstr(wrong.what));
  }
}

TEST(Inject, EveryPrefixOfAManifestIsDoneOrRefused) {
  const std::string text = pod_yaml() + "---\n" + workload_yaml("batch/v1", "CronJob") + "---\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto result = inject_manifest(text.substr(0, size), Config());
    EXPECT_TRUE(result || !result.error().what.empty()) << size;
  }
}

// Random damage, always the same: what comes back is a manifest that can be read, or a problem.
TEST(Inject, ADamagedManifestIsDoneOrRefused) {
  const auto whole =
      read_file(std::string(SMC_TEST_DIR) + "/webhook/commands/data/manifest.yaml", 1 << 20);
  ASSERT_TRUE(whole);
  constexpr std::string_view kBytes = "\n -:?&*!|>'\"%@`{}[],#<=~.0x\\\t\x80\x01";
  std::mt19937 random(5);
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  int done = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string text = *whole;
    for (std::size_t i = 0; i < 1 + below(4); ++i)
      text[below(text.size())] = kBytes[below(kBytes.size())];
    const auto result = inject_manifest(text, Config());
    if (!result) {
      EXPECT_FALSE(result.error().what.empty());
      continue;
    }
    ++done;
    EXPECT_TRUE(yaml::parse(result->text)) << result->text;
  }
  EXPECT_GT(done, 100);
  EXPECT_LT(done, 2000);
}

TEST(ManifestText, ThePartsTogetherAreTheText) {
  const std::string text = "%YAML 1.2\n---\na\n...\n# c\n---\nb: |\n --- x\n---x: 1\n--- \nc";
  std::string together;
  std::vector<int> lines;
  for (const ManifestPart& part : split_manifest(text)) {
    together += part.text;
    lines.push_back(part.first_line);
  }
  EXPECT_EQ(together, text);
  EXPECT_THAT(lines, ElementsAre(1, 5, 6, 10));
  EXPECT_THAT(split_manifest(""), IsEmpty());
}

yaml::Node tree(const std::string& text) {
  return yaml::parse(text)->front();
}

TEST(YamlPatch, CarriesOutEachOperationAsRfc6902Says) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([{"op":"add","path":"/l/1","value":{"k":[1,true,null,"x"]}}])",
       R"({"l":[1,{"k":[1,true,null,"x"]},2],"m":{"a/b~":3}})"},
      {R"([{"op":"add","path":"/l/-","value":"1"}])", R"({"l":[1,2,"1"],"m":{"a/b~":3}})"},
      {R"([{"op":"add","path":"/l/2","value":9}])", R"({"l":[1,2,9],"m":{"a/b~":3}})"},
      {R"([{"op":"add","path":"/m/a~1b~0","value":4}])", R"({"l":[1,2],"m":{"a/b~":4}})"},
      {R"([{"op":"remove","path":"/l/0"}])", R"({"l":[2],"m":{"a/b~":3}})"},
      {R"([{"op":"remove","path":"/m"}])", R"({"l":[1,2]})"},
      {R"([{"op":"replace","path":"/l","value":{}}])", R"({"l":{},"m":{"a/b~":3}})"},
      {R"([{"op":"move","from":"/l/1","path":"/l/0"}])", R"({"l":[2,1],"m":{"a/b~":3}})"},
      {R"([{"op":"move","from":"/l/0","path":"/l/1"}])", R"({"l":[2,1],"m":{"a/b~":3}})"},
  };
  for (const auto& [patch, expected] : cases) {
    yaml::Node root = tree("{l: [1, 2], m: {a/b~: 3}}");
    ASSERT_TRUE(apply_patch(root, patch)) << patch;
    std::string out;
    ASSERT_TRUE(append_json(out, root));
    EXPECT_EQ(out, expected) << patch;
  }
}

TEST(YamlPatch, APatchThatDoesNotFitIsAnError) {
  for (const char* patch :
       {R"([{"op":"add","path":"/l/3","value":1}])", R"([{"op":"add","path":"/x/y","value":1}])",
        R"([{"op":"remove","path":"/x"}])", R"([{"op":"remove","path":"/l/-"}])",
        R"([{"op":"replace","path":"/l/2","value":1}])",
        R"([{"op":"move","from":"/x","path":"/y"}])", R"([{"op":"add","path":"/m/a/b","value":1}])",
        R"([{"op":"test","path":"/l","value":1}])", R"([{"op":"add","path":"","value":1}])",
        R"([{"path":"/l"}])", "[1]", "{", ""}) {
    yaml::Node root = tree("{l: [1, 2], m: {a: 3}}");
    EXPECT_FALSE(apply_patch(root, patch)) << patch;
  }
}

class InjectCommandTest : public testing::Test {
 protected:
  std::string written(const std::string& content) {
    EXPECT_TRUE(write_file_atomic(directory_.file("in.yaml"), content, 0600));
    return directory_.file("in.yaml");
  }
  int run(const std::string& manifest, const std::string& output = "") {
    return inject_command(Config(), manifest, output, out_, err_);
  }

  test::TemporaryDirectory directory_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(InjectCommandTest, WritesTheManifestAndSaysEachDecision) {
  EXPECT_EQ(run(written(pod_yaml() + "---\n" + pod_yaml("{}"))), 0);
  EXPECT_THAT(out_.str(), HasSubstr("smc-init"));
  const std::string file = directory_.file("in.yaml");
  EXPECT_THAT(err_.str(), HasSubstr(file + ":1: Pod default/p: injected: the pod is patched\n"));
  EXPECT_THAT(err_.str(), HasSubstr(file + ":6: Pod default/p: not_annotated: "));
}

TEST_F(InjectCommandTest, WritesTheOutputFile) {
  const std::string output = directory_.file("out.yaml");
  EXPECT_EQ(run(written(pod_yaml()), output), 0);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(*read_file(output, 1 << 20), injected(pod_yaml()).text);
}

TEST_F(InjectCommandTest, TheOutputMayBeTheManifestItself) {
  const std::string file = written(pod_yaml());
  EXPECT_EQ(run(file, file), 0);
  EXPECT_EQ(*read_file(file, 1 << 20), injected(pod_yaml()).text);
}

TEST_F(InjectCommandTest, ADashAsOutputIsStandardOutput) {
  EXPECT_EQ(run(written(pod_yaml()), "-"), 0);
  EXPECT_EQ(out_.str(), injected(pod_yaml()).text);
  EXPECT_FALSE(std::filesystem::exists("-"));
}

TEST_F(InjectCommandTest, SaysWhatTheManifestDoesNotGetWithAHint) {
  EXPECT_EQ(run(written(pod_yaml("{smc.asm.alibabacloud.com/enable: \"true\"}"))), 0);
  EXPECT_THAT(err_.str(), HasSubstr(directory_.file("in.yaml") +
                                    ":3: Pod default/p: warning: smc.asm.alibabacloud.com/enable "
                                    "is no annotation of ours and has no effect\n  hint: did you "
                                    "mean smc.asm.alibabacloud.com/enabled?\n"));
}

TEST_F(InjectCommandTest, AManifestThatCannotBeReadLeavesTheOutputAlone) {
  const std::string output = directory_.file("out.yaml");
  ASSERT_TRUE(write_file_atomic(output, "old", 0600));
  EXPECT_EQ(run(written("a: 1\nb: [\n"), output), 2);
  EXPECT_THAT(err_.str(), HasSubstr("in.yaml:3: "));
  EXPECT_EQ(run(directory_.file("none"), output), 2);
  EXPECT_EQ(run(directory_.path(), output), 2);
  EXPECT_EQ(*read_file(output, 100), "old");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(InjectCommandTest, TheProgramReadsStandardInputAndWritesStandardOutput) {
  const std::string program = std::string(SMC_BIN_DIR) + "/smc-webhook inject -f - <";
  const std::string result = directory_.file("result.yaml");
  const std::string manifest = written(pod_yaml());
  EXPECT_EQ(std::system((program + manifest + " >" + result + " 2>" + result + ".err").c_str()), 0);
  EXPECT_EQ(*read_file(result, 1 << 20), injected(pod_yaml()).text);
  EXPECT_THAT(*read_file(result + ".err", 1 << 20), HasSubstr("standard input:1: Pod default/p: "));
}

TEST_F(InjectCommandTest, AnOutputThatCannotBeWrittenIsRefused) {
  EXPECT_EQ(run(written(pod_yaml()), directory_.file("none/out.yaml")), 2);
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(run(written(pod_yaml())), 2);
}

}  // namespace
}  // namespace smc::webhook
