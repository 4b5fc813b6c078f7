#include "test/webhook/commands/random_manifest.h"

#include <algorithm>

#include "base/yaml_tree.h"
#include "webhook/commands/yaml_text.h"

namespace smc::webhook::test {
namespace {

using nlohmann::ordered_json;

class Writer {
 public:
  Writer(const StyledYaml& style, smc::test::RandomJson& random) : style_(style), random_(random) {}

  std::string document(const ordered_json& value) {
    const bool is_ascii = random_.pick(2) == 0;
    if (style_.style == YamlStyle::kJsonLine) return value.dump(-1, ' ', is_ascii);
    if (style_.style == YamlStyle::kJsonLines)
      return random_.pick(2) == 0 ? value.dump(static_cast<int>(style_.step), ' ', is_ascii)
                                  : value.dump(1, '\t', is_ascii);
    entries(value, 0, false);
    return out_.substr(0, out_.size() - 1);
  }

 private:
  bool in_brackets(const ordered_json& value) {
    return value.empty() || (style_.style == YamlStyle::kMixed && random_.pick(4) == 0);
  }

  std::string string(const std::string& text, bool is_key) {
    const std::string plain = block_scalar(yaml::string_node(text));
    const bool is_simple = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
    if (is_key || !is_simple || text.find('\'') != std::string::npos || random_.pick(3) > 0)
      return plain;
    return "'" + text + "'";
  }

  static std::string quoted(const std::string& text) {
    return flow_value(yaml::string_node(text), {});
  }

  std::string flow(const ordered_json& value) {
    if (value.is_string()) return quoted(value.get<std::string>());
    if (value.is_primitive()) return value.dump();
    std::string out = value.is_object() ? "{" : "[";
    const std::string gap(value.empty() ? 0 : random_.pick(2), ' ');
    for (const auto& [key, item] : value.items()) {
      if (out.size() > 1) out += "," + gap;
      if (value.is_object()) out += quoted(key) + ": ";
      out += flow(item);
    }
    return out + gap + (value.is_object() ? "}" : "]");
  }

  void comment(std::size_t column) {
    if (!style_.comments || random_.pick(5) > 0) return;
    if (random_.pick(3) == 0) out_ += "\n";
    out_ += std::string(column, ' ') + "# - {not: a value\n";
  }

  std::string end_of_line() {
    return style_.comments && random_.pick(4) == 0 ? "   # it's a comment\n" : "\n";
  }

  // What follows a key's colon or an item's dash.
  void value(const ordered_json& value, std::size_t column, bool is_item) {
    if (value.is_null() && random_.pick(2) == 0) {
      out_ += end_of_line();
    } else if (value.is_primitive()) {
      out_ += " " + (value.is_string() ? string(value.get<std::string>(), false) : value.dump()) +
              end_of_line();
    } else if (in_brackets(value)) {
      out_ += " " + flow(value) + end_of_line();
    } else if (is_item) {
      out_ += ' ';
      entries(value, column + 2, true);
    } else {
      out_ += end_of_line();
      entries(value, column + (value.is_object() ? style_.step : style_.list_offset), false);
    }
  }

  void entries(const ordered_json& collection, std::size_t column, bool begun) {
    for (const auto& [key, item] : collection.items()) {
      if (!begun) {
        comment(column);
        out_ += std::string(column, ' ');
      }
      begun = false;
      out_ += collection.is_object() ? string(key, true) + ":" : "-";
      value(item, column, collection.is_array());
    }
  }

  const StyledYaml& style_;
  smc::test::RandomJson& random_;
  std::string out_;
};

}  // namespace

StyledYaml random_style(smc::test::RandomJson& random) {
  StyledYaml style;
  style.style = static_cast<YamlStyle>(random.pick(4));
  style.step = 1 + random.pick(6);
  style.list_offset = random.pick(style.step + 1);
  style.comments = random.pick(2) == 0;
  style.line_break = random.pick(4) == 0 ? "\r\n" : "\n";
  style.last_line_break = random.pick(4) > 0;
  return style;
}

std::string styled(const ordered_json& value, const StyledYaml& style,
                   smc::test::RandomJson& random) {
  const std::string lines = Writer(style, random).document(value);
  std::string out;
  for (const char c : lines) {
    if (c == '\n')
      out += style.line_break;
    else
      out += c;
  }
  return style.last_line_break ? out + style.line_break : out;
}

ordered_json RandomManifest::object() {
  ordered_json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}};
  fill(pod);
  if (one_of(3)) return pod;
  pod.erase("apiVersion");
  pod.erase("kind");
  return {{"apiVersion", "apps/v1"},
          {"kind", "StatefulSet"},
          {"metadata", {{"name", "w"}}},
          {"spec", {{"replicas", 2}, {"template", pod}}}};
}

void RandomManifest::fill(ordered_json& pod) {
  if (one_of(2)) pod["spec"] = spec();
  ordered_json annotations = {{"smc.asm.alibabacloud.com/enabled", "true"}};
  if (one_of(2)) annotations["note"] = "a: 'b' \"c\"\n\n";
  ordered_json metadata = {{"name", "p"}, {"annotations", annotations}};
  if (one_of(2)) metadata["labels"] = {{"app", "x"}};
  pod["metadata"] = metadata;
  if (!pod.contains("spec")) pod["spec"] = spec();
  if (one_of(2)) pod["x-anything"] = random.object(4);
}

ordered_json RandomManifest::spec() {
  ordered_json out = ordered_json::object();
  if (one_of(2)) out["x-anything"] = random.object(3);
  if (one_of(3)) out["initContainers"] = init_containers();
  out["containers"] = {{{"name", "a"}, {"image", "b:1"}, {"args", random.object(2)}}};
  if (one_of(2)) out["affinity"] = affinity();
  if (one_of(2)) out["volumes"] = ordered_json::array();
  return out;
}

ordered_json RandomManifest::init_containers() {
  if (one_of(4)) return nullptr;
  if (one_of(4)) return ordered_json::array();
  return {{{"name", "i"}, {"image", "j"}}, {{"name", "k"}}};
}

ordered_json RandomManifest::affinity() {
  const ordered_json expression = {{"key", "zone"}, {"operator", "In"}, {"values", {"a", "b"}}};
  ordered_json term = {{"matchExpressions", ordered_json::array({expression})}};
  if (one_of(3)) term = {{"matchExpressions", {expression, expression}}};
  const ordered_json terms = {term, term};
  switch (random.pick(5)) {
    case 0:
      return nullptr;
    case 1:
      return ordered_json::object();
    case 2:
      return {{"nodeAffinity", nullptr}, {"podAntiAffinity", ordered_json::object()}};
    case 3:
      return {{"podAntiAffinity", {{"x", 1}}}};
    default:
      return {
          {"nodeAffinity",
           {{"requiredDuringSchedulingIgnoredDuringExecution", {{"nodeSelectorTerms", terms}}}}}};
  }
}

}  // namespace smc::webhook::test
