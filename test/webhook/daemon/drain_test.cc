// From SIGTERM to the end.
#include <csignal>
#include <thread>

#include <gtest/gtest.h>

#include "test/webhook/daemon/daemon.h"

namespace smc::webhook {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(Drain, GoesOnForTheDelayThenFinishesWhatIsInFlightAndExits0) {
  Daemon daemon({.config = "server: {drainDelay: 2s}"});
  TlsClient kept = daemon.client();
  TlsClient halfway = daemon.client();
  TlsClient idle = daemon.client();
  for (TlsClient* client : {&kept, &halfway, &idle}) {
    ASSERT_TRUE(client->handshake());
    ASSERT_EQ(client->exchange(post_request(annotated_review()))->status, 200);
  }
  const std::string request = post_request(annotated_review());
  halfway.send(request.substr(0, request.size() / 2));
  ASSERT_TRUE(daemon.metric_becomes("smc_webhook_requests_in_flight", 1));

  const auto told = Clock::now();
  daemon.child().signal(SIGTERM);
  ASSERT_TRUE(becomes_true([&] { return daemon.get("/readyz").status == 503; }));
  const std::string why = daemon.get("/readyz").body;
  EXPECT_TRUE(why.starts_with("draining: the process was told to stop\n")) << why;
  EXPECT_EQ(daemon.get("/healthz").status, 200);

  const auto during = kept.exchange(request);
  const int anew = daemon.review_status();
  if (Clock::now() - told < 2s) {  // on a machine that is not too busy to tell
    ASSERT_TRUE(during);
    EXPECT_FALSE(during->fields.contains("connection")) << "still within the delay";
    EXPECT_EQ(anew, 200) << "endpoints are withdrawn only now";
  }

  EXPECT_TRUE(idle.ended_within(kPatience));
  EXPECT_TRUE(idle.said_goodbye());
  EXPECT_GE(Clock::now() - told, 2s);
  const auto last = halfway.exchange(request.substr(request.size() / 2));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->status, 200);
  EXPECT_EQ(last->fields.at("connection"), "close");
  EXPECT_EQ(daemon.child().wait(kPatience), 0);
  EXPECT_EQ(daemon.log().back()["event"], "stopped");
  EXPECT_EQ(daemon.log().back()["drained"], true);
}

TEST(Drain, AfterTheDelayNobodyListens) {
  Daemon daemon({.config = "server: {drainDelay: 0s}"});
  TlsClient halfway = daemon.client();
  ASSERT_TRUE(halfway.handshake());
  halfway.send("POST /mutate HTTP/1.1\r\n");
  ASSERT_TRUE(daemon.metric_becomes("smc_webhook_requests_in_flight", 1));
  daemon.child().signal(SIGTERM);
  EXPECT_TRUE(becomes_true([&] { return !connect_to(daemon.port()).valid(); }));
  EXPECT_EQ(daemon.get("/healthz").status, 200) << "the kubelet still asks";
}

TEST(Drain, AnInterruptIsATermination) {
  Daemon daemon({.config = "server: {drainDelay: 0s}"});
  daemon.child().signal(SIGINT);
  EXPECT_EQ(daemon.child().wait(kPatience), 0);
}

TEST(Drain, ASecondSignalEndsItAtOnceWith1) {
  Daemon daemon({.config = "server: {drainDelay: 5m}"});
  TlsClient halfway = daemon.client();
  ASSERT_TRUE(halfway.handshake());
  halfway.send("POST /mutate HTTP/1.1\r\n");
  daemon.child().signal(SIGTERM);
  ASSERT_TRUE(becomes_true([&] { return daemon.get("/readyz").status == 503; }));
  const auto told = Clock::now();
  daemon.child().signal(SIGTERM);
  EXPECT_EQ(daemon.child().wait(kPatience), 1);
  EXPECT_LT(Clock::now() - told, 10s) << "before the request's own deadline";
  EXPECT_EQ(daemon.log().back()["drained"], false);
}

TEST(Drain, ALogThatNobodyReadsIsNoReasonToEnd) {
  Daemon daemon({.config = "server: {drainDelay: 0s}"});
  daemon.child().signal(SIGPIPE);
  EXPECT_EQ(daemon.review_status(), 200);
  EXPECT_EQ(daemon.terminate(), 0);
}

}  // namespace
}  // namespace smc::webhook
