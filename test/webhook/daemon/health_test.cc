// The health listener as the kubelet, Prometheus and a bad neighbour meet it.
#include <set>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/version.h"
#include "http/rules.h"
#include "test/webhook/daemon/daemon.h"
#include "test/webhook/https/certificates.h"
#include "webhook/review/decision.h"

namespace smc::webhook {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

// A serving certificate whose 30 days began that long ago.
certs::KeyPair pair_begun(std::chrono::hours ago) {
  const auto begin = std::chrono::system_clock::now() - ago;
  return *certs::issue_serving(*certs::make_authority(begin),
                               *certs::parse_names({"localhost"}, {}), begin);
}

TEST(Health, EachPathAnswersWithItsType) {
  DaemonOptions options;
  options.config = "initContainer: {mode: privileged}";  // no namespaces are missed
  const Daemon daemon(options);
  const HttpAnswer healthy = daemon.get("/healthz");
  EXPECT_EQ(healthy.status, 200);
  EXPECT_EQ(healthy.body, "ok\n");
  const HttpAnswer ready = daemon.get("/readyz?verbose");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body, "ready\n");
  const HttpAnswer version = daemon.get("/version");
  EXPECT_EQ(version.status, 200);
  EXPECT_EQ(version.fields.at("content-type"), "application/json");
  EXPECT_EQ(json::parse(version.body), json({{"version", kVersion}}));
  const HttpAnswer metrics = daemon.get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.fields.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST(Health, AnotherPathOrMethodIsRefusedAndTheListenerGoesOn) {
  const Daemon daemon;
  for (const char* path : {"/", "/mutate", "/healthz/", "/metrics/../readyz", "/%00"})
    EXPECT_EQ(daemon.get(path).status, 404) << path;
  const auto status_of = [&daemon](const std::string& request) {
    return plain_exchange(daemon.health_port(), request).substr(0, 13);
  };
  const std::string fields = " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"})
    EXPECT_EQ(status_of(std::string(method) + " /healthz" + fields), "HTTP/1.1 405 ") << method;
  EXPECT_EQ(status_of("BREW /healthz" + fields), "HTTP/1.1 405 ");
  EXPECT_EQ(status_of("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789"),
            "HTTP/1.1 413 ");
  EXPECT_EQ(daemon.get("/healthz").status, 200);
}

// Every sample line is NAME{LABELS} NUMBER below a HELP and a TYPE of its family.
std::set<std::string> families(const std::string& text) {
  std::set<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) names.insert(line.substr(7, line.find(' ', 7) - 7));
    if (line.starts_with("#")) continue;
    std::string name = line.substr(0, line.find_first_of("{ "));
    for (const char* suffix : {"_bucket", "_sum", "_count"})
      if (!names.contains(name) && name.ends_with(suffix))
        name.resize(name.size() - std::string(suffix).size());
    EXPECT_TRUE(names.contains(name)) << line;
    EXPECT_NO_THROW(std::stod(line.substr(line.rfind(' ')))) << line;
  }
  return names;
}

TEST(Metrics, EveryFamilyIsThereFromTheStart) {
  const Daemon daemon;
  const std::string text = daemon.get("/metrics").body;
  const std::set<std::string> found = families(text);
  for (const char* name :
       {"smc_webhook_reviews_total", "smc_webhook_review_duration_seconds",
        "smc_webhook_requests_in_flight", "smc_webhook_connections",
        "smc_webhook_refused_requests_total", "smc_webhook_cut_connections_total",
        "smc_webhook_reloads_total", "smc_webhook_certificate_expiration_timestamp_seconds",
        "smc_webhook_build_info", "process_cpu_seconds_total", "process_resident_memory_bytes",
        "process_virtual_memory_bytes", "process_open_fds", "process_max_fds", "process_threads",
        "process_start_time_seconds"})
    EXPECT_TRUE(found.contains(name)) << name;
  for (const DecisionInfo& each : kDecisions)
    EXPECT_THAT(text, HasSubstr("smc_webhook_reviews_total{decision=\"" + std::string(each.code) +
                                "\"} 0\n"));
  for (const http::RefusalInfo& each : http::kRefusals) {
    if (each.refusal == http::Refusal::kNone) continue;
    EXPECT_THAT(text, HasSubstr("{reason=\"" + std::string(each.reason) + "\"} 0\n"));
  }
  EXPECT_EQ(daemon.metric(std::string("smc_webhook_build_info{version=\"") + kVersion + "\"}"), 1);
}

