// The real kubectl reads what `inject` writes, and sees the input with the webhook's patch and
// nothing else. kubectl asks an API server which kinds there are even for a client-side dry run; a
// server that knows just that stands in for one. Skipped where kubectl is not installed
// (scripts/fetch-kube-tools fetches it).
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/file.h"
#include "base/keys.h"
#include "base/yaml_tree.h"
#include "test/kube/fake_api.h"
#include "test/support/random_json.h"
#include "test/support/temporary_directory.h"
#include "test/webhook/commands/random_manifest.h"
#include "webhook/commands/manifest.h"
#include "webhook/commands/yaml_patch.h"
#include "webhook/commands/yaml_text.h"
#include "webhook/review/answer.h"

namespace smc::webhook {
namespace {

using nlohmann::json;

std::string find_kubectl() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::string base = cache != nullptr  ? cache
                           : home != nullptr ? std::string(home) + "/.cache"
                                             : std::string();
  std::string path = base + "/smc-webhook/bin:" + (std::getenv("PATH") ? std::getenv("PATH") : "");
  for (std::string directory; !path.empty();) {
    directory = path.substr(0, path.find(':'));
    path.erase(0, directory.size() + 1);
    if (::access((directory + "/kubectl").c_str(), X_OK) == 0) return directory + "/kubectl";
  }
  return {};
}

json resources(const char* version, const std::vector<const char*>& kinds) {
  json list = json::array();
  for (const std::string kind : kinds) {
    std::string name = kind + "s";
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    list.push_back({{"name", name},
                    {"singularName", ""},
                    {"namespaced", true},
                    {"kind", kind},
                    {"verbs", {"create", "get", "patch"}}});
  }
  return {{"kind", "APIResourceList"}, {"groupVersion", version}, {"resources", list}};
}

json group(const std::string& name) {
  const json version = {{"groupVersion", name + "/v1"}, {"version", "v1"}};
  return {{"name", name}, {"versions", {version}}, {"preferredVersion", version}};
}

// Answers discovery; of every object it says that it is not there yet.
class Discovery {
 public:
  int port() const { return api_.port(); }

 private:
  void answer(const kube::ApiRequest& request, kube::ApiResponse& response) const {
    const auto found = documents_.find(request.path);
    if (found != documents_.end()) return kube::answer(response, 200, found->second.dump());
    kube::answer(response, 404, kube::status_body("NotFound", 404));
  }

  const std::map<std::string, json> documents_ = {
      {"/api", {{"kind", "APIVersions"}, {"versions", {"v1"}}}},
      {"/apis", {{"kind", "APIGroupList"}, {"groups", {group("apps"), group("batch")}}}},
      {"/api/v1", resources("v1", {"Pod", "Service", "ConfigMap", "ReplicationController"})},
      {"/apis/apps/v1",
       resources("apps/v1", {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})},
      {"/apis/batch/v1", resources("batch/v1", {"Job", "CronJob"})}};
  kube::FakeApi api_{[this](const auto& request, auto& response) { answer(request, response); }};
};

class KubectlTest : public testing::Test {
 public:
  void SetUp() override {
    kubectl_ = find_kubectl();
    if (kubectl_.empty()) GTEST_SKIP() << "no kubectl; scripts/fetch-kube-tools fetches it";
  }

  // Every object of `manifest` as `kubectl apply --dry-run=client -o json` shows it, without the
  // annotation that holds the whole object once more as text.
  json objects(const std::string& manifest) {
    const std::string file = directory_.file("manifest.yaml");
    EXPECT_TRUE(write_file_atomic(file, manifest, 0600));
    json shown = run("apply --dry-run=client --validate=false -o json -f " + file);
    json list = shown.value("kind", "") == "List" ? shown["items"] : json::array({shown});
    for (json& object : list) {
      json& annotations = object["metadata"]["annotations"];
      annotations.erase("kubectl.kubernetes.io/last-applied-configuration");
    }
    return list;
  }

 private:
  json run(const std::string& arguments) {
    const std::string command = "HOME=" + directory_.path() + " KUBECONFIG=/dev/null " + kubectl_ +
                                " --server=http://127.0.0.1:" + std::to_string(discovery_.port()) +
                                " --cache-dir=" + directory_.file("cache") + " " + arguments +
                                " 2>" + directory_.file("stderr");
    FILE* pipe = ::popen(command.c_str(), "r");
    std::string out;
    std::array<char, 65536> part{};
    while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe))
      out.append(part.data(), n);
    EXPECT_EQ(::pclose(pipe), 0) << *read_file(directory_.file("stderr"), 1 << 20);
    return json::parse(out, nullptr, false);
  }

  std::string kubectl_;
  smc::test::TemporaryDirectory directory_;
  Discovery discovery_;
};

