#include "webhook/commands/manifest.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/yaml_tree.h"
#include "webhook/cluster/namespace_modes.h"
#include "webhook/commands/manifest_text.h"
#include "webhook/commands/pod_source.h"
#include "webhook/commands/yaml_edit.h"
#include "webhook/commands/yaml_patch.h"
#include "webhook/review/answer.h"

namespace smc::webhook {
namespace {

using yaml::Node;
using yaml::Problem;

constexpr int kAnswered = 200;

struct Reviewed {
  ManifestDecision decision;
  std::optional<std::string> patch;
};

Result<Reviewed, Problem> review(const PodSource& source, Reviewer& reviewer) {
  if (Result<void, Problem> strings = check_annotations(source); !strings) return strings.error();
  Result<std::string, Problem> body = source.review();
  if (!body) return body.error();
  const Answer answer = reviewer.answer(*body);
  if (answer.status != kAnswered)
    return Problem{source.line(), source.name() + " cannot be reviewed: " + answer.body};

  Reviewed reviewed{{source.line(), source.name(), answer.decision, {}, false}, {}};
  const auto response = nlohmann::json::parse(answer.body).at("response");
  if (response.contains("warnings"))
    reviewed.decision.warnings = response.at("warnings").get<std::vector<std::string>>();
  if (response.contains("patch"))
    reviewed.patch = base64_decode(response.at("patch").get<std::string>());
  return reviewed;
}

// The line of an alias or merge key that repeats what stands at `at`; 0 without one.
int repeated_in_line(const Node& node, std::size_t at) {
  if (node.alias_line != 0 && node.span.begin <= at && at <= node.span.end) return node.alias_line;
  for (const Node& child : node.children)
    if (const int line = repeated_in_line(child, at)) return line;
  return 0;
}

// Go templates, as Helm's: "{{" and "}}" in one line. 0 without one.
int template_line(std::string_view text) {
  const std::size_t open = text.find("{{");
  if (open == std::string_view::npos) return 0;
  const std::size_t end = std::min(text.find('\n', open), text.size());
  if (text.substr(open, end - open).find("}}") == std::string_view::npos) return 0;
  return 1 + static_cast<int>(std::count(text.data(), text.data() + open, '\n'));
}

// The modes that namespaces have in mode auto, by their names.
using Modes = std::map<std::string, InitMode, std::less<>>;

void learn_mode(const ManifestObject& object, Modes& modes) {
  const std::string name(text_at(descend(*object.node, "metadata"), "name"));
  std::string json;
  if (name.empty() || !append_json(json, *object.node)) return;
  const bool admits = admits_privileged(nlohmann::json::parse(json));
  modes[name] = admits ? InitMode::kPrivileged : InitMode::kAgent;
}

// Of the namespaces that the manifest makes itself. What cannot be read here, the injection names.
Modes modes_of(std::string_view text) {
  Modes modes;
  for (const ManifestPart& part : split_manifest(text)) {
    if (part.text.find("Namespace") == std::string_view::npos) continue;
    auto documents = yaml::parse(part.text);
    if (!documents) continue;
    for (Node& document : *documents)
      for (const ManifestObject& object : objects_of(document))
        if (object.kind == "Namespace" && object.api_version == "v1") learn_mode(object, modes);
  }
  return modes;
}

class Injection {
 public:
  Injection(const Config& config, Modes modes)
      : container_(config.init_container.name),
        modes_(std::move(modes)),
        reviewer_(config, [this](std::string_view name) {
          const auto known = modes_.find(name);
          return known == modes_.end() ? mode_of_unknown_namespace(name) : known->second;
        }) {}

  Result<void, Problem> add(const ManifestPart& part) {
    Result<std::string, Problem> injected = inject(part);
    if (injected) {
      manifest_.text += *injected;
      return {};
    }
    Problem problem = std::move(injected.error());
    const int above = part.first_line - 1;
    problem.line += above;
    if (const int line = template_line(part.text))
      problem = {line + above,
                 "this is a template, as of a Helm chart, and no manifest yet (line " +
                     std::to_string(problem.line) + ": " + problem.what + ")",
                 "render it first: helm template RELEASE CHART | smc-webhook inject -f -"};
    return problem;
  }

  InjectedManifest take() { return std::move(manifest_); }

 private:
  Result<std::string, Problem> inject(const ManifestPart& part) {
    auto documents = yaml::parse(part.text);
    if (!documents) return documents.error();
    std::vector<YamlEdit> edits;
    for (Node& document : *documents) {
      if (Result<void, Problem> done = inject_document(part, document, edits); !done)
        return done.error();
    }
    if (edits.empty()) return std::string(part.text);
    Result<std::string, Problem> text = apply_edits(part.text, edits);
    const auto read = text ? yaml::parse(*text) : Result<std::vector<Node>, Problem>(text.error());
    if (read && std::ranges::equal(*read, *documents, same_value)) return text;
    return cannot_insert(*documents, edits, part.first_line - 1);
  }

  // Leaves `document` as the patches make it.
  Result<void, Problem> inject_document(const ManifestPart& part, Node& document,
                                        std::vector<YamlEdit>& edits) {
    const std::size_t others = edits.size();
    const int above = part.first_line - 1;
    const std::vector<ManifestObject> objects = objects_of(document);
    for (const ManifestObject& object : objects) note(notes_of(object), above);
    for (const PodSource& source : pods_of(objects)) {
      note(leftovers_of(source, container_), above);
      Result<Reviewed, Problem> reviewed = review(source, reviewer_);
      if (!reviewed) return reviewed.error();
      reviewed->decision.line += above;
      reviewed->decision.namespace_known = modes_.contains(source.pod_namespace());
      manifest_.decisions.push_back(std::move(reviewed->decision));
      if (!reviewed->patch) continue;
      Node patched = source.pod();
      const Result<void> applied = apply_patch(patched, *reviewed->patch);
      if (!applied) return Problem{source.line(), source.name() + ": " + applied.error().text()};
      YamlEditor editor(part.text, layout_of(part.text, document, source.pod()));
      editor.change(source.pod(), patched);
      std::ranges::move(editor.take(), std::back_inserter(edits));
      source.pod() = std::move(patched);
    }
    std::string json;
    // kubectl would not take a document that JSON has no form for
    return edits.size() == others ? Result<void, Problem>() : append_json(json, document);
  }

  void note(std::vector<ManifestNote> notes, int above) {
    for (ManifestNote& one : notes) {
      one.line += above;
      manifest_.notes.push_back(std::move(one));
    }
  }

  // The result would mean something else than what the patches say.
  static Problem cannot_insert(const std::vector<Node>& documents,
                               const std::vector<YamlEdit>& edits, int above) {
    for (const YamlEdit& edit : edits)
      for (const Node& document : documents)
        if (const int line = repeated_in_line(document, edit.node))
          return {line,
                  "an alias or a merge key repeats here what stands in line " +
                      std::to_string(edit.line + above) +
                      ", and an insertion there would change both",
                  "write out here what the alias stands for"};
    return {edits.front().line, "nothing can be inserted here without changing other values",
            "write this part in block style, one key a line, without ? and tags"};
  }

  std::string container_;
  Modes modes_;
  Reviewer reviewer_;
  InjectedManifest manifest_;
};

}  // namespace

Result<InjectedManifest, Problem> inject_manifest(std::string_view text, const Config& config) {
  Injection injection(config, modes_of(text));
  for (const ManifestPart& part : split_manifest(text))
    if (Result<void, Problem> added = injection.add(part); !added) return added.error();
  return injection.take();
}

}  // namespace smc::webhook
