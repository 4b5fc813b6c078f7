// What comes next for every state of the Secret, the webhook object, the leaf and the clock.
#include "certs/rotation.h"

#include <set>

#include <gtest/gtest.h>

#include "certs/inspect.h"

namespace smc::certs {

void PrintTo(const Step::Kind& kind, std::ostream* out) {
  *out << step_name(kind);
}

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Step::Kind;

const Time kNow = std::chrono::system_clock::from_time_t(1'800'000'000);
const RotationWaits kWaits{seconds(60), hours(1)};
constexpr hours kDay{24};

// Made once: every case wants some, and a key takes time.
const KeyPair& ca(int number) {
  static const std::vector<KeyPair> made = [] {
    std::vector<KeyPair> out;
    for (int i = 0; i < 4; ++i) out.push_back(*make_authority(kNow));
    return out;
  }();
  return made.at(static_cast<std::size_t>(number));
}

std::string crt(int number) {
  return ca(number).certificate_pem;
}

ServedLeaf leaf_of(const KeyPair& authority, Time issued) {
  const auto pair = issue_serving(authority, {{"web.svc"}, {}}, issued);
  EXPECT_TRUE(pair) << pair.error().text();
  const CertificateInfo info = read_certificates(pair->certificate_pem)->front();
  return {*fingerprint(authority.certificate_pem), info.not_before, info.not_after,
          info.renew_at()};
}

std::set<std::string> members(const std::string& pem) {
  std::set<std::string> out;
  const auto infos = read_certificates(pem);
  if (infos)
    for (const auto& info : *infos) out.insert(info.sha256);
  return out;
}

std::set<std::string> authorities(std::initializer_list<int> numbers) {
  std::set<std::string> out;
  for (const int number : numbers) out.insert(*fingerprint(crt(number)));
  return out;
}

// CA 0 current, published and served; nothing to do.
Observed settled() {
  Observed out;
  out.now = kNow;
  out.secret.current = ca(0);
  out.bundles = {crt(0)};
  out.leaf = leaf_of(ca(0), kNow);
  out.remembered = ca(0);
  out.unchanged = hours(100);
  return out;
}

// CA 0 current, CA 1 published beside it.
Observed published() {
  Observed out = settled();
  out.secret.next = ca(1);
  out.bundles = {crt(0) + crt(1)};
  return out;
}

// CA 1 current and served, CA 0 still trusted.
Observed switched() {
  Observed out = settled();
  out.secret.current = ca(1);
  out.secret.previous = crt(0);
  out.bundles = {crt(1) + crt(0)};
  out.leaf = leaf_of(ca(1), kNow);
  out.remembered = ca(1);
  return out;
}

Step next(const Observed& observed) {
  return next_step(observed, kWaits);
}

Kind kind(const Observed& observed) {
  return next(observed).kind;
}

// ---- a new installation

TEST(Rotation, AnEmptySecretGetsACa) {
  Observed observed;
  observed.now = kNow;
  observed.bundles = {""};
  const Step step = next(observed);
  EXPECT_EQ(step.kind, Kind::kCreate);
  EXPECT_EQ(step.why, "the Secret is empty");
  const SharedAuthorities secret = after_step(step.kind, observed, ca(0));
  EXPECT_EQ(secret.current.key_pem, ca(0).key_pem);
  EXPECT_EQ(secret.previous, "");
}

TEST(Rotation, TheFirstLeafComesBeforeTheBundle) {
  Observed observed = settled();
  observed.leaf.reset();
  observed.bundles = {""};
  EXPECT_EQ(kind(observed), Kind::kIssueLeaf);
  observed.leaf = leaf_of(ca(0), kNow);
  EXPECT_EQ(kind(observed), Kind::kSetBundle);
}

TEST(Rotation, ThenNothingIsLeftToDoUntilTheLeafIsDue) {
  const Step step = next(settled());
  EXPECT_EQ(step.kind, Kind::kNone);
  EXPECT_GT(step.wait, hours(19)) << "two thirds of 30 days, capped at a day";
  Observed later = settled();
  later.now = later.leaf->renew_at - seconds(5);
  EXPECT_EQ(next(later).wait, seconds(5));
}

TEST(Rotation, AnAuthorityThatTheApiServerTrustsAlreadyStaysTrustedWhenANewOneIsMade) {
  Observed observed;
  observed.now = kNow;
  observed.bundles = {crt(2) + "rubbish", crt(3)};  // as of another mode of the chart
  const SharedAuthorities secret = after_step(Kind::kCreate, observed, ca(0));
  EXPECT_EQ(members(secret.previous), authorities({2, 3}));
}

// ---- caBundle

TEST(Rotation, ACaBundleThatSomebodyResetIsPutBack) {
  for (const std::string& bundle : {std::string(), std::string("rubbish"), crt(2), crt(0) + crt(2),
                                    crt(0) + "-----BEGIN CERTIFICATE-----\nx\n"}) {
    Observed observed = settled();
    observed.bundles = {bundle};
    const Step step = next(observed);
    EXPECT_EQ(step.kind, Kind::kSetBundle) << bundle;
    EXPECT_EQ(members(step.bundle), authorities({0}));
  }
}

TEST(Rotation, EveryWebhookOfTheObjectNeedsIt) {
  Observed observed = settled();
  observed.bundles = {crt(0), ""};
  EXPECT_EQ(kind(observed), Kind::kSetBundle);
  observed.bundles = {crt(0), crt(0)};
  EXPECT_EQ(kind(observed), Kind::kNone);
}

TEST(Rotation, OrderAndCommentsOfABundleAreNothingToFightOver) {
  Observed observed = switched();
  observed.unchanged = seconds(1);
  observed.bundles = {"# ours\n" + crt(0) + "\n\n" + crt(1)};
  EXPECT_EQ(kind(observed), Kind::kNone);
}

TEST(Rotation, WithoutAWebhookObjectThereIsNoBundleToSet) {
  Observed observed = settled();
  observed.bundles.clear();
  EXPECT_EQ(kind(observed), Kind::kNone);
  observed = published();
  observed.bundles.clear();
  EXPECT_EQ(kind(observed), Kind::kNone) << "nor a rotation to go on with";
}

// ---- the leaf

TEST(Rotation, ALeafIsRenewedAtTwoThirdsOfItsLife) {
  Observed observed = settled();
  observed.now = kNow + 19 * kDay;
  EXPECT_EQ(kind(observed), Kind::kNone);
  observed.now = kNow + 20 * kDay;
  EXPECT_EQ(kind(observed), Kind::kIssueLeaf);
}

TEST(Rotation, ALeafOfTheRememberedCaIsRenewedWhateverTheSecretHolds) {
  Observed observed = settled();
  observed.secret.current = {};
  observed.now = kNow + 20 * kDay;
  const Step step = next(observed);
  EXPECT_EQ(step.kind, Kind::kIssueLeaf);
  EXPECT_EQ(step.authority.key_pem, ca(0).key_pem);
}

TEST(Rotation, ALeafThatEndsWithItsCaIsNotIssuedAgainAndAgain) {
  Observed observed = settled();
  observed.now = kNow + 364 * kDay;
  observed.leaf = leaf_of(ca(0), observed.now);
  observed.now = kNow + kAuthorityLife - minutes(1);
  EXPECT_EQ(kind(observed), Kind::kPublish) << "the CA is what has to be renewed";
}

TEST(Rotation, AClockThatJumpsMakesANewLeaf) {
  Observed observed = settled();
  observed.leaf = leaf_of(ca(0), kNow + kDay);
  EXPECT_EQ(kind(observed), Kind::kIssueLeaf) << "it has not begun, by the API server's clock";
  observed = settled();
  observed.now = observed.leaf->not_after;
  EXPECT_EQ(kind(observed), Kind::kIssueLeaf);
}

TEST(Rotation, AClockThatJumpsOutOfTheCasLifeMakesANewCa) {
  for (const auto jump : {-hours(24), std::chrono::duration_cast<hours>(kAuthorityLife) + kDay}) {
    Observed observed = settled();
    observed.now = kNow + jump;
    const Step step = next(observed);
    EXPECT_EQ(step.kind, Kind::kCreate) << step.why;
    EXPECT_EQ(after_step(step.kind, observed, ca(1)).previous, "") << "the old one is of no use";
  }
}

// ---- rubbish in the Secret

TEST(Rotation, RubbishIsReplacedByTheRememberedCaSoThatNoRequestFails) {
  const std::vector<KeyPair> rubbish = {
      {"rubbish", ca(0).key_pem},
      {crt(0), "rubbish"},
      {crt(0), ca(1).key_pem},  // no pair
      {crt(0), ""},
      {"", ""},
      *issue_serving(ca(0), {{"web.svc"}, {}}, kNow),  // no CA
      *make_authority(kNow - kAuthorityLife - kDay),   // expired
  };
  for (const KeyPair& pair : rubbish) {
    Observed observed = settled();
    observed.secret.current = pair;
    const Step step = next(observed);
    EXPECT_EQ(step.kind, Kind::kRestore) << pair.certificate_pem;
    EXPECT_NE(step.why, "");
    EXPECT_EQ(after_step(step.kind, observed, {}).current.key_pem, ca(0).key_pem);
    observed.remembered = {};
    EXPECT_EQ(kind(observed), Kind::kCreate) << "a replica that has seen no good one";
    EXPECT_EQ(members(after_step(Kind::kCreate, observed, ca(1)).previous), authorities({0}))
        << "what is served stays trusted";
  }
}

TEST(Rotation, AGoodNextCaStandsInForACurrentOneThatIsOver) {
  Observed observed = published();
  observed.secret.current = *make_authority(kNow - kAuthorityLife - kDay);
  observed.remembered = observed.secret.current;
  observed.unchanged = milliseconds(0);
  const Step step = next(observed);
  EXPECT_EQ(step.kind, Kind::kSwitch);
  EXPECT_EQ(after_step(step.kind, observed, {}).current.key_pem, ca(1).key_pem);
}

TEST(Rotation, RubbishForTheNextCaIsReplaced) {
  for (const KeyPair& pair : {KeyPair{"rubbish", ""}, KeyPair{crt(1), ca(2).key_pem}, ca(0)}) {
    Observed observed = published();
    observed.secret.next = pair;
    EXPECT_EQ(kind(observed), Kind::kPublish);
  }
}

TEST(Rotation, RubbishForThePreviousCaIsDropped) {
  Observed observed = settled();
  observed.secret.previous = "rubbish";
  observed.unchanged = milliseconds(0);
  EXPECT_EQ(kind(observed), Kind::kPrune);
}

// ---- a CA that somebody else has put there

TEST(Rotation, AnotherCaIsTakenOnceTheApiServerTrustsIt) {
  Observed observed = settled();
  observed.secret.current = ca(2);
  const Step step = next(observed);
  EXPECT_EQ(step.kind, Kind::kSetBundle) << "what is served is trusted until then";
  EXPECT_EQ(members(step.bundle), authorities({2}));
  observed.bundles = {crt(2)};
  EXPECT_EQ(kind(observed), Kind::kIssueLeaf);
  observed.bundles = {""};
  EXPECT_EQ(kind(observed), Kind::kIssueLeaf) << "neither is trusted: nothing to lose";
}

// ---- rotation

TEST(Rotation, BeginsAtTwoThirdsOfTheCasLife) {
  Observed observed = settled();
  observed.now = read_certificates(crt(0))->front().renew_at();
  observed.leaf = leaf_of(ca(0), observed.now);
  const Step step = next(observed);
  EXPECT_EQ(step.kind, Kind::kPublish);
  const SharedAuthorities secret = after_step(step.kind, observed, ca(1));
  EXPECT_EQ(secret.current.key_pem, ca(0).key_pem);
  EXPECT_EQ(secret.next.key_pem, ca(1).key_pem);
}

TEST(Rotation, BeginsOnceForEachWish) {
  Observed observed = settled();
  observed.secret.rotate = "today";
  EXPECT_EQ(kind(observed), Kind::kPublish);
  const SharedAuthorities secret = after_step(Kind::kPublish, observed, ca(1));
  EXPECT_EQ(secret.rotated, "today");
  observed.secret.rotated = "today";
  EXPECT_EQ(kind(observed), Kind::kNone);
  observed.secret.rotate = "tomorrow";
  EXPECT_EQ(kind(observed), Kind::kPublish);
  observed.secret.rotate = "";
  EXPECT_EQ(kind(observed), Kind::kNone) << "the annotation was taken off";
}

TEST(Rotation, ANewCaAnswersAWishToo) {
  Observed observed;
  observed.now = kNow;
  observed.secret.rotate = "today";
  EXPECT_EQ(after_step(Kind::kCreate, observed, ca(0)).rotated, "today");
}

TEST(Rotation, BothAreTrustedBeforeTheLeavesChange) {
  Observed observed = published();
  observed.bundles = {crt(0)};
  const Step step = next(observed);
  EXPECT_EQ(step.kind, Kind::kSetBundle);
  EXPECT_EQ(members(step.bundle), authorities({0, 1}));
}

TEST(Rotation, SwitchesAfterTheBundleHasHeldBothForLongEnough) {
  Observed observed = published();
  observed.unchanged = seconds(59);
  const Step early = next(observed);
  EXPECT_EQ(early.kind, Kind::kNone);
  EXPECT_EQ(early.wait, seconds(1));
  observed.unchanged = seconds(60);
  EXPECT_EQ(kind(observed), Kind::kSwitch);
  const SharedAuthorities secret = after_step(Kind::kSwitch, observed, {});
  EXPECT_EQ(secret.current.key_pem, ca(1).key_pem);
  EXPECT_EQ(secret.next.certificate_pem + secret.next.key_pem, "");
  EXPECT_EQ(members(secret.previous), authorities({0}));
}

TEST(Rotation, AClockThatJumpsDoesNotShortenTheWaits) {
  Observed observed = published();
  observed.unchanged = seconds(1);
  observed.now = kNow + 10 * kDay;
  EXPECT_EQ(kind(observed), Kind::kNone);
}

TEST(Rotation, EachReplicaTakesALeafOfTheNewCaAfterTheSwitch) {
  Observed observed = switched();
  observed.leaf = leaf_of(ca(0), kNow);
  const Step step = next(observed);
  EXPECT_EQ(step.kind, Kind::kIssueLeaf);
  EXPECT_EQ(step.authority.key_pem, ca(1).key_pem);
}

TEST(Rotation, ThePreviousCaIsPrunedWhenEveryReplicaHasHadItsTime) {
  Observed observed = switched();
  observed.unchanged = minutes(59);
  EXPECT_EQ(kind(observed), Kind::kNone);
  EXPECT_EQ(next(observed).wait, minutes(1));
  observed.unchanged = hours(1);
  EXPECT_EQ(kind(observed), Kind::kPrune);
  observed.secret = after_step(Kind::kPrune, observed, {});
  const Step step = next(observed);
  EXPECT_EQ(step.kind, Kind::kSetBundle);
  EXPECT_EQ(members(step.bundle), authorities({1}));
}

TEST(Rotation, MayBeginAnewWhileThePreviousCaIsStillTrusted) {
  Observed observed = switched();
  observed.secret.rotate = "again";
  EXPECT_EQ(kind(observed), Kind::kPublish);
  observed.secret = after_step(Kind::kPublish, observed, ca(2));
  EXPECT_EQ(members(next(observed).bundle), authorities({0, 1, 2}));
  observed.secret = after_step(Kind::kSwitch, observed, {});
  EXPECT_EQ(members(observed.secret.previous), authorities({0, 1}));
}

TEST(Rotation, KeepsABoundedNumberOfPreviousCas) {
  Observed observed = switched();
  for (int i = 0; i < 10; ++i) {
    observed.secret = after_step(Kind::kPublish, observed, *make_authority(kNow));
    observed.secret = after_step(Kind::kSwitch, observed, {});
  }
  EXPECT_EQ(members(observed.secret.previous).size(), kMaxPrevious);
}

// A replica that dies after any step leaves a state from which another one comes to the same end,
// and at each step every replica's leaf is one that the API server trusts.
TEST(Rotation, GoesOnFromEveryStepWithNewReplicasAndNeverServesWhatIsNotTrusted) {
  for (int dies_after = 0; dies_after < 12; ++dies_after) {
    Observed observed = settled();
    observed.secret.rotate = "now";
    std::vector<Kind> kinds;
    for (int steps = 0; steps < 40; ++steps) {
      ASSERT_TRUE(!observed.leaf || all_trust(observed.bundles, observed.leaf->authority));
      const Step step = next(observed);
      kinds.push_back(step.kind);
      if (step.kind == Kind::kNone && observed.secret.previous.empty() &&
          observed.secret.next.certificate_pem.empty())
        break;
      if (step.kind == Kind::kNone) {
        observed.unchanged += step.wait;
        continue;
      }
      if (step.kind == Kind::kIssueLeaf)
        observed.leaf = leaf_of(step.authority, observed.now);
      else
        observed.unchanged = milliseconds(0);
      if (step.kind == Kind::kSetBundle) observed.bundles = {step.bundle};
      if (writes_secret(step.kind)) observed.secret = after_step(step.kind, observed, ca(1));
      if (steps == dies_after) {
        observed.leaf.reset();
        observed.remembered = {};
        observed.unchanged = milliseconds(0);
      }
    }
    EXPECT_EQ(kinds.back(), Kind::kNone);
    EXPECT_EQ(observed.secret.current.key_pem, ca(1).key_pem);
    EXPECT_EQ(members(observed.bundles[0]), authorities({1}));
    EXPECT_EQ(observed.leaf->authority, *fingerprint(crt(1)));
  }
}

}  // namespace
}  // namespace smc::certs
