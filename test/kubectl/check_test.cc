// What `kubectl smc check` says of a cluster, from what was read of it.
#include "kubectl/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "certs/authority.h"
#include "kubectl/objects.h"
#include "test/kubectl/objects.h"

namespace smc::kubectl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const auto kNow = std::chrono::system_clock::now();

// A new one each time, for certs::kAuthorityLife from now on.
std::string authority_pem() {
  return certs::make_authority(kNow)->certificate_pem;
}

json webhook_object(const std::string& name, const std::string& pem) {
  json out = object("", name);
  out["metadata"]["creationTimestamp"] = "2026-05-01T00:00:00Z";
  out["webhooks"] =
      json::array({{{"failurePolicy", "Ignore"},
                    {"clientConfig",
                     {{"caBundle", base64_encode(pem)},
                      {"service", {{"namespace", "smc-system"}, {"name", "smc-smc-webhook"}}}}}}});
  return out;
}

json deployment(int wanted, int ready) {
  json out = object("smc-system", "smc-smc-webhook");
  out["metadata"]["labels"] = {{"app.kubernetes.io/component", "webhook"}};
  out["spec"] = {{"replicas", wanted}};
  out["status"] = {{"readyReplicas", ready}};
  return out;
}

json daemon_set(int wanted, int ready) {
  json out = object("smc-system", "smc-smc-webhook-agent");
  out["metadata"]["labels"] = {{"app.kubernetes.io/component", "agent"}};
  out["status"] = {{"desiredNumberScheduled", wanted}, {"numberReady", ready}};
  return out;
}

json config(const std::string& mode) {
  json out = object("smc-system", "smc-smc-webhook");
  out["data"] = {{"config.yaml",
                  "mesh: {smcEnabled: true}\ninjection:\n  excludedNamespaces: "
                  "[legacy]\ninitContainer: {mode: " +
                      mode + "}\n"}};
  return out;
}

json ready_agent() {
  return json::parse(
      R"({"ready": true, "switch": "tcp2smc", "reasons": [], "checks": [], "pods": []})");
}

// One node that is ready, one annotated workload, all of it well.
Snapshot good() {
  Snapshot out;
  out.context = "prod";
  out.server = "10.0.0.1:6443";
  out.version = "v1.29.3";
  out.now = kNow;
  const std::string pem = authority_pem();
  out.webhooks.items = {webhook_object("smc-webhook.webhook.smc-system.smc", pem)};
  out.authorities = {{"smc-system/smc-smc-webhook-ca", pem}};
  out.workloads.items = {deployment(2, 2), daemon_set(1, 1)};
  out.configs.items = {config("auto")};
  out.own_pods.items = {own_pod("w1", "webhook"), own_pod("a1", "agent")};
  json node = object("", "node1");
  node["metadata"]["labels"] = {{std::string(kNodeLabelKey), "true"}};
  node["status"] = {{"addresses", json::array({{{"address", "10.1.0.1"}}})}};
  out.nodes.items = {node};
  out.namespaces.items = {object("", "shop")};
  out.pods.items = {injected(pod("shop", "web-1"))};
  out.dry_run = DryRun{"shop", injected(pod("shop", "probe")), {}, {}};
  out.agents["node1"] = {ready_agent(), {}, true, {}};
  out.webhook_metrics["smc-system/w1"] = {
      {"smc_webhook_certificate_expiration_timestamp_seconds", 4e9},
      {R"(smc_webhook_api_up{what="certificates"})", 1}};
  return out;
}

// The findings of a group that are no pass, as "verdict: what".
std::vector<std::string> amiss(const Group& group) {
  std::vector<std::string> out;
  for (const Finding& finding : group.findings) {
    if (finding.verdict == Verdict::kPass) continue;
    EXPECT_NE(finding.hint, "") << finding.what;
    out.push_back(std::string(verdict_word(finding.verdict)) + ": " + finding.what);
  }
  return out;
}

kube::ApiError forbidden() {
  kube::ApiError error;
  error.status = 403;
  error.what = "list things: 403 Forbidden";
  error.hint = "RBAC must grant it";
  return error;
}

