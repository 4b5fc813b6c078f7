// The command line of smc-webhook.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include <unistd.h>

#include "base/command_line.h"
#include "base/error_text.h"
#include "base/version.h"
#include "kube/cluster.h"
#include "kube/stop.h"
#include "webhook/commands/check_command.h"
#include "webhook/commands/inject_command.h"
#include "webhook/commands/probe_command.h"
#include "webhook/commands/review_command.h"
#include "webhook/config/config.h"
#include "webhook/daemon/serve.h"

namespace smc::webhook {
namespace {

constexpr const char* kProgram = "smc-webhook";
constexpr int kRefused = 2;
constexpr const char* kExitCodes =
    "Exit codes: 0 done; 1 usage, or a second signal that ended serve; 2 what was given cannot be "
    "used, or serve could not start.";
constexpr const char* kConfigHelp = "configuration file; none: the defaults";

// The same for every command that asks the cluster's API server.
void add_kubeconfig(CLI::App& command, std::string& path) {
  command
      .add_option("--kubeconfig", path,
                  "how to reach the cluster's API server; none: the pod's service account")
      ->envname("SMC_WEBHOOK_KUBECONFIG");
}

// The certificate that the webhook issues itself, in place of one from files.
void add_self_managed_options(CLI::App& command, SelfManagedOptions& options) {
  static const std::map<std::string, std::int64_t> kUnits = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  const auto add = [&command](const char* name, const char* twin, std::string& value,
                              const char* help) {
    return command.add_option(name, value, help)->envname(twin);
  };
  const auto add_wait = [&command](const char* name, const char* twin,
                                   std::chrono::milliseconds& value, const char* shown,
                                   const char* help) {
    const auto set = [&value](std::int64_t milliseconds) {
      value = std::chrono::milliseconds(milliseconds);
    };
    return command.add_option_function<std::int64_t>(name, set, help)
        ->envname(twin)
        ->default_str(shown)
        ->transform(CLI::AsNumberWithUnit(kUnits, CLI::AsNumberWithUnit::UNIT_REQUIRED))
        ->check(CLI::NonNegativeNumber);
  };
  CLI::Option* secret =
      add("--self-managed-secret", "SMC_WEBHOOK_SELF_MANAGED_SECRET", options.secret,
          "NAMESPACE/NAME of the Secret in which the replicas keep a CA of their own; in place of "
          "--tls-cert and --tls-key")
          ->excludes("--tls-cert")
          ->excludes("--tls-key");
  add("--webhook-configuration", "SMC_WEBHOOK_WEBHOOK_CONFIGURATION", options.configuration,
      "MutatingWebhookConfiguration whose caBundle is kept right")
      ->needs(secret);
  add("--service-name", "SMC_WEBHOOK_SERVICE_NAME", options.service,
      "the name that the API server calls, SERVICE.NAMESPACE.svc")
      ->needs(secret);
  add("--secret-labels", "SMC_WEBHOOK_SECRET_LABELS", options.secret_labels,
      "KEY=VALUE,… of that Secret where the replicas have to make it")
      ->needs(secret);
  add("--secret-annotations", "SMC_WEBHOOK_SECRET_ANNOTATIONS", options.secret_annotations,
      "its annotations, likewise")
      ->needs(secret);
  add_wait("--rotation-settle", "SMC_WEBHOOK_ROTATION_SETTLE", options.settle, "1m",
           "how long caBundle holds both CAs before the new one signs")
      ->needs(secret);
  add_wait("--rotation-retain", "SMC_WEBHOOK_ROTATION_RETAIN", options.retain, "1h",
           "how long the old CA stays trusted then")
      ->needs(secret);
}

void add_serve_options(CLI::App& command, ServeOptions& options) {
  const auto add = [&command](const char* name, const char* twin, std::string& value,
                              const char* help) {
    command.add_option(name, value, help)->envname(twin)->capture_default_str()->take_last();
  };
  add("--config", "SMC_WEBHOOK_CONFIG", options.config, kConfigHelp);
  add("--listen", "SMC_WEBHOOK_LISTEN", options.listen,
      "HOST:PORT for reviews, HTTPS; [::] takes IPv4 along");
  add("--tls-cert", "SMC_WEBHOOK_TLS_CERT", options.tls_cert, "serving certificate and chain, PEM");
  add("--tls-key", "SMC_WEBHOOK_TLS_KEY", options.tls_key, "its key, PEM");
  add("--client-ca", "SMC_WEBHOOK_CLIENT_CA", options.client_ca,
      "clients must have a certificate of these authorities, PEM");
  add("--health-listen", "SMC_WEBHOOK_HEALTH_LISTEN", options.health_listen,
      "HOST:PORT for /healthz, /readyz, /metrics, /version, plain HTTP");
  add("--memory-limit", "SMC_WEBHOOK_MEMORY_LIMIT", options.memory_limit,
      "what the process may take, such as 256Mi; none: the limit of its control group");
  add_self_managed_options(command, options.self_managed);
  add_kubeconfig(command, options.kubeconfig);
  command
      .add_flag("--mesh-watch", options.mesh_watch,
                "follow spec.smcEnabled of the ASMMeshConfig \"default\"")
      ->envname("SMC_WEBHOOK_MESH_WATCH");
  command
      .add_flag("--runtime-classes", options.runtime_classes,
                "read the RuntimeClasses, so that their handlers count as their names do")
      ->envname("SMC_WEBHOOK_RUNTIME_CLASSES");
  command.add_flag("--events", options.events, "tell decisions as Events on the pods' owners")
      ->envname("SMC_WEBHOOK_EVENTS");
  add("--mesh-kubeconfig", "SMC_WEBHOOK_MESH_KUBECONFIG", options.mesh_kubeconfig,
      "kubeconfig of the API server that has the ASMMeshConfig; none: the cluster's own");
}

// Nothing where it cannot be loaded, and standard error says why.
std::optional<Config> load_config_or_say(const std::string& file) {
  auto config = load_config(file);
  if (config) return std::move(*config);
  Error error = config.error();
  error.hint = "smc-webhook check-config " + file;
  print_error(kProgram, error);
  return {};
}

int review(const std::string& config_file) {
  const auto config = load_config_or_say(config_file);
  return config ? review_command(STDIN_FILENO, STDOUT_FILENO, *config) : kRefused;
}

struct InjectOptions {
  std::string config;
  std::string manifest;
  std::string output;
};

void add_inject_options(CLI::App& command, InjectOptions& options) {
  command.add_option("--config", options.config, kConfigHelp)->envname("SMC_WEBHOOK_CONFIG");
  command
      .add_option("-f,--filename", options.manifest, "manifest, YAML or JSON; -: standard input")
      ->required();
  command.add_option("-o,--output", options.output,
                     "file for the result; none or -: standard output");
}

int inject(const InjectOptions& options) {
  // errors of the writing, which then says what is left
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const auto config = load_config_or_say(options.config);
  if (!config) return kRefused;
  return inject_command(*config, options.manifest, options.output, std::cout, std::cerr);
}

struct ProbeCommand {
  ProbeOptions options;
  std::string kubeconfig;
};

void add_probe_options(CLI::App& command, ProbeCommand& probe) {
  command.add_option("--namespace", probe.options.ns, "namespace of the pod, which is not created")
      ->capture_default_str();
  command.add_option("--container", probe.options.container, "name of the injected init container")
      ->capture_default_str();
  add_kubeconfig(command, probe.kubeconfig);
}

int probe(const ProbeCommand& probe) {
  std::signal(SIGPIPE, SIG_IGN);  // as the Kubernetes client asks for
  const auto cluster = kube::find_cluster(probe.kubeconfig);
  if (!cluster) {
    print_error(kProgram, cluster.error());
    return kRefused;
  }
  const kube::Stop never;
  return probe_command(std::make_shared<const kube::Cluster>(*cluster), probe.options, never,
                       std::cout, std::cerr);
}

int run(int argc, char** argv) {
  CLI::App app("Puts annotated pods onto SMC-R: a Kubernetes mutating admission webhook", kProgram);
  app.require_subcommand(1);
  app.footer(kExitCodes);

  ServeOptions serve_options;
  CLI::App* serving = app.add_subcommand("serve", "answer the API server's reviews");
  add_serve_options(*serving, serve_options);

  std::string config_file;
  CLI::App* reviewing = app.add_subcommand("review", "answer one review from standard input");
  reviewing->add_option("--config", config_file, kConfigHelp)->envname("SMC_WEBHOOK_CONFIG");

  InjectOptions inject_options;
  CLI::App* injecting =
      app.add_subcommand("inject", "what the cluster would do to a manifest, offline");
  add_inject_options(*injecting, inject_options);

  std::string checked;
  CLI::App* checking = app.add_subcommand("check-config", "say what is wrong with a configuration");
  checking->add_option("FILE", checked, "configuration file")->required();

  ProbeCommand probe_options;
  CLI::App* probing =
      app.add_subcommand("probe", "is an annotated pod of this cluster rewritten? (a dry run)");
  add_probe_options(*probing, probe_options);

  app.add_subcommand("version", "print the version");

  if (const auto ended = parse_command_line(app, argc, argv)) return exit_status(*ended);
  if (serving->parsed()) return serve(serve_options);
  if (reviewing->parsed()) return review(config_file);
  if (injecting->parsed()) return inject(inject_options);
  if (checking->parsed()) return check_config_command(checked, std::cout, std::cerr);
  if (probing->parsed()) return probe(probe_options);
  std::cout << kProgram << ' ' << kVersion << '\n';
  return exit_status(ExitCode::kDone);
}

}  // namespace
}  // namespace smc::webhook

int main(int argc, char** argv) {
  return smc::run_program(smc::webhook::kProgram, [&] { return smc::webhook::run(argc, argv); });
}
