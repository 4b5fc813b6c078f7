// The API server's part in `make demo`: makes the review of a Deployment's pod, and carries out the
// patch of the answer, both without the webhook's own code for them.
//
//   smc-demo review MANIFEST DEPLOYMENT with|without   the AdmissionReview, with or without
//   annotation smc-demo before REVIEW                             its pod as YAML smc-demo after
//   REVIEW ANSWER                       the pod that comes of the answer, checked
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/file.h"
#include "base/yaml_tree.h"
#include "webhook/commands/yaml_patch.h"
#include "webhook/commands/yaml_text.h"

namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr const char* kAnnotation = "smc.asm.alibabacloud.com/enabled";

// Ends the program with its text; everything here is fatal.
void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

std::string content(const std::string& path) {
  const auto text = smc::read_file(path, kMaxBytes);
  expect(text.ok(), text ? "" : text.error().text());
  return *text;
}

ordered_json json_of(const smc::yaml::Node& node) {
  std::string text;
  const auto written = smc::webhook::append_json(text, node);
  expect(written.ok(), written ? "" : written.error().what);
  return ordered_json::parse(text);
}

ordered_json deployment(const std::string& manifest, const std::string& name) {
  const auto documents = smc::yaml::parse(content(manifest));
  expect(documents.ok(), documents ? "" : documents.error().what);
  for (const smc::yaml::Node& document : *documents) {
    ordered_json object = json_of(document);
    if (object["kind"] == "Deployment" && object["metadata"]["name"] == name) return object;
  }
  throw std::runtime_error("no Deployment " + name + " in " + manifest);
}

// As the ReplicaSet controller creates it.
ordered_json pod_of(const ordered_json& deployment_object, bool annotated) {
  const ordered_json& spec = deployment_object.at("spec").at("template");
  const std::string owner =
      deployment_object.at("metadata").at("name").get<std::string>() + "-6d4cf";
  ordered_json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", spec.at("metadata")}};
  ordered_json& metadata = pod["metadata"];
  metadata["generateName"] = owner + "-";
  metadata["namespace"] = "default";
  metadata["ownerReferences"] = {
      {{"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}, {"name", owner}, {"controller", true}}};
  expect(!metadata.at("annotations").contains(kAnnotation), "the example is annotated");
  if (annotated) metadata["annotations"][kAnnotation] = "true";
  pod["spec"] = spec.at("spec");
  return pod;
}

std::string yaml_of(const ordered_json& value) {
  const auto documents = smc::yaml::parse(value.dump());  // JSON is YAML
  expect(documents.ok(), documents ? "" : documents.error().what);
  return smc::webhook::block_collection(documents->front(), "", {});
}

std::string review(const std::string& manifest, const std::string& name, const std::string& mode) {
  expect(mode == "with" || mode == "without", "with or without the annotation?");
  const ordered_json review = {
      {"apiVersion", "admission.k8s.io/v1"},
      {"kind", "AdmissionReview"},
      {"request",
       {{"uid", name + "-" + mode},
        {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
        {"resource", {{"group", ""}, {"version", "v1"}, {"resource", "pods"}}},
        {"operation", "CREATE"},
        {"namespace", "default"},
        {"object", pod_of(deployment(manifest, name), mode == "with")}}}};
  return review.dump() + "\n";
}

std::string after(const ordered_json& review, const ordered_json& answer) {
  const ordered_json& response = answer.at("response");
  const ordered_json& pod = review.at("request").at("object");
  expect(response.at("uid") == review.at("request").at("uid"), "the answer has another uid");
  expect(response.at("allowed") == true, "the pod is not allowed");
  if (!response.contains("patch")) return yaml_of(pod);
  expect(response.at("patchType") == "JSONPatch", "the patch is no JSONPatch");
  const auto patch = smc::base64_decode(response.at("patch").get<std::string>());
  expect(patch.has_value(), "the patch is not base64");
  const ordered_json patched = pod.patch(ordered_json::parse(*patch));
  expect(patched.at("/spec/initContainers/0/name"_json_pointer) == "smc-init",
         "smc-init is not the first init container");
  return yaml_of(patched);
}

std::string run(const std::vector<std::string>& arguments) {
  const auto is = [&](const char* command, std::size_t count) {
    return arguments.size() == count + 1 && arguments[0] == command;
  };
  if (is("review", 3)) return review(arguments[1], arguments[2], arguments[3]);
  const auto json = [&](std::size_t i) { return ordered_json::parse(content(arguments[i])); };
  if (is("before", 1)) return yaml_of(json(1).at("request").at("object"));
  if (is("after", 2)) return after(json(1), json(2));
  throw std::runtime_error(
      "review MANIFEST DEPLOYMENT with|without, before REVIEW, or after REVIEW ANSWER");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::fputs(run({argv + 1, argv + argc}).c_str(), stdout);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "smc-demo: %s\n", error.what());
    return 1;
  }
  return 0;
}
