#include "webhook/config/config.h"

#include <algorithm>
#include <functional>
#include <map>
#include <type_traits>

#include "base/dns_label.h"
#include "base/file.h"
#include "base/version.h"
#include "base/yaml_tree.h"
#include "webhook/config/config_values.h"
#include "webhook/config/kubernetes_values.h"
#include "webhook/config/quantity.h"

namespace smc::webhook {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using yaml::Node;

constexpr CountRange kBodyBytes = {
    64 << 10, 64 << 20, "the reviews of ordinary pods would be refused",
    "every connection may hold that much memory, and an API server takes no object above 3 MiB"};
constexpr CountRange kConnections = {
    100, 65536, "three API servers alone keep up to 75 connections open, 25 each",
    "each takes a file descriptor and, when idle, 24 KiB"};
constexpr DurationRange kRequestTimeout = {seconds(1), seconds(30),
                                           "a review that crosses a busy network takes longer",
                                           "an API server waits at most 30 s for a webhook"};
constexpr DurationRange kIdleTimeout = {
    seconds(91), hours(1),
    "kube-apiserver closes an idle connection after 90 s; if we close first, it sends a review "
    "into "
    "a closed connection and a pod's creation fails",
    "a connection whose client has gone would be held that long"};
constexpr DurationRange kDrainDelay = {
    seconds(0), minutes(5), {}, "every restart of a replica waits that long"};

const Choices<Override> kOverrides = {
    {"on-failure", Override::kOnFailure}, {"programs", Override::kPrograms},
    {"resources", Override::kResources},  {"interface", Override::kInterface},
    {"pnetid", Override::kPnetid},        {"exclude-destinations", Override::kExcludeDestinations}};
const Choices<OnFailure> kOnFailure = {{kFailWord, OnFailure::kFail},
                                       {kFallbackWord, OnFailure::kFallback}};
const Choices<AffinityMode> kAffinityModes = {{"required", AffinityMode::kRequired},
                                              {"none", AffinityMode::kNone}};
const Choices<std::string> kPullPolicies = {
    {"Always", "Always"}, {"IfNotPresent", "IfNotPresent"}, {"Never", "Never"}};
const Choices<std::optional<InitMode>> kInitModes = {
    {name_of(InitMode::kPrivileged), InitMode::kPrivileged},
    {name_of(InitMode::kAgent), InitMode::kAgent},
    {"auto", std::nullopt}};
const Choices<log::Level> kLogLevels = {{"debug", log::Level::kDebug},
                                        {"info", log::Level::kInfo},
                                        {"warn", log::Level::kWarn},
                                        {"error", log::Level::kError}};

struct Key {
  std::string allowed;
  std::function<void(const Node&, Config&, Problems&)> read;
};

// Where in a Config a key's value goes.
template <class T>
using Field = T* (*)(Config&);

Key flag(Field<bool> field) {
  return {"true, false", [=](const Node& node, Config& config, Problems& problems) {
            read_bool(node, *field(config), problems);
          }};
}

Key duration(const DurationRange& range, Field<Duration> field) {
  return {"a number with ms, s, m or h, from " + duration_text(range.min) + " to " +
              duration_text(range.max),
          [=](const Node& node, Config& config, Problems& problems) {
            read_duration(node, range, *field(config), problems);
          }};
}

Key count(const CountRange& range, Field<std::size_t> field) {
  return {"a whole number, also as 64Ki or 7Mi, from " + count_text(range.min) + " to " +
              count_text(range.max),
          [=](const Node& node, Config& config, Problems& problems) {
            read_count(node, range, *field(config), problems);
          }};
}

Key text(std::string allowed, Check check, Field<std::string> field) {
  return {std::move(allowed), [=](const Node& node, Config& config, Problems& problems) {
            read_text(node, check, *field(config), problems);
          }};
}

Key quantity(std::string allowed, Check check, Field<std::string> field) {
  return {std::move(allowed), [=](const Node& node, Config& config, Problems& problems) {
            read_quantity(node, check, *field(config), problems);
          }};
}

Key texts(std::string allowed, std::size_t min_count, Check check,
          Field<std::vector<std::string>> field) {
  return {std::move(allowed), [=](const Node& node, Config& config, Problems& problems) {
            read_texts(node, min_count, check, *field(config), problems);
          }};
}

Key destinations(Field<Destinations> field) {
  return {"a list of at most " + std::to_string(kMaxDestinations) + " of " +
              std::string(kDestinationForms),
          [=](const Node& node, Config& config, Problems& problems) {
            read_destinations(node, *field(config), problems);
          }};
}

template <class T>
Key choice(const Choices<T>& choices, std::type_identity_t<Field<T>> field) {
  return {words(choices), [=](const Node& node, Config& config, Problems& problems) {
            read_choice(node, choices, *field(config), problems);
          }};
}

template <class T>
Key choice_list(const Choices<T>& choices, std::type_identity_t<Field<std::vector<T>>> field) {
  return {"a list of " + words(choices), [=](const Node& node, Config& config, Problems& problems) {
            read_choices(node, choices, *field(config), problems);
          }};
}

using Keys = std::map<std::string, Key, std::less<>>;

// Every key there is, by its path.
const Keys& all_keys() {
  static const Keys kKeys = {
      {"mesh.smcEnabled", flag([](Config& c) { return &c.mesh.smc_enabled; })},
      {"injection.excludedNamespaces",
       texts("a list of namespace names: lower-case letters, digits and '-', at most 63 characters",
             0, is_dns_label, [](Config& c) { return &c.injection.excluded_namespaces; })},
      {"injection.excludedRuntimeClasses",
       texts("a list of RuntimeClass names: lower-case letters, digits, '-' and '.', at most 253 "
             "characters; or the beginning of one and '*'",
             0, is_name_pattern, [](Config& c) { return &c.injection.excluded_runtime_classes; })},
      {"injection.overrides.allowed",
       choice_list(kOverrides, [](Config& c) { return &c.injection.allowed_overrides; })},
      {"injection.onFailure",
       choice(kOnFailure, [](Config& c) { return &c.injection.on_failure; })},
      {"injection.excludeDestinations",
       destinations([](Config& c) { return &c.injection.exclude_destinations; })},
      {"injection.affinity.mode",
       choice(kAffinityModes, [](Config& c) { return &c.injection.affinity.mode; })},
      {"injection.affinity.key",
       text("a label key: an optional DNS subdomain and '/', then at most 63 letters, digits, '-', "
            "'_', '.'",
            is_label_key, [](Config& c) { return &c.injection.affinity.key; })},
      // the API server refuses In without values
      {"injection.affinity.values",
       texts("a list of one or more label values: at most 63 letters, digits, '-', '_', '.'; "
             "quoted where they look like a boolean or a number",
             1, is_label_value, [](Config& c) { return &c.injection.affinity.values; })},
      {"initContainer.name", text("lower-case letters, digits and '-', at most 63 characters",
                                  is_dns_label, [](Config& c) { return &c.init_container.name; })},
      {"initContainer.image",
       text("an image reference with a tag or a digest, such as " + Config::default_image(),
            is_pinned_image, [](Config& c) { return &c.init_container.image; })},
      {"initContainer.imagePullPolicy",
       choice(kPullPolicies, [](Config& c) { return &c.init_container.image_pull_policy; })},
      {"initContainer.imagePullSecrets",
       texts("a list of names of Secrets: lower-case letters, digits, '-' and '.', at most 253 "
             "characters",
             0, is_dns_subdomain, [](Config& c) { return &c.init_container.image_pull_secrets; })},
      {"initContainer.trustedRegistries",
       texts(
           "a list of registries, HOST or HOST:PORT, each with the beginning of a path or without",
           0, is_image_prefix, [](Config& c) { return &c.init_container.trusted_registries; })},
      {"initContainer.mode", choice(kInitModes, [](Config& c) { return &c.init_container.mode; })},
      {"initContainer.resources.cpu",
       quantity("a Kubernetes quantity above 0, such as 50m", is_positive_quantity,
                [](Config& c) { return &c.init_container.cpu; })},
      {"initContainer.resources.memory",
       quantity("a Kubernetes quantity of whole bytes above 0, such as 32Mi", is_memory_quantity,
                [](Config& c) { return &c.init_container.memory; })},
      {"initContainer.requestErdma",
       flag([](Config& c) { return &c.init_container.request_erdma; })},
      {"server.maxBodyBytes",
       count(kBodyBytes, [](Config& c) { return &c.server.max_body_bytes; })},
      {"server.maxConnections",
       count(kConnections, [](Config& c) { return &c.server.max_connections; })},
      {"server.requestTimeout",
       duration(kRequestTimeout, [](Config& c) { return &c.server.request_timeout; })},
      {"server.idleTimeout",
       duration(kIdleTimeout, [](Config& c) { return &c.server.idle_timeout; })},
      {"server.drainDelay", duration(kDrainDelay, [](Config& c) { return &c.server.drain_delay; })},
      {"log.level", choice(kLogLevels, [](Config& c) { return &c.log_level; })},
  };
  return kKeys;
}

// The names of the keys right below `prefix`, which is empty or ends with a dot; empty if it is no
// section.
std::string names_below(const std::string& prefix) {
  std::string out;
  std::string_view last;
  for (auto key = all_keys().lower_bound(prefix); key != all_keys().end(); ++key) {
    const std::string_view path = key->first;
    if (path.substr(0, prefix.size()) != prefix) break;
    std::string_view name = path.substr(prefix.size());
    name = name.substr(0, name.find('.'));
    if (name != last) out.append(out.empty() ? "" : ", ").append(name);
    last = name;
  }
  return out;
}

class ConfigReader {
 public:
  // Reads the map at `node`, whose keys are below `prefix`.
  void read_section(const Node& node, const std::string& prefix) {
    if (node.kind == yaml::Kind::kNull) return;  // "server:" with nothing below
    if (!node.is_map()) {
      const std::string section = prefix.substr(0, prefix.size() - (prefix.empty() ? 0 : 1));
      add(node.line, section, describe(node) + " is no map", "a map of " + names_below(prefix));
      return;
    }
    std::map<std::string_view, int> lines;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const Node& key = node.children[i];
      const auto [first, is_new] = lines.try_emplace(key.text, key.line);
      if (key.is_scalar() && !is_new)
        add(key.line, prefix + printable(key.text, kShownKey),
            "given twice, first on line " + std::to_string(first->second), "each key once");
      else
        read_key(key, node.children[i + 1], prefix);
    }
  }

