// Random manifests in random styles: what comes back is the patch of the webhook on what went in,
// by insertion alone.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/file.h"
#include "base/yaml_tree.h"
#include "test/webhook/commands/random_manifest.h"
#include "webhook/commands/manifest.h"
#include "webhook/commands/yaml_patch.h"
#include "webhook/review/answer.h"

namespace smc::webhook {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using test::RandomManifest;
using test::StyledYaml;
using test::YamlStyle;
using testing::HasSubstr;

json json_of(const std::string& text) {
  const auto documents = yaml::parse(text);
  EXPECT_TRUE(documents) << documents.error().what << "\n" << text;
  if (!documents || documents->size() != 1) return {};
  std::string out;
  EXPECT_TRUE(append_json(out, documents->front())) << text;
  return json::parse(out);
}

// The object with the webhook's patch, found without our YAML code.
json patched(json object) {
  const json::json_pointer at(object["kind"] == "Pod" ? "" : "/spec/template");
  json pod = object.at(at);
  if (object["kind"] != "Pod")
    pod["metadata"]["ownerReferences"] = {{{"kind", "StatefulSet"}, {"controller", true}}};
  const json review = {{"apiVersion", "admission.k8s.io/v1"},
                       {"kind", "AdmissionReview"},
                       {"request",
                        {{"uid", "1"},
                         {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
                         {"operation", "CREATE"},
                         {"namespace", "default"},
                         {"object", pod}}}};
  std::string body = review.dump();
  const Answer answer = answer_review(body, Config());
  EXPECT_EQ(answer.status, 200) << answer.body;
  const json response = json::parse(answer.body)["response"];
  EXPECT_TRUE(response.contains("patch")) << answer.body;
  pod = pod.patch(json::parse(*base64_decode(response["patch"].get<std::string>())));
  if (object["kind"] != "Pod") pod["metadata"].erase("ownerReferences");
  object[at] = pod;
  return object;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    lines.back() += c;
    if (c == '\n') lines.emplace_back();
  }
  return lines;
}

// Whether taking parts out of `whole` leaves `rest`.
template <class Sequence>
bool is_left_of(const Sequence& rest, const Sequence& whole) {
  auto at = rest.begin();
  for (const auto& one : whole)
    if (at != rest.end() && *at == one) ++at;
  return at == rest.end();
}

TEST(Insertion, TheResultIsThePatchOnTheInputAndNothingOfTheInputIsGone) {
  RandomManifest manifests(20261128);
  int in_whole_lines = 0;
  for (int i = 0; i < 4500; ++i) {
    const ordered_json object = manifests.object();
    const StyledYaml style = test::random_style(manifests.random);
    const std::string text = test::styled(object, style, manifests.random);
    const json before = json_of(text);
    ASSERT_EQ(before, json::parse(object.dump())) << text;

    const auto injected = inject_manifest(text, Config());
    ASSERT_TRUE(injected) << injected.error().what << "\n" << text;
    ASSERT_EQ(json_of(injected->text), patched(before)) << text << "\n=>\n" << injected->text;
    // a written null gives way to a value
    const bool has_null = text.find("null") != std::string::npos;
    if (!has_null) {
      ASSERT_TRUE(is_left_of(text, injected->text)) << injected->text;
    }
    if (!has_null && style.style == YamlStyle::kBlock && style.last_line_break &&
        text.find("{}") == std::string::npos && text.find("[]") == std::string::npos) {
      ++in_whole_lines;
      ASSERT_TRUE(is_left_of(lines_of(text), lines_of(injected->text))) << injected->text;
    }
    const auto again = inject_manifest(injected->text, Config());
    ASSERT_TRUE(again);
    ASSERT_EQ(again->text, injected->text);
  }
  EXPECT_GT(in_whole_lines, 50);
}

TEST(Insertion, ASpecThatIsMissingIsAdded) {
  const auto injected = inject_manifest(
      "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    smc.asm.alibabacloud.com/enabled: "
      "\"true\"\n",
      Config());
  ASSERT_TRUE(injected) << injected.error().what;
  EXPECT_THAT(injected->text, HasSubstr("\nspec:\n  initContainers:\n  - name: smc-init\n"));
}

constexpr const char* kTwo = R"(apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: one
    annotations: &a
      smc.asm.alibabacloud.com/enabled: "true"
  spec: &s
    containers: [{name: c, image: i}]
- apiVersion: v1
  kind: Pod
  metadata:
    name: two
    NAMESPACE
    annotations: *a
  spec: *s
)";

std::string two(const std::string& in_the_second) {
  std::string text = kTwo;
  return text.replace(text.find("NAMESPACE"), 9, in_the_second);
}

TEST(Insertion, AnAliasWhosePlacesGetTheSameIsInsertedOnce) {
  const auto injected = inject_manifest(two("labels: {a: b}"), Config());
  ASSERT_TRUE(injected) << injected.error().what;
  EXPECT_EQ(injected->decisions.size(), 2u);
  const json items = json_of(injected->text)["items"];
  EXPECT_EQ(items[0]["spec"], items[1]["spec"]);
  EXPECT_EQ(items[1]["spec"]["initContainers"][0]["name"], "smc-init");
  EXPECT_THAT(injected->text, HasSubstr("spec: *s\n"));
}

TEST(Insertion, AnAliasWhosePlacesDifferIsRefusedWithItsLineAndARemedy) {
  const auto refused = inject_manifest(two("namespace: kube-system"), Config());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().line, 17);
  EXPECT_THAT(refused.error().what, HasSubstr("alias"));
  EXPECT_THAT(refused.error().hint, HasSubstr("write out"));
}

TEST(Insertion, AMergeKeyThatBringsInAChangedPlaceIsRefused) {
  const auto refused = inject_manifest(
      "x: &m {annotations: {smc.asm.alibabacloud.com/enabled: \"true\"}}\n"
      "apiVersion: v1\nkind: Pod\nmetadata:\n  <<: *m\nspec:\n  containers: []\n",
      Config());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().line, 5);
  EXPECT_FALSE(refused.error().hint.empty());
}

// Files that were changed without a word, or refused, once.
TEST(Insertion, FilesThatFailedOnceKeepEveryByte) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(SMC_TEST_DIR "/webhook/commands/data/kept")) {
    const auto text = read_file(entry.path(), kMaxManifestBytes);
    ASSERT_TRUE(text);
    const auto injected = inject_manifest(*text, Config());
    ASSERT_TRUE(injected) << entry.path() << ": " << injected.error().what;
    EXPECT_TRUE(is_left_of(*text, injected->text)) << entry.path();
    EXPECT_THAT(injected->text, HasSubstr("smc-init")) << entry.path();
    const auto again = inject_manifest(injected->text, Config());
    ASSERT_TRUE(again) << entry.path() << ": " << again.error().what;
    EXPECT_EQ(again->decisions.size(), injected->decisions.size()) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 9);
}

}  // namespace
}  // namespace smc::webhook
