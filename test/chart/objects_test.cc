// What holds for every object, however the chart is set up and on every Kubernetes version that it
// takes.
#include <regex>
#include <set>

#include "test/chart/chart.h"

namespace smc::chart {
namespace {

class EveryRendering : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!find_helm()) GTEST_SKIP() << "no Helm here: scripts/fetch-kube-tools brings it";
    for (const Variant& variant : variants()) {
      const Rendering& rendering = render({.kube_version = GetParam(), .set = variant.set});
      ASSERT_EQ(rendering.status, 0) << variant.name << "\n" << rendering.text;
      all_.emplace_back(variant.name, rendering);
    }
  }

  template <class Check>
  void for_each_object(const Check& check) {
    for (const auto& [name, rendering] : all_) {
      SCOPED_TRACE(name);
      ASSERT_FALSE(rendering.objects.empty());
      for (const auto& object : rendering.objects) {
        SCOPED_TRACE(object.dump());
        check(object);
      }
    }
  }

  std::vector<std::pair<std::string, Rendering>> all_;
};

INSTANTIATE_TEST_SUITE_P(Kubernetes, EveryRendering, ::testing::ValuesIn(kube_versions()),
                         [](const auto& param) {
                           std::string name = param.param;
                           for (char& c : name)
                             if (c == '.') c = '_';
                           return name;
                         });

TEST_P(EveryRendering, HasKindVersionAndName) {
  for_each_object([](const nlohmann::json& object) {
    EXPECT_TRUE(object.at("kind").is_string());
    EXPECT_TRUE(object.at("apiVersion").is_string());
    const std::string name = object.at("metadata").at("name");
    EXPECT_FALSE(name.empty());
    EXPECT_LE(name.size(), 253U);
  });
}

TEST_P(EveryRendering, CarriesTheStandardLabels) {
  for_each_object([](const nlohmann::json& object) {
    const auto& labels = object.at("metadata").at("labels");
    for (const char* key : {"name", "instance", "component", "version", "part-of", "managed-by"})
      EXPECT_TRUE(labels.contains("app.kubernetes.io/" + std::string(key))) << key;
    EXPECT_TRUE(labels.contains("helm.sh/chart"));
    for (const auto& [key, value] : labels.items())
      EXPECT_LE(value.get<std::string>().size(), 63U) << key;
  });
}

// A hook may have the name of an object of the release, whose place it takes.
TEST_P(EveryRendering, HasEachObjectOnce) {
  for (const auto& [name, rendering] : all_) {
    std::set<std::string> seen;
    for (const auto& object : rendering.objects) {
      const auto& meta = object["metadata"];
      const std::string id = std::string(is_hook(object) ? "hook " : "") +
                             object["kind"].get<std::string>() + " " + meta.value("namespace", "") +
                             "/" + meta["name"].get<std::string>();
      EXPECT_TRUE(seen.insert(id).second) << name << ": twice: " << id;
    }
  }
}

// An API server of 1.20 refuses Helm's server-side apply of a port without its protocol.
TEST_P(EveryRendering, NamesTheProtocolOfEveryPort) {
  for_each_object([](const nlohmann::json& object) {
    if (object["kind"] == "Service") {
      for (const auto& port : object["spec"]["ports"]) EXPECT_TRUE(port.contains("protocol"));
    }
    if (object["kind"] == "Deployment" || object["kind"] == "DaemonSet") {
      for (const auto& container : object["spec"]["template"]["spec"]["containers"])
        for (const auto& port : container["ports"]) EXPECT_TRUE(port.contains("protocol"));
    }
  });
}

TEST_P(EveryRendering, UsesOnlyApisThatTheVersionServes) {
  const bool has_policy_v1 = GetParam() != "1.20.0";
  const bool has_autoscaling_v2 = GetParam() != "1.20.0";
  const bool has_admission_policies = GetParam() == "1.30.0" || GetParam() == "1.35.0";
  for_each_object([&](const nlohmann::json& object) {
    const std::string version = object["apiVersion"];
    if (object["kind"] == "PodDisruptionBudget") {
      EXPECT_EQ(version, has_policy_v1 ? "policy/v1" : "policy/v1beta1");
    } else if (object["kind"] == "HorizontalPodAutoscaler") {
      EXPECT_EQ(version, has_autoscaling_v2 ? "autoscaling/v2" : "autoscaling/v2beta2");
    } else if (object["kind"] == "ValidatingAdmissionPolicy") {
      EXPECT_TRUE(has_admission_policies);
    } else if (object["kind"] == "MutatingWebhookConfiguration") {
      for (const auto& webhook : object["webhooks"])
        EXPECT_EQ(webhook.contains("matchConditions"), has_admission_policies);
    }
  });
}

