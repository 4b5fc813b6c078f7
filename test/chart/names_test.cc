// Names: two releases side by side, and the order in which the API server calls webhooks.
#include <set>

#include "test/chart/chart.h"

namespace smc::chart {
namespace {

using Names = ChartTest;

std::set<std::string> identities(const Release& release) {
  const Rendering& rendering = render(release);
  EXPECT_EQ(rendering.status, 0) << rendering.text;
  std::set<std::string> out;
  for (const auto& object : rendering.objects) {
    out.insert(object["kind"].get<std::string>() + " " + object["metadata"].value("namespace", "") +
               "/" + object["metadata"]["name"].get<std::string>());
  }
  return out;
}

void expect_disjoint(const Release& a, const Release& b) {
  const auto ours = identities(a);
  EXPECT_GT(ours.size(), 10U);
  for (const std::string& id : identities(b))
    EXPECT_FALSE(ours.contains(id)) << "both releases have " << id;
}

TEST_F(Names, TwoReleasesInOneNamespaceShareNothing) {
  expect_disjoint({.name = "a"}, {.name = "b"});
}

TEST_F(Names, OneReleaseNameInTwoNamespacesSharesNothing) {
  expect_disjoint({.name = "a", .ns = "one"}, {.name = "a", .ns = "two"});
}

// "a-b" in "c" and "a" in "b-c" would meet if the parts were joined with a character that both may
// have.
TEST_F(Names, PartsOfANameCannotBeTakenForOneAnother) {
  expect_disjoint({.name = "a-b", .ns = "c"}, {.name = "a", .ns = "b-c"});
  expect_disjoint({.name = "a.b", .ns = "c"}, {.name = "a", .ns = "c"});
}

TEST_F(Names, OfALongReleaseNameStayWithinTheLimits) {
  const Rendering& rendering = render({.name = std::string(53, 'r'), .ns = std::string(63, 'n')});
  ASSERT_EQ(rendering.status, 0) << rendering.text;
  for (const auto& object : rendering.objects) {
    const std::string name = object["metadata"]["name"];
    EXPECT_LE(name.size(), object["metadata"].contains("namespace") && object["kind"] != "Role" &&
                                   object["kind"] != "RoleBinding"
                               ? 63U
                               : 253U)
        << name;
  }
}

TEST_F(Names, WebhookConfigurationSortsAfterTheSidecarInjectorWhateverTheReleaseIsCalled) {
  const auto webhook = render({.name = "a"}).only("MutatingWebhookConfiguration", "webhook");
  EXPECT_GT(webhook["metadata"]["name"].get<std::string>(),
            "istio-sidecar-injector-default-istio-system");
}

TEST_F(Names, FollowTheOverrides) {
  EXPECT_EQ(
      render({.set = {"fullnameOverride=mine"}}).only("Deployment", "webhook")["metadata"]["name"],
      "mine");
  EXPECT_EQ(
      render({.set = {"nameOverride=mine"}}).only("Deployment", "webhook")["metadata"]["name"],
      "smc-mine");
}

}  // namespace
}  // namespace smc::chart
