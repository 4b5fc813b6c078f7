#include "kubectl/exec_credential.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <vector>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/json_text.h"
#include "base/json_value.h"

namespace smc::kubectl {
namespace {

using kube::ExecPlugin;
using kube::InteractiveMode;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kPluginShown = 80;

// Between two looks whether a plug-in that has closed its output has ended.
constexpr milliseconds kEndPoll{10};

Error plugin_error(const ExecPlugin& plugin, const std::string& what, std::string hint = {}) {
  if (hint.empty()) hint = "run it by hand: " + plugin.command + "; " + plugin.origin + " names it";
  return {"credential plug-in " + printable(plugin.command, kPluginShown) + ": " + what, 0,
          std::move(hint)};
}

// RFC 3339 in UTC or with an offset, as metav1.Time; fractions are passed over.
std::optional<std::chrono::system_clock::time_point> parse_time(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') rest += 1 + std::string_view(rest + 1).find_first_not_of("0123456789");
  std::tm zone{};
  const std::string offset = *rest == 'Z' ? "+0000" : rest;
  const char* end = ::strptime(offset.c_str(), "%z", &zone);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts) - zone.tm_gmtoff);
}

// A child process; it is ended, with those it has started where they are a group, and waited for.
class Child {
 public:
  Child(pid_t pid, bool is_group) : pid_(pid), is_group_(is_group) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(is_group_ ? -pid_ : pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }

  // Its wait status once it has ended.
  std::optional<int> ended() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = 0;
    return status;
  }

 private:
  pid_t pid_;
  bool is_group_;
};

// Our environment with the plug-in's variables and KUBERNETES_EXEC_INFO in place of ours.
std::vector<std::string> environment_of(const ExecPlugin& plugin, const std::string& info) {
  auto wanted = plugin.environment;
  wanted.emplace_back("KUBERNETES_EXEC_INFO", info);
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view ours = *entry;
    bool replaced = false;
    for (const auto& [name, value] : wanted) replaced |= ours.starts_with(name + "=");
    if (!replaced) out.emplace_back(ours);
  }
  for (const auto& [name, value] : wanted)
    out.push_back(std::string(name).append("=").append(value));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// What posix_spawn gets beside the words; freed at the end.
class SpawnSettings {
 public:
  // The child writes to `output`; without a person it reads nothing and has a group of its own,
  // which with one would keep it from the terminal.
  SpawnSettings(int output, bool interactive) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    if (!interactive)
      ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    sigset_t none;
    sigset_t usual;
    ::sigemptyset(&none);
    ::sigemptyset(&usual);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) ::sigaddset(&usual, signal);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &usual);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (!interactive) flags |= POSIX_SPAWN_SETPGROUP;
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Result<pid_t> spawn(const ExecPlugin& plugin, const std::string& info, int output,
                    bool interactive) {
  std::vector<std::string> words{plugin.command};
  words.insert(words.end(), plugin.arguments.begin(), plugin.arguments.end());
  std::vector<std::string> variables = environment_of(plugin, info);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> environment = pointers(variables);
  const SpawnSettings settings(output, interactive);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, plugin.command.c_str(), settings.actions(),
                                    settings.attributes(), argv.data(), environment.data());
  if (failed == 0) return pid;
  Error error =
      plugin_error(plugin, "cannot be started",
                   plugin.install_hint.empty()
                       ? "install it, or put its folder into PATH; " + plugin.origin + " names it"
                       : printable(plugin.install_hint, 4 * kPluginShown));
  error.code = failed;
  return error;
}

Error too_long(const ExecPlugin& plugin, milliseconds time) {
  return plugin_error(plugin, "no answer within " + std::to_string(time.count() / 1000) + " s");
}