// In a cluster of IPv6 alone nothing of IPv4 can be listened to, and nothing be reached.
TEST_P(EveryRendering, NamesNoIpv4Address) {
  for (const auto& [name, rendering] : all_) {
    EXPECT_EQ(rendering.text.find("0.0.0.0"), std::string::npos) << name;
    EXPECT_EQ(rendering.text.find("127.0.0.1"), std::string::npos) << name;
  }
}

// The agents' token is made by chance where no cluster is asked for it.
std::string without_token(const std::string& text) {
  return std::regex_replace(text, std::regex("\n  token: \"[A-Za-z0-9+/=]{60}\"\n"), "\n");
}

TEST_P(EveryRendering, IsTheSameTwiceButForTheToken) {
  for (std::size_t i = 0; i < all_.size(); ++i)
    EXPECT_EQ(
        without_token(render_anew({.kube_version = GetParam(), .set = variants()[i].set}).text),
        without_token(all_[i].second.text))
        << all_[i].first;
}

using Chart = ChartTest;

TEST_F(Chart, IsOfTheProjectsVersion) {
  const Rendering& rendering = render({});
  const auto deployment = rendering.only("Deployment", "webhook");
  EXPECT_EQ(deployment["metadata"]["labels"]["app.kubernetes.io/version"], SMC_PROJECT_VERSION);
  EXPECT_EQ(deployment["spec"]["template"]["spec"]["containers"][0]["image"],
            "ghcr.io/smc-webhook/smc-webhook:" SMC_PROJECT_VERSION);
}

TEST_F(Chart, CommonLabelsAreOnEveryObjectAndEveryPod) {
  const Rendering& rendering = render({.set = {"commonLabels.team=net"}});
  for (const auto& object : rendering.objects) {
    EXPECT_EQ(object["metadata"]["labels"]["team"], "net") << object["metadata"]["name"];
    if (object["kind"] == "Deployment" || object["kind"] == "DaemonSet" ||
        object["kind"] == "Job") {
      EXPECT_EQ(object["spec"]["template"]["metadata"]["labels"]["team"], "net");
    }
  }
}

TEST_F(Chart, CommonAnnotationsAreOnEveryObjectAndOverrideNoneOfItsOwn) {
  const Rendering& rendering =
      render({.set = {"commonAnnotations.note=x", "events.enabled=true",
                      "monitoring.serviceMonitor.enabled=true", "monitoring.dashboard.enabled=true",
                      "monitoring.prometheusRule.enabled=true", "networkPolicy.enabled=true",
                      "certificates.mode=certManager", "webhook.autoscaling.enabled=true",
                      "webhook.service.annotations.note=own",
                      "webhook.serviceAccount.annotations.role=r"}});
  for (const auto& object : rendering.objects) {
    const bool is_service =
        object["kind"] == "Service" &&
        object["metadata"]["labels"]["app.kubernetes.io/component"] == "webhook";
    EXPECT_EQ(object["metadata"]["annotations"]["note"], is_service ? "own" : "x") << object.dump();
  }
  EXPECT_EQ(rendering.only("ServiceAccount", "webhook")["metadata"]["annotations"]["role"], "r");
}

// A selector cannot be changed: a label that may change must not be in it.
TEST_F(Chart, SelectorsAreTheThreeStableLabels) {
  const Rendering& rendering = render({.set = {"commonLabels.team=net", "webhook.podLabels.a=b"}});
  const nlohmann::json expected = {{"app.kubernetes.io/name", "smc-webhook"},
                                   {"app.kubernetes.io/instance", "smc"},
                                   {"app.kubernetes.io/component", "webhook"}};
  EXPECT_EQ(rendering.only("Deployment", "webhook")["spec"]["selector"]["matchLabels"], expected);
  EXPECT_EQ(rendering.only("Service", "webhook")["spec"]["selector"], expected);
  EXPECT_EQ(rendering.only("PodDisruptionBudget", "webhook")["spec"]["selector"]["matchLabels"],
            expected);
}

}  // namespace
}  // namespace smc::chart