TEST(Metrics, CountWhatWasAskedAndRefused) {
  const Daemon daemon;
  TlsClient client = daemon.client();
  ASSERT_TRUE(client.handshake());
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(client.exchange(post_request(annotated_review()))->status, 200);
  EXPECT_EQ(client.exchange(post_request(plain_review()))->status, 200);
  EXPECT_EQ(client.exchange(post_request("{}"))->status, 400);
  EXPECT_EQ(client.exchange("GET /mutate HTTP/1.1\r\nHost: a\r\n\r\n")->status, 405);
  EXPECT_EQ(daemon.metric("smc_webhook_reviews_total{decision=\"injected\"}"), 3);
  EXPECT_EQ(daemon.metric("smc_webhook_reviews_total{decision=\"not_annotated\"}"), 1);
  EXPECT_EQ(daemon.metric("smc_webhook_refused_requests_total{reason=\"review\"}"), 1);
  EXPECT_EQ(daemon.metric("smc_webhook_refused_requests_total{reason=\"method\"}"), 1);
  EXPECT_EQ(daemon.metric("smc_webhook_review_duration_seconds_count"), 5);
  EXPECT_EQ(daemon.metric("smc_webhook_review_duration_seconds_bucket{le=\"+Inf\"}"), 5);
  EXPECT_GT(daemon.metric("smc_webhook_review_duration_seconds_sum"), 0);
  EXPECT_EQ(daemon.metric("smc_webhook_connections"), 1);
  EXPECT_EQ(daemon.metric("smc_webhook_requests_in_flight"), 0);
}

// Against what the kernel, the clock and the test itself know of it.
TEST(Metrics, TheProcessFiguresAreThoseOfTheProcess) {
  const auto before = std::chrono::system_clock::now();
  Daemon daemon({.max_files = 1000});
  const double began = std::chrono::duration<double>(before.time_since_epoch()).count();
  EXPECT_NEAR(daemon.metric("process_start_time_seconds"), began, 60);
  EXPECT_EQ(daemon.metric("process_max_fds"), 1000);
  // the main one, the listeners', the log's
  EXPECT_GE(daemon.metric("process_threads"), 4);
  const double open = daemon.metric("process_open_fds");
  EXPECT_GT(open, 5);
  std::vector<TlsClient> clients;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(clients.emplace_back(daemon.client()).handshake());
  // the scrapes' own connections come and go
  EXPECT_NEAR(daemon.metric("process_open_fds"), open + 10, 2);
  // the kernel counts by processor, and adds up only now and then (proc(5): "inaccurate")
  constexpr double kInaccurate = 4 << 20;
  EXPECT_LE(daemon.metric("process_resident_memory_bytes"),
            static_cast<double>(daemon.child().peak_bytes()) + kInaccurate);
  EXPECT_GT(daemon.metric("process_resident_memory_bytes"), 1 << 20);
  const double used = std::chrono::duration<double>(daemon.child().processor_time()).count();
  EXPECT_NEAR(daemon.metric("process_cpu_seconds_total"), used, 1);
}

TEST(Certificate, ItsEndIsAMetricAndFollowsAReload) {
  const std::string line = "smc_webhook_certificate_expiration_timestamp_seconds";
  const certs::KeyPair first = pair_begun(std::chrono::hours(48));
  Daemon daemon({.serving = first});
  const auto month = std::chrono::duration<double>(certs::kServingLife).count();
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(daemon.metric(line), now + month - 48 * 3600, 600);
  daemon.tls().write(files_of(new_serving_pair()));
  EXPECT_TRUE(becomes_true([&] { return daemon.metric(line) > now + month - 600; }));
}

