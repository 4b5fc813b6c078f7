// The Secret of the shared CA is not there: who makes it, with which CA, and when nobody does.
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "certs/authority_objects.h"
#include "certs/inspect.h"
#include "test/certs/fixed_time.h"
#include "test/certs/shared_authority.h"

namespace smc::certs {

void PrintTo(const Step::Kind& kind, std::ostream* out) {
  *out << step_name(kind);
}

namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Step::Kind;

using test::kNow;
constexpr hours kDay{24};

KeyPair new_ca() {
  return *make_authority(kNow);
}

std::vector<std::string> fingerprints(const std::string& pem) {
  std::vector<std::string> out;
  const auto infos = read_certificates(pem);
  if (infos)
    for (const auto& info : *infos) out.push_back(info.sha256);
  return out;
}

// ---- what comes next

class MissingSecret : public testing::Test {
 protected:
  // No Secret; a webhook object that trusts `authority_`, which this replica remembers and serves.
  MissingSecret() {
    observed_.now = kNow;
    observed_.no_secret = true;
    observed_.bundles = {authority_.certificate_pem};
    observed_.remembered = authority_;
    observed_.leaf = {*fingerprint(authority_.certificate_pem), kNow, kNow + 30 * kDay,
                      kNow + 20 * kDay};
  }
  Kind kind() const { return next_step(observed_, RotationWaits()).kind; }

  const KeyPair authority_ = new_ca();
  Observed observed_;
};

TEST_F(MissingSecret, IsMadeWithTheCaThatIsRemembered) {
  const Step step = next_step(observed_, RotationWaits());
  EXPECT_EQ(step.kind, Kind::kRestore);
  EXPECT_EQ(step.why, "there is no Secret");
  const SharedAuthorities made = after_step(step.kind, observed_, {});
  EXPECT_EQ(made.current.key_pem, authority_.key_pem);
  EXPECT_EQ(made.previous, "");
}

TEST_F(MissingSecret, IsMadeWithANewCaWhereNoneIsRememberedOrItsTimeIsOver) {
  observed_.leaf.reset();
  observed_.remembered = {};
  EXPECT_EQ(kind(), Kind::kCreate);
  observed_.remembered = *make_authority(kNow - kAuthorityLife - kDay);
  EXPECT_EQ(kind(), Kind::kCreate);
}

// Replicas may remember different CAs: in the middle of a rotation, or after being cut off.
TEST_F(MissingSecret, LeavesEveryCaTrustedThatWasTrustedBefore) {
  const KeyPair other = new_ca();
  observed_.bundles = {other.certificate_pem + authority_.certificate_pem};
  EXPECT_THAT(fingerprints(after_step(Kind::kRestore, observed_, {}).previous),
              ElementsAre(*fingerprint(other.certificate_pem)));
  EXPECT_THAT(
      fingerprints(after_step(Kind::kCreate, observed_, new_ca()).previous),
      ElementsAre(*fingerprint(other.certificate_pem), *fingerprint(authority_.certificate_pem)));
}

TEST_F(MissingSecret, IsNotMadeWithoutAWebhookObject) {
  observed_.bundles.clear();
  EXPECT_EQ(kind(), Kind::kNone) << "nor with the remembered CA";
  observed_.leaf.reset();
  observed_.remembered = {};
  EXPECT_EQ(kind(), Kind::kNone);
  observed_.no_secret = false;
  EXPECT_EQ(kind(), Kind::kCreate) << "an empty one is filled, as Helm may make it first";
}

TEST_F(MissingSecret, KeepsNoLeafFromBeingRenewed) {
  observed_.bundles.clear();
  observed_.now = kNow + 20 * kDay;
  EXPECT_EQ(kind(), Kind::kIssueLeaf);
}

// ---- against an API server

class DeletedSecret : public testing::Test {
 protected:
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }

  std::size_t creations() const { return cluster_.requests("POST "); }

  SharedCluster cluster_;
};

TEST_F(DeletedSecret, ComesBackWithTheSameCaAndNoLeafChanges) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  const std::string key = cluster_.authorities().current.key_pem;
  const std::string bundle = cluster_.bundle();
  const std::string served = replica.leaf().serial;
  cluster_.remove(kSecretPath);
  ASSERT_TRUE(replica.took("restore"));
  EXPECT_EQ(cluster_.authorities().current.key_pem, key);
  EXPECT_EQ(cluster_.bundle(), bundle);
  EXPECT_EQ(replica.leaf().serial, served);
  EXPECT_TRUE(replica.is_ready()) << replica.why();
  EXPECT_EQ(replica.turns(), 0) << "nothing was wrong with the API server";
}

