// The agent excludes destinations: before a pod is switched, and for pods that set themselves up.
#include <gmock/gmock.h>

#include "node-init/agent/pod_setups.h"
#include "test/node-init/agent/pod_setups_fixture.h"

namespace smc::node {
namespace {

using std::chrono::seconds;
using test::PodSetupsTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(PodSetupsTest, DestinationsAreExcludedBeforeThePodIsSwitched) {
  system_.pod().sysctls[kControlPath] = "\n";
  requests_.add(a_);
  requests_.all[a_].options.exclude_destinations = {{0, 0, 6379}};
  add_pod(a_, "100", 11);
  setups_.work();
  EXPECT_TRUE(is_set_up("100"));
  EXPECT_THAT(system_.writes,
              ElementsAre(StartsWith("ROUTE up"), StartsWith("ROUTE address"),
                          "SMC_PNETID ADD lo=PNA", "exclude :6379", HasSubstr("hs_ctrl"),
                          "SMC_PNETID ADD eth0=PNA", HasSubstr(kSwitchPath)));
  system_.writes.clear();
  pass(seconds(30));
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(PodSetupsTest, APodThatSetsItselfUpGetsItsDestinationsAlone) {
  system_.pod().sysctls[kControlPath] = "\n";
  PodRequest request{{"shop", "own"}, {}, true};
  request.options.exclude_destinations = {{0, 0, 6379}};
  requests_.all[a_] = request;
  add_pod(a_, "100", 11);
  pass(seconds(30));
  EXPECT_THAT(system_.writes, ElementsAre("exclude :6379", HasSubstr("hs_ctrl")));
  EXPECT_EQ(setups_.counters().done, 0U);
  EXPECT_THAT(setups_.early_containers(), IsEmpty());
}

TEST_F(PodSetupsTest, DestinationsThatAreRefusedAreTriedAgain) {
  system_.pod().sysctls[kControlPath] = "\n";
  lists_.refuses = true;
  PodRequest request{{"shop", "own"}, {}, true};
  request.options.exclude_destinations = {{0, 0, 6379}};
  requests_.all[a_] = request;
  add_pod(a_, "100", 11);
  pass(seconds(1));
  EXPECT_GT(setups_.counters().failed, 1U);
  lists_.refuses = false;
  pass(seconds(10));
  EXPECT_THAT(system_.writes, ElementsAre("exclude :6379", HasSubstr("hs_ctrl")));
}

TEST_F(PodSetupsTest, ListsOfNamespacesThatAreGoneAreForgotten) {
  pass(seconds(20));
  EXPECT_THAT(lists_.kept, IsEmpty());  // as long as there are none, nobody looks
  lists_.any = true;
  add_pod(a_, "100", 11);
  pass(seconds(20));
  EXPECT_THAT(lists_.kept, ElementsAre(11, 4026531840));
}

TEST_F(PodSetupsTest, OnAKernelWithoutHandshakeControlAPodThatSetsItselfUpIsLeftToItself) {
  PodRequest request{{"shop", "own"}, {}, true};
  request.options.exclude_destinations = {{0, 0, 6379}};
  requests_.all[a_] = request;
  add_pod(a_, "100", 11);
  pass(seconds(30));
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_EQ(setups_.counters().failed, 0U);
  EXPECT_EQ(visits("100"), 1U);
}

}  // namespace
}  // namespace smc::node
