// One and two replicas against an API server that holds a Secret and a webhook object, loses them,
// refuses and goes away on demand.
#include "certs/cluster_authority.h"

#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/keys.h"
#include "certs/authority_objects.h"
#include "certs/inspect.h"
#include "test/certs/shared_authority.h"

namespace smc::certs {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;

class ClusterAuthorityTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }

  std::string subject() {
    return read_certificates(cluster_.authorities().current.certificate_pem)->front().subject;
  }
  std::size_t trusted() {
    const auto infos = read_certificates(cluster_.bundle());
    return infos ? infos->size() : 0;
  }
  void reset_bundle(const std::string& text) {
    cluster_.change(kConfigurationPath, [&](json& object) {
      object["webhooks"][0]["clientConfig"]["caBundle"] = base64_encode(text);
    });
  }

  SharedCluster cluster_;
};

TEST_F(ClusterAuthorityTest, FillsAnEmptySecretAndIsReadyWhenTheBundleTrustsIt) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  EXPECT_THAT(replica.steps(), ElementsAre("create", "issue", "bundle"));
  EXPECT_EQ(replica.issuer(), subject());
  EXPECT_THAT(replica.leaf().names.dns, ElementsAre("web.ns.svc"));
  const json secret = cluster_.object(kSecretPath);
  EXPECT_EQ(secret["metadata"]["labels"]["kept"], "yes");
  EXPECT_EQ(cluster_.object(kConfigurationPath)["webhooks"][0]["clientConfig"]["service"]["name"],
            "x");
}

TEST_F(ClusterAuthorityTest, ReplicasAgreeOnOneCa) {
  Replica one(cluster_);
  Replica two(cluster_);
  ASSERT_TRUE(one.ready());
  ASSERT_TRUE(two.ready());
  EXPECT_EQ(one.issuer(), subject());
  EXPECT_EQ(two.issuer(), subject());
  EXPECT_NE(one.leaf().serial, two.leaf().serial) << "each has a key of its own";
  EXPECT_EQ(trusted(), 1U);
}

TEST_F(ClusterAuthorityTest, PutsBackACaBundleThatSomebodyReset) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  const std::string before = cluster_.bundle();
  for (const char* text : {"", "malformed"}) {
    reset_bundle(text);
    EXPECT_TRUE(soon([&] { return cluster_.bundle() == before; })) << text;
    EXPECT_TRUE(replica.ready());
  }
}

TEST_F(ClusterAuthorityTest, DoesNotFightForEver) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  const auto end = steady_clock::now() + milliseconds(600);
  const std::size_t before = cluster_.requests();
  while (steady_clock::now() < end) reset_bundle("");
  // The burst, some doublings, then one write for each pause of 25 ms or more; each is three
  // requests.
  EXPECT_LT(cluster_.requests() - before, 3 * (10 + 5 + 600 / 25));
}

TEST_F(ClusterAuthorityTest, AMalformedSecretIsReplacedByTheSameCa) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  const std::string before = cluster_.authorities().current.key_pem;
  const std::string served = replica.leaf().serial;
  cluster_.change(kSecretPath, [](json& object) { object["data"]["ca.crt"] = "cnViYmlzaA=="; });
  EXPECT_TRUE(replica.took("restore"));
  EXPECT_EQ(cluster_.authorities().current.key_pem, before);
  EXPECT_EQ(replica.leaf().serial, served);
}

TEST_F(ClusterAuthorityTest, AMalformedSecretAtTheStartIsReplacedByANewCa) {
  cluster_.change(kSecretPath, [](json& object) {
    object["data"] = {{"ca.crt", "cnViYmlzaA=="}, {"ca.key", "cnViYmlzaA=="}};
  });
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  EXPECT_EQ(replica.steps().front(), "create");
}

TEST_F(ClusterAuthorityTest, RotatesOnRequestWithBothTrustedInBetween) {
  Replica one(cluster_, {milliseconds(200), milliseconds(200)});
  Replica two(cluster_, {milliseconds(200), milliseconds(200)});
  ASSERT_TRUE(one.ready());
  ASSERT_TRUE(two.ready());
  const std::string old_subject = subject();
  cluster_.change(kSecretPath, [](json& object) {
    object["metadata"]["annotations"][std::string(kRotateAnnotation)] = "now";
  });
  EXPECT_TRUE(soon([&] { return trusted() == 2; }));
  EXPECT_EQ(one.issuer(), old_subject) << "no leaf changes before the API server has both";
  EXPECT_TRUE(soon([&] { return one.issuer() != old_subject && two.issuer() != old_subject; }));
  EXPECT_TRUE(soon([&] { return trusted() == 1; }));
  EXPECT_EQ(one.issuer(), subject());
  EXPECT_EQ(two.issuer(), subject());
  EXPECT_EQ(cluster_.authorities().previous, "");
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(one.issuer(), subject()) << "one request is one rotation";
  EXPECT_TRUE(one.is_ready());
}

TEST_F(ClusterAuthorityTest, AReplicaThatComesInTheMiddleOfARotationGoesOnWithIt) {
  {
    Replica dies(cluster_, {hours(1), hours(1)});
    ASSERT_TRUE(dies.ready());
    cluster_.change(kSecretPath, [](json& object) {
      object["metadata"]["annotations"][std::string(kRotateAnnotation)] = "now";
    });
    ASSERT_TRUE(soon([&] { return trusted() == 2; }));
  }
  const std::string next = cluster_.authorities().next.key_pem;
  Replica replica(cluster_);
  ASSERT_TRUE(replica.took("prune"));
  EXPECT_TRUE(soon([&] { return trusted() == 1; }));
  EXPECT_EQ(cluster_.authorities().current.key_pem, next);
}

