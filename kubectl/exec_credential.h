// Runs a credential plug-in of a kubeconfig and reads what it prints (ExecCredential, KEP-541). It
// is started without a shell, with our environment and KUBERNETES_EXEC_INFO; its standard error is
// ours, so that its own words reach the person. For the main thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/kubeconfig.h"
#include "kube/stop.h"

namespace smc::kubectl {

// What a plug-in gave: a token, or a client certificate with its key, or both.
struct Credential {
  std::string token;
  std::string client_certificate;  // PEM
  std::string client_key;          // PEM
  std::optional<std::chrono::system_clock::time_point> expires;
};

struct PluginLimits {
  // The providers' tools answer within seconds; those that wait for a person's browser do so on a
  // terminal, and have longer.
  std::chrono::milliseconds time{60'000};
  std::chrono::milliseconds time_with_person{600'000};
  // A token has some KiB, a certificate chain with its key less than 64.
  std::size_t output_bytes = 1 << 20;
};

// The variable KUBERNETES_EXEC_INFO.
nlohmann::json exec_info(const kube::ExecPlugin& plugin, const kube::Cluster& cluster,
                         bool interactive);

// What it printed. Pure function.
Result<Credential> parse_credential(const kube::ExecPlugin& plugin, std::string_view output);

// Ends the plug-in, and says so, where it takes too long, prints too much or `stop` is requested.
Result<Credential> run_plugin(const kube::ExecPlugin& plugin, const kube::Cluster& cluster,
                              const kube::Stop& stop, const PluginLimits& limits = {});

}  // namespace smc::kubectl
