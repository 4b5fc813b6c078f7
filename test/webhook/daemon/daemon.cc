#include "test/webhook/daemon/daemon.h"

#include <array>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/file.h"
#include "test/webhook/https/certificates.h"
#include "test/webhook/review/reviews.h"

namespace smc::webhook {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{10};

}  // namespace

bool becomes_true(const std::function<bool()>& condition) {
  for (const auto end = Clock::now() + kPatience; !condition(); std::this_thread::sleep_for(kLook))
    if (Clock::now() > end) return false;
  return true;
}

MountedVolume::MountedVolume(std::string path) : path_(std::move(path)) {
  fs::create_directory(path_);
}

void MountedVolume::write(const Files& files) {
  const std::string name = "..2026_11_25_00_00_00." + std::to_string(++writes_);
  const fs::path root(path_);
  fs::create_directory(root / name);
  for (const auto& [file, content] : files)
    ASSERT_TRUE(write_file_atomic(root / name / file, content, 0600));
  const bool first = !fs::is_symlink(root / "..data");
  const fs::path old = first ? fs::path() : fs::read_symlink(root / "..data");
  fs::create_directory_symlink(name, root / "..data_tmp");
  fs::rename(root / "..data_tmp", root / "..data");
  for (const auto& [file, content] : files)
    if (!fs::is_symlink(root / file)) fs::create_symlink(fs::path("..data") / file, root / file);
  if (first) return;
  for (const auto& entry : fs::directory_iterator(root / old))
    if (!files.contains(entry.path().filename())) fs::remove(root / entry.path().filename());
  fs::remove_all(root / old);
}

MountedVolume::Files files_of(const certs::KeyPair& pair) {
  return {{"tls.crt", pair.certificate_pem}, {"tls.key", pair.key_pem}};
}

Daemon::Daemon(DaemonOptions options)
    : tls_(directory_.file("tls")), config_(directory_.file("config")) {
  tls_.write(files_of(options.serving ? *options.serving : new_serving_pair()));
  write_config(options.config);
  Values flags = std::move(options.flags);
  if (options.usual_flags)
    flags.merge(Values{{"--config", config_.file("config.yaml")},
                       {"--listen", "127.0.0.1:0"},
                       {"--health-listen", "127.0.0.1:0"},
                       {"--tls-cert", tls_.file("tls.crt")},
                       {"--tls-key", tls_.file("tls.key")}});
  smc::test::ChildOptions start{.arguments = {"serve"}};
  for (const auto& [name, value] : flags) {
    start.arguments.push_back(name);
    start.arguments.push_back(value);
  }
  start.environment = std::move(options.environment);
  start.max_files = options.max_files;
  child_ = std::make_unique<smc::test::Child>(kProgram, start);

  const bool listens = becomes_true([this] {
    health_port_ = port_in_log("health listener");
    port_ = port_in_log("listening");
    return (port_ != 0 && health_port_ != 0) || child_->wait(std::chrono::milliseconds(0));
  });
  EXPECT_TRUE(listens && port_ != 0) << child_->err();
}

std::uint16_t Daemon::port_in_log(const std::string& event) const {
  std::istringstream lines(child_->err());
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line, nullptr, false);
    if (!entry.is_object() || entry.value("event", "") != event) continue;
    const std::string address = entry.at("address");
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  return 0;
}

TlsClient Daemon::client(ClientOptions options) const {
  options.authority = test_authority().certificate_pem;
  return TlsClient(port_, options);
}

int Daemon::review_status() const {
  TlsClient sender = client();
  if (!sender.handshake()) return 0;
  const auto answer = sender.exchange(post_request(annotated_review()));
  return answer ? answer->status : 0;
}

HttpAnswer Daemon::get(const std::string& path) const {
  const std::string text =
      plain_exchange(health_port_, "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  HttpAnswer answer = parse_head(text.substr(0, end + 2));
  answer.body = text.substr(end + 4);
  return answer;
}

double Daemon::metric(const std::string& line) const {
  const std::string text = "\n" + get("/metrics").body;
  const std::size_t at = text.find("\n" + line + " ");
  if (at == std::string::npos) return -1;
  return std::stod(text.substr(at + line.size() + 2));
}

bool Daemon::metric_becomes(const std::string& line, double value) const {
  return becomes_true([&] { return metric(line) == value; });
}

std::vector<json> Daemon::log() const {
  std::vector<json> entries;
  std::istringstream lines(child_->err());
  for (std::string line; std::getline(lines, line);) {
    if (lines.eof()) break;  // not written whole yet
    entries.push_back(json::parse(line, nullptr, false));
    EXPECT_TRUE(entries.back().is_object()) << line;
  }
  return entries;
}

json Daemon::logged(const std::string& event) const {
  json found;
  becomes_true([&] {
    for (const json& entry : log())
      if (found.is_null() && entry.value("event", "") == event) found = entry;
    return !found.is_null();
  });
  return found;
}

std::optional<int> Daemon::terminate() {
  child_->signal(SIGTERM);
  return child_->wait(kPatience);
}

std::string plain_exchange(std::uint16_t port, const std::string& request) {
  const Fd socket = connect_to(port);
  std::string text;
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return text;
  std::array<char, 16384> part{};
  for (;;) {
    pollfd readable{socket.get(), POLLIN, 0};
    if (::poll(&readable, 1, std::chrono::milliseconds(kPatience).count()) != 1) return text;
    const ssize_t n = ::recv(socket.get(), part.data(), part.size(), 0);
    if (n <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(n));
  }
}

std::string annotated_review() {
  return test::review_of(test::annotated_pod()).dump();
}

std::string plain_review() {
  json pod = test::annotated_pod();
  pod["metadata"].erase("annotations");
  return test::review_of(pod).dump();
}

std::string reloads(const std::string& what, const std::string& result) {
  return "smc_webhook_reloads_total{result=\"" + result + "\",what=\"" + what + "\"}";
}

}  // namespace smc::webhook
