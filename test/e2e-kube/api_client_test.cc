// The Kubernetes client against a real API server: SMC_E2E_KUBECONFIG names an administrator's.
// Skipped where it is not set; scenarios/05-api-client.sh sets it.
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "kube/client.h"
#include "kube/watcher.h"

namespace smc::kube {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;

const Resource kNamespaces{"", "v1", "namespaces", false};
const Resource kServiceAccounts{"", "v1", "serviceaccounts", true};
const Resource kCrds{"apiextensions.k8s.io", "v1", "customresourcedefinitions", false};
const Resource kMeshConfigs{"istio.alibabacloud.com", "v1beta1", "asmmeshconfigs", false};

ClientOptions options() {
  ClientOptions out;
  out.user_agent = "smc-api-client-test/1";
  return out;
}

// A namespace of its own for each test, gone afterwards.
class ApiClient : public testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("SMC_E2E_KUBECONFIG");
    if (path == nullptr) GTEST_SKIP() << "SMC_E2E_KUBECONFIG is not set: no API server to talk to";
    std::signal(SIGPIPE, SIG_IGN);
    Result<Cluster> cluster = cluster_from_file(path);
    ASSERT_TRUE(cluster) << cluster.error().text();
    cluster_ = std::make_shared<Cluster>(*cluster);
    client_ = std::make_unique<Client>(cluster_, stop_, options());
    const Outcome<json> made = client_->create(
        {kNamespaces, "", "", ""}, {{"metadata", {{"generateName", "api-client-test-"}}}});
    ASSERT_TRUE(made) << made.error().what;
    ns_ = made->at("metadata").at("name");
  }

  void TearDown() override {
    if (ns_.empty()) return;
    EXPECT_TRUE(client_->remove({kNamespaces, "", ns_, ""}, nullptr));
  }

  Target secrets() const { return {kSecrets, ns_, "", ""}; }
  Target secret(const std::string& name) const { return {kSecrets, ns_, name, ""}; }

  static json secret_named(const std::string& name) {
    return {{"metadata", {{"name", name}, {"labels", {{"set", "test"}}}}},
            {"data", {{"key", base64_encode("value")}}}};
  }

  // The same server as the namespace's default service account, which may do nothing.
  std::shared_ptr<Cluster> powerless() {
    const Target account{kServiceAccounts, ns_, "default", ""};
    Outcome<json> found = client_->get(account);  // the controller makes it
    for (int i = 0; !found && i < 100; ++i) {
      stop_.sleep(milliseconds(100));
      found = client_->get(account);
    }
    const Outcome<json> token = client_->create({kServiceAccounts, ns_, "default", "token"},
                                                {{"apiVersion", "authentication.k8s.io/v1"},
                                                 {"kind", "TokenRequest"},
                                                 {"spec", {{"audiences", nullptr}}}});
    EXPECT_TRUE(token) << token.error().what;
    auto out = std::make_shared<Cluster>(*cluster_);
    out->client_certificate = {};
    out->client_key = {};
    out->token.data = token ? token->at("status").at("token").get<std::string>() : "";
    return out;
  }

  Stop stop_;
  std::shared_ptr<Cluster> cluster_;
  std::unique_ptr<Client> client_;
  std::string ns_;
};

