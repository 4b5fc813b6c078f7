// smc-webhook serve as a child process on free ports of loopback, with its certificate and its
// configuration mounted the way the kubelet mounts a Secret and a ConfigMap. One test, one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "certs/authority.h"
#include "test/support/child.h"
#include "test/support/temporary_directory.h"
#include "test/webhook/https/tls_client.h"

namespace smc::webhook {

inline constexpr const char* kProgram = SMC_BIN_DIR "/smc-webhook";

// Waits until `condition` holds; false when it has not within kPatience.
bool becomes_true(const std::function<bool()>& condition);

// A folder as the kubelet's atomic writer leaves it: each file a symlink into "..data", a symlink
// itself, which is replaced by a rename.
class MountedVolume {
 public:
  using Files = std::map<std::string, std::string>;

  explicit MountedVolume(std::string path);

  // Replaces all files at once; those not among `files` vanish.
  void write(const Files& files);

  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  int writes_ = 0;
};

MountedVolume::Files files_of(const certs::KeyPair& pair);

using Values = std::map<std::string, std::string>;

struct DaemonOptions {
  std::string config = "{}";                // YAML
  std::optional<certs::KeyPair> serving{};  // none: a new one of test_authority()
  Values flags{};                           // instead of and beside those that every start needs
  bool usual_flags = true;                  // those
  Values environment{};
  rlim_t max_files = 0;
};

class Daemon {
 public:
  // Returns when it listens, or has ended: then the test has failed.
  explicit Daemon(DaemonOptions options = {});

  std::uint16_t port() const { return port_; }
  std::uint16_t health_port() const { return health_port_; }

  // Certificate and configuration where the usual flags have them.
  MountedVolume& tls() { return tls_; }
  MountedVolume& config() { return config_; }
  void write_config(const std::string& yaml) { config_.write({{"config.yaml", yaml}}); }

  // Trusts test_authority().
  TlsClient client(ClientOptions options = {}) const;
  // The status that a review on a connection of its own gets; 0 where there is no answer.
  int review_status() const;

  // GET on the health listener; status 0 where there is no answer.
  HttpAnswer get(const std::string& path) const;
  // The value of a metric's line, such as "smc_webhook_connections"; -1 where there is none.
  double metric(const std::string& line) const;
  bool metric_becomes(const std::string& line, double value) const;

  // What it has logged so far; fails the test at a line that is no JSON object.
  std::vector<nlohmann::json> log() const;
  // Waits for the first line with this event; null when none comes.
  nlohmann::json logged(const std::string& event) const;

  smc::test::Child& child() { return *child_; }
  // SIGTERM, and the exit code; nothing when it does not end.
  std::optional<int> terminate();

 private:
  std::uint16_t port_in_log(const std::string& event) const;

  smc::test::TemporaryDirectory directory_;
  MountedVolume tls_;
  MountedVolume config_;
  std::unique_ptr<smc::test::Child> child_;
  std::uint16_t port_ = 0;
  std::uint16_t health_port_ = 0;
};

// Sends `request` as it is and reads to the end of the connection.
std::string plain_exchange(std::uint16_t port, const std::string& request);

// The reviews that the tests send: an annotated pod in the namespace "shop", a pod without the
// annotation.
std::string annotated_review();
std::string plain_review();

std::string reloads(const std::string& what, const std::string& result);

}  // namespace smc::webhook
