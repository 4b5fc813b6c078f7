// Lists in pages, and watches however their stream ends.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/client.h"
#include "test/kube/fake_api.h"
#include "test/kube/targets.h"

namespace smc::kube {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

json page(const std::vector<int>& items, const std::string& next) {
  json out = {{"metadata", {{"resourceVersion", "42"}, {"continue", next}}},
              {"items", json::array()}};
  for (const int item : items) out["items"].push_back({{"n", item}});
  return out;
}

TEST(List, FollowsThePagesToTheEnd) {
  FakeApi api([](const ApiRequest& request, ApiResponse& response) {
    const bool second = request.parameter("continue") == "a+b/c=";
    answer(response, 200, (second ? page({3}, "") : page({1, 2}, "a+b/c=")).dump());
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  const Outcome<List> all = client.list(kAll, {"app=x", ""});
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_EQ(json(all->items).dump(), R"([{"n":1},{"n":2},{"n":3}])");
  EXPECT_EQ(all->resource_version, "42");
  EXPECT_THAT(
      api.requests(),
      ElementsAre(
          "GET /api/v1/namespaces/ns/secrets?limit=50&labelSelector=app%3Dx",
          "GET "
          "/api/v1/namespaces/ns/secrets?limit=50&labelSelector=app%3Dx&continue=a%2Bb%2Fc%3D"));
}

TEST(List, StartsAgainOnceWhereTheServerForgotTheSnapshot) {
  int calls = 0;
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    ++calls;
    if (calls == 2) return answer(response, 410, status_body("Expired", 410));
    const bool second = !request.parameter("continue").empty();
    answer(response, 200, (second ? page({2}, "") : page({1}, "c")).dump());
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  const Outcome<List> all = client.list(kAll, {});
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_EQ(all->items.size(), 2U);
  EXPECT_EQ(calls, 4);
}

TEST(List, KeepsOfEachObjectWhatItIsToldTo) {
  FakeApi api([](const ApiRequest& request, ApiResponse& response) {
    EXPECT_EQ(request.header("Accept"),
              "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");
    const bool second = !request.parameter("continue").empty();
    answer(response, 200, (second ? page({3}, "") : page({1, 2}, "c")).dump());
  });
  const Stop stop;
  ClientOptions options = client_options();
  options.metadata_only = true;
  options.reduce = [](json& object) { object = json(object["n"]); };
  Client client(api.cluster(), stop, options);
  const Outcome<List> all = client.list(kAll, {});
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_EQ(json(all->items).dump(), "[1,2,3]");
}

TEST(List, TooManyObjectsAreAnErrorAndNoEndlessLoop) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    answer(response, 200, page({1, 2, 3, 4}, "again").dump());
  });
  const Stop stop;
  ClientOptions few = client_options();
  few.max_objects = 10;
  Client client(api.cluster(), stop, few);
  EXPECT_EQ(client.list(kAll, {}).error().what, "list secrets in ns: more than 10 objects");
  EXPECT_EQ(api.requests().size(), 3U);
}

struct Watched {
  std::vector<std::string> events;
  bool established = false;
  Outcome<void> ended;
};

Watched watch(const FakeApi& api, ClientOptions with = client_options()) {
  const Stop stop;
  Client client(api.cluster(), stop, std::move(with));
  Watched out;
  WatchRequest request;
  request.resource_version = "42";
  request.timeout = std::chrono::seconds(10);
  request.selector.fields = "metadata.name=one";
  request.on_established = [&] { out.established = true; };
  request.on_event = [&](const WatchEvent& event) {
    out.events.push_back(std::to_string(static_cast<int>(event.type)) + ":" +
                         event.resource_version);
  };
  out.ended = client.watch(kAll, request);
  return out;
}

TEST(Watch, AsksForBookmarksFromAVersionForATime) {
  FakeApi api(
      [](const ApiRequest&, ApiResponse& response) { stream(response, {}, Ending::kProper); });
  const Watched watched = watch(api);
  EXPECT_TRUE(watched.ended);
  EXPECT_TRUE(watched.established);
  EXPECT_THAT(
      api.requests(),
      ElementsAre("GET /api/v1/namespaces/ns/secrets?watch=1&allowWatchBookmarks=true"
                  "&resourceVersion=42&timeoutSeconds=10&fieldSelector=metadata.name%3Done"));
}

