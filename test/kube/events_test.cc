// Events as an API server takes them, and the share of it that a client may use.
#include "kube/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "test/kube/fake_api.h"

namespace smc::kube {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::StartsWith;

const auto kThen = std::chrono::system_clock::from_time_t(1'800'000'000);

Event about_a_pod() {
  return {.name = "cart-0.1",
          .about = {"v1", "Pod", "shop", "cart-0", "uid-of-cart-0"},
          .warning = true,
          .reason = "SmcNotSetUp",
          .message = "no_pnetid: so",
          .component = "smc-node-agent",
          .host = "n1",
          .first = kThen,
          .last = kThen + seconds(5),
          .count = 3};
}

// What an API server was sent by one call.
struct Sent {
  std::string request, type;
  json body;
};

template <class Call>
Sent sent_by(Call call) {
  Sent out;
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    out = {request.method + " " + request.target, request.header("Content-Type"),
           json::parse(request.body)};
    answer(response, 201, "{}");
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  EXPECT_TRUE(call(client));
  return out;
}

TEST(Events, AreMadeInTheNamespaceOfWhatTheyAreAbout) {
  const Sent sent = sent_by([](Client& client) { return create_event(client, about_a_pod()); });
  EXPECT_EQ(sent.request, "POST /api/v1/namespaces/shop/events");
  EXPECT_EQ(sent.body, json({{"apiVersion", "v1"},
                             {"kind", "Event"},
                             {"metadata", {{"name", "cart-0.1"}, {"namespace", "shop"}}},
                             {"involvedObject",
                              {{"apiVersion", "v1"},
                               {"kind", "Pod"},
                               {"namespace", "shop"},
                               {"name", "cart-0"},
                               {"uid", "uid-of-cart-0"}}},
                             {"type", "Warning"},
                             {"reason", "SmcNotSetUp"},
                             {"message", "no_pnetid: so"},
                             {"source", {{"component", "smc-node-agent"}, {"host", "n1"}}},
                             {"reportingComponent", "smc-node-agent"},
                             {"reportingInstance", "n1"},
                             {"firstTimestamp", "2027-01-15T08:00:00Z"},
                             {"lastTimestamp", "2027-01-15T08:00:05Z"},
                             {"count", 3}}));
}

TEST(Events, OfAClusterScopedObjectAreMadeInDefault) {
  Event event = about_a_pod();
  event.about = {"v1", "Node", "", "n1", "uid-of-n1"};
  event.warning = false;
  const Sent sent = sent_by([&](Client& client) { return create_event(client, event); });
  EXPECT_EQ(sent.request, "POST /api/v1/namespaces/default/events");
  EXPECT_EQ(sent.body["metadata"]["namespace"], "default");
  EXPECT_FALSE(sent.body["involvedObject"].contains("namespace"));
  EXPECT_EQ(sent.body["type"], "Normal");
}

TEST(Events, NameNoHostWhereNoneMatters) {
  Event event = about_a_pod();
  event.host.clear();
  const Sent sent = sent_by([&](Client& client) { return create_event(client, event); });
  EXPECT_EQ(sent.body["source"], json({{"component", "smc-node-agent"}}));
  EXPECT_FALSE(sent.body.contains("reportingInstance"));
}

TEST(Events, AreCountedUpByAPatchOfCountAndTimeAlone) {
  const Sent sent =
      sent_by([](Client& client) { return count_event(client, "shop", "cart-0.1", 4, kThen); });
  EXPECT_EQ(sent.request, "PATCH /api/v1/namespaces/shop/events/cart-0.1");
  EXPECT_EQ(sent.type, "application/merge-patch+json");
  EXPECT_EQ(sent.body, json({{"count", 4}, {"lastTimestamp", "2027-01-15T08:00:00Z"}}));
}

TEST(Events, ARefusalIsTheCallers) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    answer(response, 409, status_body("AlreadyExists", 409));
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  EXPECT_TRUE(create_event(client, about_a_pod()).error().conflict());
}

TEST(EventName, IsNewEachTimeOrLastsWithItsIdentity) {
  EXPECT_THAT(new_event_name("cart-0", kThen), StartsWith("cart-0."));
  EXPECT_NE(new_event_name("cart-0", kThen),
            new_event_name("cart-0", kThen + std::chrono::nanoseconds(1000)));
  EXPECT_THAT(lasting_event_name("cart-0", "uid/no_smc"), StartsWith("cart-0.smc-"));
  EXPECT_EQ(lasting_event_name("cart-0", "uid/no_smc"), lasting_event_name("cart-0", "uid/no_smc"));
  EXPECT_NE(lasting_event_name("cart-0", "uid/no_smc"),
            lasting_event_name("cart-0", "uid/no_pnetid"));
}

TEST(EventName, IsValidWhateverTheNameItBeginsWith) {
  const std::string about = std::string(231, 'x') + "-.-.-" + std::string(20, 'y');
  for (const std::string& name : {new_event_name(about, kThen), lasting_event_name(about, "a")}) {
    EXPECT_LE(name.size(), 253U);
    EXPECT_THAT(name, StartsWith(std::string(231, 'x') + "."));
  }
}

// When each of so many may be sent, from `begin` on.
std::vector<long> times_of(EventShare& share, int number, SteadyTime begin) {
  std::vector<long> times;
  SteadyTime now = begin;
  for (int i = 0; i < number; ++i) {
    now = share.due(now);
    share.spend(now);
    times.push_back(std::chrono::round<milliseconds>(now - begin).count());
  }
  return times;
}

TEST(EventShare, AllowsABurstAndThenOneEachPeriod) {
  EventShare share(3, milliseconds(200));
  const SteadyTime begin = std::chrono::steady_clock::now();
  EXPECT_THAT(times_of(share, 6, begin), ElementsAre(0, 0, 0, 200, 400, 600));
}

TEST(EventShare, IsWholeAgainAfterARestAndNeverMore) {
  EventShare share(2, milliseconds(200));
  const SteadyTime begin = std::chrono::steady_clock::now();
  times_of(share, 4, begin);
  EXPECT_THAT(times_of(share, 4, begin + seconds(60)), ElementsAre(0, 0, 200, 400));
}

}  // namespace
}  // namespace smc::kube