TEST(Check, AClusterThatIsWellHasNothingAmiss) {
  const auto groups = check(good());
  EXPECT_EQ(groups.size(), 9U);
  for (const Group& group : groups) {
    EXPECT_FALSE(group.findings.empty()) << group.title;
    EXPECT_THAT(amiss(group), ElementsAre()) << group.title;
  }
  EXPECT_EQ(overall(groups), Verdict::kPass);
  EXPECT_THAT(check_text(groups, {}), testing::EndsWith("verdict: √ all is well\n"));
}

TEST(Check, EveryListThatCannotBeReadIsAWarningAndNoCrash) {
  Snapshot snapshot = good();
  for (Objects* part :
       {&snapshot.webhooks, &snapshot.own_pods, &snapshot.workloads, &snapshot.configs,
        &snapshot.nodes, &snapshot.namespaces, &snapshot.pods, &snapshot.services})
    *part = {{}, forbidden()};
  snapshot.agents.clear();
  snapshot.webhook_metrics.clear();
  const auto groups = check(snapshot);
  EXPECT_EQ(overall(groups), Verdict::kWarn);
  EXPECT_THAT(amiss(groups[4]),
              ElementsAre("warn: nodes could not be read: list things: 403 Forbidden"));
  EXPECT_THAT(check_text(groups, {}), HasSubstr("    hint: RBAC must grant it\n"));
}

TEST(Check, AnOldApiServerFails) {
  Snapshot snapshot = good();
  snapshot.version = "v1.19.16";
  EXPECT_THAT(amiss(check_server(snapshot)),
              ElementsAre("fail: 10.0.0.1:6443, v1.19.16, context prod"));
}

TEST(Check, WithoutAWebhookObjectTheChartIsMissing) {
  Snapshot snapshot = good();
  snapshot.webhooks.items.clear();
  EXPECT_THAT(amiss(check_webhook(snapshot)),
              ElementsAre("fail: no MutatingWebhookConfiguration of the project"));
}

TEST(Check, TheCaBundleIsJudgedByTheApiServersClock) {
  const auto said = [](const std::string& pem, std::chrono::hours later) {
    Snapshot snapshot = good();
    snapshot.webhooks.items = {webhook_object("x", pem)};
    snapshot.authorities.clear();
    snapshot.now = kNow + later;
    return amiss(check_webhook(snapshot));
  };
  const std::string pem = authority_pem();
  EXPECT_THAT(said(pem, std::chrono::hours(0)), ElementsAre());
  EXPECT_THAT(said(pem, certs::kAuthorityLife - std::chrono::hours(84)),
              ElementsAre("warn: caBundle ends in 3 days"));
  EXPECT_THAT(said(pem, certs::kAuthorityLife + std::chrono::hours(252)),
              ElementsAre("fail: caBundle expired 10 days ago"));
  EXPECT_THAT(said("", std::chrono::hours(0)),
              ElementsAre("fail: caBundle is empty: the API server trusts no replica"));
  EXPECT_THAT(said("nothing", std::chrono::hours(0)),
              ElementsAre(HasSubstr("fail: caBundle cannot be read")));
}

TEST(Check, TheCaThatReplicasSignWithMustBeInTheBundle) {
  Snapshot snapshot = good();
  snapshot.authorities["smc-system/smc-smc-webhook-ca"] = authority_pem();
  EXPECT_THAT(amiss(check_webhook(snapshot)),
              ElementsAre("fail: caBundle lacks the CA of secret smc-system/smc-smc-webhook-ca, "
                          "which replicas sign with"));
}

TEST(Check, TwoReleasesAreAWarning) {
  Snapshot snapshot = good();
  snapshot.webhooks.items.push_back(snapshot.webhooks.items.front());
  EXPECT_THAT(amiss(check_webhook(snapshot)), ElementsAre("warn: 2 releases in one cluster"));
}

TEST(Check, ReplicasAndVersionsAreCompared) {
  Snapshot snapshot = good();
  snapshot.workloads.items = {deployment(2, 0), daemon_set(3, 2)};
  snapshot.own_pods.items.push_back(own_pod("a2", "agent", "node2", "0.0.1"));
  const Group group = check_versions(snapshot);
  EXPECT_THAT(amiss(group),
              ElementsAre("fail: webhook: 0 of 2 pods ready (smc-system/smc-smc-webhook)",
                          "warn: agent: 2 of 3 pods ready (smc-system/smc-smc-webhook-agent)",
                          "warn: versions differ"));
  EXPECT_THAT(group.findings.back().details,
              ElementsAre("0.0.1: agent", std::string(kVersion) + ": agent kubectl-smc webhook"));
  snapshot.workloads.items = {deployment(2, 2)};
  EXPECT_THAT(amiss(check_versions(snapshot)).front(), "warn: there are no node agents");
}