TEST_F(ApiClient, CreatesReadsChangesAndRemoves) {
  ASSERT_TRUE(client_->create(secrets(), secret_named("a")));
  const Outcome<json> again = client_->create(secrets(), secret_named("a"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason, "AlreadyExists");

  Outcome<json> read = client_->get(secret("a"));
  ASSERT_TRUE(read);
  json changed = *read;
  changed["data"]["key"] = base64_encode("other");
  EXPECT_TRUE(client_->update(secret("a"), changed));
  const Outcome<json> stale = client_->update(secret("a"), changed);
  ASSERT_FALSE(stale) << "the resourceVersion is the lock";
  EXPECT_TRUE(stale.error().conflict());

  EXPECT_TRUE(client_->remove(secret("a"), nullptr));
  EXPECT_TRUE(client_->get(secret("a")).error().not_found());
}

TEST_F(ApiClient, PatchesInEachWay) {
  ASSERT_TRUE(client_->create(secrets(), secret_named("a")));
  const auto label = [](const Outcome<json>& object, const char* key) {
    return object ? object->at("metadata").at("labels").value(key, "") : object.error().what;
  };
  EXPECT_EQ(label(client_->patch(secret("a"), PatchType::kMerge,
                                 {{"metadata", {{"labels", {{"one", "1"}}}}}}),
                  "one"),
            "1");
  EXPECT_EQ(label(client_->patch(secret("a"), PatchType::kStrategic,
                                 {{"metadata", {{"labels", {{"two", "2"}}}}}}),
                  "two"),
            "2");
  EXPECT_EQ(
      label(client_->patch(
                secret("a"), PatchType::kJson,
                json::array({{{"op", "add"}, {"path", "/metadata/labels/three"}, {"value", "3"}}})),
            "three"),
      "3");
  const Outcome<json> locked =
      client_->patch(secret("a"), PatchType::kMerge, {{"metadata", {{"resourceVersion", "1"}}}});
  ASSERT_FALSE(locked);
  EXPECT_TRUE(locked.error().conflict());
}

TEST_F(ApiClient, ListsMoreThanAPage) {
  for (int i = 0; i < 120; ++i)
    ASSERT_TRUE(client_->create(secrets(), secret_named("s" + std::to_string(i))));
  const Outcome<List> all = client_->list(secrets(), {"set=test", ""});
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_EQ(all->items.size(), 120U);
  const Outcome<List> one = client_->list(secrets(), {"", "metadata.name=s7"});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->items.size(), 1U);
}

TEST_F(ApiClient, AMissingRightIsNamed) {
  Client client(powerless(), stop_, options());
  const Outcome<json> got = client.get(secret("a"));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().status, 403);
  EXPECT_EQ(got.error().reason, "Forbidden");
  EXPECT_THAT(got.error().hint, HasSubstr("the verb \"get\" on resource \"secrets\""));
  WatchRequest request;
  request.resource_version = "1";
  request.on_event = [](const WatchEvent&) {};
  EXPECT_THAT(client.watch(secrets(), request).error().hint, HasSubstr("the verb \"watch\""));
}

TEST_F(ApiClient, AWrongTokenIsUnauthorized) {
  auto wrong = std::make_shared<Cluster>(*cluster_);
  wrong->client_certificate = {};
  wrong->client_key = {};
  wrong->token.data = "wrong";
  Client client(wrong, stop_, options());
  const Outcome<json> got = client.get(secret("a"));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().status, 401);
  EXPECT_EQ(got.error().reason, "Unauthorized");
}

class Lines {
 public:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  std::string take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(30), [this] { return !lines_.empty(); }))
      return "nothing";
    std::string out = lines_.front();
    lines_.pop_front();
    return out;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;
};

WatchHandlers recording(Lines& lines) {
  WatchHandlers out;
  out.on_list = [&](const std::vector<json>& all) {
    lines.add("list " + std::to_string(all.size()));
  };
  out.on_change = [&](const WatchEvent& event) {
    lines.add(std::to_string(static_cast<int>(event.type)) + " " +
              event.object.at("metadata").at("name").get<std::string>());
  };
  out.on_lost = [&](const ApiError& error) { lines.add("lost " + std::to_string(error.status)); };
  out.on_recovered = [&] { lines.add("recovered"); };
  return out;
}

TEST_F(ApiClient, WatchesOneObjectByItsName) {
  ASSERT_TRUE(client_->create(secrets(), secret_named("other")));
  Lines lines;
  WatcherOptions quick;
  quick.client = options();
  quick.watch_timeout = std::chrono::seconds(2);  // several watches within the test
  const Watcher watcher(cluster_, secrets(), {"", "metadata.name=a"}, recording(lines), quick);
  EXPECT_EQ(lines.take(), "list 0");
  ASSERT_TRUE(client_->create(secrets(), secret_named("a")));
  EXPECT_EQ(lines.take(), "0 a");
  for (int i = 0; i < 6; ++i) {
    stop_.sleep(milliseconds(700));
    ASSERT_TRUE(client_->create(secrets(), secret_named("other" + std::to_string(i))));
    ASSERT_TRUE(client_->patch(secret("a"), PatchType::kMerge,
                               {{"metadata", {{"labels", {{"n", std::to_string(i)}}}}}}));
    EXPECT_EQ(lines.take(), "1 a");
  }
  ASSERT_TRUE(client_->remove(secret("a"), nullptr));
  EXPECT_EQ(lines.take(), "2 a");
}

