// The agents' pods of the chart: what they may do, what they are told, where they are.
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "test/chart/chart.h"
#include "test/chart/pods.h"

namespace smc::chart {
namespace {

using AgentPods = ChartTest;

TEST_F(AgentPods, HaveTheHostsNetworkAndProcessesAndNoMoreThanFourCapabilities) {
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

TEST_F(AgentPods, AnswerWhoHasTheTokenOrNobody) {
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

// Else a pod that the webhook leaves alone could be had by writing what the webhook writes.
TEST_F(AgentPods, SetUpNoMoreThanTheWebhookInjects) {
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

TEST_F(AgentPods, FollowTheMeshSwitchThatTheWebhookFollows) {
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
TEST_F(AgentPods, ListenAtTheNodesOwnAddressUnlessTheValuesSayOtherwise) {
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

TEST_F(AgentPods, KeepOffVirtualNodesAndNodesThatAreBeingEmptied) {
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

TEST_F(AgentPods, AreToldTheirNodeTheLabelAndTheirDaemonSet) {
  const Rendering& rendering = render({});
  const auto daemonset = rendering.only("DaemonSet", "agent");
  const auto args = args_of(daemonset);
  for (const char* arg : {"--host-root=/host", "--label=smc.asm.alibabacloud.com/erdma=true",
                          "--daemonset=smc-system/smc-smc-webhook-agent"})
    EXPECT_EQ(std::count(args.begin(), args.end(), arg), 1) << arg;
  EXPECT_EQ(daemonset["metadata"]["name"], "smc-smc-webhook-agent");
  EXPECT_EQ(env_of(daemonset, "NODE_NAME")["valueFrom"]["fieldRef"]["fieldPath"], "spec.nodeName");
}

TEST_F(AgentPods, AreToldThatProgramsAskForSmcThemselves) {
  const auto told = [](const std::vector<std::string>& set) {
    const auto args = args_of(render({.set = set}).only("DaemonSet", "agent"));
    return std::count(args.begin(), args.end(), "--programs=ask");
  };
  EXPECT_EQ(told({}), 0);
  EXPECT_EQ(told({"agent.programs=ask"}), 1);
}

TEST_F(AgentPods, AreToldWhichSwitchToUse) {
  const auto told = [](const std::vector<std::string>& set) {
    const auto args = args_of(render({.set = set}).only("DaemonSet", "agent"));
    return std::count(args.begin(), args.end(), "--switch=none");
  };
  EXPECT_EQ(told({}), 0);
  EXPECT_EQ(told({"agent.switch=none"}), 1);
}

TEST_F(AgentPods, TakeNothingBackWhereUninstallIsOff) {
  const auto daemonset =
      render({.set = {"agent.uninstall.enabled=false"}}).only("DaemonSet", "agent");
  EXPECT_EQ(daemonset.dump().find("--daemonset"), std::string::npos);
}

}  // namespace
}  // namespace smc::chart