TEST(Check, AdmissionSaysWhatCameBackOfTheDryRun) {
  Snapshot snapshot = good();
  snapshot.dry_run = DryRun{"shop", annotated(pod("shop", "probe")), {"SMC: not injected"}, {}};
  const Group group = check_admission(snapshot);
  EXPECT_THAT(amiss(group),
              ElementsAre("fail: an annotated pod in namespace shop is not injected"));
  EXPECT_THAT(group.findings.front().details, ElementsAre("SMC: not injected"));
  snapshot.dry_run->ns = "legacy";  // excluded in the configuration
  EXPECT_THAT(amiss(check_admission(snapshot)),
              ElementsAre("warn: an annotated pod in namespace legacy is not injected"));
  snapshot.dry_run = DryRun{"shop", nullptr, {}, Error{"create pods: 403", 0, "ask for it"}};
  EXPECT_THAT(amiss(check_admission(snapshot)),
              ElementsAre("warn: a dry run was refused: create pods: 403"));
}

TEST(Check, NodesAreSortedByWhatTheirAgentsSay) {
  Snapshot snapshot = good();
  for (const char* name : {"node2", "node3", "node4", "node5"})
    snapshot.nodes.items.push_back(object("", name));
  snapshot.agents["node2"] = {
      json::parse(R"({"ready": false, "reasons": ["no RDMA device"]})"), {}, false, {}};
  snapshot.agents["node3"] = {
      json::parse(R"({"ready": false, "reasons": ["kernel: too old", "driver: none"],
          "checks": [{"name": "kernel", "verdict": "fail", "hint": "upgrade it"}]})"),
      {},
      true,
      {}};
  snapshot.agents["node4"] = {nullptr, Error{"403: no right", 0, "bind the Role"}, {}, {}};
  const Group group = check_nodes(snapshot);
  EXPECT_THAT(amiss(group),
              ElementsAre("warn: 1 node not ready", "warn: 1 node whose agent did not answer",
                          "warn: 1 node without an agent"));
  EXPECT_THAT(group.findings[0].details, ElementsAre("node1: switch tcp2smc, labelled"));
  EXPECT_EQ(group.findings[1].what, "1 node without an RDMA device: no candidate");
  EXPECT_THAT(group.findings[2].details, ElementsAre("node3: kernel: too old; driver: none"));
  EXPECT_EQ(group.findings[2].hint, "upgrade it");
  EXPECT_EQ(group.findings[3].hint, "bind the Role");
  snapshot.agents.erase("node1");
  snapshot.nodes.items.erase(snapshot.nodes.items.begin());
  EXPECT_THAT(amiss(check_nodes(snapshot)).front(), "fail: no node is ready for SMC-R");
}

TEST(Check, NamespacesThatRefuseThePrivilegedContainerAreNamed) {
  Snapshot snapshot = good();
  const auto enforcing = [](const std::string& name, const std::string& level) {
    json out = object("", name);
    out["metadata"]["labels"] = {{"pod-security.kubernetes.io/enforce", level}};
    return out;
  };
  snapshot.namespaces.items = {enforcing("shop", "restricted"), enforcing("bank", "baseline"),
                               enforcing("free", "privileged")};
  EXPECT_THAT(amiss(check_namespaces(snapshot)), ElementsAre());
  snapshot.configs.items = {config("privileged")};
  const Group group = check_namespaces(snapshot);
  EXPECT_THAT(amiss(group),
              ElementsAre("fail: 1 namespace with annotated pods refuse the init container (mode "
                          "privileged)",
                          "warn: 1 namespace would refuse the init container (mode privileged)"));
  EXPECT_THAT(group.findings[0].details, ElementsAre("shop: restricted"));
}

