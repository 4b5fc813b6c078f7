// What a manifest says about SMC and does not get is named, with its line and a remedy.
#include "webhook/commands/manifest_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "webhook/commands/manifest.h"

namespace smc::webhook {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

auto note(int line, const std::string& name, const std::string& what, const std::string& hint) {
  return AllOf(Field(&ManifestNote::line, line), Field(&ManifestNote::name, name),
               Field(&ManifestNote::what, HasSubstr(what)),
               Field(&ManifestNote::hint, HasSubstr(hint)));
}

Result<InjectedManifest, yaml::Problem> of_file(const std::string& name) {
  const auto text =
      read_file(std::string(SMC_TEST_DIR) + "/webhook/commands/data/named/" + name, 1 << 20);
  EXPECT_TRUE(text) << name;
  const auto injected = inject_manifest(*text, Config());
  if (injected) {
    EXPECT_EQ(injected->text, *text) << name << " is to stay as it is";
  }
  return injected;
}

std::vector<ManifestNote> notes(const std::string& text) {
  const auto injected = inject_manifest(text, Config());
  EXPECT_TRUE(injected) << injected.error().what;
  return injected ? injected->notes : std::vector<ManifestNote>();
}

TEST(ManifestNotes, TheAnnotationOnAWorkloadInPlaceOfItsTemplate) {
  EXPECT_THAT(of_file("on-workload.yaml")->notes,
              ElementsAre(note(5, "Deployment default/a", "stands on the Deployment itself",
                               "move it to spec.template.metadata.annotations")));
}

TEST(ManifestNotes, AKeyThatIsNearlyOurs) {
  EXPECT_THAT(
      of_file("typo.yaml")->notes,
      ElementsAre(note(3, "Pod default/p", "smc.asm.alibabacloud.com/enable is no annotation",
                       "did you mean smc.asm.alibabacloud.com/enabled?")));
  for (const char* key : {"smc.asm.alibabacloud.com/Enabled", "smc.asm.alibabacloud.com/enabeld",
                          "sms.asm.alibabacloud.com/enabled", "smc.asm.alibabacloud.com/onfailure",
                          "smc.asm.alibabacloud.com/whatever"})
    EXPECT_EQ(notes("apiVersion: v1\nkind: Pod\nmetadata: {annotations: {" + std::string(key) +
                    ": \"true\"}}\n")
                  .size(),
              1u)
        << key;
  for (const char* key : {"sidecar.istio.io/inject", "smc.asm.alibabacloud.com/on-failure",
                          "network.alibabacloud.com/erdma-smcr", "enabled"})
    EXPECT_THAT(notes("apiVersion: v1\nkind: Pod\nmetadata: {annotations: {" + std::string(key) +
                      ": \"fail\"}}\n"),
                IsEmpty())
        << key;
}

TEST(ManifestNotes, KindsThatAreNotKnown) {
  EXPECT_THAT(of_file("rollout.yaml")->notes,
              ElementsAre(note(7, "Rollout default/rc", "argoproj.io/v1alpha1 Rollout is no kind",
                               "when they are created")));
}

TEST(ManifestNotes, AReplicationControllerIsInjectedAndTheOthersBesideItAreNamed) {
  const auto text = read_file(
      std::string(SMC_TEST_DIR) + "/webhook/commands/data/named/other-kinds.yaml", 1 << 20);
  const auto injected = inject_manifest(*text, Config());
  ASSERT_TRUE(injected) << injected.error().what;
  ASSERT_EQ(injected->decisions.size(), 1u);
  EXPECT_EQ(injected->decisions[0].decision, Decision::kInjected);
  EXPECT_THAT(
      injected->notes,
      ElementsAre(note(14, "Rollout default/ro", "Rollout is no kind", ""),
                  note(22, "DeploymentConfig default/dc", "DeploymentConfig is no kind", ""),
                  note(29, "Deployment default/no-api-version", "without apiVersion", "")));
}

TEST(ManifestNotes, AnItemWithoutKind) {
  const std::string item =
      "- metadata: {name: x}\n  spec: {template: {metadata: {annotations: "
      "{smc.asm.alibabacloud.com/enabled: \"true\"}}, spec: {containers: []}}}\n";
  EXPECT_THAT(notes("apiVersion: v1\nkind: List\nitems:\n" + item),
              ElementsAre(note(5, "object default/x", "without kind", "apiVersion and kind")));
  const auto typed =
      inject_manifest("apiVersion: apps/v1\nkind: DeploymentList\nitems:\n" + item, Config());
  ASSERT_TRUE(typed);
  ASSERT_EQ(typed->decisions.size(), 1u) << "kubectl fills in what the list says";
  EXPECT_EQ(typed->decisions[0].name, "Deployment default/x");
}

TEST(ManifestNotes, OtherPlacesThatNothingReads) {
  const std::string head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n";
  const std::string key = "{smc.asm.alibabacloud.com/enabled: \"true\"}";
  EXPECT_THAT(
      notes(head + "spec:\n  template:\n    metadata: {labels: " + key + "}\n"),
      ElementsAre(note(6, "Deployment default/x", "as a label it has no effect", "move it")));
  EXPECT_THAT(notes(head + "spec:\n  template:\n    annotations: " + key + "\n"),
              ElementsAre(note(6, "Deployment default/x", "spec.template.annotations", "move it")));
  EXPECT_THAT(notes("apiVersion: batch/v1\nkind: CronJob\nspec:\n  jobTemplate:\n    metadata: "
                    "{annotations: " +
                    key + "}\n"),
              ElementsAre(note(5, "CronJob default/", "spec.jobTemplate.metadata.annotations",
                               "spec.jobTemplate.spec.template.metadata.annotations")));
  EXPECT_THAT(notes("apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    "
                    "smc.asm.alibabacloud.com/enabled: true\n"),
              IsEmpty());
}

TEST(ManifestNotes, AnUnquotedTrueIsRefusedWithItsOwnLine) {
  const auto refused = of_file("bool.yaml");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().line, 6);
  EXPECT_THAT(refused.error().what, HasSubstr("must be a string"));
  EXPECT_THAT(refused.error().hint,
              HasSubstr("write it in quotes: smc.asm.alibabacloud.com/enabled: \"true\""));
}

TEST(ManifestNotes, ATemplateIsCalledOne) {
  const auto refused = of_file("helm.yaml");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().line, 4);
  EXPECT_THAT(refused.error().what, HasSubstr("template"));
  EXPECT_THAT(refused.error().hint, HasSubstr("helm template"));
}

TEST(ManifestNotes, WhatAnEarlierInjectionLeftInAPodThatOptedOut) {
  const std::string pod =
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n"
      "    smc.asm.alibabacloud.com/enabled: \"true\"\nspec:\n  containers: []\n";
  std::string injected = inject_manifest(pod, Config())->text;
  EXPECT_THAT(notes(injected), IsEmpty());
  injected.replace(injected.find("\"true\""), 6, "\"false\"");
  EXPECT_THAT(notes(injected), ElementsAre(note(7, "Pod default/p", "an earlier injection",
                                                "the init container smc-init (line 11)")));
}

}  // namespace
}  // namespace smc::webhook
