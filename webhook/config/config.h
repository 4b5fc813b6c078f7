// The webhook's configuration: what the YAML file says, defaults filled in, every value checked. A
// Config is immutable once made; the server shares it as std::shared_ptr<const Config> and replaces
// it as a whole. Everything here is safe on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/destinations.h"
#include "base/keys.h"
#include "base/log.h"
#include "base/pod_arguments.h"
#include "base/result.h"

namespace smc::webhook {

enum class AffinityMode { kRequired, kNone };

// Who sets a pod's namespace up: the init container itself, with privilege, or the node's agent,
// for which it waits without any.
enum class InitMode { kPrivileged, kAgent };

enum class Override {
  kOnFailure,
  kPrograms,
  kResources,
  kInterface,
  kPnetid,
  kExcludeDestinations
};

struct Config {
  struct Mesh {
    bool smc_enabled = true;
  };
  struct Affinity {
    AffinityMode mode = AffinityMode::kRequired;
    std::string key = std::string(kNodeLabelKey);
    std::vector<std::string> values = {std::string(kNodeLabelValue)};
  };
  struct Injection {
    std::vector<std::string> excluded_namespaces = {"kube-system", "kube-public",
                                                    "kube-node-lease"};
    // names, or beginnings of names with '*' behind: the usual names of runtimes with a kernel of
    // their own
    std::vector<std::string> excluded_runtime_classes = {"kata*", "gvisor*", "runsc*", "runv*",
                                                         "rund*"};
    std::vector<Override> allowed_overrides = {Override::kOnFailure};
    OnFailure on_failure = OnFailure::kFallback;
    // of every pod; a pod may add its own
    Destinations exclude_destinations;
    Affinity affinity;
  };
  struct InitContainer {
    std::string name = "smc-init";
    std::string image = default_image();
    std::string image_pull_policy = "IfNotPresent";
    // Secrets of the pod's namespace that may pull the image, added to the pod's own.
    std::vector<std::string> image_pull_secrets;
    // "HOST[:PORT][/PATH]": from there another webhook may let the image come.
    std::vector<std::string> trusted_registries;
    // empty: by what the pod's namespace allows
    std::optional<InitMode> mode;
    std::string cpu = "50m";      // Kubernetes quantity; request and limit
    std::string memory = "32Mi";  // Kubernetes quantity; request and limit
    bool request_erdma = false;
  };
  struct Server {
    // controller-runtime's limit for an admission review
    std::size_t max_body_bytes = 7 << 20;
    std::size_t max_connections = 4096;
    std::chrono::milliseconds request_timeout{10'000};
    // longer than the 90 s after which kube-apiserver closes an idle connection
    std::chrono::milliseconds idle_timeout{120'000};
    std::chrono::milliseconds drain_delay{5'000};
  };

  Mesh mesh;
  Injection injection;
  InitContainer init_container;
  Server server;
  log::Level log_level = log::Level::kInfo;

  // smc-node-init of this very version.
  static std::string default_image();
};

// "privileged" or "agent", as in the configuration.
std::string_view name_of(InitMode mode);

// One thing that is wrong with a configuration file.
struct ConfigMistake {
  int line = 0;         // counted from 1; 0: the file as a whole
  std::string key;      // "server.maxBodyBytes"; may be empty
  std::string problem;  // what is wrong
  std::string allowed;  // what may stand there

  // "FILE:LINE: KEY: PROBLEM (allowed: ALLOWED)"
  std::string text(std::string_view file) const;
};

struct ParsedConfig {
  Config config;                        // meaningful only without mistakes
  std::vector<ConfigMistake> mistakes;  // every one, in the file's order
};

// Never throws for bad input. An empty document means the defaults.
ParsedConfig parse_config(std::string_view yaml);

// The configuration in the file at `path`, the defaults if `path` is empty. The error's text has
// one line for each mistake.
Result<Config> load_config(const std::string& path);

// More than this is no configuration of ours; read_file's limit.
inline constexpr std::size_t kMaxConfigBytes = 1 << 20;

}  // namespace smc::webhook
