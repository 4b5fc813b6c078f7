// RBAC and the agents' ValidatingAdmissionPolicy: nothing beyond what the programs need.
#include <set>

#include <gmock/gmock.h>

#include "test/chart/chart.h"

namespace smc::chart {
namespace {

using Rights = ChartTest;

nlohmann::json rule_for(const nlohmann::json& role, const std::string& resource) {
  for (const auto& rule : role["rules"])
    if (rule["resources"] == nlohmann::json({resource})) return rule;
  return nullptr;
}

TEST_F(Rights, NameEveryGroupResourceAndVerb) {
  for (const Variant& variant : variants()) {
    SCOPED_TRACE(variant.name);
    const Rendering& rendering = render({.set = variant.set});
    for (const char* kind : {"Role", "ClusterRole"}) {
      for (const auto& role : rendering.of_kind(kind)) {
        EXPECT_EQ(role.dump().find('*'), std::string::npos) << role.dump();
        EXPECT_FALSE(role["rules"].empty());
      }
    }
  }
}

// "COMPONENT KIND VERB RESOURCE"
std::set<std::string> rights_in(const Rendering& rendering) {
  std::set<std::string> out;
  for (const char* kind : {"Role", "ClusterRole"})
    for (const auto& role : rendering.of_kind(kind))
      for (const auto& rule : role["rules"])
        for (const auto& resource : rule["resources"])
          for (const auto& verb : rule["verbs"])
            out.insert(
                role["metadata"]["labels"]["app.kubernetes.io/component"].get<std::string>() + " " +
                kind + " " + verb.get<std::string>() + " " + resource.get<std::string>());
  return out;
}

const std::vector<std::string> kEveryRight = {"events.enabled=true", "initContainer.mode=auto",
                                              "runtimeClasses.watch=true"};

// The release whose rights the cluster's scenario takes away one by one.
TEST_F(Rights, OfEveryRenderingAreAmongThoseWithEverythingOn) {
  const std::set<std::string> all = rights_in(render({.set = kEveryRight}));
  for (const Variant& variant : variants()) {
    SCOPED_TRACE(variant.name);
    EXPECT_THAT(rights_in(render({.set = variant.set})), testing::IsSubsetOf(all));
  }
}

// One API group and one resource each, or a verb could not be taken away from one of them alone.
TEST_F(Rights, EachRuleIsAboutOneResource) {
  for (const char* kind : {"Role", "ClusterRole"})
    for (const auto& role : render({.set = kEveryRight}).of_kind(kind))
      for (const auto& rule : role["rules"]) {
        EXPECT_EQ(rule["apiGroups"].size(), 1U) << rule.dump();
        EXPECT_EQ(rule["resources"].size(), 1U) << rule.dump();
        EXPECT_LE(rule.value("resourceNames", nlohmann::json::array()).size(), 1U) << rule.dump();
      }
}

TEST_F(Rights, OfTheWebhookReachOneSecretOneWebhookObjectOneMeshSwitch) {
  const Rendering& rendering = render({});
  const auto role = rendering.only("Role", "webhook");
  ASSERT_EQ(role["rules"].size(), 2U);
  for (const auto& rule : role["rules"]) EXPECT_EQ(rule["resources"], nlohmann::json({"secrets"}));
  EXPECT_EQ(role["rules"][0]["resourceNames"], nlohmann::json({"smc-smc-webhook-ca"}));
  EXPECT_EQ(role["rules"][0]["verbs"], nlohmann::json({"get", "list", "watch", "update"}));
  // RBAC knows no name at a creation: a rule with one would grant nothing.
  EXPECT_FALSE(role["rules"][1].contains("resourceNames"));
  EXPECT_EQ(role["rules"][1]["verbs"], nlohmann::json({"create"}));

  const auto cluster = rendering.only("ClusterRole", "webhook");
  ASSERT_EQ(cluster["rules"].size(), 3U);
  const auto webhook = rendering.only("MutatingWebhookConfiguration", "webhook");
  EXPECT_EQ(rule_for(cluster, "mutatingwebhookconfigurations")["resourceNames"],
            nlohmann::json({webhook["metadata"]["name"]}));
  EXPECT_EQ(rule_for(cluster, "mutatingwebhookconfigurations")["verbs"],
            nlohmann::json({"get", "list", "watch", "patch"}));
  EXPECT_EQ(rule_for(cluster, "asmmeshconfigs")["resourceNames"], nlohmann::json({"default"}));
  EXPECT_EQ(rule_for(cluster, "asmmeshconfigs")["verbs"], nlohmann::json({"list", "watch"}));
}

TEST_F(Rights, OfTheWebhookGoWithTheFeatureThatNeedsThem) {
  const Rendering alone = render({.set = {"certificates.mode=certManager", "mesh.watch=false",
                                          "agent.enabled=false", "initContainer.mode=agent"}});
  ASSERT_EQ(alone.status, 0) << alone.text;
  for (const char* kind : {"Role", "ClusterRole"})
    for (const auto& role : alone.lasting(kind)) ADD_FAILURE() << role.dump();

  const Rendering& remote = render({.set = {"mesh.kubeconfigSecret.name=mesh"}});
  EXPECT_TRUE(rule_for(remote.only("ClusterRole", "webhook"), "asmmeshconfigs").is_null());

  const auto namespaces = [](const char* mode) {
    const std::string set = std::string("initContainer.mode=") + mode;
    return rule_for(render({.set = {set}}).only("ClusterRole", "webhook"), "namespaces");
  };
  EXPECT_EQ(namespaces("auto")["verbs"], nlohmann::json({"list", "watch"}));
  EXPECT_TRUE(namespaces("agent").is_null());
  EXPECT_TRUE(namespaces("privileged").is_null());

  const auto classes = [](const char* watch) {
    const std::string set = std::string("runtimeClasses.watch=") + watch;
    return rule_for(render({.set = {set}}).only("ClusterRole", "webhook"), "runtimeclasses");
  };
  EXPECT_EQ(classes("true")["verbs"], nlohmann::json({"list", "watch"}));
  EXPECT_TRUE(classes("false").is_null());

  for (const auto& role : render({}).lasting("ClusterRole")) {
    if (role["metadata"]["labels"]["app.kubernetes.io/component"] == "agent") continue;
    EXPECT_TRUE(rule_for(role, "events").is_null()) << role.dump();
  }
}

// Pods that a rollback replaces still tell what they know: their right is no part of the revision
// that goes, but stays until the release is removed.
TEST_F(Rights, ToTellEventsOutliveTheRevisionAndGoWithTheRelease) {
  for (const char* kind : {"ClusterRole", "ClusterRoleBinding"}) {
    nlohmann::json kept;
    nlohmann::json hook;
    for (const auto& object : render({.set = kEveryRight}).of_kind(kind)) {
      if (object["metadata"]["labels"]["app.kubernetes.io/component"] != "webhook-events") continue;
      (is_hook(object) ? hook : kept) = object;
    }
    ASSERT_FALSE(kept.is_null()) << kind;
    ASSERT_FALSE(hook.is_null()) << kind;
    EXPECT_EQ(kept["metadata"]["annotations"]["helm.sh/resource-policy"], "keep");
    EXPECT_EQ(hook["metadata"]["annotations"]["helm.sh/hook"], "post-delete");
    EXPECT_EQ(hook["metadata"]["annotations"]["helm.sh/hook-delete-policy"],
              "before-hook-creation,hook-succeeded,hook-failed");
    EXPECT_EQ(hook["metadata"]["name"], kept["metadata"]["name"]);
    // a revision without Events takes away what an earlier one left
    int hooks = 0;
    for (const auto& object : render({}).of_kind(kind)) hooks += object == hook ? 1 : 0;
    EXPECT_EQ(hooks, 1) << kind;
  }
}

// The way to run it that SECURITY.md calls hardened.
TEST_F(Rights, OfTheHardenedWayAreNoneForTheWebhook) {
  const Rendering& rendering = render({.values = "examples/hardened.yaml"});
  ASSERT_EQ(rendering.status, 0) << rendering.text;
  for (const char* kind : {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
    for (const auto& object : rendering.lasting(kind))
      EXPECT_EQ(object["metadata"]["labels"]["app.kubernetes.io/component"], "agent")
          << object.dump();
  EXPECT_EQ(rendering.only("Deployment",
                           "webhook")["spec"]["template"]["spec"]["automountServiceAccountToken"],
            false);
}

TEST_F(Rights, OfTheAgentReadNoSecretAndWriteOnlyNodesAndEvents) {
  const auto role = render({}).only("ClusterRole", "agent");
  for (const auto& rule : role["rules"]) {
    const std::string resource = rule["resources"][0];
    for (const auto& verb : rule["verbs"]) {
      const bool writes = verb != "get" && verb != "list" && verb != "watch";
      EXPECT_TRUE(!writes || resource == "nodes" || resource == "events") << rule.dump();
    }
    EXPECT_NE(resource, "secrets");
  }
}

TEST_F(Rights, OfTheAgentAreTheVerbsThatItUses) {
  const Rendering& rendering = render({});
  const auto role = rendering.only("ClusterRole", "agent");
  ASSERT_EQ(role["rules"].size(), 4U);
  EXPECT_EQ(rule_for(role, "nodes")["verbs"], nlohmann::json({"get", "patch"}));
  EXPECT_EQ(rule_for(role, "pods")["verbs"], nlohmann::json({"list", "watch"}));
  EXPECT_EQ(rule_for(role, "events")["verbs"], nlohmann::json({"create"}));
  EXPECT_EQ(rule_for(role, "asmmeshconfigs")["verbs"], nlohmann::json({"list", "watch"}));
  EXPECT_EQ(rule_for(role, "asmmeshconfigs")["resourceNames"], nlohmann::json({"default"}));
  for (const char* elsewhere : {"mesh.watch=false", "mesh.kubeconfigSecret.name=mesh"})
    EXPECT_TRUE(
        rule_for(render({.set = {elsewhere}}).only("ClusterRole", "agent"), "asmmeshconfigs")
            .is_null())
        << elsewhere;
  const auto own = rendering.only("Role", "agent");
  ASSERT_EQ(own["rules"].size(), 1U);
  EXPECT_EQ(own["rules"][0]["resourceNames"], nlohmann::json({"smc-smc-webhook-agent"}));
  EXPECT_EQ(own["rules"][0]["verbs"], nlohmann::json({"get"}));
}

TEST_F(Rights, OfTheUninstallJobAreTheVerbsThatItUses) {
  const Rendering& rendering = render({});
  const auto role = rendering.only("Role", "uninstall");
  ASSERT_EQ(role["rules"].size(), 1U);
  EXPECT_EQ(role["rules"][0]["resourceNames"], nlohmann::json({"smc-smc-webhook-agent"}));
  EXPECT_EQ(role["rules"][0]["verbs"], nlohmann::json({"get", "delete"}));
  const auto cluster = rendering.only("ClusterRole", "uninstall");
  ASSERT_EQ(cluster["rules"].size(), 1U);
  EXPECT_EQ(rule_for(cluster, "nodes")["verbs"], nlohmann::json({"list", "patch"}));
}

TEST_F(Rights, ToAskForTheDaemonSetGoWithUninstall) {
  const Rendering& rendering = render({.set = {"agent.uninstall.enabled=false"}});
  for (const auto& role : rendering.of_kind("Role"))
    EXPECT_NE(role["metadata"]["labels"]["app.kubernetes.io/component"], "agent") << role.dump();
  EXPECT_TRUE(rendering.of_kind("Job").empty());
}

TEST_F(Rights, OfTestAndUninstallExistOnlyWhileTheyRun) {
  const Rendering& rendering = render({});
  int seen = 0;
  for (const char* component : {"test", "uninstall"}) {
    for (const auto& object : rendering.objects) {
      if (object["metadata"]["labels"]["app.kubernetes.io/component"] != component) continue;
      ++seen;
      const auto& annotations = object["metadata"]["annotations"];
      EXPECT_TRUE(annotations.contains("helm.sh/hook")) << object.dump();
      EXPECT_NE(annotations["helm.sh/hook-delete-policy"].get<std::string>().find("hook-succeeded"),
                std::string::npos);
    }
  }
  EXPECT_GE(seen, 8);
}

TEST_F(Rights, ThatTheUninstallJobLacksAreOnTheLogOfOneThatFailedAndStays) {
  const auto job = render({}).only("Job", "uninstall");
  EXPECT_EQ(job["metadata"]["annotations"]["helm.sh/hook-delete-policy"],
            "before-hook-creation,hook-succeeded");
  EXPECT_EQ(job["spec"]["template"]["spec"]["restartPolicy"], "Never")
      << "a container that is started again takes the place of the one that failed";
}

TEST_F(Rights, AreNotGrantedWhereSomebodyElseDoesIt) {
  const Rendering& rendering = render({.set = {"rbac.create=false"}});
  for (const char* kind : {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
    EXPECT_TRUE(rendering.of_kind(kind).empty()) << kind;
}

TEST_F(Rights, PolicyIsAboutTheAgentsOwnAccount) {
  const Rendering& rendering = render({.kube_version = "1.30.0"});
  const auto policy = rendering.only("ValidatingAdmissionPolicy", "agent");
  const std::string account = rendering.only("ServiceAccount", "agent")["metadata"]["name"];
  EXPECT_NE(policy["spec"]["matchConditions"][0]["expression"].get<std::string>().find(
                "'system:serviceaccount:smc-system:" + account + "'"),
            std::string::npos);
  EXPECT_EQ(policy["spec"]["failurePolicy"], "Fail");
  EXPECT_EQ(
      rendering.only("ValidatingAdmissionPolicyBinding", "agent")["spec"]["validationActions"],
      nlohmann::json({"Deny"}));
}

TEST_F(Rights, PolicyLeavesTheWebhookCaBundleOfItsOwnObject) {
  const Rendering& rendering = render({.kube_version = "1.30.0"});
  const auto policy = rendering.only("ValidatingAdmissionPolicy", "webhook");
  const std::string account = rendering.only("ServiceAccount", "webhook")["metadata"]["name"];
  EXPECT_EQ(policy["spec"]["matchConditions"][0]["expression"],
            "request.userInfo.username == 'system:serviceaccount:smc-system:" + account + "'");
  EXPECT_EQ(policy["spec"]["failurePolicy"], "Fail");
  EXPECT_EQ(rendering.only("ValidatingAdmissionPolicyBinding", "webhook")["spec"],
            nlohmann::json(
                {{"policyName", policy["metadata"]["name"]}, {"validationActions", {"Deny"}}}));

  const auto object = rendering.only("MutatingWebhookConfiguration", "webhook");
  const std::string text = policy["spec"]["validations"].dump();
  EXPECT_NE(text.find("object.metadata.name == '" + object["metadata"]["name"].get<std::string>()),
            std::string::npos);
  // whatever the chart writes into the object but caBundle, and what else the API has
  std::set<std::string> fields = {"clientConfig.url", "clientConfig.service", "objectSelector"};
  for (const auto& [field, value] : object["webhooks"][0].items())
    if (field != "clientConfig" && field != "name") fields.insert(field);
  for (const std::string& field : fields)
    EXPECT_NE(text.find("new." + field + " == old." + field), std::string::npos) << field;
  EXPECT_EQ(text.find("caBundle =="), std::string::npos);
}

TEST_F(Rights, PolicyLeavesTheWebhookTheSecretOfItsCa) {
  const Rendering& rendering = render({.kube_version = "1.30.0"});
  const auto policy = rendering.only("ValidatingAdmissionPolicy", "webhook-secret");
  const std::string secret = rendering.only("Secret", "webhook")["metadata"]["name"];
  const std::string text = policy["spec"]["validations"][0]["expression"];
  EXPECT_NE(text.find("object.metadata.name == '" + secret + "'"), std::string::npos);
  EXPECT_NE(text.find("object.type == 'Opaque'"), std::string::npos);
  EXPECT_EQ(policy["spec"]["matchConstraints"]["resourceRules"][0]["operations"],
            nlohmann::json({"CREATE", "UPDATE"}));
}

TEST_F(Rights, PoliciesOfTheWebhookGoWithItsRights) {
  const auto policies = [](const Release& release) {
    return render(release).of_kind("ValidatingAdmissionPolicy").size();
  };
  EXPECT_EQ(policies({.kube_version = "1.30.0"}), 3U);
  EXPECT_EQ(policies({.kube_version = "1.29.0"}), 0U);
  EXPECT_EQ(policies({.set = {"webhook.objectPolicy=off"}}), 1U);
  EXPECT_EQ(policies({.set = {"certificates.mode=certManager"}}), 1U);
}

TEST_F(Rights, ModeAutoAloneNeedsATokenAndTheNamespaces) {
  const Rendering& rendering = render({.set = {"certificates.mode=certManager", "mesh.watch=false",
                                               "agent.enabled=false", "initContainer.mode=auto"}});
  const auto role = rendering.only("ClusterRole", "webhook");
  ASSERT_EQ(role["rules"].size(), 1U);
  EXPECT_FALSE(rule_for(role, "namespaces").is_null());
  EXPECT_EQ(rendering.only("Deployment",
                           "webhook")["spec"]["template"]["spec"]["automountServiceAccountToken"],
            true);
}

TEST_F(Rights, PolicyLetsTheAgentSetTheLabelThatTheAffinityAsksFor) {
  const auto policy = render({.set = {"injection.affinity.key=own/label"}})
                          .only("ValidatingAdmissionPolicy", "agent");
  EXPECT_NE(policy.dump().find("k == 'own/label'"), std::string::npos);
}

}  // namespace
}  // namespace smc::chart
