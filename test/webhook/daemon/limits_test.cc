// The program at the end of its means: descriptors, connections, memory.
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "test/webhook/daemon/daemon.h"

namespace smc::webhook {
namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // memory and slowness are the sanitizer's
#else
constexpr bool kSanitized = false;
#endif

const std::string kUnserved = "smc_webhook_cut_connections_total{reason=\"unserved\"}";

TEST(Descriptors, WithoutAnyLeftConnectionsAreClosedAndCountedAndItRecovers) {
  Daemon daemon({.max_files = 64});
  EXPECT_EQ(daemon.logged("fewer connections than configured")["room_for"], 32);
  {
    // those that had a request keep their place, so that the others are over the cap
    std::vector<TlsClient> kept;
    for (int i = 0; i < 32; ++i) {
      ASSERT_TRUE(kept.emplace_back(daemon.client()).handshake());
      ASSERT_EQ(kept.back().exchange(post_request(plain_review()))->status, 200);
    }
    std::vector<Fd> crowd;
    for (int i = 0; i < 150; ++i) crowd.push_back(connect_to(daemon.port()));
    const auto before = daemon.child().processor_time();
    std::this_thread::sleep_for(3s);
    const auto used = daemon.child().processor_time() - before;
    EXPECT_LT(used, kSanitized ? 2400ms : 600ms) << "it spins";
  }
  EXPECT_TRUE(becomes_true([&] { return daemon.review_status() == 200; }));
  EXPECT_GT(daemon.metric(kUnserved), 0);
  EXPECT_TRUE(daemon.metric_becomes("smc_webhook_connections", 0));
  EXPECT_EQ(daemon.terminate(), 0);
}

TEST(ConnectionCap, WhoIsOverItIsTold503AndToComeBack) {
  const Daemon daemon({.config = "server: {maxConnections: 100}"});
  std::vector<TlsClient> clients;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(clients.emplace_back(daemon.client()).handshake());
    ASSERT_EQ(clients.back().exchange(post_request(plain_review()))->status, 200);
  }
  {
    TlsClient over = daemon.client();
    ASSERT_TRUE(over.handshake());
    const auto answer = over.exchange(post_request(annotated_review()));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(answer->fields.at("retry-after"), "1");
    EXPECT_EQ(answer->fields.at("connection"), "close");
    EXPECT_TRUE(over.ended_within(kPatience));
  }
  EXPECT_EQ(daemon.metric("smc_webhook_refused_requests_total{reason=\"connection_cap\"}"), 1);
  EXPECT_EQ(clients.front().exchange(post_request(annotated_review()))->status, 200);
  clients.pop_back();
  EXPECT_TRUE(becomes_true([&] { return daemon.review_status() == 200; }));
}

TEST(Memory, A20MegabyteBodyIsRefusedBeforeAnyIsSpent) {
  Daemon daemon;
  ASSERT_EQ(daemon.review_status(), 200);
  const std::size_t before = daemon.child().peak_bytes();
  for (int i = 0; i < 5; ++i) {
    TlsClient client = daemon.client();
    ASSERT_TRUE(client.handshake());
    client.send(
        "POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        "Content-Length: 20000000\r\n\r\n" +
        std::string(1'000'000, ' '));
    const auto answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 413);
    for (int sent = 1; sent < 20; ++sent) client.send(std::string(1'000'000, ' '));
    EXPECT_TRUE(client.ended_within(kPatience));
  }
  EXPECT_LT(daemon.child().peak_bytes() - before, (kSanitized ? 16u : 3u) << 20);
  EXPECT_EQ(daemon.metric("smc_webhook_refused_requests_total{reason=\"body_too_large\"}"), 5);
}

TEST(Memory, UnfinishedHeadersStayWithinTheLimit) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer takes memory of its own";
  constexpr std::size_t kLimit = 128 << 20;
  constexpr int kClients = 2500;  // whose headers are more than the limit
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  Daemon daemon({.flags = {{"--memory-limit", "128Mi"}}});
  std::vector<TlsClient> clients;
  for (int i = 0; i < kClients; ++i) {
    TlsClient& client = clients.emplace_back(daemon.client());
    if (!client.handshake()) continue;
    client.send("POST /mutate HTTP/1.1\r\nHost: x\r\nX: " + std::string(65'000, 'a'));
  }
  EXPECT_EQ(daemon.review_status(), 200);
  EXPECT_LT(daemon.child().peak_bytes(), kLimit);
  EXPECT_GT(daemon.metric("smc_webhook_cut_connections_total{reason=\"gave_way\"}"), 0);
}

TEST(Memory, OfALargeReviewIsGivenBack) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer keeps freed memory";
  const Daemon daemon;
  ASSERT_EQ(daemon.review_status(), 200);
  const double before = daemon.metric("process_resident_memory_bytes");
  TlsClient client = daemon.client();
  ASSERT_TRUE(client.handshake());
  const auto answer = client.exchange(post_request("[" + std::string(7'000'000, ' ') + "]"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
  EXPECT_LT(daemon.metric("process_resident_memory_bytes") - before, 8 << 20);
}

}  // namespace
}  // namespace smc::webhook
