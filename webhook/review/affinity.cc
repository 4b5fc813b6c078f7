#include "webhook/review/affinity.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/json_text.h"
#include "webhook/review/review.h"

namespace smc::webhook {
namespace {

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";

constexpr Path kAffinityPath{&kSpecPath, "affinity"};
constexpr Path kNodeAffinityPath{&kAffinityPath, "nodeAffinity"};
constexpr Path kRequiredPath{&kNodeAffinityPath, kRequired};
constexpr Path kTermsPath{&kRequiredPath, "nodeSelectorTerms"};

constexpr std::string_view kAffinityPointer = "/spec/affinity";
constexpr std::string_view kNodeAffinityPointer = "/spec/affinity/nodeAffinity";
constexpr std::string_view kRequiredPointer =
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";

// Bounds the patch. An operation is at most 2.5 times as long as the term that it makes, and etcd
// stores no pod of more than 1.5 MiB.
constexpr std::size_t kMaxTermsPatchBytes = 4 << 20;

struct Expression {
  std::string_view key;
  std::string_view op;
  std::optional<JsonArray> values;

  bool lists(std::string_view value) const {
    return values && std::any_of(values->begin(), values->end(), [&](Json listed) {
             std::string_view text;
             return listed.get(text) == simdjson::SUCCESS && text == value;
           });
  }
};

Expression read_expression(Reader& reader, JsonObject object, const Path& path,
                           std::string_view our_key) {
  Member key{"key"}, op{"operator"}, values{"values"};
  reader.members(object, path, {&key, &op, &values});
  const Expression expression{reader.text(key, path), reader.text(op, path),
                              reader.list(values, path)};
  if (expression.key != our_key || !expression.values) return expression;
  const Path values_path{&path, values.name};
  std::size_t index = 0;
  for (const Json value : *expression.values) {
    if (!value.is_string()) reader.refuse({&values_path, {}, index}, "a string is expected");
    ++index;
  }
  return expression;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

// Whether a node whose label has `value` meets the expression (k8s.io/api/core/v1,
// NodeSelectorRequirement). An operator that the API server does not know is for it to refuse.
bool allows(const Expression& expression, std::string_view value) {
  if (expression.op == "In") return expression.lists(value);
  if (expression.op == "NotIn") return !expression.lists(value);
  if (expression.op == "DoesNotExist") return false;
  if (expression.op != "Gt" && expression.op != "Lt") return true;
  const auto ours = whole_number(value);
  std::string_view text;
  if (!ours || !expression.values || expression.values->size() != 1 ||
      expression.values->at(0).get(text) != simdjson::SUCCESS)
    return false;
  const auto bound = whole_number(text);
  return bound && (expression.op == "Gt" ? *ours > *bound : *ours < *bound);
}

bool is_ours(const Expression& expression, const Config::Affinity& label) {
  return expression.op == "In" && expression.values &&
         expression.values->size() == label.values.size() &&
         std::all_of(label.values.begin(), label.values.end(),
                     [&](const std::string& value) { return expression.lists(value); });
}

struct Term {
  bool empty = true;             // matches no node, and shall not begin to
  bool has_expressions = false;  // matchExpressions is an array
  bool names_node = false;       // by matchFields metadata.name
  bool requires_label = false;   // has the very expression that we add
  bool excludes_label = false;   // its expressions leave none of our values
};

Term read_term(Reader& reader, JsonObject object, const Path& path, const Config::Affinity& label) {
  Member expressions{"matchExpressions"}, fields{"matchFields"};
  reader.members(object, path, {&expressions, &fields});
  const auto expression_list = reader.list(expressions, path);
  const auto field_list = reader.list(fields, path);
  Term term;
  term.has_expressions = expression_list.has_value();
  term.empty = (!expression_list || expression_list->size() == 0) &&
               (!field_list || field_list->size() == 0);

  reader.each_object(field_list, {&path, fields.name}, [&](JsonObject field, const Path& here) {
    term.names_node |= read_expression(reader, field, here, {}).key == "metadata.name";
  });
  std::optional<std::vector<std::string_view>> left;  // our values that its expressions allow
  reader.each_object(
      expression_list, {&path, expressions.name}, [&](JsonObject object_read, const Path& here) {
        const Expression read = read_expression(reader, object_read, here, label.key);
        if (read.key != label.key) return;
        if (!left) left.emplace(label.values.begin(), label.values.end());
        left->erase(std::remove_if(left->begin(), left->end(),
                                   [&](std::string_view value) { return !allows(read, value); }),
                    left->end());
        term.requires_label |= is_ours(read, label);
      });
  term.excludes_label = left && left->empty();
  return term;
}

std::string expression_text(const Config::Affinity& label) {
  std::string out = R"({"key":)";
  append_json_string(out, label.key);
  out += R"(,"operator":"In","values":[)";
  for (std::size_t i = 0; i < label.values.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, label.values[i]);
  }
  return out += "]}";
}

void add_first_term(const NodeAffinity& affinity, const Config::Affinity& label, Patch& patch) {
  std::string value =
      R"({"nodeSelectorTerms":[{"matchExpressions":[)" + expression_text(label) + "]}]}";
  std::string_view pointer = kRequiredPointer;
  if (!affinity.has_node_affinity) {
    value = "{" + json_string(kRequired) + ":" + value + "}";
    pointer = kNodeAffinityPointer;
  }
  if (!affinity.has_affinity) {
    value = R"({"nodeAffinity":)" + value + "}";
    pointer = kAffinityPointer;
  }
  patch.add(pointer, value);
}

void add_to_term(const Term& term, std::size_t index, std::string_view expression, Patch& patch) {
  std::string pointer(kRequiredPointer);
  pointer += "/nodeSelectorTerms/";
  pointer += std::to_string(index);
  pointer += "/matchExpressions";
  if (term.has_expressions)
    patch.add(pointer + "/-", expression);
  else
    patch.add(pointer, '[' + std::string(expression) + ']');
}

}  // namespace

NodeAffinity read_node_affinity(Reader& reader, const Member& affinity) {
  Member node_affinity{"nodeAffinity"}, required{kRequired}, terms{"nodeSelectorTerms"};
  reader.members(affinity.value, kAffinityPath, {&node_affinity});
  reader.members(node_affinity.value, kNodeAffinityPath, {&required});
  reader.members(required.value, kRequiredPath, {&terms});
  return NodeAffinity{affinity.value.has_value(), node_affinity.value.has_value(),
                      required.value.has_value(), reader.list(terms, kRequiredPath)};
}

bool names_a_node(Reader& reader, const NodeAffinity& affinity, const Config::Affinity& label) {
  bool found = false;
  reader.each_object(affinity.terms, kTermsPath, [&](JsonObject term, const Path& path) {
    found |= read_term(reader, term, path, label).names_node;
  });
  return found;
}

void require_label(Reader& reader, const NodeAffinity& affinity, const Config::Affinity& label,
                   Patch& patch, Warnings& warnings) {
  if (!affinity.has_required) return add_first_term(affinity, label, patch);
  // Without terms the pod is not valid; the API server refuses it, and shall.
  if (!affinity.terms || affinity.terms->size() == 0) return;

  const std::string expression = expression_text(label);
  const std::size_t size_before = patch.size();
  std::size_t usable = 0;
  std::size_t excluded = 0;
  reader.each_object(affinity.terms, kTermsPath, [&](JsonObject object, const Path& path) {
    const Term term = read_term(reader, object, path, label);
    if (term.empty) return;
    ++usable;
    if (term.excludes_label) ++excluded;
    if (!term.requires_label) add_to_term(term, path.index, expression, patch);
    if (patch.size() - size_before > kMaxTermsPatchBytes)
      reader.refuse(kTermsPath, "more terms than a pod that etcd stores can have");
  });
  if (usable == 0)
    warnings.add("every term of the required node affinity is empty: the pod matches no node");
  else if (excluded == usable)
    warnings.add("the pod cannot be scheduled: its node affinity excludes nodes with " +
                 printable(label.key, kMaxShownCharacters));
  else if (excluded > 0)
    warnings.add("a node affinity term matches no node: it excludes nodes with " +
                 printable(label.key, kMaxShownCharacters));
}

}  // namespace smc::webhook
