// The verbs on one object, and every way in which a request can go wrong.
#include "kube/client.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/file.h"
#include "test/kube/fake_api.h"
#include "test/kube/targets.h"
#include "test/support/temporary_directory.h"

namespace smc::kube {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Client, SendsTheVerbsWithTheirMethodPathBodyAndType) {
  std::vector<std::string> seen;
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    seen.push_back(request.header("Content-Type") + " " + request.body);
    answer(response, 200, "{}");
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  const json object = {{"a", 1}};
  EXPECT_TRUE(client.get(kOne));
  EXPECT_TRUE(client.create(kAll, object));
  EXPECT_TRUE(client.create_dry_run(kAll, object));
  EXPECT_TRUE(client.update(kOne, object));
  EXPECT_TRUE(client.patch(kOne, PatchType::kMerge, object));
  EXPECT_TRUE(client.patch(kOne, PatchType::kStrategic, object));
  EXPECT_TRUE(client.patch(kOne, PatchType::kJson, json::array()));
  EXPECT_TRUE(client.remove(kOne, nullptr));
  EXPECT_TRUE(client.get_path("/apis/g/v1"));
  const std::string one = "/api/v1/namespaces/ns/secrets/one";
  EXPECT_THAT(api.requests(), ElementsAre("GET " + one, "POST /api/v1/namespaces/ns/secrets",
                                          "POST /api/v1/namespaces/ns/secrets?dryRun=All",
                                          "PUT " + one, "PATCH " + one, "PATCH " + one,
                                          "PATCH " + one, "DELETE " + one, "GET /apis/g/v1"));
  EXPECT_THAT(seen,
              ElementsAre(" ", R"(application/json {"a":1})", R"(application/json {"a":1})",
                          R"(application/json {"a":1})", R"(application/merge-patch+json {"a":1})",
                          R"(application/strategic-merge-patch+json {"a":1})",
                          "application/json-patch+json []", " ", " "));
}

TEST(Client, ShowsItsTokenAndItsName) {
  FakeApi api([](const ApiRequest& request, ApiResponse& response) {
    EXPECT_EQ(request.header("Authorization"), "Bearer secret");
    EXPECT_EQ(request.header("User-Agent"), "test/1");
    answer(response, 200, R"({"kind":"Secret"})");
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  const Outcome<json> secret = client.get(kOne);
  ASSERT_TRUE(secret) << secret.error().what;
  EXPECT_EQ(secret->at("kind"), "Secret");
}

TEST(Client, KeepsTheServersClockWhateverThisMachinesSays) {
  std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";  // the RFC's example
  FakeApi api([&](const ApiRequest&, ApiResponse& response) {
    response.headers["Date"] = date;
    answer(response, 404, "{}");
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  EXPECT_FALSE(client.server_now());
  EXPECT_FALSE(client.get(kOne)) << "a refusal has a date too";
  ASSERT_TRUE(client.server_now());
  const auto seconds = std::chrono::system_clock::to_time_t(*client.server_now());
  EXPECT_GE(seconds, 784111777);
  EXPECT_LT(seconds, 784111777 + 60);
  date = "malformed";
  EXPECT_FALSE(client.get(kOne));
  EXPECT_GE(std::chrono::system_clock::to_time_t(*client.server_now()), 784111777);
}

TEST(Client, KeepsOneConnectionForManyRequests) {
  std::mutex mutex;
  std::set<int> ports;
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    const std::lock_guard lock(mutex);
    ports.insert(request.remote_port);
    answer(response, 200, "{}");
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client.get(kOne));
  EXPECT_EQ(ports.size(), 1U);
}

TEST(Client, AConnectionThatTheServerClosedMeanwhileCostsNoRequest) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    response.headers["Connection"] = "close";
    answer(response, 200, "{}");
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.get(kOne));
}

TEST(Client, RefusalsCarryTheStatus) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    answer(response, 409, status_body("AlreadyExists", 409));
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  const Outcome<json> created = client.create(kAll, json::object());
  ASSERT_FALSE(created);
  EXPECT_TRUE(created.error().conflict());
  EXPECT_EQ(created.error().reason, "AlreadyExists");
  EXPECT_EQ(created.error().what, "create secrets in ns: 409 AlreadyExists: because");
}

TEST(Client, AnOverloadedServersRetryAfterIsHandedOn) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    response.headers["Retry-After"] = "7";
    answer(response, 429, status_body("TooManyRequests", 429));
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  EXPECT_EQ(client.get(kOne).error().retry_after, milliseconds(7000));
}

