// Values that the chart refuses: the message names the key.
#include <ostream>

#include "test/chart/chart.h"

namespace smc::chart {
namespace {

struct Refusal {
  std::string name;
  std::vector<std::string> set;
  std::string named;  // what the message must contain
  std::string kube_version = "1.30.0";

  friend void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }
};

class Refused : public ::testing::TestWithParam<Refusal> {
 protected:
  void SetUp() override {
    if (!find_helm()) GTEST_SKIP() << "no Helm here: scripts/fetch-kube-tools brings it";
  }
};

const std::vector<Refusal> kRefusals = {
    {"AnUnknownKey", {"webhok.replicas=3"}, "webhok"},
    {"AnUnknownKeyDeepDown", {"webhook.server.maxBodyByte=3"}, "maxBodyByte"},
    {"AnImageTagThatMoves", {"webhook.image.tag=latest"}, "/webhook/image/tag"},
    {"AnInjectedImageTagThatMoves", {"initContainer.image.tag=latest"}, "/initContainer/image/tag"},
    {"ADigestThatIsNone", {"agent.image.digest=sha256:12"}, "/agent/image/digest"},
    {"AFailurePolicyThatIsNone", {"admission.failurePolicy=fail"}, "/admission/failurePolicy"},
    {"ATimeoutThatTheApiServerRefuses",
     {"admission.timeoutSeconds=31"},
     "/admission/timeoutSeconds"},
    {"ACertificateModeThatIsNone", {"certificates.mode=helm"}, "/certificates/mode"},
    {"APullSecretOfTheUmbrellaThatIsNone",
     {"global.imagePullSecrets[0].nam=x"},
     "/global/imagePullSecrets/0"},
    {"ACommonAnnotationOfHelms", {R"(commonAnnotations.helm\.sh/hook=test)"}, "helm.sh/hook"},
    {"ADnsPolicyThatIsNone", {"webhook.dnsPolicy=None"}, "/webhook/dnsPolicy"},
    {"AListenAddressThatIsNone", {"agent.listenAddress=localhost"}, "/agent/listenAddress"},
    {"ANetworkPolicyForPodsOfTheNodesNetwork",
     {"webhook.hostNetwork=true", "networkPolicy.enabled=true"},
     "networkPolicy.enabled"},
    {"MetricsThatPrometheusCannotReach",
     {"agent.listenAddress=127.0.0.1", "monitoring.serviceMonitor.enabled=true"},
     "agent.listenAddress"},
    {"AScrapeTimeoutLongerThanTheInterval",
     {"monitoring.serviceMonitor.scrapeTimeout=1m"},
     "monitoring.serviceMonitor.scrapeTimeout"},
    {"AnObjectPolicyThatTheClusterHasNot",
     {"webhook.objectPolicy=on"},
     "webhook.objectPolicy",
     "1.29.0"},
    {"AnInitModeThatIsNone", {"initContainer.mode=root"}, "/initContainer/mode"},
    {"AnOverrideThatIsNone",
     {"injection.overrides.allowed[0]=image"},
     "/injection/overrides/allowed/0"},
    {"ADestinationThatIsNone",
     {"injection.excludeDestinations[0]=10.0.0.7"},
     "/injection/excludeDestinations/0"},
    {"ADestinationOfIpv6",
     {"injection.excludeDestinations[0]=fd00::/8"},
     "/injection/excludeDestinations/0"},
    {"AQuantityThatIsNone",
     {"initContainer.resources.memory=32MB"},
     "/initContainer/resources/memory"},
    {"ALabelKeyThatIsNone", {"injection.affinity.key=a b"}, "/injection/affinity/key"},
    {"NoLabelValue", {"injection.affinity.values={x y}"}, "/injection/affinity/values/0"},
    {"ADurationThatIsNone", {"webhook.server.drainDelay=5"}, "/webhook/server/drainDelay"},
    {"AnIdleTimeoutShorterThanTheApiServers",
     {"webhook.server.idleTimeout=90s"},
     "webhook.server.idleTimeout"},
    {"ARequestTimeoutLongerThanTheApiServers",
     {"webhook.server.requestTimeout=1m"},
     "webhook.server.requestTimeout"},
    {"ACommonLabelOfTheChartsOwn",
     {R"(commonLabels.app\.kubernetes\.io/name=x)"},
     "app.kubernetes.io/name"},
    {"AnExistingSecretWithoutName",
     {"certificates.mode=existingSecret", "certificates.existingSecret.caBundle=QUJD"},
     "certificates.existingSecret.name"},
    {"AnExistingSecretWithoutCaBundle",
     {"certificates.mode=existingSecret", "certificates.existingSecret.name=tls"},
     "certificates.existingSecret.caBundle"},
    {"ASecretThatTheModeDoesNotUse",
     {"certificates.existingSecret.name=tls"},
     "certificates.existingSecret"},
    {"AMeshKubeconfigThatNobodyReads",
     {"mesh.watch=false", "mesh.kubeconfigSecret.name=x"},
     "mesh.kubeconfigSecret.name"},
    {"MoreReplicasAtLeastThanAtMost",
     {"webhook.autoscaling.enabled=true", "webhook.autoscaling.minReplicas=7"},
     "webhook.autoscaling.minReplicas"},
    {"OnePortForTwoListeners", {"webhook.healthPort=8443"}, "webhook.healthPort"},
    {"AGracePeriodShorterThanTheDrain",
     {"webhook.terminationGracePeriodSeconds=15"},
     "webhook.terminationGracePeriodSeconds"},
    {"ADrainLongerThanTheGracePeriod",
     {"webhook.server.drainDelay=1m"},
     "webhook.terminationGracePeriodSeconds"},
    {"MatchConditionsThatTheClusterHasNot",
     {"admission.matchConditions=on"},
     "admission.matchConditions",
     "1.27.0"},
    {"ANodePolicyThatTheClusterHasNot", {"agent.nodePolicy=on"}, "agent.nodePolicy", "1.29.0"},
    {"NoServiceAccount", {"webhook.serviceAccount.create=false"}, "webhook.serviceAccount.name"},
    {"AClusterThatIsTooOld", {}, "1.20.0-0", "1.19.0"},
};

INSTANTIATE_TEST_SUITE_P(Values, Refused, ::testing::ValuesIn(kRefusals),
                         [](const auto& param) { return param.param.name; });

TEST_P(Refused, WithAMessageThatNamesTheKey) {
  const Rendering rendering =
      render({.kube_version = GetParam().kube_version, .set = GetParam().set});
  EXPECT_NE(rendering.status, 0) << rendering.text;
  EXPECT_NE(rendering.text.find(GetParam().named), std::string::npos) << rendering.text;
}

}  // namespace
}  // namespace smc::chart