  ParsedConfig take() {
    // aliases and merge keys bring values from other lines
    std::stable_sort(
        parsed_.mistakes.begin(), parsed_.mistakes.end(),
        [](const ConfigMistake& a, const ConfigMistake& b) { return a.line < b.line; });
    return std::move(parsed_);
  }

  void add(int line, std::string key, std::string problem, std::string allowed_text) {
    parsed_.mistakes.push_back({line, std::move(key), std::move(problem), std::move(allowed_text)});
  }

 private:
  static constexpr std::size_t kShownKey = 60;

  void read_key(const Node& key, const Node& value, const std::string& prefix) {
    const std::string path = prefix + key.text;
    const auto known = key.is_scalar() ? all_keys().find(path) : all_keys().end();
    if (known != all_keys().end()) {
      Problems problems;
      known->second.read(value, parsed_.config, problems);
      for (yaml::Problem& problem : problems)
        add(problem.line, path, std::move(problem.what), known->second.allowed);
    } else if (key.is_scalar() && !names_below(path + ".").empty()) {
      read_section(value, path + ".");
    } else {
      add(key.line, prefix + (key.is_scalar() ? printable(key.text, kShownKey) : describe(key)),
          "unknown key", names_below(prefix));
    }
  }

  ParsedConfig parsed_;
};

}  // namespace