TEST(Watch, DeliversEventsHoweverTheStreamIsCut) {
  const std::string all = watch_line("ADDED", "1") + watch_line("MODIFIED", "2") +
                          watch_line("DELETED", "3") + watch_line("BOOKMARK", "4");
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, all.size()}) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < all.size(); i += size) parts.push_back(all.substr(i, size));
    FakeApi api([&](const ApiRequest&, ApiResponse& response) {
      stream(response, parts, Ending::kProper);
    });
    const Watched watched = watch(api);
    EXPECT_TRUE(watched.ended) << watched.ended.error().what;
    EXPECT_THAT(watched.events, ElementsAre("0:1", "1:2", "2:3", "3:4"));
  }
}

TEST(Watch, AnErrorEventIsTheErrorItCarries) {
  const std::string gone =
      R"({"type":"ERROR","object":{"kind":"Status","message":"too old resource version","reason":"Expired","code":410}})"
      "\n";
  FakeApi api([&](const ApiRequest&, ApiResponse& response) {
    stream(response, {watch_line("ADDED", "1"), gone}, Ending::kHeld);
  });
  const Watched watched = watch(api);
  ASSERT_FALSE(watched.ended);
  EXPECT_TRUE(watched.ended.error().gone());
  EXPECT_EQ(watched.ended.error().what,
            "watch secrets in ns: 410 Expired: too old resource version");
  EXPECT_THAT(watched.events, ElementsAre("0:1"));
}

TEST(Watch, ARefusedWatchWasNeverEstablished) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    answer(response, 403, status_body("Forbidden", 403));
  });
  const Watched watched = watch(api);
  EXPECT_EQ(watched.ended.error().status, 403);
  EXPECT_THAT(watched.ended.error().hint, HasSubstr("\"watch\" on resource \"secrets\""));
  EXPECT_FALSE(watched.established);
}

TEST(Watch, HalfAnEventIsAnErrorWhetherTheStreamEndsOrIsCut) {
  for (const Ending ending : {Ending::kProper, Ending::kCut}) {
    FakeApi api([&](const ApiRequest&, ApiResponse& response) {
      stream(response, {watch_line("ADDED", "1"), R"({"type":"ADD)"}, ending);
    });
    const Watched watched = watch(api);
    ASSERT_FALSE(watched.ended);
    EXPECT_EQ(watched.ended.error().failure, Failure::kStream);
    EXPECT_THAT(watched.events, ElementsAre("0:1"));
  }
}

TEST(Watch, MalformedEventsEndIt) {
  for (const char* line :
       {"malformed\n", "[]\n", "{}\n", "{\"type\":\"ADDED\",\"object\":1}\n",
        "{\"type\":\"LATER\",\"object\":{}}\n", "{\"type\":1,\"object\":{}}\n"}) {
    FakeApi api(
        [&](const ApiRequest&, ApiResponse& response) { stream(response, {line}, Ending::kHeld); });
    const Watched watched = watch(api);
    ASSERT_FALSE(watched.ended) << line;
    EXPECT_EQ(watched.ended.error().failure, Failure::kAnswer) << line;
    EXPECT_TRUE(watched.events.empty());
  }
}

TEST(Watch, AnEventOverTheLimitEndsItBeforeMemoryIsSpent) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    stream(response, std::vector<std::string>(100, std::string(1024, 'x')), Ending::kHeld);
  });
  ClientOptions small = client_options();
  small.max_event_bytes = 10'000;
  EXPECT_THAT(watch(api, small).ended.error().what, HasSubstr("an event larger than 10000 bytes"));
}

TEST(Watch, OutlivesTheTimeOfARequestAsLongAsItIsNotSilent) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    response.stream = [n = 0](std::string& part) mutable {
      std::this_thread::sleep_for(milliseconds(20));
      if (n == 10) return Next::kEnd;
      part = watch_line("BOOKMARK", std::to_string(++n));
      return Next::kMore;
    };
  });
  ClientOptions quick = client_options();
  quick.request_timeout = milliseconds(100);
  const Watched watched = watch(api, quick);
  EXPECT_TRUE(watched.ended) << watched.ended.error().what;
  EXPECT_EQ(watched.events.size(), 10U);
}

}  // namespace
}  // namespace smc::kube
