#include "webhook/commands/yaml_patch.h"

#include <charconv>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/yaml_scalar.h"

namespace smc::webhook {
namespace {

using nlohmann::ordered_json;
using yaml::Kind;
using yaml::Node;
using yaml::Problem;
using yaml::ScalarType;

constexpr std::size_t kShownKey = 60;  // characters of a user's key in a message

// Appends JSON until the first problem.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  bool value(const Node& node) {
    if (node.is_map()) return map(node);
    if (node.is_list()) return list(node);
    const auto scalar = yaml::resolve(node);
    if (!scalar) return fail(scalar.error());
    if (scalar->type == ScalarType::kString)
      append_json_string(out_, scalar->value);
    else
      out_ += scalar->value;
    return true;
  }

  std::optional<Problem> problem;

 private:
  bool fail(Problem found) {
    problem = std::move(found);
    return false;
  }

  bool list(const Node& node) {
    out_ += '[';
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      if (i > 0) out_ += ',';
      if (!value(node.children[i])) return false;
    }
    out_ += ']';
    return true;
  }

  bool map(const Node& node) {
    std::unordered_set<std::string> keys;
    out_ += '{';
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const Node& key = node.children[i];
      const auto scalar = yaml::resolve(key);
      if (!key.is_scalar() || !scalar || scalar->type == ScalarType::kNull)
        return fail({key.line, "a key must be a string"});
      if (!keys.insert(scalar->value).second)
        return fail(
            {key.line, "the key " + printable(scalar->value, kShownKey) + " is there twice"});
      if (i > 0) out_ += ',';
      append_json_string(out_, scalar->value);
      out_ += ':';
      if (!value(node.children[i + 1])) return false;
    }
    out_ += '}';
    return true;
  }

  std::string& out_;
};

Node node_from(const ordered_json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return yaml::string_node(value.get_ref<const std::string&>());
  Node node;
  if (value.is_primitive()) {
    node = yaml::string_node(value.dump());
    node.plain = true;
    return node;
  }
  node.kind = value.is_object() ? Kind::kMap : Kind::kList;
  for (const auto& [key, item] : value.items()) {
    if (value.is_object()) node.children.push_back(yaml::string_node(key));
    node.children.push_back(node_from(item));
  }
  return node;
}

// The reference tokens of a JSON Pointer (RFC 6901), unescaped.
std::vector<std::string> tokens_of(std::string_view pointer) {
  std::vector<std::string> tokens;
  for (const char c : pointer) {
    if (c == '/')
      tokens.emplace_back();
    else if (!tokens.empty())
      tokens.back() += c;
  }
  for (std::string& token : tokens)
    for (const auto& [escape, character] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}})
      for (std::size_t at = token.find(escape); at != std::string::npos;
           at = token.find(escape, at + 1))
        token.replace(at, 2, character);
  return tokens;
}

std::optional<std::size_t> index_in(const Node& list, const std::string& token) {
  std::size_t index = 0;
  const auto [end, failed] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (failed != std::errc() || end != token.data() + token.size()) return {};
  if (index >= list.children.size()) return {};
  return index;
}

Node* child(Node& parent, const std::string& token) {
  if (parent.is_map()) return parent.find(token);
  const auto index = parent.is_list() ? index_in(parent, token) : std::nullopt;
  return index ? &parent.children[*index] : nullptr;
}

// One place of the tree: what holds it, and its name there.
struct Place {
  Node* parent;
  std::string token;
};

std::optional<Place> place_of(Node& root, std::string_view pointer) {
  std::vector<std::string> tokens = tokens_of(pointer);
  if (tokens.empty()) return {};
  std::string last = std::move(tokens.back());
  tokens.pop_back();
  Node* parent = &root;
  for (const std::string& token : tokens) {
    parent = child(*parent, token);
    if (parent == nullptr) return {};
  }
  return Place{parent, std::move(last)};
}

bool add(const Place& place, Node value) {
  if (place.parent->is_map()) {
    place.parent->set(place.token, std::move(value));
    return true;
  }
  if (!place.parent->is_list()) return false;
  std::vector<Node>& children = place.parent->children;
  const bool at_end = place.token == "-" || place.token == std::to_string(children.size());
  const auto index = at_end ? children.size() : index_in(*place.parent, place.token);
  if (!index) return false;
  children.insert(children.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return true;
}

std::optional<Node> take(const Place& place) {
  Node* found = child(*place.parent, place.token);
  if (found == nullptr) return {};
  std::vector<Node>& children = place.parent->children;
  Node value = std::move(*found);
  const auto at = children.begin() + (found - children.data());
  children.erase(place.parent->is_map() ? at - 1 : at, at + 1);
  return value;
}

bool apply(Node& root, const ordered_json& operation) {
  const std::string name = operation.at("op").get<std::string>();
  const auto place = place_of(root, operation.at("path").get<std::string>());
  if (!place) return false;
  if (name == "add") return add(*place, node_from(operation.at("value")));
  if (name == "remove") return take(*place).has_value();
  if (name == "replace") {
    Node* found = child(*place->parent, place->token);
    if (found != nullptr) *found = node_from(operation.at("value"));
    return found != nullptr;
  }
  if (name != "move") return false;
  const auto from = place_of(root, operation.at("from").get<std::string>());
  auto value = from ? take(*from) : std::nullopt;
  // what was taken out may have held or shifted the target's parent
  const auto target =
      value ? place_of(root, operation.at("path").get<std::string>()) : std::nullopt;
  return target && add(*target, std::move(*value));
}

}  // namespace

Result<void, Problem> append_json(std::string& out, const Node& node) {
  JsonWriter writer(out);
  if (writer.value(node)) return {};
  return *writer.problem;
}

Result<void> apply_patch(Node& root, std::string_view patch) {
  try {
    for (const ordered_json& operation : ordered_json::parse(patch))
      if (!apply(root, operation))
        return Error{"the patch does not apply: " + operation.dump(), 0, {}};
  } catch (const ordered_json::exception& error) {
    return Error{std::string("not a JSON patch: ") + error.what(), 0, {}};
  }
  return {};
}

}  // namespace smc::webhook
