#include "bench/load.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <memory>
#include <thread>

#include <sys/resource.h>

#include "bench/load_connection.h"

namespace smc::bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLook{100};  // how often workers look after their connections

std::string request_text(const LoadOptions& options) {
  const HttpUrl& url = options.url;
  std::string out = (options.payload == 0 ? "GET " : "POST ") + url.path +
                    " HTTP/1.1\r\nHost: " + url.address.text() + "\r\nUser-Agent: smc-bench\r\n";
  if (options.payload > 0)
    out += "Content-Type: application/octet-stream\r\nContent-Length: " +
           std::to_string(options.payload) + "\r\n";
  out += "\r\n";
  // Bytes that do not repeat, for what compresses on the way.
  for (int i = 0; i < options.payload; ++i) out += static_cast<char>('!' + (i * 7 + i / 94) % 94);
  return out;
}

Clock::duration interval_of(const LoadOptions& options) {
  if (options.rate <= 0) return Clock::duration::zero();
  return std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(options.connections / options.rate));
}

std::chrono::nanoseconds cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// A thread with its share of the connections.
class Worker {
 public:
  Worker(const LoadConnection::Plan& plan, OpenPorts& ports, std::size_t seconds_of_course)
      : plan_(plan), ports_(ports), tally_(seconds_of_course), timer_(io_) {}

  ~Worker() {
    if (thread_.joinable()) thread_.join();
  }

  error_code add(const asio::ip::tcp::resolver::results_type& addresses) {
    connections_.emplace_back(io_, plan_, ports_, tally_);
    return connections_.back().connect(io_, addresses);
  }

  // `stagger` of the first connection's start, `step` more for each next one.
  void start(const Window& window, Clock::time_point first, Clock::duration step,
             const std::atomic<bool>& stop) {
    io_.restart();
    for (LoadConnection& connection : connections_) {
      connection.start(window, first);
      first += step;
    }
    look_after(window, stop);
    thread_ = std::thread([this] { io_.run(); });
  }

  // Once it is done.
  const Tally& tally() {
    if (thread_.joinable()) thread_.join();
    return tally_;
  }

 private:
  void look_after(const Window& window, const std::atomic<bool>& stop) {
    timer_.expires_after(kLook);
    timer_.async_wait([this, window, &stop](const error_code&) {
      const auto now = Clock::now();
      for (LoadConnection& connection : connections_)
        stop ? connection.close() : connection.look_after(now);
      if (!stop && now < window.end + plan_.timeout && is_open()) look_after(window, stop);
    });
  }

  bool is_open() const {
    return std::ranges::any_of(connections_,
                               [](const LoadConnection& item) { return !item.is_closed(); });
  }

  const LoadConnection::Plan& plan_;
  OpenPorts& ports_;
  Tally tally_;
  asio::io_context io_{1};
  asio::steady_timer timer_;
  std::list<LoadConnection> connections_;
  std::thread thread_;
};

using Workers = std::list<Worker>;

Result<asio::ip::tcp::resolver::results_type> resolve(const HostPort& address) {
  asio::io_context io;
  error_code error;
  const auto found = asio::ip::tcp::resolver(io).resolve(
      address.host, std::to_string(address.port), asio::ip::tcp::resolver::numeric_service, error);
  if (error)
    return Error{"resolve " + address.host + ": " + error.message(), 0,
                 "is the name right, and does this namespace's DNS know it?"};
  return found;
}

Result<void> connect_all(const LoadOptions& options, Workers& workers) {
  const auto addresses = resolve(options.url.address);
  if (!addresses) return addresses.error();
  auto worker = workers.begin();
  for (int i = 0; i < options.connections; ++i) {
    if (const error_code error = worker->add(*addresses))
      return Error{"connect to " + options.url.address.text() + " (connection " +
                       std::to_string(i + 1) + " of " + std::to_string(options.connections) +
                       "): " + error.message(),
                   0, "does a server listen there? `smc-bench server` is one"};
    if (++worker == workers.end()) worker = workers.begin();
  }
  return {};
}

void add_up(const Tally& tally, LoadCounts& out) {
  out.latency.add(tally.latency);
  out.service.add(tally.service);
  for (const auto& [kind, count] : tally.errors) out.errors[kind] += count;
  for (std::size_t i = 0; i < tally.course.size(); ++i) {
    out.course[i].requests += tally.course[i].requests;
    out.course[i].errors += tally.course[i].errors;
  }
}

// Waits for the load's end, and calls the hooks on the way.
void attend(const Window& window, const LoadHooks& hooks, std::atomic<bool>& stop,
            LoadCounts& counts) {
  while (Clock::now() < window.begin && !stop) {
    std::this_thread::sleep_until(std::min(Clock::now() + kLook, window.begin));
    stop = hooks.stopped();
  }
  if (stop) return;
  hooks.measuring();
  const auto cpu = cpu_time();
  // A little before each second is over: in the last one the connections are still there.
  auto next_look = window.begin + seconds(1) - kLook;
  while (Clock::now() < window.end) {
    std::this_thread::sleep_until(std::min(Clock::now() + kLook, window.end));
    if (hooks.stopped()) {
      stop = true;
      break;
    }
    if (Clock::now() < next_look || Clock::now() >= window.end) continue;
    hooks.second(static_cast<int>((next_look - window.begin) / seconds(1)));
    next_look += seconds(1);
  }
  counts.measured = std::min(Clock::now(), window.end) - window.begin;
  counts.cpu = cpu_time() - cpu;
}

}  // namespace

Result<LoadCounts> run_load(const LoadOptions& options, OpenPorts& ports, const LoadHooks& hooks) {
  const LoadConnection::Plan plan{request_text(options), interval_of(options), options.timeout};
  const auto whole = static_cast<std::size_t>((options.duration + milliseconds(999)) / seconds(1));
  LoadCounts counts;
  for (std::size_t i = 0; i < whole; ++i) counts.course.push_back({static_cast<int>(i), 0, 0, 0});
  std::atomic<bool> stop = false;
  Workers workers;
  for (int i = 0; i < std::min(options.threads, options.connections); ++i)
    workers.emplace_back(plan, ports, whole);
  if (const auto connected = connect_all(options, workers); !connected) return connected.error();

  const auto start = Clock::now();
  const Window window{start + options.warm_up, start + options.warm_up + options.duration};
  // Spread over one interval, so that the requests come evenly.
  const auto step = plan.interval / options.connections;
  Clock::duration offset{0};
  for (Worker& worker : workers) {
    worker.start(window, start + offset, step * static_cast<int>(workers.size()), stop);
    offset += step;
  }
  attend(window, hooks, stop, counts);
  for (Worker& worker : workers) add_up(worker.tally(), counts);
  counts.requests = counts.service.count();
  if (counts.measured == std::chrono::nanoseconds(0))
    return Error{"stopped before anything was measured", 0, ""};
  const auto reached = static_cast<std::size_t>((counts.measured + milliseconds(999)) / seconds(1));
  counts.course.resize(std::min(counts.course.size(), reached));
  return counts;
}

}  // namespace smc::bench