TEST_F(DeletedSecret, ComesBackWithWhatHelmAsksForAndAnOwner) {
  cluster_.remove(kSecretPath);
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  EXPECT_THAT(replica.steps(), ElementsAre("create", "issue", "bundle"));
  const json secret = cluster_.object(kSecretPath);
  EXPECT_EQ(secret["kind"], "Secret");
  EXPECT_EQ(secret["type"], "Opaque");
  EXPECT_EQ(secret["metadata"]["namespace"], "ns");
  EXPECT_EQ(secret["metadata"]["labels"], json({{"app.kubernetes.io/managed-by", "Helm"}}));
  EXPECT_EQ(secret["metadata"]["annotations"], json({{"meta.helm.sh/release-name", "smc"}}));
  const json owner = {{"apiVersion", "admissionregistration.k8s.io/v1"},
                      {"kind", "MutatingWebhookConfiguration"},
                      {"name", "hook"},
                      {"uid", "uid-of-hook"}};
  EXPECT_EQ(secret["metadata"]["ownerReferences"], json::array({owner}));
}

TEST_F(DeletedSecret, OfSomebodyWhoWasFirstIsTakenAsItIs) {
  const KeyPair theirs = *make_authority(std::chrono::system_clock::now());
  cluster_.remove(kSecretPath);
  cluster_.beat_to_it(with_authorities({{"metadata", {{"name", "ca"}}}}, {theirs, {}, {}, {}, {}}));
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  EXPECT_THAT(replica.steps(), ElementsAre("create conflict", "issue", "bundle"));
  EXPECT_EQ(cluster_.authorities().current.key_pem, theirs.key_pem);
  EXPECT_EQ(replica.issuer(), read_certificates(theirs.certificate_pem)->front().subject);
  EXPECT_EQ(replica.failures(), 0);
}

TEST_F(DeletedSecret, IsMadeOnceByTwoThatMissIt) {
  cluster_.remove(kSecretPath);
  Replica one(cluster_);
  Replica two(cluster_);
  ASSERT_TRUE(one.ready());
  ASSERT_TRUE(two.ready());
  EXPECT_EQ(one.issuer(), two.issuer());
  std::vector<std::string> steps = one.steps();
  for (const std::string& step : two.steps()) steps.push_back(step);
  EXPECT_EQ(std::count(steps.begin(), steps.end(), "create"), 1);
  EXPECT_EQ(read_certificates(cluster_.bundle())->size(), 1U);
}

TEST_F(DeletedSecret, StaysAwayWithTheWebhookObject) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  const json configuration = cluster_.object(kConfigurationPath);
  cluster_.remove(kConfigurationPath);
  ASSERT_TRUE(replica.not_ready_for("is not there"));
  cluster_.remove(kSecretPath);
  Replica late(cluster_);
  EXPECT_TRUE(
      late.not_ready_for("secrets ns/ca is not there, nor is "
                         "mutatingwebhookconfigurations.admissionregistration.k8s.io hook"));
  std::this_thread::sleep_for(milliseconds(700));  // a look without a reason is among them
  EXPECT_EQ(creations(), 0U);
  EXPECT_EQ(replica.failures() + late.failures(), 0);

  cluster_.store(kConfigurationPath, configuration);
  EXPECT_TRUE(replica.ready()) << "an upgrade brings it back";
  EXPECT_TRUE(late.ready());
  EXPECT_TRUE(soon([&] { return late.issuer() == replica.issuer(); })) << "whoever was first";
}

TEST_F(DeletedSecret, ThatMayNotBeMadeNamesTheRightAndTheWayOut) {
  Replica replica(cluster_);
  ASSERT_TRUE(replica.ready());
  const std::string key = cluster_.authorities().current.key_pem;
  cluster_.forbid({"create secrets"});
  testing::internal::CaptureStderr();
  cluster_.remove(kSecretPath);
  ASSERT_TRUE(replica.api_up(false));
  const std::size_t before = creations();
  std::this_thread::sleep_for(milliseconds(500));
  // Pauses of 25 ms or more once it has backed off.
  EXPECT_LT(creations() - before, 500 / 25 + 5);
  log::flush();
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_THAT(logged, AllOf(HasSubstr("create secrets in ns: 403 Forbidden"),
                            HasSubstr(R"(the verb \"create\" on resource \"secrets\")"),
                            HasSubstr("helm upgrade puts the Secret back")));
  EXPECT_EQ(logged.find("403 Forbidden"), logged.rfind("403 Forbidden")) << "once: " << logged;
  EXPECT_TRUE(replica.is_ready()) << "what is served is trusted: " << replica.why();

  cluster_.store(kSecretPath, {{"metadata", {{"name", "ca"}}}, {"data", nullptr}});
  EXPECT_TRUE(soon([&] { return cluster_.authorities().current.key_pem == key; }));
  EXPECT_TRUE(replica.api_up(true));
}

TEST_F(DeletedSecret, ThatMayNotBeMadeLeavesANewReplicaNotReady) {
  cluster_.remove(kSecretPath);
  cluster_.forbid({"create secrets"});
  Replica replica(cluster_);
  EXPECT_TRUE(replica.not_ready_for("create secrets in ns: 403 Forbidden")) << replica.why();
  cluster_.forbid({});
  EXPECT_TRUE(replica.ready()) << replica.why();
}

}  // namespace
}  // namespace smc::certs
