#include "kube/watcher.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "test/kube/fake_api.h"
#include "test/kube/targets.h"

namespace smc::kube {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

std::string list(const std::string& version) {
  return json{{"metadata", {{"resourceVersion", version}}},
              {"items", json::array({{{"metadata", {{"name", "one"}}}}})}}
      .dump();
}

bool is_watch(const ApiRequest& request) {
  return request.has_parameter("watch");
}

// What the handlers were told, as lines; take() waits for the next one.
class Record {
 public:
  WatchHandlers handlers() {
    WatchHandlers out;
    out.on_list = [this](const std::vector<json>& all) {
      add("list " + std::to_string(all.size()));
    };
    out.on_change = [this](const WatchEvent& event) { add("change " + event.resource_version); };
    out.on_lost = [this](const ApiError& error) { add("lost " + error.what); };
    out.on_recovered = [this] { add("recovered"); };
    return out;
  }

  std::string take() {
    std::unique_lock lock(mutex_);
    // Far beyond what any test needs; only a broken watcher waits for it.
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [this] { return !lines_.empty(); }))
      return "nothing";
    std::string out = lines_.front();
    lines_.pop_front();
    return out;
  }

  bool empty() {
    const std::lock_guard lock(mutex_);
    return lines_.empty();
  }

 private:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;
};

WatcherOptions quick() {
  WatcherOptions out;
  out.client.user_agent = "test/1";
  out.backoff = {milliseconds(2), milliseconds(20)};
  out.random = [] { return 0.5; };
  out.watch_timeout = std::chrono::seconds(10);
  return out;
}

TEST(Watcher, ListsThenWatchesFromTheListsVersion) {
  FakeApi api([](const ApiRequest& request, ApiResponse& response) {
    if (!is_watch(request)) return answer(response, 200, list("42"));
    EXPECT_EQ(request.parameter("resourceVersion"), "42");
    stream(response, {watch_line("BOOKMARK", "43"), watch_line("MODIFIED", "44")}, Ending::kHeld);
  });
  Record record;
  const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), quick());
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "change 44") << "bookmarks are not handed on";
}

TEST(Watcher, TakesAWatchUpFromTheLastVersionSeenBookmarksIncluded) {
  std::atomic<int> watches = 0;
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    if (!is_watch(request)) return answer(response, 200, list("42"));
    if (++watches == 1)
      return stream(response, {watch_line("MODIFIED", "43"), watch_line("BOOKMARK", "50")},
                    Ending::kProper);
    EXPECT_EQ(request.parameter("resourceVersion"), "50");
    stream(response, {watch_line("MODIFIED", "51")}, Ending::kHeld);
  });
  Record record;
  const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), quick());
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "change 43");
  EXPECT_EQ(record.take(), "change 51");
}

TEST(Watcher, ABrokenStreamThatIsTakenUpAtOnceIsNotLost) {
  std::atomic<int> watches = 0;
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    if (!is_watch(request)) return answer(response, 200, list("42"));
    if (++watches == 1)
      return stream(response, {watch_line("MODIFIED", "43"), "{\"ty"}, Ending::kCut);
    stream(response, {watch_line("MODIFIED", "44")}, Ending::kHeld);
  });
  Record record;
  const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), quick());
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "change 43");
  EXPECT_EQ(record.take(), "change 44");
}

TEST(Watcher, GoneListsAgain) {
  std::atomic<int> watches = 0;
  std::atomic<int> lists = 0;
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    if (!is_watch(request)) return answer(response, 200, list(++lists == 1 ? "42" : "90"));
    if (++watches == 1) return answer(response, 410, R"({"reason":"Expired"})");
    EXPECT_EQ(request.parameter("resourceVersion"), "90");
    stream(response, {watch_line("ADDED", "91")}, Ending::kHeld);
  });
  Record record;
  const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), quick());
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "change 91") << "and nobody is told that anything was lost";
}

// The resourceVersion of each list that the server was asked for, "" where it was none.
std::string list_versions(const FakeApi& api) {
  std::string all;
  for (const std::string& request : api.requests()) {
    if (request.find("watch=1") != std::string::npos) continue;
    const auto at = request.find("&resourceVersion=");
    all += at == std::string::npos ? "[]" : "[" + request.substr(at + 17, 1) + "]";
  }
  return all;
}

WatcherOptions from_cache() {
  WatcherOptions out = quick();
  out.list_source = ListSource::kCache;
  return out;
}

TEST(Watcher, ListsFromTheCacheWhenToldAndAgainAfterAWatchThatHadBegun) {
  std::atomic<int> watches = 0;
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    if (!is_watch(request)) return answer(response, 200, list("42"));
    ++watches;
    if (watches == 1) return stream(response, {watch_line("BOOKMARK", "43")}, Ending::kProper);
    if (watches == 2) return answer(response, 410, R"({"reason":"Expired"})");
    stream(response, {watch_line("ADDED", "91")}, Ending::kHeld);
  });
  Record record;
  const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), from_cache());
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "change 91");
  EXPECT_EQ(list_versions(api), "[0][0]");
}

