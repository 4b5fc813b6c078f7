#include "webhook/review/node_affinity.h"

#include <algorithm>

#include "webhook/review/review_paths.h"

namespace smc::webhook {
namespace {

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";

constexpr Path kAffinityPath{&kSpecPath, "affinity"};
constexpr Path kNodeAffinityPath{&kAffinityPath, "nodeAffinity"};
constexpr Path kRequiredPath{&kNodeAffinityPath, kRequired};
constexpr Path kTermsPath{&kRequiredPath, "nodeSelectorTerms"};

NodeRequirement read_requirement(JsonReader& reader, JsonObject object, const Path& path) {
  Member key{"key"}, op{"operator"}, values{"values"};
  reader.members(object, path, {&key, &op, &values});
  return {reader.text(key, path), reader.text(op, path), reader.texts(values, path)};
}

std::vector<NodeRequirement> read_requirements(JsonReader& reader,
                                               const std::optional<JsonArray>& list,
                                               const Path& path, std::size_t& left) {
  std::vector<NodeRequirement> read;
  reader.each_object(list, path, [&](JsonObject object, const Path& here) {
    if (left == 0) return reader.refuse(path, "more requirements than a pod can have");
    --left;
    read.push_back(read_requirement(reader, object, here));
  });
  return read;
}

NodeTerm read_term(JsonReader& reader, JsonObject object, const Path& path, std::size_t& left) {
  Member expressions{"matchExpressions"}, fields{"matchFields"};
  reader.members(object, path, {&expressions, &fields});
  const auto expression_list = reader.list(expressions, path);
  const auto field_list = reader.list(fields, path);
  NodeTerm term;
  term.index = path.index;
  term.has_expressions = expression_list.has_value();
  term.empty = (!expression_list || expression_list->size() == 0) &&
               (!field_list || field_list->size() == 0);
  term.fields = read_requirements(reader, field_list, {&path, fields.name}, left);
  term.expressions = read_requirements(reader, expression_list, {&path, expressions.name}, left);
  return term;
}

}  // namespace

bool NodeRequirement::lists(std::string_view value) const {
  return values && std::any_of(values->begin(), values->end(), [&](Json listed) {
           std::string_view text;
           return listed.get(text) == simdjson::SUCCESS && text == value;
         });
}

NodeAffinity read_node_affinity(JsonReader& reader, const Member& affinity) {
  Member node_affinity{"nodeAffinity"}, required{kRequired}, terms{"nodeSelectorTerms"};
  reader.members(affinity.value, kAffinityPath, {&node_affinity});
  reader.members(node_affinity.value, kNodeAffinityPath, {&required});
  reader.members(required.value, kRequiredPath, {&terms});
  const auto list = reader.list(terms, kRequiredPath);
  NodeAffinity read;
  read.has_affinity = affinity.value.has_value();
  read.has_node_affinity = node_affinity.value.has_value();
  read.has_required = required.value.has_value();
  read.has_terms = list && list->size() > 0;
  std::size_t left = kMaxNodeRequirements;
  reader.each_object(list, kTermsPath, [&](JsonObject term, const Path& path) {
    if (read.terms.size() == kMaxNodeTerms)
      return reader.refuse(kTermsPath, "more terms than a pod can have");
    read.terms.push_back(read_term(reader, term, path, left));
  });
  return read;
}

}  // namespace smc::webhook
