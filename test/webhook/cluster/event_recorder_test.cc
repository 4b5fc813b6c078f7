// Events about owners: how many requests they cost, and what a bad API server can do to them.
#include "webhook/cluster/event_recorder.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "test/kube/fake_api.h"

namespace smc::webhook {
namespace {

using kube::ApiRequest;
using kube::ApiResponse;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::StartsWith;

// An API server that keeps what it was sent.
class FakeEvents {
 public:
  FakeEvents()
      : api_([this](const ApiRequest& request, ApiResponse& response) {
          const std::lock_guard lock(mutex_);
          if (status_ != 200)
            return kube::answer(response, status_, R"({"reason":"Because","message":"no"})");
          bodies_.push_back(json::parse(request.body));
          kube::answer(response, 200, "{}");
        }) {}

  std::shared_ptr<const kube::Cluster> cluster() const { return api_.cluster(); }
  void answer_with(int status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
  }
  std::vector<std::string> requests() const { return api_.requests(); }
  std::vector<json> bodies() {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }
  // The bodies as soon as there are so many, or those there are after 20 s.
  std::vector<json> await(std::size_t wanted) {
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    while (bodies().size() < wanted && steady_clock::now() < end)
      std::this_thread::sleep_for(milliseconds(1));
    return bodies();
  }

 private:
  std::mutex mutex_;
  int status_ = 200;
  std::vector<json> bodies_;
  kube::FakeApi api_;
};

OwnerEvent about(const std::string& owner) {
  return {{"apps/v1", "ReplicaSet", "shop", owner, "uid-of-" + owner},
          true,
          "InjectionSkipped",
          "SMC: not injected (host_network): so"};
}

EventRecorderOptions quick() {
  EventRecorderOptions out;
  out.backoff = {milliseconds(2), milliseconds(20)};
  out.random = [] { return 0.5; };
  out.repeat_interval = milliseconds(20);
  return out;
}

double metric(const Metrics& metrics, const std::string& result) {
  const std::string line = "smc_webhook_events_total{result=\"" + result + "\"} ";
  const std::string text = metrics.text();
  const std::size_t at = text.find(line);
  return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size()));
}

TEST(EventRecorder, CreatesAnEventAboutTheOwnerInThePodsNamespace) {
  FakeEvents api;
  Metrics metrics;
  EventRecorder recorder(api.cluster(), metrics, quick());
  recorder.add(about("web-6d4"));
  const auto bodies = api.await(1);
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(api.requests()[0], "POST /api/v1/namespaces/shop/events");
  const json& event = bodies[0];
  EXPECT_EQ(event["involvedObject"], json({{"apiVersion", "apps/v1"},
                                           {"kind", "ReplicaSet"},
                                           {"name", "web-6d4"},
                                           {"namespace", "shop"},
                                           {"uid", "uid-of-web-6d4"}}));
  EXPECT_EQ(event["type"], "Warning");
  EXPECT_EQ(event["reason"], "InjectionSkipped");
  EXPECT_EQ(event["message"], "SMC: not injected (host_network): so");
  EXPECT_EQ(event["count"], 1);
  EXPECT_THAT(event["metadata"]["name"].get<std::string>(), StartsWith("web-6d4."));
  EXPECT_EQ(event["firstTimestamp"].get<std::string>().size(), 20U);
}

