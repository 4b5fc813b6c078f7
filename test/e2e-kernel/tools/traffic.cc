// smc-traffic: an echo server, and a client that checks every byte that comes back. One JSON line
// says what was lost.
//
//   smc-traffic server KIND PORT
//   smc-traffic client KIND ADDRESS:PORT [--connections N] [--size BYTES] [--seconds S | --requests
//   N] [--stream] [--hold]
//
// KIND: tcp, smc (AF_SMC), ipproto (IPPROTO_SMC), ipproto6. A request is --size bytes; the client
// waits for each answer, or with --stream writes as fast as it can while another thread reads.
// --hold keeps the connections open after the result until the program is ended. Exits 1 when a
// connection or an answer was lost.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <getopt.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "test/e2e-kernel/tools/sockets.h"

namespace smc::e2e {
namespace {

using Clock = std::chrono::steady_clock;

// Longer than the kernel's own limits: 5 s for a link that is not confirmed, 20 s for one that
// answers late.
constexpr std::chrono::seconds kTimeout{30};
constexpr size_t kEchoBuffer = 65536;
constexpr size_t kMaxRequest = 1 << 20;

struct Options {
  SocketKind kind = SocketKind::kTcp;
  sockaddr_in server{};
  int connections = 1;
  size_t size = 128;
  std::chrono::seconds duration{0};
  uint64_t requests = 1;  // for each connection, where no duration is given
  bool stream = false;
  bool hold = false;
};

struct Outcome {
  Fd fd;
  bool connected = false;
  uint64_t sent = 0;
  uint64_t answered = 0;
  bool wrong_bytes = false;
  std::vector<uint32_t> latencies_us;
  std::string error;
};

// A different byte at each offset of each connection, so that data of another place does not pass.
std::byte pattern(int connection, uint64_t offset) {
  return static_cast<std::byte>(offset * 131 + (offset >> 8) * 31 +
                                static_cast<uint64_t>(connection) * 17);
}

bool fits(const std::vector<std::byte>& data, size_t size, int connection, uint64_t offset) {
  for (size_t i = 0; i < size; ++i) {
    if (data[i] != pattern(connection, offset + i)) return false;
  }
  return true;
}

class Client {
 public:
  // Traffic begins when `all_connected` says that every client has connected or failed to: a
  // handshake has a time limit in the kernel, which one at full rate on a slow machine would make
  // others exceed.
  Client(const Options& options, int number, std::latch& all_connected, Outcome& outcome)
      : options_(options),
        number_(number),
        all_connected_(all_connected),
        outcome_(outcome),
        data_(options.size) {}

  void run() {
    Result<Fd> fd = connect_to(options_.kind, options_.server, kTimeout);
    all_connected_.arrive_and_wait();
    if (!fd) {
      outcome_.error = fd.error().text();
      return;
    }
    outcome_.fd = std::move(*fd);
    outcome_.connected = true;
    end_ = Clock::now() + options_.duration;
    if (options_.stream) {
      stream();
    } else {
      ask();
    }
  }

 private:
  bool more() const {
    if (options_.duration.count() > 0) return Clock::now() < end_;
    return outcome_.sent < options_.requests;
  }

  void fill(uint64_t offset) {
    for (size_t i = 0; i < data_.size(); ++i) data_[i] = pattern(number_, offset + i);
  }

  // `error` is the caller's own: with --stream the reader has another.
  bool send_request(std::string& error) {
    fill(outcome_.sent * options_.size);
    const Result<void> sent = send_all(outcome_.fd.get(), data_.data(), data_.size());
    if (!sent) {
      error = sent.error().text();
      return false;
    }
    ++outcome_.sent;
    return true;
  }

  // Reads one answer into `answer` and compares it.
  bool receive(std::vector<std::byte>& answer) {
    size_t have = 0;
    while (have < answer.size()) {
      const ssize_t got = ::recv(outcome_.fd.get(), answer.data() + have, answer.size() - have, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        outcome_.error =
            got == 0 ? "closed by the server" : std::string("recv: ") + strerror(errno);
        return false;
      }
      have += static_cast<size_t>(got);
    }
    if (!fits(answer, answer.size(), number_, outcome_.answered * options_.size)) {
      outcome_.wrong_bytes = true;
      outcome_.error = "other bytes came back";
      return false;
    }
    ++outcome_.answered;
    return true;
  }

  void ask() {
    std::vector<std::byte> answer(options_.size);
    while (more()) {
      const Clock::time_point start = Clock::now();
      if (!send_request(outcome_.error) || !receive(answer)) return;
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
      outcome_.latencies_us.push_back(static_cast<uint32_t>(took.count()));
    }
  }