TEST_F(ClusterAuthorityTest, ACaThatIsAboutToExpireIsRotatedByItself) {
  const auto old = make_authority(std::chrono::system_clock::now() - kAuthorityLife + hours(1));
  cluster_.change(kSecretPath,
                  [&](json& object) { object = with_authorities(object, {*old, {}, {}, {}, {}}); });
  Replica replica(cluster_);
  ASSERT_TRUE(replica.took("prune"));
  EXPECT_NE(cluster_.authorities().current.key_pem, old->key_pem);
}

TEST_F(ClusterAuthorityTest, ServesOnAndStaysReadyWhileTheApiServerIsAway) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  cluster_.set_down(true);
  ASSERT_TRUE(replica.api_up(false));
  const std::size_t before = cluster_.requests();
  std::this_thread::sleep_for(milliseconds(500));
  // Three threads, each with pauses of 25 ms or more once it has backed off, two requests at most.
  EXPECT_LT(cluster_.requests() - before, 3 * 2 * (500 / 25 + 5));
  EXPECT_TRUE(replica.is_ready()) << replica.why();
  EXPECT_GT(replica.failures(), 0);
  cluster_.set_down(false);
  EXPECT_TRUE(replica.api_up(true));
  reset_bundle("");
  EXPECT_TRUE(soon([&] { return trusted() == 1; }));
}

TEST_F(ClusterAuthorityTest, EachMissingRightIsNamed) {
  for (const char* right : {"get secrets", "update secrets", "get mutatingwebhookconfigurations",
                            "patch mutatingwebhookconfigurations"}) {
    SharedCluster cluster;
    cluster.forbid({right});
    Replica replica(cluster);
    EXPECT_TRUE(replica.not_ready_for(right)) << right << ": " << replica.why();
    EXPECT_TRUE(replica.not_ready_for("403")) << replica.why();
    cluster.forbid({});
    EXPECT_TRUE(replica.ready()) << right << ": " << replica.why();
  }
}

TEST_F(ClusterAuthorityTest, WithoutAWatchChangesAreNoticedLate) {
  cluster_.forbid({"watch secrets", "list mutatingwebhookconfigurations"});
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  EXPECT_TRUE(replica.api_up(false));
  reset_bundle("");
  EXPECT_TRUE(soon([&] { return trusted() == 1; }));
}

TEST_F(ClusterAuthorityTest, AMissingRightIsOneTroubleUntilItIsBack) {
  cluster_.forbid({"update secrets"});
  Replica replica(cluster_);
  ASSERT_TRUE(replica.api_up(false));
  // Some rounds, in each of which the objects can be read.
  ASSERT_TRUE(soon([&] { return replica.failures() >= 5; }));
  EXPECT_EQ(replica.turns(), 1);
  cluster_.forbid({});
  ASSERT_TRUE(replica.ready()) << replica.why();
  EXPECT_TRUE(replica.api_up(true));
  EXPECT_EQ(replica.turns(), 2);
}

TEST_F(ClusterAuthorityTest, AChangeEndsTheWaitAfterAFailure) {
  cluster_.forbid({"update secrets"});
  Replica replica(cluster_, {milliseconds(50), milliseconds(80)}, {hours(1), hours(1)});
  ASSERT_TRUE(replica.api_up(false));
  cluster_.forbid({});
  cluster_.change(kSecretPath, [](json& object) { object["metadata"]["labels"]["a"] = "b"; });
  EXPECT_TRUE(replica.ready()) << replica.why();
}

TEST_F(ClusterAuthorityTest, AWebhookObjectThatIsDeletedAndComesBackIsFilledAgain) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  json configuration = cluster_.object(kConfigurationPath);
  cluster_.remove(kConfigurationPath);
  EXPECT_TRUE(replica.not_ready_for("is not there"));
  configuration["webhooks"][0]["clientConfig"].erase("caBundle");
  cluster_.store(kConfigurationPath, configuration);
  EXPECT_TRUE(replica.ready());
}

TEST_F(ClusterAuthorityTest, TheApiServersClockJudges) {
  cluster_.set_clock(hours(24 * 365 * 3));
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  EXPECT_GT(replica.leaf().not_before, std::chrono::system_clock::now() + hours(24 * 365 * 2));
  cluster_.set_clock(hours(0));
  EXPECT_TRUE(soon([&] { return replica.leaf().not_before < std::chrono::system_clock::now(); }))
      << "it jumps back, and the CA has not begun";
  EXPECT_TRUE(replica.ready());
}

TEST_F(ClusterAuthorityTest, StopsAtOnceWhateverItWaitsFor) {
  for (const bool down : {false, true}) {
    cluster_.set_down(down);
    auto replica = std::make_unique<Replica>(cluster_);
    if (!down) {
      ASSERT_TRUE(replica->ready());
    }
    const auto began = steady_clock::now();
    replica.reset();
    EXPECT_LT(steady_clock::now() - began, seconds(1));
  }
}

}  // namespace
}  // namespace smc::certs
