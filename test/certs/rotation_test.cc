// What comes next for every state of the Secret, the webhook object, the leaf and the clock.
#include <gtest/gtest.h>

#include "test/certs/rotation_states.h"

namespace smc::certs {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Step::Kind;
using test::authorities;
using test::ca;
using test::crt;
using test::kDay;
using test::kind;
using test::kNow;
using test::leaf_of;
using test::members;
using test::next;
using test::published;
using test::settled;
using test::switched;

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
  observed.bundles = {crt(2) + "malformed", crt(3)};  // as of another mode of the chart
  const SharedAuthorities secret = after_step(Kind::kCreate, observed, ca(0));
  EXPECT_EQ(members(secret.previous), authorities({2, 3}));
}

// ---- caBundle

TEST(Rotation, ACaBundleThatSomebodyResetIsPutBack) {
  for (const std::string& bundle : {std::string(), std::string("malformed"), crt(2),
                                    crt(0) + crt(2), crt(0) + "-----BEGIN CERTIFICATE-----\nx\n"}) {
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

// ---- a malformed Secret

TEST(Rotation, AMalformedSecretIsReplacedByTheRememberedCaSoThatNoRequestFails) {
  const std::vector<KeyPair> malformed = {
      {"malformed", ca(0).key_pem},
      {crt(0), "malformed"},
      {crt(0), ca(1).key_pem},  // no pair
      {crt(0), ""},
      {"", ""},
      *issue_serving(ca(0), {{"web.svc"}, {}}, kNow),  // no CA
      *make_authority(kNow - kAuthorityLife - kDay),   // expired
  };
  for (const KeyPair& pair : malformed) {
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

TEST(Rotation, AMalformedNextCaIsReplaced) {
  for (const KeyPair& pair : {KeyPair{"malformed", ""}, KeyPair{crt(1), ca(2).key_pem}, ca(0)}) {
    Observed observed = published();
    observed.secret.next = pair;
    EXPECT_EQ(kind(observed), Kind::kPublish);
  }
}

TEST(Rotation, AMalformedPreviousCaIsDropped) {
  Observed observed = settled();
  observed.secret.previous = "malformed";
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

}  // namespace
}  // namespace smc::certs