std::string_view name_of(InitMode mode) {
  return mode == InitMode::kAgent ? "agent" : "privileged";
}

std::string Config::default_image() {
  return std::string(kImageRegistry) + "/smc-node-init:" + kVersion;
}

std::string ConfigMistake::text(std::string_view file) const {
  std::string out(file);
  if (line > 0) out += ":" + std::to_string(line);
  if (!key.empty()) out += ": " + key;
  out += ": " + problem;
  if (!allowed.empty()) out += " (allowed: " + allowed + ")";
  return out;
}

ParsedConfig parse_config(std::string_view yaml) {
  ConfigReader reader;
  const auto documents = yaml::parse(yaml);
  if (!documents)
    reader.add(documents.error().line, {}, documents.error().what, "YAML");
  else if (documents->size() > 1)
    reader.add(documents->at(1).line, {}, "a second document begins", "one document");
  else if (!documents->empty())
    reader.read_section(documents->front(), {});
  return reader.take();
}

Result<Config> load_config(const std::string& path) {
  if (path.empty()) return Config{};
  const Result<std::string> yaml = read_file(path, kMaxConfigBytes);
  if (!yaml) return yaml.error();
  ParsedConfig parsed = parse_config(*yaml);
  if (parsed.mistakes.empty()) return std::move(parsed.config);
  std::string text;
  for (const ConfigMistake& mistake : parsed.mistakes)
    text += (text.empty() ? "" : "\n") + mistake.text(path);
  return Error{std::move(text), 0, {}};
}

}  // namespace smc::webhook