// The object with the patch that the webhook would give its pod, found without our YAML code.
json patched(json object) {
  const std::string kind = object.at("kind");
  const json::json_pointer at(kind == "Pod"       ? ""
                              : kind == "CronJob" ? "/spec/jobTemplate/spec/template"
                                                  : "/spec/template");
  if (!object.contains(at) || kind == "Service" || kind == "ConfigMap") return object;
  json pod = object.at(at);
  if (kind == "DaemonSet")
    pod["metadata"]["ownerReferences"] = {{{"kind", kind}, {"name", "x"}, {"controller", true}}};
  const json review = {{"apiVersion", "admission.k8s.io/v1"},
                       {"kind", "AdmissionReview"},
                       {"request",
                        {{"uid", "1"},
                         {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
                         {"operation", "CREATE"},
                         {"namespace", object["metadata"].value("namespace", "default")},
                         {"object", pod}}}};
  std::string body = review.dump();
  const Answer answer = answer_review(body, Config());
  EXPECT_EQ(answer.status, 200) << answer.body;
  const json response = json::parse(answer.body)["response"];
  if (!response.contains("patch")) return object;
  json result = pod.patch(json::parse(*base64_decode(response["patch"].get<std::string>())));
  if (kind == "DaemonSet") result["metadata"].erase("ownerReferences");
  object[at] = result;
  return object;
}

// Holds what kubectl reads of `manifest` after `inject` to what it reads before, with the patches.
void expect_patch_alone(KubectlTest& kubectl, const std::string& manifest,
                        const std::string& name) {
  const auto injected = inject_manifest(manifest, Config());
  ASSERT_TRUE(injected) << name << ": " << injected.error().what;
  json expected = json::array();
  int changed = 0;
  for (const json& object : kubectl.objects(manifest)) {
    expected.push_back(patched(object));
    changed += expected.back() != object ? 1 : 0;
  }
  EXPECT_GT(changed, 0) << name;
  const json shown = kubectl.objects(injected->text);
  EXPECT_EQ(shown, expected) << name << json::diff(expected, shown);
}

// The example comes without the annotation; here its pod templates get it.
std::string opted_in(std::string manifest) {
  const std::string place = "\n      annotations:\n";
  const std::string line = "        " + std::string(kEnabledAnnotation) + ": \"true\"\n";
  for (std::size_t at = 0; (at = manifest.find(place, at)) != std::string::npos;) {
    at += place.size();
    manifest.insert(at, line);
  }
  return manifest;
}

TEST_F(KubectlTest, TheOutputIsTheInputPlusThePatch) {
  const std::string data = SMC_TEST_DIR "/webhook/commands/data";
  std::vector<std::filesystem::path> files = {SMC_TEST_DIR "/../examples/fortio.yaml",
                                              data + "/manifest.yaml"};
  for (const auto& entry : std::filesystem::directory_iterator(data + "/kept"))
    files.push_back(entry.path());
  for (const std::filesystem::path& file : files) {
    const auto manifest = read_file(file, kMaxManifestBytes);
    ASSERT_TRUE(manifest) << file;
    // kubectl takes no document without a kind
    const std::size_t begin = file.filename() == "yaml-battery.yaml" ? manifest->find("---\n") : 0;
    const bool is_example = file.filename() == "fortio.yaml";
    expect_patch_alone(*this, is_example ? opted_in(*manifest) : manifest->substr(begin), file);
  }
  EXPECT_GE(files.size(), 11U);
}

TEST_F(KubectlTest, ManifestsOfEveryStyleKeepTheirMeaning) {
  test::RandomManifest manifests(4711);
  std::string manifest;
  for (int documents = 0; documents < 300;) {
    const auto object = manifests.object();
    const test::StyledYaml style = test::random_style(manifests.random);
    const std::string text = test::styled(object, style, manifests.random);
    // in a stream of documents kubectl reads JSON as YAML, which has no such characters
    const bool is_json = text.starts_with("{");
    const bool is_ascii = std::ranges::all_of(
        text, [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; });
    if (is_json && (!is_ascii || text.find("\\ud8") != std::string::npos)) continue;
    manifest += "---\n" + text + (style.last_line_break ? "" : "\n");
    ++documents;
  }
  expect_patch_alone(*this, manifest, "random");
}

// kubectl apply leaves out members that are null.
json without_nulls(const json& value) {
  if (!value.is_structured()) return value;
  json out = value.is_object() ? json::object() : json::array();
  for (const auto& [key, item] : value.items()) {
    if (value.is_array()) out.push_back(without_nulls(item));
    if (value.is_object() && !item.is_null()) out[key] = without_nulls(item);
  }
  return out;
}

TEST_F(KubectlTest, RandomDocumentsAreReadAsWeMeantThem) {
  smc::test::RandomJson random(7);
  std::string manifest;
  std::vector<json> payloads;
  for (int i = 0; i < 400; ++i) {
    const auto payload = random.object(4);
    payloads.push_back(json::parse(payload.dump()));
    const std::string text = nlohmann::ordered_json{
        {"apiVersion", "v1"},
        {"kind", "ConfigMap"},
        {"metadata", {{"name", "c" + std::to_string(i)}}},
        {"payload", payload}}.dump();
    yaml::Node tree;
    tree.kind = yaml::Kind::kMap;
    tree.set("object", {});
    ASSERT_TRUE(apply_patch(tree, R"([{"op":"replace","path":"/object","value":)" + text + "}]"));
    manifest += "---\n" + block_collection(*tree.find("object"), "", {});
  }
  const json shown = objects(manifest);
  ASSERT_EQ(shown.size(), payloads.size());
  for (std::size_t i = 0; i < payloads.size(); ++i)
    ASSERT_EQ(without_nulls(shown[i]["payload"]), without_nulls(payloads[i]));
}

}  // namespace
}  // namespace smc::webhook