TEST(Watcher, ListsFromStorageWhereNoWatchCanBeginAtWhatTheCacheHad) {
  std::atomic<int> watches = 0;
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    if (!is_watch(request)) return answer(response, 200, list("42"));
    if (++watches == 1) return answer(response, 410, R"({"reason":"Expired"})");
    stream(response, {watch_line("ADDED", "91")}, Ending::kHeld);
  });
  Record record;
  const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), from_cache());
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "change 91");
  EXPECT_EQ(list_versions(api), "[0][]");
}

TEST(Watcher, ListsFromStorageInPagesWhatIsTooLargeInOnePiece) {
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    if (is_watch(request)) return stream(response, {watch_line("ADDED", "91")}, Ending::kHeld);
    const bool whole = request.parameter("resourceVersion") == "0";
    answer(response, 200, list("42") + std::string(whole ? 2000 : 0, ' '));
  });
  WatcherOptions options = from_cache();
  options.client.max_body_bytes = 1000;
  Record record;
  const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), options);
  EXPECT_THAT(record.take(), HasSubstr("larger than 1000 bytes"));
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "recovered");
  EXPECT_EQ(record.take(), "change 91");
  EXPECT_EQ(list_versions(api), "[0][]");
}

TEST(Watcher, SaysOnceThatItLostAndOnceThatItRecovered) {
  std::atomic<bool> broken = true;
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    if (broken) return answer(response, 500, R"({"reason":"InternalError","message":"etcd"})");
    if (!is_watch(request)) return answer(response, 200, list("42"));
    stream(response, {watch_line("MODIFIED", "43")}, Ending::kHeld);
  });
  Record record;
  const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), quick());
  EXPECT_EQ(record.take(), "lost list secrets in ns: 500 InternalError: etcd");
  while (api.requests().size() < 4) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(record.empty()) << "the same reason is told once";
  broken = false;
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "recovered");
  EXPECT_EQ(record.take(), "change 43");
}

TEST(Watcher, AWatchThatIsRefusedAfterTheListIsLostWithTheRuleToGrant) {
  FakeApi api([](const ApiRequest& request, ApiResponse& response) {
    if (!is_watch(request)) return answer(response, 200, list("42"));
    answer(response, 403, R"({"reason":"Forbidden","message":"no"})");
  });
  Record record;
  const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), quick());
  EXPECT_EQ(record.take(), "list 1");
  EXPECT_EQ(record.take(), "lost watch secrets in ns: 403 Forbidden: no");
}

TEST(Watcher, AServerThatGoesAwayIsLost) {
  Record record;
  std::shared_ptr<Cluster> cluster;
  const auto serve = [](const ApiRequest& request, ApiResponse& response) {
    if (!is_watch(request)) return answer(response, 200, list("42"));
    stream(response, {watch_line("BOOKMARK", "43")}, Ending::kHeld);
  };
  auto api = std::make_unique<FakeApi>(serve);
  const Watcher watcher(api->cluster(), kAll, {}, record.handlers(), quick());
  EXPECT_EQ(record.take(), "list 1");
  api.reset();
  EXPECT_THAT(record.take(), HasSubstr("lost watch secrets in ns: "));
}

TEST(Watcher, AServerThatEndsEveryWatchAtOnceGetsNoBusyClient) {
  FakeApi api([](const ApiRequest& request, ApiResponse& response) {
    if (!is_watch(request)) return answer(response, 200, list("42"));
    stream(response, {}, Ending::kProper);
  });
  Record record;
  WatcherOptions slow = quick();
  slow.backoff = {milliseconds(50), milliseconds(100)};
  const auto began = steady_clock::now();
  {
    const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), slow);
    std::this_thread::sleep_for(milliseconds(500));
  }
  const auto lasted = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
  // One list, then one watch for each pause of at least 37 ms (three quarters of 50 ms).
  EXPECT_LE(static_cast<long>(api.requests().size()), 2 + lasted.count() / 37);
}

TEST(Watcher, WaitsAsLongAsTheServerAsks) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    response.headers["Retry-After"] = "3600";
    answer(response, 429, "{}");
  });
  Record record;
  {
    const Watcher watcher(api.cluster(), kAll, {}, record.handlers(), quick());
    EXPECT_THAT(record.take(), HasSubstr("429"));
    std::this_thread::sleep_for(milliseconds(100));
  }
  EXPECT_EQ(api.requests().size(), 1U);
}

TEST(Watcher, StopsAtOnceWhileItWatchesAndWhileItWaits) {
  Record record;
  FakeApi quiet([](const ApiRequest& request, ApiResponse& response) {
    if (!is_watch(request)) return answer(response, 200, list("42"));
    stream(response, {}, Ending::kHeld);
  });
  auto watcher =
      std::make_unique<Watcher>(quiet.cluster(), kAll, Selector{}, record.handlers(), quick());
  EXPECT_EQ(record.take(), "list 1");
  auto began = steady_clock::now();
  watcher.reset();
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(1));

  FakeApi failing([](const ApiRequest&, ApiResponse& response) { answer(response, 500, "{}"); });
  WatcherOptions patient = quick();
  patient.backoff = {std::chrono::hours(1), std::chrono::hours(1)};
  watcher =
      std::make_unique<Watcher>(failing.cluster(), kAll, Selector{}, record.handlers(), patient);
  EXPECT_THAT(record.take(), HasSubstr("lost"));
  began = steady_clock::now();
  watcher.reset();
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(1));
}

}  // namespace
}  // namespace smc::kube