TEST(EventRecorder, CountsTheSameEventInsteadOfMakingAnother) {
  FakeEvents api;
  Metrics metrics;
  EventRecorder recorder(api.cluster(), metrics, quick());
  recorder.add(about("web"));
  ASSERT_EQ(api.await(1).size(), 1U);
  for (int i = 0; i < 1000; ++i) recorder.add(about("web"));
  const auto end = steady_clock::now() + std::chrono::seconds(20);
  while (metric(metrics, "sent") < 1001 && steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(metric(metrics, "sent"), 1001);
  const auto bodies = api.bodies();
  EXPECT_LE(bodies.size(), 4U) << "one request for each repeat_interval";
  EXPECT_EQ(bodies.back()["count"], 1001);
  const std::string name = bodies[0]["metadata"]["name"];
  EXPECT_EQ(api.requests().back(), "PATCH /api/v1/namespaces/shop/events/" + name);
}

TEST(EventRecorder, MakesANewEventWhereTheOldOneHasExpired) {
  std::atomic<int> created = 0;
  kube::FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    if (request.method == "PATCH") return kube::answer(response, 404, R"({"reason":"NotFound"})");
    ++created;
    kube::answer(response, 201, "{}");
  });
  Metrics metrics;
  EventRecorder recorder(api.cluster(), metrics, quick());
  recorder.add(about("web"));
  while (created < 1) std::this_thread::sleep_for(milliseconds(1));
  recorder.add(about("web"));
  while (created < 2) std::this_thread::sleep_for(milliseconds(1));
}

TEST(EventRecorder, AsksNoOftenerThanItsShare) {
  FakeEvents api;
  Metrics metrics;
  EventRecorderOptions options = quick();
  options.burst = 5;
  options.period = milliseconds(50);
  options.drain_timeout = milliseconds(0);
  const auto began = steady_clock::now();
  EventRecorder recorder(api.cluster(), metrics, options);
  for (int i = 0; i < 100; ++i) recorder.add(about("web-" + std::to_string(i)));
  std::this_thread::sleep_for(milliseconds(500));
  const auto asked = static_cast<double>(api.requests().size());
  const double seconds = std::chrono::duration<double>(steady_clock::now() - began).count();
  EXPECT_LE(asked, options.burst + 20 * seconds + 1);
  EXPECT_GE(asked, options.burst);
}

TEST(EventRecorder, NeverWaitsForASlowServerAndDropsWhatFindsNoRoom) {
  std::atomic<bool> held = true;
  kube::FakeApi api([&](const ApiRequest&, ApiResponse& response) {
    while (held) std::this_thread::sleep_for(milliseconds(1));
    kube::answer(response, 201, "{}");
  });
  Metrics metrics;
  EventRecorderOptions options = quick();
  options.max_waiting = 10;
  options.drain_timeout = milliseconds(0);
  {
    EventRecorder recorder(api.cluster(), metrics, options);
    recorder.add(about("first"));
    while (api.requests().empty()) std::this_thread::sleep_for(milliseconds(1));
    const auto began = steady_clock::now();
    for (int i = 0; i < 1000; ++i) recorder.add(about("web-" + std::to_string(i)));
    EXPECT_LT(steady_clock::now() - began, milliseconds(500)) << "a thousand of them";
    EXPECT_EQ(metric(metrics, "dropped"), 990);
    held = false;
  }
}

TEST(EventRecorder, LosesNothingWhileTheServerIsAwayForAWhile) {
  FakeEvents api;
  Metrics metrics;
  api.answer_with(503);
  EventRecorder recorder(api.cluster(), metrics, quick());
  for (const char* owner : {"a", "b", "c"}) recorder.add(about(owner));
  while (api.requests().size() < 5) std::this_thread::sleep_for(milliseconds(1));
  recorder.add(about("a"));
  api.answer_with(200);
  const auto end = steady_clock::now() + std::chrono::seconds(20);
  while (metric(metrics, "sent") < 4 && steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(metric(metrics, "sent"), 4);
}

TEST(EventRecorder, AServerThatRefusesGetsNoBusyClient) {
  FakeEvents api;
  Metrics metrics;
  api.answer_with(403);
  EventRecorderOptions options = quick();
  options.backoff = {milliseconds(50), milliseconds(100)};
  const auto began = steady_clock::now();
  {
    EventRecorder recorder(api.cluster(), metrics, options);
    for (int i = 0; i < 20; ++i) recorder.add(about("web-" + std::to_string(i)));
    std::this_thread::sleep_for(milliseconds(500));
  }
  const auto lasted = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
  EXPECT_LE(static_cast<long>(api.requests().size()), 2 + lasted.count() / 37);
}

TEST(EventRecorder, NamesTheVerbThatIsMissingOnceAMinute) {
  FakeEvents api;
  Metrics metrics;
  EventRecorder recorder(api.cluster(), metrics, quick());
  testing::internal::CaptureStderr();
  recorder.add(about("web"));
  api.await(1);
  api.answer_with(403);
  recorder.add(about("web"));
  while (api.requests().size() < 6) std::this_thread::sleep_for(milliseconds(1));
  log::flush();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr(R"(the verb \"patch\" on resource \"events\")"));
  EXPECT_EQ(text.find("event not taken"), text.rfind("event not taken"));
}

