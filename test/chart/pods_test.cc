// The pods of the chart: what they may do, how they come and go.
#include <algorithm>
#include <set>

#include <gmock/gmock.h>

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

TEST_F(Pods, OfTheAgentHaveTheHostsNetworkAndProcessesAndNoMoreThanFourCapabilities) {
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
            nlohmann::json({"NET_ADMIN", "NET_RAW", "SYS_ADMIN", "SYS_PTRACE"}));
  for (const auto& mount : spec["containers"][0]["volumeMounts"])
    EXPECT_TRUE(mount.value("readOnly", false) || mount["mountPath"] == "/run/smc-node-agent" ||
                mount["mountPath"] == "/host/proc/sys/net" || mount["mountPath"] == "/sys/fs/bpf")
        << mount;
}

TEST_F(Pods, OfTheAgentAnswerWhoHasTheTokenOrNobody) {
  const Rendering& rendering = render({});
  const auto secret = rendering.only("Secret", "agent");
  EXPECT_GE(secret["data"]["token"].get<std::string>().size(), 43U);
  const auto agent = pod_spec(rendering.only("DaemonSet", "agent"));
  EXPECT_THAT(agent["containers"][0]["args"].get<std::vector<std::string>>(),
              testing::Contains("--access-token-file=/run/smc-agent-access/token"));
  EXPECT_EQ(agent["volumes"][0]["secret"]["secretName"], secret["metadata"]["name"]);

  const Rendering& own = render({.set = {"agent.access.createSecret=false"}});
  EXPECT_TRUE(own.lasting("Secret").size() + 1 == rendering.lasting("Secret").size());
  EXPECT_EQ(pod_spec(own.only("DaemonSet", "agent")), agent);

  const auto closed =
      pod_spec(render({.set = {"agent.access.enabled=false"}}).only("DaemonSet", "agent"));
  EXPECT_EQ(closed["containers"][0]["securityContext"]["capabilities"]["add"],
            nlohmann::json({"NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"}));
  EXPECT_THAT(closed.dump(), testing::Not(testing::HasSubstr("access")));
}

std::vector<std::string> args_of(const nlohmann::json& object) {
  return pod_spec(object)["containers"][0]["args"];
}

nlohmann::json env_of(const nlohmann::json& object, const std::string& name) {
  const auto spec = pod_spec(object);
  for (const auto& variable : spec["containers"][0]["env"])
    if (variable["name"] == name) return variable;
  return nullptr;
}