  void stream() {
    std::mutex mutex;
    std::condition_variable changed;
    uint64_t begun = 0;  // requests; the answer to one may come while it is still being sent
    bool done = false;
    std::string send_error;
    std::thread writer([&] {
      while (more()) {
        {
          const std::lock_guard lock(mutex);
          ++begun;
        }
        changed.notify_one();
        if (!send_request(send_error)) break;
      }
      if (!options_.hold) ::shutdown(outcome_.fd.get(), SHUT_WR);
      const std::lock_guard lock(mutex);
      done = true;
      changed.notify_one();
    });
    // Never waits for an answer to a request that nobody sends.
    const auto one_more = [&] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return done || outcome_.answered < begun; });
      return outcome_.answered < begun;
    };
    std::vector<std::byte> answer(options_.size);
    while (one_more() && receive(answer)) continue;
    writer.join();
    if (!send_error.empty()) outcome_.error = send_error;
  }

  const Options& options_;
  int number_;
  std::latch& all_connected_;
  Outcome& outcome_;
  std::vector<std::byte> data_;
  Clock::time_point end_;
};

uint32_t percentile(const std::vector<uint32_t>& sorted, size_t percent) {
  return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
}

// Prints the result; true when nothing was lost.
bool report(const Options& options, const std::vector<Outcome>& outcomes, double seconds) {
  uint64_t sent = 0;
  uint64_t answered = 0;
  int connected = 0;
  std::string error;
  std::vector<uint32_t> latencies;
  for (const Outcome& outcome : outcomes) {
    connected += outcome.connected ? 1 : 0;
    sent += outcome.sent;
    answered += outcome.answered;
    if (error.empty()) error = outcome.error;
    latencies.insert(latencies.end(), outcome.latencies_us.begin(), outcome.latencies_us.end());
  }
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "{\"connections\":%d,\"connected\":%d,\"sent\":%llu,\"answered\":%llu,\"lost\":%llu,"
      "\"bytes\":%llu,"
      "\"seconds\":%.3f,\"p50_us\":%u,\"p99_us\":%u,\"error\":\"%s\"}\n",
      options.connections, connected, static_cast<unsigned long long>(sent),
      static_cast<unsigned long long>(answered), static_cast<unsigned long long>(sent - answered),
      static_cast<unsigned long long>(answered * options.size), seconds, percentile(latencies, 50),
      percentile(latencies, 99), error.c_str());
  std::fflush(stdout);
  return connected == options.connections && sent == answered && error.empty();
}

int run_client(const Options& options) {
  std::vector<Outcome> outcomes(static_cast<size_t>(options.connections));
  std::vector<std::thread> threads;
  std::latch all_connected(options.connections);
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < options.connections; ++i) {
    threads.emplace_back(
        [&, i] { Client(options, i, all_connected, outcomes[static_cast<size_t>(i)]).run(); });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const bool clean = report(options, outcomes, seconds);
  if (options.hold) ::pause();
  return clean ? 0 : 1;
}

void echo(const Fd& fd) {
  std::vector<std::byte> buffer(kEchoBuffer);
  while (true) {
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || !send_all(fd.get(), buffer.data(), static_cast<size_t>(got))) return;
  }
}

// Whole numbers from 1 to `most`; exits on anything else.
uint64_t number(const char* text, uint64_t most) {
  char* end = nullptr;
  const uint64_t value = std::strtoull(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value == 0 || value > most) {
    std::fprintf(stderr, "not a number from 1 to %llu: %s\n", static_cast<unsigned long long>(most),
                 text);
    std::exit(2);
  }
  return value;
}

void parse_flags(int argc, char** argv, Options& options) {
  enum Flag { kConnections = 1, kSize, kSeconds, kRequests, kStream, kHold };
  const option flags[] = {{"connections", required_argument, nullptr, kConnections},
                          {"size", required_argument, nullptr, kSize},
                          {"seconds", required_argument, nullptr, kSeconds},
                          {"requests", required_argument, nullptr, kRequests},
                          {"stream", no_argument, nullptr, kStream},
                          {"hold", no_argument, nullptr, kHold},
                          {nullptr, 0, nullptr, 0}};
  for (int flag = 0; (flag = ::getopt_long(argc, argv, "", flags, nullptr)) != -1;) {
    switch (flag) {
      case kConnections:
        options.connections = static_cast<int>(number(optarg, kMaxConnections));
        break;
      case kSize:
        options.size = number(optarg, kMaxRequest);
        break;
      case kSeconds:
        options.duration = std::chrono::seconds(number(optarg, 600));
        break;
      case kRequests:
        options.requests = number(optarg, UINT32_MAX);
        break;
      case kStream:
        options.stream = true;
        break;
      case kHold:
        options.hold = true;
        break;
      default:
        std::exit(2);
    }
  }
}

int usage() {
  std::fputs("usage: smc-traffic server KIND PORT | smc-traffic client KIND ADDRESS:PORT [flags]\n",
             stderr);
  return 2;
}

int run(int argc, char** argv) {
  if (argc < 4) return usage();
  const std::string_view role = argv[1];
  const std::optional<SocketKind> kind = parse_kind(argv[2]);
  if (!kind) return usage();
  if (role == "server")
    return serve_connections(*kind, static_cast<uint16_t>(number(argv[3], UINT16_MAX)), echo);
  const std::optional<sockaddr_in> server = parse_endpoint(argv[3]);
  if (role != "client" || !server) return usage();
  Options options;
  options.kind = *kind;
  options.server = *server;
  parse_flags(argc - 3, argv + 3, options);
  return run_client(options);
}

}  // namespace
}  // namespace smc::e2e

int main(int argc, char** argv) {
  return smc::e2e::run(argc, argv);
}
