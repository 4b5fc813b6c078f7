// The pods of the chart: what they may do, how they come and go. The agent's own:
// agent_pods_test.cc.
#include "test/chart/pods.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "test/chart/chart.h"

namespace smc::chart {
namespace {

using Pods = ChartTest;

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

// The architectures that each required term of a pod's node affinity lets in; "any" for a term, or
// a pod, that does not ask.
std::set<std::string> architectures(const nlohmann::json& spec) {
  const auto terms = spec.value(
      "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms"_json_pointer,
      nlohmann::json::array({nlohmann::json::object()}));
  std::set<std::string> out;
  for (const auto& term : terms) {
    std::string asked = "any";
    for (const auto& expression : term.value("matchExpressions", nlohmann::json::array()))
      if (expression["key"] == "kubernetes.io/arch")
        asked = expression["operator"].get<std::string>() + expression["values"].dump();
    out.insert(asked);
  }
  return out;
}

TEST_F(Pods, AreOnNodesOfTheImagesArchitectures) {
  const auto asked = [](const std::vector<std::string>& set) {
    std::set<std::string> out;
    int pods = 0;
    for (const auto& object : render({.set = set}).objects)
      for (const char* kind : {"Deployment", "DaemonSet", "Job", "Pod"})
        if (object["kind"] == kind) {
          ++pods;
          out.merge(architectures(pod_spec(object)));
        }
    EXPECT_EQ(pods, 4);
    return out;
  };
  EXPECT_EQ(asked({}), std::set<std::string>{R"(In["amd64","arm64"])"});
  EXPECT_EQ(asked({"imageArchitectures={arm64}"}), std::set<std::string>{R"(In["arm64"])"});
  EXPECT_EQ(asked({"imageArchitectures=null"}), std::set<std::string>{"any"});
}

TEST_F(Pods, AreOnNodesOfTheImagesArchitecturesWhateverElseTheirAffinityAsksFor) {
  const std::string required =
      "webhook.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
      "nodeSelectorTerms";
  const auto spec = pod_spec(render({.set = {required + "[0].matchExpressions[0].key=zone",
                                             required + "[0].matchExpressions[0].operator=Exists",
                                             required + "[1].matchFields[0].key=metadata.name",
                                             "webhook.affinity.podAffinity.a=b"}})
                                 .only("Deployment", "webhook"));
  EXPECT_EQ(architectures(spec), std::set<std::string>{R"(In["amd64","arm64"])"});
  const auto& affinity = spec["affinity"];
  const auto& terms = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
                              ["nodeSelectorTerms"];
  ASSERT_EQ(terms.size(), 2U);
  EXPECT_EQ(terms[0]["matchExpressions"][0]["key"], "zone");
  EXPECT_EQ(terms[1]["matchFields"][0]["key"], "metadata.name");
  EXPECT_EQ(affinity["podAffinity"], nlohmann::json({{"a", "b"}}));
}

TEST_F(Pods, PullWithTheSecretsOfTheChartAndOfTheUmbrella) {
  const Rendering& rendering =
      render({.set = {"imagePullSecrets[0].name=own", "global.imagePullSecrets[0]=umbrella",
                      "global.imagePullSecrets[1].name=own"}});
  int seen = 0;
  for (const char* kind : {"Deployment", "DaemonSet", "Job", "Pod"})
    for (const auto& object : rendering.of_kind(kind)) {
      ++seen;
      EXPECT_EQ(pod_spec(object)["imagePullSecrets"],
                nlohmann::json({{{"name", "own"}}, {{"name", "umbrella"}}}))
          << kind;
    }
  EXPECT_EQ(seen, 4);
}

TEST_F(Pods, RunImagesOfTheUmbrellasRegistryUnlessTheirOwnIsNamed) {
  const Rendering& rendering =
      render({.set = {"global.imageRegistry=mirror.test/smc/", "agent.image.registry=own.test"}});
  EXPECT_EQ(pod_spec(rendering.only("Deployment", "webhook"))["containers"][0]["image"],
            "mirror.test/smc/smc-webhook:" SMC_PROJECT_VERSION);
  EXPECT_EQ(pod_spec(rendering.only("DaemonSet", "agent"))["containers"][0]["image"],
            "own.test/smc-node-agent:" SMC_PROJECT_VERSION);
  EXPECT_NE(rendering.only("ConfigMap", "webhook")["data"]["config.yaml"].get<std::string>().find(
                "mirror.test/smc/smc-node-init:" SMC_PROJECT_VERSION),
            std::string::npos);
}

TEST_F(Pods, OfTheWebhookMayBeInTheNodesNetwork) {
  const auto deployment = [](const std::vector<std::string>& set) {
    return render({.set = set}).only("Deployment", "webhook");
  };
  const auto by_default = pod_spec(deployment({}));
  EXPECT_FALSE(by_default.contains("hostNetwork"));
  EXPECT_FALSE(by_default.contains("dnsPolicy"));

  const auto inside = deployment({"webhook.hostNetwork=true"});
  EXPECT_EQ(pod_spec(inside)["hostNetwork"], true);
  EXPECT_EQ(pod_spec(inside)["dnsPolicy"], "ClusterFirstWithHostNet");
  // a new pod needs a free node, and where there is none an old one has to go first
  EXPECT_EQ(inside["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], 1);
  EXPECT_EQ(
      deployment({"webhook.hostNetwork=true",
                  "webhook.replicas=1"})["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"],
      0);
  EXPECT_EQ(pod_spec(deployment({"webhook.dnsPolicy=Default"}))["dnsPolicy"], "Default");
}

// As the alert SmcWebhookErrors advises.
TEST_F(Pods, OfTheWebhookTakeTheCaOfTheApiServersClientCertificatesFromAVolume) {
  const auto spec =
      pod_spec(render({.set = {"webhook.extraVolumes[0].name=clients",
                               "webhook.extraVolumes[0].configMap.name=clients",
                               "webhook.extraVolumeMounts[0].name=clients",
                               "webhook.extraVolumeMounts[0].mountPath=/etc/clients",
                               "webhook.extraArgs[0]=--client-ca=/etc/clients/ca.crt"}})
                   .only("Deployment", "webhook"));
  EXPECT_EQ(spec["volumes"].back(),
            nlohmann::json::parse(R"({"name": "clients", "configMap": {"name": "clients"}})"));
  EXPECT_EQ(spec["containers"][0]["volumeMounts"].back(),
            nlohmann::json::parse(R"({"name": "clients", "mountPath": "/etc/clients"})"));
  EXPECT_EQ(spec["containers"][0]["args"].back(), "--client-ca=/etc/clients/ca.crt");
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
            "r.test/x/smc-webhook:v1@" + digest);
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
  const std::vector<std::string> alone = {"certificates.mode=certManager", "mesh.watch=false",
                                          "initContainer.mode=agent"};
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
  EXPECT_FALSE(has(here["args"], "--runtime-classes"));
  EXPECT_TRUE(
      has(container(render({.set = {"runtimeClasses.watch=true"}}))["args"], "--runtime-classes"));
  EXPECT_FALSE(has(here["args"], "--events"));
  EXPECT_TRUE(has(container(render({.set = {"events.enabled=true"}}))["args"], "--events"));
}

}  // namespace
}  // namespace smc::chart
