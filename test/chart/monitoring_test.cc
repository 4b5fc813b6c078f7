// What the Prometheus operator and Grafana find.
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "test/chart/chart.h"

namespace smc::chart {
namespace {

using Monitoring = ChartTest;

const std::vector<std::string> kAllOn = {"monitoring.serviceMonitor.enabled=true",
                                         "monitoring.prometheusRule.enabled=true",
                                         "monitoring.dashboard.enabled=true"};

std::vector<std::string> all_on(const std::vector<std::string>& more) {
  std::vector<std::string> out = kAllOn;
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

TEST_F(Monitoring, ObjectsAreInTheNamespacesThatTheValuesName) {
  const Rendering& rendering = render({.set = all_on({"monitoring.serviceMonitor.namespace=prom",
                                                      "monitoring.prometheusRule.namespace=rules",
                                                      "monitoring.dashboard.namespace=grafana"})});
  for (const char* component : {"webhook", "agent"}) {
    const auto monitor = rendering.only("ServiceMonitor", component);
    EXPECT_EQ(monitor["metadata"]["namespace"], "prom");
    EXPECT_EQ(monitor["spec"]["namespaceSelector"]["matchNames"], nlohmann::json({"smc-system"}));
  }
  EXPECT_EQ(rendering.only("PrometheusRule", "alerts")["metadata"]["namespace"], "rules");
  EXPECT_EQ(rendering.only("ConfigMap", "dashboard")["metadata"]["namespace"], "grafana");
  // there, those of another release of this name do not meet
  EXPECT_EQ(rendering.only("ServiceMonitor", "webhook")["metadata"]["name"],
            "smc-webhook.webhook.smc-system.smc");
  EXPECT_EQ(render({.set = kAllOn}).only("ServiceMonitor", "agent")["metadata"]["name"],
            "smc-smc-webhook-agent");
}

TEST_F(Monitoring, ScrapeTimeoutIsAValue) {
  const auto endpoint = [](const std::vector<std::string>& more) {
    return render({.set = all_on(more)}).only("ServiceMonitor", "agent")["spec"]["endpoints"][0];
  };
  EXPECT_FALSE(endpoint({}).contains("scrapeTimeout"));
  EXPECT_EQ(endpoint({"monitoring.serviceMonitor.scrapeTimeout=25s"})["scrapeTimeout"], "25s");
}

std::string runbooks() {
  std::ifstream file(SMC_CHART_DIR "/../../docs/runbooks.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<nlohmann::json> alerts(const std::vector<std::string>& more) {
  return render({.set = all_on(more)})
      .only("PrometheusRule", "alerts")["spec"]["groups"][0]["rules"];
}

// GitHub's name of a heading: small letters.
std::string anchor(std::string heading) {
  for (char& c : heading) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return heading;
}

TEST_F(Monitoring, EachAlertHasASectionInTheRunbooksAndEachSectionAnAlert) {
  const std::string text = runbooks();
  std::set<std::string> named;
  for (const auto& rule : alerts({"monitoring.prometheusRule.runbookUrl=https://w.test/runs"})) {
    const std::string alert = rule["alert"];
    named.insert(alert);
    EXPECT_NE(text.find("\n## " + alert + "\n"), std::string::npos) << alert;
    EXPECT_EQ(rule["annotations"]["runbook_url"], "https://w.test/runs#" + anchor(alert));
  }
  const std::regex heading("\n## (\\w+)\n");
  for (std::sregex_iterator at(text.begin(), text.end(), heading), end; at != end; ++at)
    EXPECT_TRUE(named.contains((*at)[1])) << (*at)[1];
}

TEST_F(Monitoring, RunbookUrlsAreLeftOutWhereTheValueIsEmpty) {
  for (const auto& rule : alerts({"monitoring.prometheusRule.runbookUrl="}))
    EXPECT_FALSE(rule["annotations"].contains("runbook_url")) << rule["alert"];
}

nlohmann::json dashboard() {
  const auto map = render({.set = kAllOn}).only("ConfigMap", "dashboard");
  return nlohmann::json::parse(map["data"]["smc-webhook.json"].get<std::string>());
}

std::vector<std::string> expressions(const nlohmann::json& board) {
  std::vector<std::string> out;
  for (const auto& panel : board["panels"])
    for (const auto& target : panel["targets"]) out.push_back(target["expr"]);
  return out;
}

TEST_F(Monitoring, DashboardFollowsItsVariables) {
  const auto board = dashboard();
  std::set<std::string> variables;
  for (const auto& variable : board["templating"]["list"])
    variables.insert(variable["name"].get<std::string>());
  EXPECT_THAT(variables, testing::IsSupersetOf({"namespace", "node", "pod"}));
  for (const std::string& expr : expressions(board)) {
    std::vector<std::string> needed;
    if (expr.find("smc_webhook_") != std::string::npos) needed = {"release_namespace", "job"};
    if (expr.find("smc_node_") != std::string::npos) needed = {"node"};
    const bool of_pods = expr.find("scope=\"pod\"") != std::string::npos ||
                         expr.find("smc_node_annotated_not_set_up") != std::string::npos;
    if (of_pods) needed = {"namespace", "node", "pod"};
    EXPECT_FALSE(needed.empty()) << expr;
    for (const std::string& name : needed)
      EXPECT_NE(expr.find("=~\"$" + name + "\""), std::string::npos) << name << ": " << expr;
  }
}

// All that stands in the sources of a program, where each metric is declared by its whole name.
std::string sources_below(const std::string& folder) {
  std::stringstream text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".cc") text << std::ifstream(entry.path()).rdbuf();
  return text.str();
}

// The names of ours in an expression, a histogram's series as the histogram.
std::set<std::string> metrics_in(const std::string& expr) {
  static const std::regex name("smc_(webhook|node)_[a-z_]+");
  static const std::regex series("_(bucket|sum|count)$");
  std::set<std::string> out;
  for (std::sregex_iterator at(expr.begin(), expr.end(), name), end; at != end; ++at)
    out.insert(std::regex_replace(at->str(), series, ""));
  return out;
}

TEST_F(Monitoring, EveryMetricThatAlertsAndDashboardAskForIsOneOfThePrograms) {
  std::vector<std::string> exprs = expressions(dashboard());
  for (const auto& rule : alerts({})) exprs.push_back(rule["expr"]);
  std::set<std::string> metrics;
  for (const std::string& expr : exprs) metrics.merge(metrics_in(expr));
  EXPECT_GT(metrics.size(), 15U);
  const std::string webhook = sources_below(SMC_CHART_DIR "/../../webhook");
  const std::string node = sources_below(SMC_CHART_DIR "/../../node-init");
  for (const std::string& metric : metrics) {
    const bool of_webhook = metric.starts_with("smc_webhook_");
    EXPECT_NE((of_webhook ? webhook : node).find('"' + metric + '"'), std::string::npos) << metric;
  }
}

}  // namespace
}  // namespace smc::chart