TEST(Check, AnnotatedWorkloadsAreNamedWithWhyTheyRunWithoutSmc) {
  Snapshot snapshot = good();
  json host = annotated(pod("shop", "host"));
  host["spec"]["hostNetwork"] = true;
  json old = annotated(pod("shop", "old"));
  old["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z";
  json misspelt = pod("shop", "typo");
  misspelt["metadata"]["annotations"][std::string(kEnabledAnnotation)] = "True";
  json pending = injected(pod("shop", "pending"), "");
  pending["status"]["conditions"] =
      json::array({{{"type", "PodScheduled"}, {"reason", "Unschedulable"}}});
  json ended = annotated(pod("shop", "ended"));
  ended["status"]["phase"] = "Succeeded";
  snapshot.pods.items = {host,
                         old,
                         misspelt,
                         pending,
                         ended,
                         annotated(pod("legacy", "l")),
                         annotated(pod("shop", "n")),
                         injected(pod("shop", "tcp"),
                                  R"({"result":"fallback","reason":"no device","hint":"add one"})"),
                         injected(pod("shop", "watched"))};
  snapshot.agents["node1"].status["pods"] = json::parse(R"([{"namespace": "shop", "name": "watched",
      "findings": [{"reason": "switch_off", "message": "tcp2smc is 0", "hint": "set it"}]}])");
  const Group group = check_workloads(snapshot);
  EXPECT_THAT(amiss(group),
              testing::UnorderedElementsAre("warn: 1 annotated pod: in the node's network",
                                            "warn: 1 annotated pod: older than the webhook",
                                            "warn: 1 annotated pod: in an excluded namespace",
                                            "warn: 1 annotated pod: not injected",
                                            "warn: 1 annotated pod: not scheduled",
                                            "warn: 1 annotated pod: injected, on TCP: no device",
                                            "warn: 1 annotated pod: tcp2smc is 0",
                                            "warn: 1 workload with a misspelt annotation"));
}

TEST(Check, PodsOfOneWorkloadAreOneLine) {
  Snapshot snapshot = good();
  snapshot.pods.items.clear();
  for (const char* name : {"web-5d8-a", "web-5d8-b"}) {
    json each = annotated(pod("shop", name));
    each["metadata"]["labels"]["pod-template-hash"] = "5d8";
    each["metadata"]["ownerReferences"] =
        json::array({{{"kind", "ReplicaSet"}, {"name", "web-5d8"}, {"controller", true}}});
    snapshot.pods.items.push_back(each);
  }
  const Group group = check_workloads(snapshot);
  ASSERT_EQ(group.findings.size(), 1U);
  EXPECT_EQ(group.findings[0].what, "2 annotated pods: not injected");
  EXPECT_THAT(group.findings[0].details, ElementsAre("shop deployment/web, 2 pods"));
}

TEST(Check, APairOfWhichTheServerLacksSmcIsNamed) {
  Snapshot snapshot = good();
  json service = object("shop", "db");
  service["spec"] = {{"clusterIP", "10.96.0.7"}, {"selector", {{"app", "db"}}}};
  snapshot.services.items = {service};
  snapshot.pods.items.push_back(pod("shop", "db-0", "db"));
  snapshot.agents["node1"].pods["shop/web-1"] = json::parse(
      R"({"sockets": [{"peer": "10.96.0.7:5432", "mode": "tcp", "code": "03010000"},
                      {"peer": "10.96.0.7:5432", "mode": "tcp", "code": "03030000"},
                      {"peer": "192.0.2.1:80", "mode": "tcp", "code": "03010000"}]})");
  const Group group = check_pairs(snapshot);
  EXPECT_THAT(amiss(group),
              ElementsAre("warn: 2 pairs of which the server does not speak SMC (03010000)"));
  EXPECT_THAT(group.findings[0].details,
              ElementsAre("shop pod/web-1 -> 192.0.2.1:80", "shop pod/web-1 -> service shop/db"));
}

TEST(Check, APairOfWhichTheClientLacksSmcIsNamedAndAKubeletsProbeIsNone) {
  Snapshot snapshot = good();
  json client = pod("shop", "cron-1", "cron");
  client["status"]["podIP"] = "10.244.1.9";
  snapshot.pods.items.push_back(client);
  snapshot.nodes.items[0]["status"]["addresses"] = json::array({{{"address", "10.0.0.1"}}});
  snapshot.agents["node1"].pods["shop/web-1"] = json::parse(R"({"sockets": [
      {"local": "0.0.0.0:8080", "peer": "", "mode": "", "state": "LISTEN"},
      {"local": "10.1.2.3:8080", "peer": "10.0.0.1:48202", "mode": "tcp", "code": "03010000"},
      {"local": "10.1.2.3:8080", "peer": "0.0.0.0:48203", "mode": "tcp", "code": "03010000"},
      {"local": "10.1.2.3:8080", "peer": "10.244.1.9:40000", "mode": "tcp", "code": "03010000"},
      {"local": "10.1.2.3:8080", "peer": "10.244.1.9:40001", "mode": "tcp", "code": "03010000"}]})");
  const Group group = check_pairs(snapshot);
  EXPECT_THAT(amiss(group),
              ElementsAre("warn: 1 pair of which the client does not speak SMC (03010000)"));
  EXPECT_THAT(group.findings[0].details, ElementsAre("pod shop/cron-1 -> shop pod/web-1"));
}

