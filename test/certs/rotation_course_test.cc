// A rotation from its beginning to its end, and from wherever a replica left it.
#include <gtest/gtest.h>

#include "certs/inspect.h"
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