// What it prints until it closes its output.
Result<std::string> read_output(const ExecPlugin& plugin, int fd, const kube::Stop& stop,
                                kube::SteadyTime deadline, milliseconds time, std::size_t limit) {
  std::string output;
  std::array<char, 4096> part{};
  for (;;) {
    switch (kube::wait_for(fd, POLLIN, stop, deadline)) {
      case kube::Readiness::kStopped:
        return Error{"interrupted while the credential plug-in ran"};
      case kube::Readiness::kTimeout:
        return too_long(plugin, time);
      case kube::Readiness::kReady:
        break;
    }
    const ssize_t count = ::read(fd, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error{"read from " + plugin.command, errno};
    if (count == 0) return output;
    output.append(part.data(), static_cast<std::size_t>(count));
    if (output.size() > limit)
      return plugin_error(plugin, "it printed more than " + std::to_string(limit) + " bytes");
  }
}

Result<void> judge_end(const ExecPlugin& plugin, int status) {
  if (WIFSIGNALED(status))
    return plugin_error(plugin, "it was ended by signal " + std::to_string(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    return plugin_error(
        plugin, "it ended with exit status " + std::to_string(WEXITSTATUS(status)),
        "it may have said why above; log in with the provider's tool and try again");
  return {};
}

Result<void> await_end(const ExecPlugin& plugin, Child& child, const kube::Stop& stop,
                       kube::SteadyTime deadline, milliseconds time) {
  for (;;) {
    if (const auto status = child.ended()) return judge_end(plugin, *status);
    if (steady_clock::now() >= deadline) return too_long(plugin, time);
    if (!stop.sleep(kEndPoll)) return Error{"interrupted while the credential plug-in ran"};
  }
}

}  // namespace

json exec_info(const ExecPlugin& plugin, const kube::Cluster& cluster, bool interactive) {
  json spec = {{"interactive", interactive}};
  if (plugin.wants_cluster) {
    json about = {
        {"server", (cluster.tls ? "https://" : "http://") + cluster.address() + cluster.base_path}};
    if (!cluster.tls_server_name.empty()) about["tls-server-name"] = cluster.tls_server_name;
    if (cluster.insecure_skip_tls_verify) about["insecure-skip-tls-verify"] = true;
    if (const auto authority = cluster.authority.read(); authority && !authority->empty())
      about["certificate-authority-data"] = base64_encode(*authority);
    spec["cluster"] = std::move(about);
  }
  return {{"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", spec}};
}

Result<Credential> parse_credential(const ExecPlugin& plugin, std::string_view output) {
  const json answer = json::parse(output, nullptr, false);
  if (!answer.is_object())
    return plugin_error(plugin,
                        "it printed no JSON object: \"" + printable(output, kPluginShown) + "\"");
  const std::string version = text_at(answer, "/apiVersion");
  if (text_at(answer, "/kind") != "ExecCredential" || version != plugin.api_version)
    return plugin_error(plugin,
                        "it printed kind \"" + printable(text_at(answer, "/kind"), kPluginShown) +
                            "\" of \"" + printable(version, kPluginShown) + "\"",
                        "the kubeconfig asks for ExecCredential of " + plugin.api_version +
                            ": update the plug-in, or let it write the kubeconfig anew");
  Credential out{text_at(answer, "/status/token"), text_at(answer, "/status/clientCertificateData"),
                 text_at(answer, "/status/clientKeyData"), std::nullopt};
  if (out.client_certificate.empty() != out.client_key.empty())
    return plugin_error(plugin, "it gave a client certificate without a key, or the reverse");
  if (out.token.empty() && out.client_certificate.empty())
    return plugin_error(plugin, "it gave neither a token nor a client certificate");
  const std::string expires = text_at(answer, "/status/expirationTimestamp");
  if (expires.empty()) return out;
  out.expires = parse_time(expires);
  if (!out.expires)
    return plugin_error(plugin,
                        "its expirationTimestamp is \"" + printable(expires, kPluginShown) + "\"");
  return out;
}

Result<Credential> run_plugin(const ExecPlugin& plugin, const kube::Cluster& cluster,
                              const kube::Stop& stop, const PluginLimits& limits) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (plugin.mode == InteractiveMode::kAlways && !terminal)
    return plugin_error(plugin, "it needs a person, and standard input is no terminal",
                        "run this in a terminal, or use credentials that need nobody");
  const bool interactive = plugin.mode != InteractiveMode::kNever && terminal;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error{"make a pipe", errno};
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const Result<pid_t> pid =
      spawn(plugin, exec_info(plugin, cluster, interactive).dump(), writing.get(), interactive);
  if (!pid) return pid.error();
  Child child(*pid, !interactive);
  writing = Fd();
  const milliseconds time = interactive ? limits.time_with_person : limits.time;
  const auto deadline = steady_clock::now() + time;
  const Result<std::string> output =
      read_output(plugin, reading.get(), stop, deadline, time, limits.output_bytes);
  if (!output) return output.error();
  if (const auto ended = await_end(plugin, child, stop, deadline, time); !ended)
    return ended.error();
  return parse_credential(plugin, *output);
}

}  // namespace smc::kubectl