TEST(Client, AnAnswerThatIsAskedForComesWithItsStatusAndWarnings) {
  FakeApi api([](const ApiRequest& request, ApiResponse& response) {
    EXPECT_EQ(request.header("X-Own"), "1");
    EXPECT_EQ(request.header("Authorization"), "Bearer secret");
    response.headers["Warning"] = R"(299 - "SMC: not \"this\"")";
    answer(response, 404, "gone");
  });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  const auto got = client.ask({"POST", "/api/v1/x?y=1", {{"X-Own", "1"}}});
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(got->status, 404);
  EXPECT_EQ(got->body, "gone");
  EXPECT_EQ(got->warnings, std::vector<std::string>{"SMC: not \"this\""});
  EXPECT_EQ(api.requests(), std::vector<std::string>{"POST /api/v1/x?y=1"});
}

TEST(Client, AnAnswerThatIsAskedForHasALimit) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    answer(response, 200, std::string(100, 'x'));
  });
  const Stop stop;
  ClientOptions options = client_options();
  options.max_body_bytes = 99;
  Client client(api.cluster(), stop, options);
  const auto got = client.ask({"GET", "/x"});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().what, "GET /x: the answer is larger than 99 bytes");
}

TEST(Client, WhatIsNoJsonObjectIsAnError) {
  std::string body;
  FakeApi api([&](const ApiRequest&, ApiResponse& response) { answer(response, 200, body); });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  for (const char* malformed : {"", "[]", "{\"a\":", "<html>", "{} {}"}) {
    body = malformed;
    const Outcome<json> got = client.get(kOne);
    ASSERT_FALSE(got) << malformed;
    EXPECT_EQ(got.error().what, "get secrets ns/one: the answer is no JSON object") << malformed;
  }
}

TEST(Client, AnAnswerOverTheLimitIsAnErrorAndTheNextRequestWorks) {
  bool large = true;
  FakeApi api([&](const ApiRequest&, ApiResponse& response) {
    answer(response, 200, large ? "{\"a\":\"" + std::string(5000, 'x') + "\"}" : "{}");
  });
  const Stop stop;
  ClientOptions small = client_options();
  small.max_body_bytes = 4096;
  Client client(api.cluster(), stop, small);
  EXPECT_THAT(client.get(kOne).error().what, HasSubstr("larger than 4096 bytes"));
  large = false;
  EXPECT_TRUE(client.get(kOne));
}

TEST(Client, RefusedConnectionsSayWhereAndHint) {
  std::shared_ptr<Cluster> cluster;
  {
    FakeApi gone([](const ApiRequest&, ApiResponse&) {});
    cluster = gone.cluster();
  }
  const Stop stop;
  Client client(cluster, stop, client_options());
  const Outcome<json> got = client.get(kOne);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().failure, Failure::kConnect);
  EXPECT_EQ(got.error().what, "get secrets ns/one: connect to 127.0.0.1 port " +
                                  std::to_string(cluster->port) + ": Connection refused");
  EXPECT_THAT(got.error().hint, HasSubstr("is the API server running"));
}

TEST(Client, ANameThatDoesNotExistIsAnError) {
  auto cluster = std::make_shared<Cluster>();
  cluster->host = "does-not-exist.invalid";  // RFC 6761, section 6.4
  cluster->tls = false;
  const Stop stop;
  ClientOptions quick = client_options();
  quick.connect_timeout = milliseconds(2000);
  Client client(cluster, stop, quick);
  const Outcome<json> got = client.get(kOne);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().failure, Failure::kConnect);
  EXPECT_THAT(got.error().what, HasSubstr("resolve does-not-exist.invalid"));
}

TEST(Client, ReadsATokenFileAnewAfterA401AndRepeatsOnce) {
  const test::TemporaryDirectory directory;
  const std::string file = directory.file("token");
  ASSERT_TRUE(write_file_atomic(file, "old\n", 0600));
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    const bool good = request.header("Authorization") == "Bearer new";
    answer(response, good ? 200 : 401, good ? "{}" : status_body("Unauthorized", 401));
  });
  const auto cluster = api.cluster();
  cluster->token = {"", file};
  const Stop stop;
  Client client(cluster, stop, client_options());
  EXPECT_EQ(client.get(kOne).error().status, 401);
  EXPECT_EQ(api.requests().size(), 1U) << "the same token is not tried twice";
  ASSERT_TRUE(write_file_atomic(file, "new\n", 0600));
  EXPECT_TRUE(client.get(kOne));
  EXPECT_EQ(api.requests().size(), 3U);
}

