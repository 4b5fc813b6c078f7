#include "webhook/daemon/serve.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <malloc.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/event_fd.h"
#include "base/fd.h"
#include "base/host_port.h"
#include "base/log.h"
#include "base/memory_limit.h"
#include "base/stop_signals.h"
#include "base/version.h"
#include "http/probe_server.h"
#include "kube/cluster.h"
#include "webhook/cluster/event_recorder.h"
#include "webhook/cluster/mesh_control.h"
#include "webhook/cluster/namespace_control.h"
#include "webhook/cluster/readiness.h"
#include "webhook/cluster/runtime_classes.h"
#include "webhook/cluster/self_managed.h"
#include "webhook/config/config.h"
#include "webhook/config/quantity.h"
#include "webhook/daemon/descriptor_limit.h"
#include "webhook/daemon/health.h"
#include "webhook/daemon/memory_plan.h"
#include "webhook/daemon/review_handler.h"
#include "webhook/daemon/serve_files.h"
#include "webhook/https/listener.h"
#include "webhook/https/metrics.h"

namespace smc::webhook {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Changed files are looked for this often whatever inotify says, and expiry with them.
constexpr auto kPollInterval = 10s;

// After inotify's first event, for the other files of the same change.
constexpr auto kSettle = 100ms;

// Whoever asks for port 0 learns the port here alone, at any level.
void log_address(std::string_view event, const HostPort& asked, log::Fields fields) {
  (asked.port == 0 ? log::always : log::info)(event, fields);
}

class Daemon {
 public:
  explicit Daemon(const ServeOptions& options)
      : options_(options),
        signals_(open_stop_signals()),
        config_files_(config_files(options)),
        tls_files_(tls_files(options)),
        watch_(watch_files(options)) {}

  Result<void> start();
  int run();

 private:
  Result<void> load();
  Result<void> load_tls();
  Result<void> plan();
  Config::Server limits() const;
  Result<void> start_authority();
  Result<std::shared_ptr<const kube::Cluster>> cluster();
  Result<void> open_health();
  Result<void> follow_mesh();
  void follow_namespaces();
  Result<void> follow_runtime_classes();
  Result<void> record_events();
  Listener::Handler handler();
  void use(TlsContext tls);
  void use(std::shared_ptr<const Config> config);
  Error with_hint(Error config_error) const;
  void check_files();
  void take_tls_files(const Result<FileSet::Contents>& contents);
  void check_expiry();
  void take_signal();
  void turn();