json mesh_crd() {
  const json schema = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  return {
      {"metadata", {{"name", "asmmeshconfigs.istio.alibabacloud.com"}}},
      {"spec",
       {{"group", "istio.alibabacloud.com"},
        {"scope", "Cluster"},
        {"names",
         {{"plural", "asmmeshconfigs"}, {"singular", "asmmeshconfig"}, {"kind", "ASMMeshConfig"}}},
        {"versions", json::array({{{"name", "v1beta1"},
                                   {"served", true},
                                   {"storage", true},
                                   {"schema", {{"openAPIV3Schema", schema}}}}})}}}};
}

// The server keeps the changes of a resource since it began to serve it.
TEST_F(ApiClient, AnAncientVersionIsGone) {
  ASSERT_TRUE(client_->create({kCrds, "", "", ""}, mesh_crd()));
  Outcome<List> served = client_->list({kMeshConfigs, "", "", ""}, {});
  for (int i = 0; !served && i < 100; ++i) {  // established a moment after its creation
    stop_.sleep(milliseconds(100));
    served = client_->list({kMeshConfigs, "", "", ""}, {});
  }
  WatchRequest request;
  request.resource_version = "1";
  request.timeout = std::chrono::seconds(5);
  request.on_event = [](const WatchEvent&) {};
  const Outcome<void> ended = client_->watch({kMeshConfigs, "", "", ""}, request);
  EXPECT_FALSE(ended);
  if (!ended) {
    EXPECT_TRUE(ended.error().gone()) << ended.error().what;
  }
  EXPECT_TRUE(client_->remove({kCrds, "", "asmmeshconfigs.istio.alibabacloud.com", ""}, nullptr));
}

TEST_F(ApiClient, FollowsACustomResourceThroughItsRemovalAndReturn) {
  const Target crd{kCrds, "", "asmmeshconfigs.istio.alibabacloud.com", ""};
  // That of another test may be removed, and served still: the API server hears of both a moment
  // later, and would then serve neither for another moment.
  for (int i = 0; client_->list({kMeshConfigs, "", "", ""}, {}) && i < 100; ++i)
    stop_.sleep(milliseconds(100));
  const Outcome<json> first = client_->create({kCrds, "", "", ""}, mesh_crd());
  ASSERT_TRUE(first) << first.error().what;
  Lines lines;
  WatcherOptions quick;
  quick.client = options();
  quick.backoff = {milliseconds(50), milliseconds(500)};
  Outcome<List> served = client_->list({kMeshConfigs, "", "", ""}, {});
  for (int i = 0; !served && i < 100; ++i) {  // established a moment after its creation
    // Newer servers say 429 while they make the storage of the new kind.
    EXPECT_TRUE(served.error().not_found() || served.error().status == 429) << served.error().what;
    stop_.sleep(milliseconds(100));
    served = client_->list({kMeshConfigs, "", "", ""}, {});
  }
  {
    const Watcher watcher(cluster_, {kMeshConfigs, "", "", ""}, {"", "metadata.name=default"},
                          recording(lines), quick);
    EXPECT_EQ(lines.take(), "list 0");
    const json object = {
        {"apiVersion", "istio.alibabacloud.com/v1beta1"},
        {"kind", "ASMMeshConfig"},
        {"metadata", {{"name", "default"}}},
        {"spec", {{"smcEnabled", true}, {"ambientConfiguration", json::object()}}}};
    const Outcome<json> made = client_->create({kMeshConfigs, "", "", ""}, object);
    ASSERT_TRUE(made) << made.error().what;
    EXPECT_TRUE(made->at("spec").contains("ambientConfiguration"));
    EXPECT_EQ(lines.take(), "0 default");
    ASSERT_TRUE(client_->remove(crd, nullptr));
    EXPECT_EQ(lines.take(), "2 default");
    EXPECT_EQ(lines.take(), "lost 404");
    Outcome<json> back = client_->create({kCrds, "", "", ""}, mesh_crd());
    for (int i = 0; !back && i < 100; ++i) {  // the old one is still being removed
      stop_.sleep(milliseconds(100));
      back = client_->create({kCrds, "", "", ""}, mesh_crd());
    }
    ASSERT_TRUE(back) << back.error().what;
    std::string line = lines.take();
    while (line.starts_with("lost ")) line = lines.take();  // of the list as well as of the watch
    EXPECT_EQ(line, "list 0");
    EXPECT_EQ(lines.take(), "recovered");
  }
  EXPECT_TRUE(client_->remove(crd, nullptr));
}

}  // namespace
}  // namespace smc::kube
