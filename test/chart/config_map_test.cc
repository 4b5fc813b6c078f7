// The webhook's configuration as the chart writes it is one that the webhook reads.
#include "test/chart/chart.h"
#include "webhook/config/config.h"

namespace smc::chart {
namespace {

class ConfigMap : public ChartTest {
 protected:
  static webhook::Config parsed(const Release& release) {
    const std::string yaml = render(release).only("ConfigMap", "webhook")["data"]["config.yaml"];
    const webhook::ParsedConfig out = webhook::parse_config(yaml);
    for (const auto& mistake : out.mistakes)
      ADD_FAILURE() << mistake.text("config.yaml") << "\n" << yaml;
    return out.config;
  }
};

TEST_F(ConfigMap, OfDefaultValuesSaysTheProgramsDefaults) {
  const webhook::Config config = parsed({});
  const webhook::Config expected;
  EXPECT_EQ(config.mesh.smc_enabled, expected.mesh.smc_enabled);
  EXPECT_EQ(config.injection.excluded_namespaces, expected.injection.excluded_namespaces);
  EXPECT_EQ(config.injection.excluded_runtime_classes, expected.injection.excluded_runtime_classes);
  EXPECT_EQ(config.injection.allowed_overrides, expected.injection.allowed_overrides);
  EXPECT_EQ(config.injection.on_failure, expected.injection.on_failure);
  EXPECT_EQ(config.injection.exclude_destinations, expected.injection.exclude_destinations);
  EXPECT_EQ(config.injection.affinity.mode, expected.injection.affinity.mode);
  EXPECT_EQ(config.injection.affinity.key, expected.injection.affinity.key);
  EXPECT_EQ(config.injection.affinity.values, expected.injection.affinity.values);
  EXPECT_EQ(config.init_container.name, expected.init_container.name);
  EXPECT_EQ(config.init_container.image, expected.init_container.image);
  EXPECT_EQ(config.init_container.image_pull_policy, expected.init_container.image_pull_policy);
  EXPECT_EQ(config.init_container.mode, expected.init_container.mode);
  EXPECT_EQ(config.init_container.cpu, expected.init_container.cpu);
  EXPECT_EQ(config.init_container.memory, expected.init_container.memory);
  EXPECT_EQ(config.init_container.request_erdma, expected.init_container.request_erdma);
  EXPECT_EQ(config.init_container.image_pull_secrets, expected.init_container.image_pull_secrets);
  EXPECT_EQ(config.init_container.trusted_registries, expected.init_container.trusted_registries);
  EXPECT_EQ(config.server.max_body_bytes, expected.server.max_body_bytes);
  EXPECT_EQ(config.server.max_connections, expected.server.max_connections);
  EXPECT_EQ(config.server.request_timeout, expected.server.request_timeout);
  EXPECT_EQ(config.server.idle_timeout, expected.server.idle_timeout);
  EXPECT_EQ(config.server.drain_delay, expected.server.drain_delay);
  EXPECT_EQ(config.log_level, expected.log_level);
}

TEST_F(ConfigMap, CarriesEveryValue) {
  const std::string digest = "sha256:" + std::string(64, 'b');
  const webhook::Config config =
      parsed({.set = {"mesh.smcEnabled=false",
                      "injection.excludedNamespaces={a,b}",
                      "injection.excludedRuntimeClasses={own}",
                      "injection.overrides.allowed={interface,pnetid}",
                      "injection.onFailure=fail",
                      "injection.excludeDestinations={10.1.2.0/24,:6379}",
                      "injection.affinity.mode=none",
                      "injection.affinity.key=own/label",
                      "injection.affinity.values={yes,no}",
                      "initContainer.name=other",
                      "initContainer.image.digest=" + digest,
                      "initContainer.imagePullPolicy=Never",
                      "initContainer.imagePullSecrets={one,two}",
                      "initContainer.trustedRegistries={near:5000/smc}",
                      "initContainer.mode=agent",
                      "initContainer.resources.cpu=1",
                      "initContainer.resources.memory=1Gi",
                      "initContainer.requestErdma=true",
                      "webhook.server.maxBodyBytes=1048576",
                      "webhook.server.maxConnections=700",
                      "webhook.server.requestTimeout=1500ms",
                      "webhook.server.idleTimeout=3m",
                      "webhook.server.drainDelay=2s",
                      "webhook.logLevel=debug"}});
  EXPECT_FALSE(config.mesh.smc_enabled);
  EXPECT_EQ(config.injection.excluded_namespaces, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.injection.excluded_runtime_classes, (std::vector<std::string>{"own"}));
  EXPECT_EQ(config.injection.allowed_overrides,
            (std::vector{webhook::Override::kInterface, webhook::Override::kPnetid}));
  EXPECT_EQ(config.injection.on_failure, OnFailure::kFail);
  EXPECT_EQ(text_of(config.injection.exclude_destinations), "10.1.2.0/24,:6379");
  EXPECT_EQ(config.injection.affinity.mode, webhook::AffinityMode::kNone);
  EXPECT_EQ(config.injection.affinity.key, "own/label");
  EXPECT_EQ(config.injection.affinity.values, (std::vector<std::string>{"yes", "no"}));
  EXPECT_EQ(config.init_container.name, "other");
  EXPECT_EQ(config.init_container.image, "ghcr.io/smc-webhook/smc-node-init@" + digest);
  EXPECT_EQ(config.init_container.image_pull_policy, "Never");
  EXPECT_EQ(config.init_container.image_pull_secrets, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(config.init_container.trusted_registries, (std::vector<std::string>{"near:5000/smc"}));
  EXPECT_EQ(config.init_container.mode, webhook::InitMode::kAgent);
  EXPECT_EQ(config.init_container.cpu, "1");
  EXPECT_EQ(config.init_container.memory, "1Gi");
  EXPECT_TRUE(config.init_container.request_erdma);
  EXPECT_EQ(config.server.max_body_bytes, 1048576U);
  EXPECT_EQ(config.server.max_connections, 700U);
  EXPECT_EQ(config.server.request_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(config.server.idle_timeout, std::chrono::minutes(3));
  EXPECT_EQ(config.server.drain_delay, std::chrono::seconds(2));
  EXPECT_EQ(config.log_level, log::Level::kDebug);
}

}  // namespace
}  // namespace smc::chart
