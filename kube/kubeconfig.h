// A person's kubeconfig, as kubectl reads it: several files, a choice of context, and credential
// plug-ins. For programs that a person starts: what is read here may start another program, which
// daemons must not do on a file's word (they have kube/cluster.h). Safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kube/cluster.h"

namespace smc::kube {

inline constexpr std::string_view kExecV1 = "client.authentication.k8s.io/v1";
// What the tools of the big providers still write (aws eks update-kubeconfig, gcloud, aliyun).
inline constexpr std::string_view kExecV1Beta1 = "client.authentication.k8s.io/v1beta1";

// Whether the plug-in may talk to the person: v1beta1's default is the second.
enum class InteractiveMode { kNever, kIfAvailable, kAlways };

// A program that prints the credentials (KEP-541).
struct ExecPlugin {
  std::string api_version;
  std::string command;  // a path, or a name to be looked for in PATH
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // beside our own
  std::string install_hint;                                      // may be empty
  bool wants_cluster = false;  // shall be told where the API server is
  InteractiveMode mode = InteractiveMode::kIfAvailable;
  std::string origin;  // the file that names it
};

// Empty: what the context says, and of the context the current one.
struct KubeconfigChoice {
  std::string context, cluster, user;
};

struct UserConfig {
  Cluster cluster;  // without credentials where a plug-in has them
  std::string context;
  std::optional<ExecPlugin> exec;
};

// Of the files, the first that has an entry or the current context gives it; entries are not mixed.
// A file that is not there is passed over, unless it is the only one.
Result<UserConfig> read_user_config(const std::vector<std::string>& files,
                                    const KubeconfigChoice& choice);

}  // namespace smc::kube