  const ServeOptions options_;
  const Fd signals_;
  EventFd ended_;
  FileSet config_files_;
  FileSet tls_files_;
  DirectoryWatch watch_;
  Metrics metrics_;
  Readiness readiness_;
  MemoryPlan memory_;
  std::shared_ptr<const Config> config_ = std::make_shared<const Config>();
  TlsContext tls_;
  std::optional<std::string> client_ca_;  // PEM, where the certificate is self-managed
  std::unique_ptr<Listener> listener_;
  http::ProbeServer health_;
  std::shared_ptr<const kube::Cluster> cluster_;
  std::unique_ptr<SelfManaged> authority_;
  Clock::time_point next_check_ = Clock::now() + kPollInterval;
  std::optional<Clock::time_point> drain_at_;
  int signals_taken_ = 0;
  std::unique_ptr<EventRecorder> events_;  // null: none are sent
  MeshControl mesh_{readiness_, metrics_};
  NamespaceControl namespaces_{readiness_, metrics_};
  RuntimeClasses runtime_classes_{readiness_, metrics_};
};

Error Daemon::with_hint(Error config_error) const {
  config_error.hint = "smc-webhook check-config " + options_.config;
  return config_error;
}

Result<void> Daemon::load() {
  config_files_.changed();
  auto config = load_config(options_.config);
  if (!config) return with_hint(config.error());
  config_ = std::make_shared<const Config>(std::move(*config));
  log::set_level(config_->log_level);
  return load_tls();
}

Result<void> Daemon::load_tls() {
  const Result<FileSet::Contents> contents = *tls_files_.changed();
  if (self_managed(options_)) {
    if (auto checked = SelfManaged::check(options_.self_managed); !checked) return checked;
    auto client_ca = read_client_ca(contents);
    if (!client_ca) return client_ca.error();
    client_ca_ = std::move(*client_ca);
  }
  auto tls = self_managed(options_) ? placeholder_tls(options_.self_managed.service, client_ca_)
                                    : read_tls(contents);
  if (!tls) return tls.error();
  tls_ = std::move(*tls);
  return {};
}

// The API server of the cluster that this webhook serves; read once, for all that ask it.
Result<std::shared_ptr<const kube::Cluster>> Daemon::cluster() {
  if (!cluster_) {
    const auto found = kube::find_cluster(options_.kubeconfig);
    if (!found) return found.error();
    cluster_ = std::make_shared<const kube::Cluster>(*found);
  }
  return cluster_;
}

Result<void> Daemon::start_authority() {
  if (!self_managed(options_)) return {};
  const auto found = cluster();
  if (!found) return found.error();
  authority_ = std::make_unique<SelfManaged>(*found, options_.self_managed, client_ca_, *listener_,
                                             metrics_, readiness_);
  return {};
}

Result<void> Daemon::open_health() {
  const auto address = parse_host_port(options_.health_listen);
  if (!address) return address.error();
  add_health_routes(health_, *listener_, readiness_, metrics_);
  const auto bound = health_.start(*address, "--health-listen");
  if (!bound) return bound.error();
  log_address("health listener", *address, {{"address", bound->text()}});
  return {};
}

Result<void> Daemon::plan() {
  std::optional<std::uint64_t> limit = memory_limit();
  if (!options_.memory_limit.empty()) {
    limit = whole_quantity(options_.memory_limit);
    if (!limit)
      return Error{"--memory-limit is \"" + options_.memory_limit + "\"", 0,
                   "a number of bytes, such as 256Mi"};
  }
  memory_ = plan_memory(limit);
  if (memory_.tight)
    log::warn("little memory for large reviews",
              {{"limit", static_cast<std::int64_t>(*limit)},
               {"hint", "raise the memory limit to 128Mi or more"}});
  return {};
}

// What the configuration says, as far as memory and descriptors go.
Config::Server Daemon::limits() const {
  Config::Server limits = config_->server;
  if (memory_.connections < limits.max_connections) {
    log::warn("fewer connections than configured", {{"maxConnections", limits.max_connections},
                                                    {"room_for", memory_.connections},
                                                    {"hint", "raise the memory limit"}});
    limits.max_connections = memory_.connections;
  }
  limits.max_connections = make_room_for(limits.max_connections);
  return limits;
}

Result<void> Daemon::start() {
  if (auto loaded = load(); !loaded) return loaded.error();
  const auto address = parse_host_port(options_.listen);
  if (!address) return address.error();
  if (auto recording = record_events(); !recording) return recording.error();

  if (auto planned = plan(); !planned) return planned.error();
  listener_ = std::make_unique<Listener>(limits(), tls_.context, handler(), metrics_,
                                         memory_.bytes_in_flight);
  const auto bound = listener_->bind(*address);
  if (!bound) return bound.error();
  if (auto started = start_authority(); !started) return started.error();
  if (auto followed = follow_mesh(); !followed) return followed.error();
  if (auto followed = follow_runtime_classes(); !followed) return followed.error();
  if (auto opened = open_health(); !opened) return opened.error();
  follow_namespaces();  // cannot fail: last, so that a start that is refused says one thing alone
  check_expiry();
  log_address("listening", *address,
              {{"address", bound->text()},
               {"version", kVersion},
               {"certificate", authority_ ? "self-managed" : tls_.subject},
               {"client_certificates", !options_.client_ca.empty()}});
  return {};
}

Result<void> Daemon::follow_mesh() {
  if (!options_.mesh_watch && options_.mesh_kubeconfig.empty()) return {};
  MeshWatchOptions how("smc-webhook");
  how.kubeconfig = options_.mesh_kubeconfig;
  if (how.kubeconfig.empty()) {
    const auto found = cluster();
    if (!found) return found.error();
    how.cluster = *found;
  }
  mesh_.follow(std::move(how));
  return {};
}

// Where the configuration leaves the mode to them.
void Daemon::follow_namespaces() {
  if (config_->init_container.mode)
    namespaces_.stop();
  else
    namespaces_.follow(cluster());
}

Result<void> Daemon::follow_runtime_classes() {
  if (!options_.runtime_classes) return {};
  const auto found = cluster();
  if (!found) return found.error();
  runtime_classes_.follow(*found);
  return {};
}

Result<void> Daemon::record_events() {
  if (!options_.events) return {};
  const auto found = cluster();
  if (!found) return found.error();
  events_ = std::make_unique<EventRecorder>(*found, metrics_, EventRecorderOptions());
  return {};
}

Listener::Handler Daemon::handler() {
  return review_handler(*runtime_classes_.effective(mesh_.effective(*config_)), namespaces_.modes(),
                        metrics_, events_.get());
}

int Daemon::run() {
  std::thread admission([this] {
    listener_->run();
    ended_.raise();
  });
  while (!ended_.raised()) turn();
  admission.join();
  health_.stop();
  log::info("stopped", {{"drained", signals_taken_ < 2}});
  return signals_taken_ < 2 ? 0 : 1;
}

// Waits for the next thing to do, and does it.
void Daemon::turn() {
  const Clock::time_point next = std::min(next_check_, drain_at_.value_or(next_check_));
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
  std::array<pollfd, 6> ready = {
      pollfd{ended_.fd(), POLLIN, 0}, {signals_.get(), POLLIN, 0},
      {watch_.fd(), POLLIN, 0},       {mesh_.fd(), POLLIN, 0},
      {namespaces_.fd(), POLLIN, 0},  {runtime_classes_.fd(), POLLIN, 0}};
  ::poll(ready.data(), ready.size(), static_cast<int>(std::max(wait, 0ms).count()));

  const auto now = Clock::now();
  if (ready[1].revents != 0) take_signal();
  if (ready[2].revents != 0) {
    watch_.renew();
    next_check_ = std::min(next_check_, now + kSettle);
  }
  if (ready[3].revents != 0 && mesh_.take()) listener_->replace(handler());
  if (ready[4].revents != 0) namespaces_.take();
  if (ready[5].revents != 0 && runtime_classes_.take()) listener_->replace(handler());
  if (drain_at_ && now >= *drain_at_) {
    drain_at_.reset();
    listener_->drain();
  }
  if (now >= next_check_) {
    watch_.renew();
    check_files();
    check_expiry();
    ::malloc_trim(0);  // what bursts of connections have left
    next_check_ = Clock::now() + kPollInterval;
  }
}

void Daemon::take_signal() {
  signalfd_siginfo taken{};
  if (::read(signals_.get(), &taken, sizeof taken) != sizeof taken) return;
  if (++signals_taken_ > 1) {
    listener_->stop();
    return;
  }
  readiness_.block("draining", "the process was told to stop");
  drain_at_ = Clock::now() + config_->server.drain_delay;
  log::info("draining",
            {{"signal", static_cast<int>(taken.ssi_signo)},
             {"delay_ms", static_cast<std::int64_t>(config_->server.drain_delay.count())}});
}

void Daemon::check_files() {
  if (config_files_.changed()) {
    auto config = load_config(options_.config);
    metrics_.reloaded(Reloaded::kConfig, config.ok());
    if (config)
      use(std::make_shared<const Config>(std::move(*config)));
    else
      log::error("configuration not reloaded, the old one stays", with_hint(config.error()));
  }
  if (const auto contents = tls_files_.changed()) take_tls_files(*contents);
}

void Daemon::take_tls_files(const Result<FileSet::Contents>& contents) {
  Result<void> taken;
  if (authority_) {
    auto client_ca = read_client_ca(contents);
    if (!client_ca)
      taken = client_ca.error();
    else if (*client_ca)
      taken = authority_->use_client_ca(std::move(**client_ca));
  } else {
    auto tls = read_tls(contents);
    if (tls)
      use(std::move(*tls));
    else
      taken = tls.error();
  }
  metrics_.reloaded(Reloaded::kCertificate, taken.ok());
  if (!taken) log::error("certificate not reloaded, the old one stays", taken.error());
}

void Daemon::use(std::shared_ptr<const Config> config) {
  config_ = std::move(config);
  log::set_level(config_->log_level);
  follow_namespaces();
  listener_->replace(limits());
  listener_->replace(handler());
  log::info("configuration reloaded", {{"file", options_.config}});
}

void Daemon::use(TlsContext tls) {
  tls_ = std::move(tls);
  listener_->replace(tls_.context);
  log::info("certificate reloaded", {{"file", options_.tls_cert}, {"certificate", tls_.subject}});
}

void Daemon::check_expiry() {
  if (authority_) return;  // it does that itself, by the API server's clock
  metrics_.certificate_expires(tls_.not_after);
  const auto now = std::chrono::system_clock::now();
  if (now >= tls_.not_after)
    readiness_.block("certificate", "its time is over");
  else if (now < tls_.not_before)
    readiness_.block("certificate", "its time has not begun");
  else
    readiness_.clear("certificate");
}

}  // namespace

int serve(const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // of a log that nobody reads any more
  Daemon daemon(options);
  if (const auto started = daemon.start(); !started) {
    print_error("smc-webhook", started.error());
    return 2;
  }
  return daemon.run();
}

}  // namespace smc::webhook