// Without it the request would be one of nobody's, and the answer that nobody lacks a right.
TEST(Client, ATokenThatIsNoneIsNamedAndNothingIsAsked) {
  const smc::test::TemporaryDirectory directory;
  const std::string file = directory.file("token");
  FakeApi api([](const ApiRequest&, ApiResponse& response) { answer(response, 200, "{}"); });
  const auto cluster = api.cluster();
  cluster->token = {"", file};
  const Stop stop;
  Client client(cluster, stop, client_options());
  for (const char* text : {"", " \n", "two words", "two\nlines", "{\n}", "\x01", "t\xc3\xb6ken"}) {
    ASSERT_TRUE(write_file_atomic(file, text, 0600));
    const auto got = client.get(kOne);
    ASSERT_FALSE(got) << text;
    EXPECT_THAT(got.error().what, HasSubstr("get secrets ns/one: read the token: ")) << text;
    EXPECT_THAT(got.error().hint, HasSubstr("check the credentials in")) << text;
  }
  EXPECT_TRUE(api.requests().empty());
  ASSERT_TRUE(write_file_atomic(file, "abc.DEF-_~+/=\n", 0600));
  EXPECT_TRUE(client.get(kOne)) << "as soon as it is one";
}

TEST(Client, ATokenOfSixKiBPassesThrough) {
  const std::string token(6144, 't');
  FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    answer(response, request.header("Authorization") == "Bearer " + token ? 200 : 401, "{}");
  });
  const auto cluster = api.cluster();
  cluster->token.data = token;
  const Stop stop;
  Client client(cluster, stop, client_options());
  EXPECT_TRUE(client.get(kOne));
}

TEST(Client, ASlowServerIsGivenUpAfterTheRequestsTime) {
  FakeApi api(
      [](const ApiRequest&, ApiResponse& response) { stream(response, {"{"}, Ending::kHeld); });
  const Stop stop;
  ClientOptions quick = client_options();
  quick.request_timeout = milliseconds(100);
  Client client(api.cluster(), stop, quick);
  const Outcome<json> got = client.get(kOne);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().failure, Failure::kStream);
  EXPECT_THAT(got.error().what, HasSubstr("went silent"));
}

TEST(Client, ATricklingServerIsGivenUpToo) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    response.stream = [](std::string& part) {
      std::this_thread::sleep_for(milliseconds(5));
      part = " ";
      return Next::kMore;
    };
  });
  const Stop stop;
  ClientOptions quick = client_options();
  quick.request_timeout = milliseconds(200);
  Client client(api.cluster(), stop, quick);
  EXPECT_EQ(client.get(kOne).error().failure, Failure::kStream);
}

TEST(Client, ACutAnswerIsNoShorterAnswer) {
  FakeApi api(
      [](const ApiRequest&, ApiResponse& response) { stream(response, {"{}"}, Ending::kCut); });
  const Stop stop;
  Client client(api.cluster(), stop, client_options());
  const Outcome<json> got = client.get(kOne);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().failure, Failure::kStream);
}

TEST(Client, StopEndsARequestAtOnceAndAllLaterOnes) {
  std::atomic<bool> asked = false;
  FakeApi api([&](const ApiRequest&, ApiResponse& response) {
    asked = true;
    stream(response, {"{"}, Ending::kHeld);
  });
  Stop stop;
  Client client(api.cluster(), stop, client_options());
  std::thread stopper([&] {
    while (!asked) std::this_thread::sleep_for(milliseconds(1));
    stop.request();
  });
  const auto began = steady_clock::now();
  EXPECT_TRUE(client.get(kOne).error().stopped());
  stopper.join();
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(1));
  EXPECT_TRUE(client.get(kOne).error().stopped());
}

// A listening socket whose backlog is full swallows every further connection request.
TEST(Client, StopEndsAConnectThatGetsNoAnswer) {
  const Fd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), generic, size), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  ASSERT_EQ(::getsockname(listener.get(), generic, &size), 0);
  std::vector<Fd> fillers;
  for (int i = 0; i < 8; ++i) {
    fillers.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    EXPECT_LE(::connect(fillers.back().get(), generic, size), 0);
  }
  auto cluster = std::make_shared<Cluster>();
  cluster->host = "127.0.0.1";
  cluster->port = ntohs(address.sin_port);
  cluster->tls = false;
  Stop stop;
  Client client(cluster, stop, client_options());
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    stop.request();
  });
  const auto began = steady_clock::now();
  EXPECT_TRUE(client.get(kOne).error().stopped());
  stopper.join();
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(1));
}

}  // namespace
}  // namespace smc::kube
