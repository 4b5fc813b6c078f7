// The pods of the chart: what they may do, how they come and go.
#include <algorithm>
#include <set>

#include "test/chart/chart.h"

namespace smc::chart {
namespace {

using Pods = ChartTest;

nlohmann::json pod_spec(const nlohmann::json& object) {
  return object["kind"] == "Pod" ? object["spec"] : object["spec"]["template"]["spec"];
}

// Pod Security Standards, level "restricted", the fields that these pods use.
void expect_restricted(const nlohmann::json& spec) {
  for (const char* field : {"hostNetwork", "hostPID", "hostIPC"})
    EXPECT_FALSE(spec.value(field, false)) << field;
  EXPECT_EQ(spec["securityContext"]["runAsNonRoot"], true);
  EXPECT_EQ(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
  EXPECT_NE(spec["securityContext"].value("runAsUser", 0), 0);
  for (const auto& volume : spec.value("volumes", nlohmann::json::array()))
    EXPECT_FALSE(volume.contains("hostPath"));
  for (const auto& container : spec["containers"]) {
    const auto& security = container["securityContext"];
    EXPECT_EQ(security["allowPrivilegeEscalation"], false);
    EXPECT_EQ(security["readOnlyRootFilesystem"], true);
    EXPECT_EQ(security["capabilities"], nlohmann::json({{"drop", {"ALL"}}}));
    EXPECT_FALSE(security.value("privileged", false));
    for (const auto& port : container.value("ports", nlohmann::json::array()))
      EXPECT_FALSE(port.contains("hostPort"));
  }
}

TEST_F(Pods, AllButTheAgentsKeepToTheRestrictedLevel) {
  for (const Variant& variant : variants()) {
    SCOPED_TRACE(variant.name);
    const Rendering& rendering = render({.set = variant.set});
    for (const char* kind : {"Deployment", "Job", "Pod"})
      for (const auto& object : rendering.of_kind(kind)) expect_restricted(pod_spec(object));
  }
}

TEST_F(Pods, OfTheAgentHaveTheHostsNetworkAndProcessesAndNoMoreThanThreeCapabilities) {
  const auto spec = pod_spec(render({}).only("DaemonSet", "agent"));
  EXPECT_EQ(spec["hostNetwork"], true);
  EXPECT_EQ(spec["hostPID"], true);
  EXPECT_FALSE(spec.value("hostIPC", false));
  const auto& security = spec["containers"][0]["securityContext"];
  EXPECT_FALSE(security.contains("privileged"));
  EXPECT_EQ(security["allowPrivilegeEscalation"], false);
  EXPECT_EQ(security["readOnlyRootFilesystem"], true);
  EXPECT_EQ(security["capabilities"]["drop"], nlohmann::json({"ALL"}));
  EXPECT_EQ(security["capabilities"]["add"],
            nlohmann::json({"NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"}));
  for (const auto& mount : spec["containers"][0]["volumeMounts"])
    EXPECT_TRUE(mount.value("readOnly", false) || mount["mountPath"] == "/run/smc-node-agent")
        << mount;
}

std::vector<std::string> args_of(const nlohmann::json& object) {
  return pod_spec(object)["containers"][0]["args"];
}

TEST_F(Pods, OfTheAgentAreToldTheirNodeTheLabelAndTheirDaemonSet) {
  const Rendering& rendering = render({});
  const auto daemonset = rendering.only("DaemonSet", "agent");
  const auto args = args_of(daemonset);
  for (const char* arg : {"--host-root=/host", "--label=smc.asm.alibabacloud.com/erdma=true",
                          "--daemonset=smc-system/smc-smc-webhook-agent"})
    EXPECT_EQ(std::count(args.begin(), args.end(), arg), 1) << arg;
  EXPECT_EQ(daemonset["metadata"]["name"], "smc-smc-webhook-agent");
  const auto env = pod_spec(daemonset)["containers"][0]["env"][0];
  EXPECT_EQ(env["name"], "NODE_NAME");
  EXPECT_EQ(env["valueFrom"]["fieldRef"]["fieldPath"], "spec.nodeName");
}

TEST_F(Pods, OfAgentAndUninstallKnowTheLabelThatTheAffinityAsksFor) {
  const Rendering& rendering = render(
      {.set = {"injection.affinity.key=own/label", "injection.affinity.values={yes,maybe}"}});
  for (const auto& object :
       {rendering.only("DaemonSet", "agent"), rendering.only("Job", "uninstall")}) {
    const auto args = args_of(object);
    EXPECT_EQ(std::count(args.begin(), args.end(), "--label=own/label=yes"), 1) << object.dump();
  }
}

TEST_F(Pods, OfTheAgentTakeNothingBackWhereUninstallIsOff) {
  const auto daemonset =
      render({.set = {"agent.uninstall.enabled=false"}}).only("DaemonSet", "agent");
  EXPECT_EQ(daemonset.dump().find("--daemonset"), std::string::npos);
}

TEST_F(Pods, NeverRunAnImageThatMayChangeUnnoticed) {
  for (const auto& object : render({}).objects) {
    if (object["kind"] == "Deployment" || object["kind"] == "DaemonSet" ||
        object["kind"] == "Job") {
      const std::string image = pod_spec(object)["containers"][0]["image"];
      EXPECT_TRUE(image.ends_with(":" SMC_PROJECT_VERSION)) << image;
    }
  }
}

TEST_F(Pods, TakeADigestBeforeATag) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const Rendering rendering =
      render({.set = {"imageRegistry=r.test/x", "webhook.image.digest=" + digest,
                      "webhook.image.tag=v1", "agent.image.registry=other.test"}});
  EXPECT_EQ(pod_spec(rendering.only("Deployment", "webhook"))["containers"][0]["image"],
            "r.test/x/smc-webhook@" + digest);
  EXPECT_EQ(pod_spec(rendering.only("DaemonSet", "agent"))["containers"][0]["image"],
            "other.test/smc-node-agent:" SMC_PROJECT_VERSION);
}

TEST_F(Pods, OfTheWebhookAreTwoAndNeverAllGone) {
  const Rendering& rendering = render({});
  const auto deployment = rendering.only("Deployment", "webhook");
  EXPECT_EQ(deployment["spec"]["replicas"], 2);
  EXPECT_EQ(deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], 0);
  EXPECT_EQ(rendering.only("PodDisruptionBudget", "webhook")["spec"]["maxUnavailable"], 1);
  std::set<std::string> keys;
  const auto spec = pod_spec(deployment);
  for (const auto& constraint : spec["topologySpreadConstraints"])
    keys.insert(constraint["topologyKey"].get<std::string>());
  EXPECT_EQ(keys, (std::set<std::string>{"kubernetes.io/hostname", "topology.kubernetes.io/zone"}));
}

TEST_F(Pods, AreCountedByTheAutoscalerAloneWhereThereIsOne) {
  const Rendering& rendering = render({.set = {"webhook.autoscaling.enabled=true"}});
  EXPECT_FALSE(rendering.only("Deployment", "webhook")["spec"].contains("replicas"));
  EXPECT_EQ(rendering.only("HorizontalPodAutoscaler", "webhook")["spec"]["minReplicas"], 2);
}

TEST_F(Pods, HaveNoDisruptionBudgetWhenThereIsOnlyOne) {
  EXPECT_TRUE(render({.set = {"webhook.replicas=1"}}).of_kind("PodDisruptionBudget").empty());
}

TEST_F(Pods, OfTheWebhookAreProbedOnTheHealthPort) {
  const auto container = pod_spec(render({}).only("Deployment", "webhook"))["containers"][0];
  EXPECT_EQ(container["startupProbe"]["httpGet"],
            nlohmann::json({{"path", "/healthz"}, {"port", "health"}}));
  EXPECT_EQ(container["livenessProbe"]["httpGet"],
            nlohmann::json({{"path", "/healthz"}, {"port", "health"}}));
  EXPECT_EQ(container["readinessProbe"]["httpGet"],
            nlohmann::json({{"path", "/readyz"}, {"port", "health"}}));
}

TEST_F(Pods, HaveRequestsAndAMemoryLimit) {
  const Rendering& rendering = render({});
  for (const char* kind : {"Deployment", "DaemonSet", "Job", "Pod"}) {
    for (const auto& object : rendering.of_kind(kind)) {
      const auto spec = pod_spec(object);
      const auto& resources = spec["containers"][0]["resources"];
      EXPECT_TRUE(resources["requests"].contains("cpu")) << kind;
      EXPECT_TRUE(resources["requests"].contains("memory")) << kind;
      EXPECT_TRUE(resources["limits"].contains("memory")) << kind;
    }
  }
}

TEST_F(Pods, GetATokenOnlyWhereTheyAskTheApiServer) {
  const std::vector<std::string> alone = {"certificates.mode=certManager", "mesh.watch=false"};
  EXPECT_EQ(
      pod_spec(
          render({.set = alone}).only("Deployment", "webhook"))["automountServiceAccountToken"],
      false);
  EXPECT_EQ(pod_spec(render({}).only("Deployment", "webhook"))["automountServiceAccountToken"],
            true);
}

TEST_F(Pods, OfTheWebhookFollowTheMeshAndTellEventsWhereTheValuesSay) {
  const auto container = [](const Rendering& rendering) {
    return pod_spec(rendering.only("Deployment", "webhook"))["containers"][0];
  };
  const auto has = [](const nlohmann::json& list, const nlohmann::json& wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
  };
  const auto here = container(render({}));
  EXPECT_TRUE(has(here["args"], "--mesh-watch"));
  EXPECT_FALSE(has(here["args"], "--mesh-kubeconfig=/etc/smc-webhook-mesh/kubeconfig"));

  const Rendering& elsewhere =
      render({.set = {"mesh.kubeconfigSecret.name=mesh", "mesh.kubeconfigSecret.key=config"}});
  const auto remote = container(elsewhere);
  EXPECT_FALSE(has(remote["args"], "--mesh-watch"));
  EXPECT_TRUE(has(remote["args"], "--mesh-kubeconfig=/etc/smc-webhook-mesh/kubeconfig"));
  EXPECT_TRUE(has(remote["volumeMounts"],
                  {{"name", "mesh"}, {"mountPath", "/etc/smc-webhook-mesh"}, {"readOnly", true}}));
  EXPECT_TRUE(
      has(pod_spec(elsewhere.only("Deployment", "webhook"))["volumes"],
          {{"name", "mesh"},
           {"secret",
            {{"secretName", "mesh"}, {"items", {{{"key", "config"}, {"path", "kubeconfig"}}}}}}}));

  EXPECT_FALSE(has(container(render({.set = {"mesh.watch=false"}}))["args"], "--mesh-watch"));
  EXPECT_FALSE(has(here["args"], "--events"));
  EXPECT_TRUE(has(container(render({.set = {"events.enabled=true"}}))["args"], "--events"));
}

}  // namespace
}  // namespace smc::chart
