// The MutatingWebhookConfiguration.
#include <algorithm>

#include "test/chart/chart.h"

namespace smc::chart {
namespace {

class WebhookObject : public ChartTest {
 protected:
  static nlohmann::json webhook(const Release& release) {
    const auto object = render(release).only("MutatingWebhookConfiguration", "webhook");
    EXPECT_EQ(object["webhooks"].size(), 1U);
    return object["webhooks"][0];
  }
};

TEST_F(WebhookObject, AsksAboutThePodsThatAreCreatedAndNothingElse) {
  const auto rules = webhook({})["rules"];
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0], nlohmann::json::parse(
                          R"({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                                                "operations": ["CREATE"], "scope": "Namespaced"})"));
}

TEST_F(WebhookObject, SaysEverythingThatTheApiServerWouldOtherwiseDefault) {
  const auto hook = webhook({});
  EXPECT_EQ(hook["failurePolicy"], "Ignore");
  EXPECT_EQ(hook["reinvocationPolicy"], "IfNeeded");
  EXPECT_EQ(hook["matchPolicy"], "Equivalent");
  EXPECT_EQ(hook["timeoutSeconds"], 5);
  EXPECT_EQ(hook["sideEffects"], "None");
  EXPECT_EQ(hook["admissionReviewVersions"], nlohmann::json({"v1"}));
}

TEST_F(WebhookObject, PoliciesAreValues) {
  const auto hook =
      webhook({.set = {"admission.failurePolicy=Fail", "admission.reinvocationPolicy=Never",
                       "admission.timeoutSeconds=10"}});
  EXPECT_EQ(hook["failurePolicy"], "Fail");
  EXPECT_EQ(hook["reinvocationPolicy"], "Never");
  EXPECT_EQ(hook["timeoutSeconds"], 10);
}

TEST_F(WebhookObject, EventsAreASideEffectThatDryRunsDoNotHave) {
  EXPECT_EQ(webhook({.set = {"events.enabled=true"}})["sideEffects"], "NoneOnDryRun");
}

TEST_F(WebhookObject, LeavesOutTheClustersCoreAndItsOwnNamespace) {
  const auto expressions = webhook({})["namespaceSelector"]["matchExpressions"];
  ASSERT_EQ(expressions.size(), 1U);
  EXPECT_EQ(expressions[0],
            nlohmann::json::parse(R"({"key": "kubernetes.io/metadata.name", "operator": "NotIn",
                                                      "values": ["kube-system", "smc-system"]})"));
}

TEST_F(WebhookObject, TakesMoreExpressionsForTheNamespaces) {
  const auto hook = webhook({.set = {"admission.namespaceSelector[0].key=mesh",
                                     "admission.namespaceSelector[0].operator=Exists"}});
  EXPECT_EQ(hook["namespaceSelector"]["matchExpressions"].size(), 2U);
}

// Guarded, since an expression that errors counts as a failed call; any value, since a typo must be
// warned about.
TEST_F(WebhookObject, MatchConditionAsksForTheKeyOnly) {
  const auto conditions = webhook({.kube_version = "1.30.0"})["matchConditions"];
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0]["expression"],
            "has(object.metadata.annotations) && 'smc.asm.alibabacloud.com/enabled' in "
            "object.metadata.annotations");
}

TEST_F(WebhookObject, MatchConditionsCanBeSwitched) {
  EXPECT_FALSE(webhook({.kube_version = "1.28.0"}).contains("matchConditions"));
  EXPECT_TRUE(webhook({.kube_version = "1.28.0", .set = {"admission.matchConditions=on"}})
                  .contains("matchConditions"));
  EXPECT_FALSE(webhook({.set = {"admission.matchConditions=off"}}).contains("matchConditions"));
}

// Rendered, it would be fought over with the webhook that keeps it right.
TEST_F(WebhookObject, HasNoCaBundleUnlessTheUserGivesOne) {
  EXPECT_FALSE(webhook({})["clientConfig"].contains("caBundle"));
  EXPECT_FALSE(
      webhook({.set = {"certificates.mode=certManager"}})["clientConfig"].contains("caBundle"));
  EXPECT_EQ(
      webhook({.set = {"certificates.mode=existingSecret", "certificates.existingSecret.name=tls",
                       "certificates.existingSecret.caBundle=QUJD"}})["clientConfig"]["caBundle"],
      "QUJD");
}