// Else a pod that the webhook leaves alone could be had by writing what the webhook writes.
TEST_F(Pods, OfTheAgentSetUpNoMoreThanTheWebhookInjects) {
  const auto args = [](const std::vector<std::string>& set) {
    return args_of(render({.set = set}).only("DaemonSet", "agent"));
  };
  const auto has = [](const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  for (const char* name : {"kube-system", "kube-public", "kube-node-lease", "smc-system"})
    EXPECT_TRUE(has(args({}), std::string("--exclude-namespace=") + name)) << name;
  EXPECT_FALSE(has(args({}), "--allow-override=pnetid"));
  EXPECT_FALSE(has(args({}), "--mesh-smc=off"));
  const auto others =
      args({"injection.excludedNamespaces={a}", "mesh.smcEnabled=false",
            "injection.overrides.allowed={on-failure,pnetid,interface,exclude-destinations}",
            "injection.excludeDestinations={10.1.2.0/24,:6379}"});
  EXPECT_TRUE(has(others, "--exclude-namespace=a"));
  EXPECT_FALSE(has(others, "--exclude-namespace=kube-system"));
  EXPECT_TRUE(has(others, "--allow-override=pnetid"));
  EXPECT_TRUE(has(others, "--allow-override=exclude-destinations"));
  EXPECT_TRUE(has(others, "--exclude-destinations=10.1.2.0/24,:6379"));
  EXPECT_TRUE(has(others, "--allow-override=interface"));
  EXPECT_FALSE(has(others, "--allow-override=on-failure"));
  EXPECT_TRUE(has(others, "--mesh-smc=off"));
}

TEST_F(Pods, OfTheAgentFollowTheMeshSwitchThatTheWebhookFollows) {
  const auto has = [](const nlohmann::json& list, const nlohmann::json& wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
  };
  const auto spec = [](const std::vector<std::string>& set) {
    return pod_spec(render({.set = set}).only("DaemonSet", "agent"));
  };
  const std::string from_file = "--mesh-kubeconfig=/run/smc-agent-mesh/kubeconfig";
  const auto here = spec({})["containers"][0]["args"];
  EXPECT_TRUE(has(here, "--mesh-watch"));
  EXPECT_FALSE(has(here, from_file));
  EXPECT_FALSE(has(spec({"mesh.watch=false"})["containers"][0]["args"], "--mesh-watch"));

  const auto elsewhere =
      spec({"mesh.kubeconfigSecret.name=mesh", "mesh.kubeconfigSecret.key=config"});
  const auto& remote = elsewhere["containers"][0];
  EXPECT_FALSE(has(remote["args"], "--mesh-watch"));
  EXPECT_TRUE(has(remote["args"], from_file));
  EXPECT_TRUE(has(remote["volumeMounts"],
                  {{"name", "mesh"}, {"mountPath", "/run/smc-agent-mesh"}, {"readOnly", true}}));
  EXPECT_TRUE(has(elsewhere["volumes"], {{"name", "mesh"},
                                         {"secret",
                                          {{"secretName", "mesh"},
                                           {"items", {{{"key", "config"}, {"path", "kubeconfig"}}}},
                                           {"optional", true}}}}));
}

// The metrics have names of pods, and the agent is in the node's network.
TEST_F(Pods, OfTheAgentListenAtTheNodesOwnAddressUnlessTheValuesSayOtherwise) {
  const auto agent = [](const std::vector<std::string>& set) {
    return render({.set = set}).only("DaemonSet", "agent");
  };
  const auto listens = [](const nlohmann::json& daemonset, const std::string& address) {
    const auto args = pod_spec(daemonset)["containers"][0]["args"];
    return std::find(args.begin(), args.end(), "--listen=" + address) != args.end();
  };
  const auto probed = [](const nlohmann::json& daemonset) {
    return pod_spec(daemonset)["containers"][0]["readinessProbe"]["httpGet"].value("host", "");
  };

  const auto by_default = agent({});
  EXPECT_TRUE(listens(by_default, "[$(HOST_IP)]:9465"));
  EXPECT_EQ(env_of(by_default, "HOST_IP")["valueFrom"]["fieldRef"]["fieldPath"], "status.hostIP");
  EXPECT_EQ(probed(by_default), "");

  const auto closed = agent({"agent.listenAddress=::1"});
  EXPECT_TRUE(listens(closed, "[::1]:9465"));
  EXPECT_TRUE(env_of(closed, "HOST_IP").is_null());
  EXPECT_EQ(probed(closed), "::1");

  const auto open = agent({"agent.listenAddress=::"});
  EXPECT_TRUE(listens(open, "[::]:9465"));
  EXPECT_EQ(probed(open), "");
}

TEST_F(Pods, OfTheAgentKeepOffVirtualNodesAndNodesThatAreBeingEmptied) {
  const auto spec = pod_spec(render({}).only("DaemonSet", "agent"));
  const auto terms = spec["affinity"]["nodeAffinity"]
                         ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  ASSERT_EQ(terms.size(), 1U);
  EXPECT_EQ(terms[0]["matchExpressions"][0],
            nlohmann::json::parse(
                R"({"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]})"));
  const auto own = nlohmann::json::parse(
      R"({"key": "smc.asm.alibabacloud.com/agent-not-ready", "operator": "Exists",
          "effect": "NoSchedule"})");
  const auto all = nlohmann::json::parse(R"({"operator": "Exists", "effect": "NoSchedule"})");
  EXPECT_EQ(spec["tolerations"], nlohmann::json({own, all}));
  EXPECT_EQ(
      pod_spec(
          render({.set = {"agent.tolerations=null"}}).only("DaemonSet", "agent"))["tolerations"],
      nlohmann::json({own}))
      << "of the taint that it takes off itself, whatever else it tolerates";
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

TEST_F(Pods, OfTheAgentAreToldTheirNodeTheLabelAndTheirDaemonSet) {
  const Rendering& rendering = render({});
  const auto daemonset = rendering.only("DaemonSet", "agent");
  const auto args = args_of(daemonset);
  for (const char* arg : {"--host-root=/host", "--label=smc.asm.alibabacloud.com/erdma=true",
                          "--daemonset=smc-system/smc-smc-webhook-agent"})
    EXPECT_EQ(std::count(args.begin(), args.end(), arg), 1) << arg;
  EXPECT_EQ(daemonset["metadata"]["name"], "smc-smc-webhook-agent");
  EXPECT_EQ(env_of(daemonset, "NODE_NAME")["valueFrom"]["fieldRef"]["fieldPath"], "spec.nodeName");
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

TEST_F(Pods, OfTheAgentAreToldThatProgramsAskForSmcThemselves) {
  const auto told = [](const std::vector<std::string>& set) {
    const auto args = args_of(render({.set = set}).only("DaemonSet", "agent"));
    return std::count(args.begin(), args.end(), "--programs=ask");
  };
  EXPECT_EQ(told({}), 0);
  EXPECT_EQ(told({"agent.programs=ask"}), 1);
}

TEST_F(Pods, OfTheAgentAreToldWhichSwitchToUse) {
  const auto told = [](const std::vector<std::string>& set) {
    const auto args = args_of(render({.set = set}).only("DaemonSet", "agent"));
    return std::count(args.begin(), args.end(), "--switch=none");
  };
  EXPECT_EQ(told({}), 0);
  EXPECT_EQ(told({"agent.switch=none"}), 1);
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
