#include "webhook/cluster/self_managed.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "base/version.h"
#include "certs/names.h"
#include "webhook/config/kubernetes_values.h"

namespace smc::webhook {
namespace {

constexpr char kReadinessKey[] = "certificate";
constexpr char kCertificatesUse[] = "certificates";

using Marks = std::map<std::string, std::string>;

// Judged by the API server's rules: it would refuse the Secret on the day that one has to be made.
Result<Marks> parse_marks(const char* flag, const std::string& text, bool are_labels) {
  Marks marks;
  std::istringstream all(text);
  for (std::string mark; std::getline(all, mark, ',');) {
    const std::size_t equals = std::min(mark.find('='), mark.size());
    const std::string key = mark.substr(0, equals);
    const std::string value = mark.substr(std::min(equals + 1, mark.size()));
    if (equals == mark.size() || !is_label_key(key) || (are_labels && !is_label_value(value)))
      return Error{std::string(flag).append(" holds \"").append(mark).append("\""), 0,
                   "it must be KEY=VALUE,… as Kubernetes takes them"};
    marks.emplace(key, value);
  }
  return marks;
}

Result<certs::SecretMarks> secret_marks(const SelfManagedOptions& options) {
  Result<Marks> labels = parse_marks("--secret-labels", options.secret_labels, true);
  if (!labels) return labels.error();
  Result<Marks> annotations =
      parse_marks("--secret-annotations", options.secret_annotations, false);
  if (!annotations) return annotations.error();
  return certs::SecretMarks{std::move(*labels), std::move(*annotations)};
}

certs::ClusterAuthorityOptions authority_options(const SelfManagedOptions& options) {
  certs::ClusterAuthorityOptions out;
  const std::size_t slash = options.secret.find('/');
  out.ns = options.secret.substr(0, slash);
  out.secret = options.secret.substr(slash + 1);
  out.marks = *secret_marks(options);
  out.configuration = options.configuration;
  out.names = {{options.service}, {}};
  out.waits = {options.settle, options.retain};
  out.client.user_agent = std::string("smc-webhook/") + kVersion;
  return out;
}

const char* result_name(certs::StepResult result) {
  switch (result) {
    case certs::StepResult::kDone:
      return "ok";
    case certs::StepResult::kConflict:
      return "conflict";
    case certs::StepResult::kFailed:
      return "error";
  }
  return "";
}

}  // namespace

Result<TlsContext> placeholder_tls(const std::string& service,
                                   const std::optional<std::string>& client_ca) {
  const auto now = std::chrono::system_clock::now();
  const auto authority = certs::make_authority(now);
  if (!authority) return authority.error();
  const auto leaf = certs::issue_serving(*authority, {{service}, {}}, now);
  if (!leaf) return leaf.error();
  return make_tls_context({leaf->certificate_pem, leaf->key_pem, client_ca});
}

Result<void> SelfManaged::check(const SelfManagedOptions& options) {
  const std::size_t slash = options.secret.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == options.secret.size() ||
      options.secret.find('/', slash + 1) != std::string::npos)
    return Error{"--self-managed-secret is \"" + options.secret + "\"", 0,
                 "it must be NAMESPACE/NAME of the Secret for the CA"};
  if (options.configuration.empty() || options.service.empty())
    return Error{"--self-managed-secret needs --webhook-configuration and --service-name", 0,
                 "the MutatingWebhookConfiguration that calls this webhook, and the name that it "
                 "calls, SERVICE.NAMESPACE.svc"};
  const auto names = certs::parse_names({options.service}, {});
  if (!names)
    return Error{"--service-name: " + names.error().text(), 0,
                 "the name that the API server calls, SERVICE.NAMESPACE.svc"};
  if (const auto marks = secret_marks(options); !marks) return marks.error();
  return {};
}

SelfManaged::SelfManaged(std::shared_ptr<const kube::Cluster> cluster,
                         const SelfManagedOptions& options, std::optional<std::string> client_ca,
                         Listener& listener, Metrics& metrics, Readiness& readiness)
    : listener_(listener),
      metrics_(metrics),
      readiness_(readiness),
      client_ca_(std::move(client_ca)),
      authority_(std::move(cluster), authority_options(options), handlers()) {}

certs::ClusterAuthorityHandlers SelfManaged::handlers() {
  readiness_.block(kReadinessKey, "there is none yet");
  metrics_.api_failed(kCertificatesUse, 0);  // there from the start
  metrics_.api_up(kCertificatesUse, true);
  certs::ClusterAuthorityHandlers on;
  on.serve = [this](const certs::KeyPair& leaf) { return serve(leaf); };
  on.not_ready = [this](const std::string& why) {
    if (why.empty())
      readiness_.clear(kReadinessKey);
    else
      readiness_.block(kReadinessKey, why);
  };
  on.authority_expires = [this](certs::Time when) { metrics_.authority_expires(when); };
  on.stepped = [this](certs::Step::Kind kind, certs::StepResult result) {
    metrics_.certificate_step(certs::step_name(kind), result_name(result));
  };
  on.api_failed = [this] { metrics_.api_failed(kCertificatesUse); };
  on.api_up = [this](bool up) { metrics_.api_up(kCertificatesUse, up); };
  return on;
}

Result<void> SelfManaged::serve(const certs::KeyPair& leaf) {
  const std::lock_guard lock(mutex_);
  if (Result<void> applied = apply(leaf, client_ca_); !applied) return applied;
  leaf_ = leaf;
  return {};
}

Result<void> SelfManaged::use_client_ca(std::string pem) {
  if (Result<void> good = check_client_ca(pem); !good) return good;
  const std::lock_guard lock(mutex_);
  if (!leaf_.key_pem.empty())
    if (Result<void> applied = apply(leaf_, pem); !applied) return applied;
  client_ca_ = std::move(pem);
  return {};
}

Result<void> SelfManaged::apply(const certs::KeyPair& leaf,
                                const std::optional<std::string>& client_ca) {
  const auto tls = make_tls_context({leaf.certificate_pem, leaf.key_pem, client_ca});
  if (!tls) return tls.error();
  listener_.replace(tls->context);
  metrics_.certificate_expires(tls->not_after);
  return {};
}

}  // namespace smc::webhook