TEST_F(WebhookObject, CertManagerFindsItsCertificateByTheAnnotation) {
  const Rendering& rendering = render({.set = {"certificates.mode=certManager"}});
  const auto certificate = rendering.only("Certificate", "webhook");
  EXPECT_EQ(rendering.only("MutatingWebhookConfiguration",
                           "webhook")["metadata"]["annotations"]["cert-manager.io/inject-ca-from"],
            "smc-system/" + certificate["metadata"]["name"].get<std::string>());
  EXPECT_EQ(certificate["spec"]["dnsNames"], nlohmann::json({"smc-smc-webhook.smc-system.svc"}));
}

// The webhook is told the objects by the names that the chart gives them.
TEST_F(WebhookObject, IsKeptByTheWebhookWhereThatIssuesItsOwnCertificate) {
  for (const Release& release : {Release{}, Release{.set = {"fullnameOverride=other"}}}) {
    const Rendering& rendering = render(release);
    const auto args = rendering.only(
        "Deployment", "webhook")["spec"]["template"]["spec"]["containers"][0]["args"];
    const auto has = [&args](const std::string& flag) {
      return std::find(args.begin(), args.end(), flag) != args.end();
    };
    const std::string service = rendering.only("Service", "webhook")["metadata"]["name"];
    const std::string secret = rendering.only("Secret", "webhook")["metadata"]["name"];
    const std::string object =
        rendering.only("MutatingWebhookConfiguration", "webhook")["metadata"]["name"];
    EXPECT_TRUE(has("--service-name=" + service + ".smc-system.svc")) << args;
    EXPECT_TRUE(has("--self-managed-secret=smc-system/" + secret)) << args;
    EXPECT_TRUE(has("--webhook-configuration=" + object)) << args;
  }
  const auto from_files =
      render({.set = {"certificates.mode=certManager"}}).only("Deployment", "webhook").dump();
  EXPECT_EQ(from_files.find("--self-managed-secret"), std::string::npos);
}

// Helm takes an object for the release's own by these; and it asks before it changes a label that
// the webhook has set, so that those which differ between versions are Helm's alone.
TEST_F(WebhookObject, LendsItsSecretTheMarksOfTheRelease) {
  const Release release{.name = "other", .ns = "mesh", .set = {"nameOverride=short"}};
  const Rendering& rendering = render(release);
  const auto args =
      rendering.only("Deployment", "webhook")["spec"]["template"]["spec"]["containers"][0]["args"];
  const auto has = [&args](const std::string& flag) {
    return std::find(args.begin(), args.end(), flag) != args.end();
  };
  EXPECT_TRUE(
      has("--secret-annotations=meta.helm.sh/release-name=other,"
          "meta.helm.sh/release-namespace=mesh"))
      << args;
  const auto labels = rendering.only("Secret", "webhook")["metadata"]["labels"];
  std::string flag = "--secret-labels=";
  for (const char* key : {"component", "instance", "managed-by", "name"}) {
    const std::string label = std::string("app.kubernetes.io/") + key;
    flag += label + "=" + labels[label].get<std::string>() + ",";
  }
  flag.pop_back();
  EXPECT_TRUE(has(flag)) << args << flag;
}

TEST_F(WebhookObject, PointsToTheService) {
  const Rendering& rendering = render({.set = {"webhook.service.port=8443"}});
  const auto service = rendering.only("Service", "webhook");
  EXPECT_EQ(rendering.only("MutatingWebhookConfiguration",
                           "webhook")["webhooks"][0]["clientConfig"]["service"],
            nlohmann::json({{"name", service["metadata"]["name"]},
                            {"namespace", "smc-system"},
                            {"port", 8443},
                            {"path", "/mutate"}}));
}

}  // namespace
}  // namespace smc::chart
