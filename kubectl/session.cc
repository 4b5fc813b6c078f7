#include "kubectl/session.h"

#include <cstdlib>
#include <vector>

#include <sys/stat.h>

#include "base/version.h"

namespace smc::kubectl {
namespace {

// Before their end: a request takes a while.
constexpr std::chrono::minutes kRenewBefore{1};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

// As client-go: the flag, else KUBECONFIG's list, else ~/.kube/config.
std::vector<std::string> kubeconfig_files(const std::string& flag) {
  if (!flag.empty()) return {flag};
  std::vector<std::string> files;
  std::string list = environment("KUBECONFIG");
  while (!list.empty()) {
    const std::size_t colon = list.find(':');
    if (colon != 0) files.push_back(list.substr(0, colon));
    list.erase(0, colon == std::string::npos ? colon : colon + 1);
  }
  if (files.empty()) files.push_back(environment("HOME") + "/.kube/config");
  return files;
}

bool is_there(const std::string& file) {
  struct stat status{};
  return ::stat(file.c_str(), &status) == 0;
}

Result<kube::UserConfig> find_config(const ConnectOptions& options) {
  const std::vector<std::string> files = kubeconfig_files(options.kubeconfig);
  const bool chosen = !options.kubeconfig.empty() || !environment("KUBECONFIG").empty();
  if (!chosen && !is_there(files.front())) {
    if (const Result<kube::Cluster> pod = kube::in_cluster())
      return kube::UserConfig{*pod, "(service account)", {}};
    return Error{"there is no kubeconfig: neither $KUBECONFIG nor " + files.front(), 0,
                 "set KUBECONFIG to your cluster's file, or give --kubeconfig FILE"};
  }
  return kube::read_user_config(files, options.choice);
}

}  // namespace

Result<void> Session::use_credentials() {
  kube::Cluster cluster = config_.cluster;
  if (config_.exec) {
    const Result<Credential> credential = run_plugin(*config_.exec, cluster, *stop_);
    if (!credential) return credential.error();
    credential_ = *credential;
    cluster.token.data = credential->token;
    cluster.client_certificate.data = credential->client_certificate;
    cluster.client_key.data = credential->client_key;
  }
  cluster_ = std::make_shared<const kube::Cluster>(std::move(cluster));
  return {};
}

Result<Session> Session::open(const ConnectOptions& options, const kube::Stop& stop) {
  Result<kube::UserConfig> config = find_config(options);
  if (!config) return config.error();
  Session session(std::move(*config), stop);
  session.ns_ = !options.ns.empty()                   ? options.ns
                : !session.config_.cluster.ns.empty() ? session.config_.cluster.ns
                                                      : "default";
  if (const auto used = session.use_credentials(); !used) return used.error();
  return session;
}

Result<void> Session::renew() {
  if (!credential_ || !credential_->expires) return {};
  if (std::chrono::system_clock::now() + kRenewBefore < *credential_->expires) return {};
  return use_credentials();
}

kube::Client Session::client(kube::ClientOptions options) const {
  return client(std::move(options), *stop_);
}

kube::Client Session::client(kube::ClientOptions options, const kube::Stop& stop) const {
  options.user_agent = std::string("kubectl-smc/") + kVersion;
  return {cluster_, stop, std::move(options)};
}

}  // namespace smc::kubectl