TEST(EventRecorder, NamesAnotherVerbThatIsMissingWithinTheSameMinute) {
  FakeEvents api;
  Metrics metrics;
  EventRecorder recorder(api.cluster(), metrics, quick());
  testing::internal::CaptureStderr();
  api.answer_with(403);
  recorder.add(about("web"));
  while (api.requests().size() < 3) std::this_thread::sleep_for(milliseconds(1));
  api.answer_with(200);
  api.await(1);
  api.answer_with(403);
  recorder.add(about("web"));
  while (api.requests().back().substr(0, 5) != "PATCH")
    std::this_thread::sleep_for(milliseconds(1));
  const std::size_t named = api.requests().size();
  while (api.requests().size() == named) std::this_thread::sleep_for(milliseconds(1));
  log::flush();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr(R"(the verb \"create\" on resource \"events\")"));
  EXPECT_THAT(text, HasSubstr(R"(the verb \"patch\" on resource \"events\")"));
}

TEST(EventRecorder, GivesUpWhatANamespaceThatIsBeingDeletedRefuses) {
  kube::FakeApi api([](const ApiRequest&, ApiResponse& response) {
    kube::answer(response, 403, R"({"details":{"causes":[{"reason":"NamespaceTerminating"}]}})");
  });
  Metrics metrics;
  EventRecorder recorder(api.cluster(), metrics, quick());
  recorder.add(about("web"));
  const auto end = steady_clock::now() + std::chrono::seconds(20);
  while (metric(metrics, "refused") < 1 && steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(metric(metrics, "refused"), 1) << "events of other namespaces wait behind it";
}

TEST(EventRecorder, GivesUpWhatTheServerWillNeverTake) {
  FakeEvents api;
  Metrics metrics;
  api.answer_with(422);
  EventRecorder recorder(api.cluster(), metrics, quick());
  recorder.add(about("web"));
  const auto end = steady_clock::now() + std::chrono::seconds(20);
  while (metric(metrics, "refused") < 1 && steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(metric(metrics, "refused"), 1);
  EXPECT_EQ(api.requests().size(), 1U);
}

TEST(EventRecorder, SendsWhatWaitsBeforeItEndsButNotForLong) {
  FakeEvents api;
  Metrics metrics;
  EventRecorderOptions options = quick();
  options.repeat_interval = std::chrono::hours(1);
  {
    EventRecorder recorder(api.cluster(), metrics, options);
    recorder.add(about("web"));
    api.await(1);
    recorder.add(about("web"));
  }
  EXPECT_EQ(metric(metrics, "sent"), 2);

  kube::FakeApi stuck([](const ApiRequest&, ApiResponse& response) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    kube::answer(response, 201, "{}");
  });
  options.drain_timeout = milliseconds(100);
  auto recorder = std::make_unique<EventRecorder>(stuck.cluster(), metrics, options);
  recorder->add(about("web"));
  while (stuck.requests().empty()) std::this_thread::sleep_for(milliseconds(1));
  const auto began = steady_clock::now();
  recorder.reset();
  EXPECT_LT(steady_clock::now() - began, milliseconds(800));
  EXPECT_EQ(metric(metrics, "dropped"), 1);
}

}  // namespace
}  // namespace smc::webhook