TEST(Check, AServiceWithPodsOfBothKindsIsNamed) {
  Snapshot snapshot = good();
  json service = object("shop", "web");
  service["spec"] = {{"selector", {{"app", "web"}}}};
  snapshot.services.items = {service};
  snapshot.pods.items.push_back(pod("shop", "web-2"));
  snapshot.pods.items.push_back(pod("other", "web-3"));
  const Group group = check_pairs(snapshot);
  EXPECT_THAT(amiss(group), ElementsAre("warn: 1 service with pods of both kinds"));
  EXPECT_THAT(group.findings[0].details, ElementsAre("service shop/web: 1 of 2 pods annotated"));
}

TEST(Check, AlertsThatOneLookCanTellAreNamed) {
  Snapshot snapshot = good();
  const double soon =
      86'400.0 * 3 + 60 + static_cast<double>(std::chrono::system_clock::to_time_t(kNow));
  snapshot.webhook_metrics = {
      {"a", {{"smc_webhook_certificate_expiration_timestamp_seconds", soon}}},
      {"b",
       {{"smc_webhook_certificate_expiration_timestamp_seconds", 0},
        {R"(smc_webhook_api_up{what="certificates"})", 0},
        {R"(smc_webhook_api_up{what="mesh_switch"})", 0}}}};
  snapshot.own_pods.items.clear();
  snapshot.agents["node1"].status =
      json::parse(R"({"ready": false, "pods": [{"findings": [{}]}]})");
  EXPECT_THAT(amiss(check_alerts(snapshot)),
              ElementsAre("warn: SmcWebhookDown: no webhook pod is ready",
                          "warn: SmcWebhookCertificateExpires: a replica's certificate ends in 3 "
                          "days",
                          "warn: SmcWebhookNoCertificate: a replica has no certificate",
                          "warn: SmcWebhookApiLost: a replica cannot keep the CA at the API server",
                          "warn: SmcMeshSwitchLost: a replica cannot read the mesh switch",
                          "warn: SmcNoNode: pods are injected and no node is ready",
                          "warn: SmcNodeNotReady: 1 candidate not ready",
                          "warn: SmcPodNotSetUp: 1 annotated pod not set up"));
}

TEST(Check, OfAnAgentThatDidNotAnswerNoAlertIsTold) {
  Snapshot snapshot = good();
  snapshot.agents["node1"] = {nullptr, Error{"403: no right", 0, "bind the Role"}, true, {}};
  EXPECT_THAT(amiss(check_alerts(snapshot)), ElementsAre());
}

TEST(Check, TheTextHasSignsDetailsHintsAndAVerdict) {
  const std::vector<Group> groups{
      {"One", {{Verdict::kPass, "well"}, {Verdict::kWarn, "so so", "mend it", {"a", "b"}}}},
      {"Two", {{Verdict::kFail, "broken", "repair it"}}}};
  EXPECT_EQ(check_text(groups, {}),
            "One\n---\n√ well\n‼ so so\n    a\n    b\n    hint: mend it\n\n"
            "Two\n---\n× broken\n    hint: repair it\n\n"
            "verdict: × 1 failure, 1 warning\n");
  EXPECT_THAT(check_text(groups, {true}), HasSubstr("\x1b[31m×\x1b[0m broken"));
  const json parsed = json::parse(check_json(groups));
  EXPECT_EQ(parsed["verdict"], "fail");
  EXPECT_EQ(parsed["groups"][0]["findings"][1]["details"], json::array({"a", "b"}));
  EXPECT_EQ(parsed["groups"][1]["verdict"], "fail");
}

}  // namespace
}  // namespace smc::kubectl