TEST(Certificate, OutOfItsTimeMakesTheReplicaNotReadyUntilAGoodOneComes) {
  struct Case {
    certs::KeyPair pair;
    const char* reason;
  };
  const Case cases[] = {
      {pair_begun(certs::kServingLife + std::chrono::hours(1)), "certificate: its time is over\n"},
      {pair_begun(-std::chrono::hours(1)), "certificate: its time has not begun\n"}};
  for (const Case& each : cases) {
    Daemon daemon({.serving = each.pair});
    const HttpAnswer not_ready = daemon.get("/readyz");
    EXPECT_EQ(not_ready.status, 503);
    EXPECT_TRUE(not_ready.body.starts_with(each.reason)) << not_ready.body;
    EXPECT_EQ(daemon.get("/healthz").status, 200) << "a restart would not help";
    daemon.tls().write(files_of(new_serving_pair()));
    EXPECT_TRUE(becomes_true([&] { return daemon.get("/readyz").status == 200; }));
  }
}

// Silent connections to the health listener.
struct Neighbour {
  Neighbour(const Daemon& daemon, int count) {
    for (int i = 0; i < count; ++i) sockets.push_back(connect_to(daemon.health_port()));
  }
  // How many of them have been closed by now.
  int closed() const {
    int count = 0;
    for (const Fd& socket : sockets) {
      pollfd readable{socket.get(), POLLIN, 0};
      char byte = 0;
      if (::poll(&readable, 1, 0) == 1 && ::recv(socket.get(), &byte, 1, 0) <= 0) ++count;
    }
    return count;
  }
  std::vector<Fd> sockets;
};

TEST(HealthLimits, ASilentOrTricklingClientIsCutOffByATotalDeadline) {
  const Daemon daemon;
  const Neighbour silent(daemon, 1);
  const Fd trickling = connect_to(daemon.health_port());
  const auto begin = Clock::now();
  const std::string request = "GET /healthz HTTP/1.1\r\nX: " + std::string(10'000, 'x');
  std::size_t sent = 0;
  while (sent < request.size() && Clock::now() - begin < kPatience) {
    if (::send(trickling.get(), request.data() + sent, 1, MSG_NOSIGNAL) != 1) break;
    ++sent;
    pollfd hangup{trickling.get(), POLLIN, 0};
    if (::poll(&hangup, 1, 20) == 1) break;
  }
  EXPECT_GE(Clock::now() - begin, 1900ms);
  EXPECT_LT(sent, request.size());
  EXPECT_TRUE(becomes_true([&] { return silent.closed() == 1; }));
}

TEST(HealthLimits, AnEndlessHeaderIsCutOff) {
  const Daemon daemon;
  const std::string text =
      plain_exchange(daemon.health_port(),
                     "GET /healthz HTTP/1.1\r\nX: " + std::string(1 << 16, 'x') + "\r\n\r\n");
  EXPECT_FALSE(text.starts_with("HTTP/1.1 200")) << text;
  EXPECT_EQ(daemon.get("/healthz").status, 200);
}

TEST(HealthLimits, SilentOnesThatTakeEveryPlaceGiveItBackTogether) {
  const Daemon daemon;
  // 64 are served and 64 more are taken in, the others wait
  const Neighbour crowd(daemon, 200);
  const auto full = Clock::now();
  ASSERT_TRUE(becomes_true([&] { return daemon.get("/healthz").status == 200; }));
  // one after another they would take 200 deadlines of 2 s
  EXPECT_LT(Clock::now() - full, 15s);
  EXPECT_TRUE(becomes_true([&] { return crowd.closed() == 200; }));
  EXPECT_EQ(daemon.review_status(), 200) << "reviews are not concerned";
}

}  // namespace
}  // namespace smc::webhook
