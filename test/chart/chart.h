// The chart as Helm renders it: what the tests of this folder look at. They need Helm, which Debian
// has not: without scripts/fetch-kube-tools's copy they are skipped and say so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace smc::chart {

struct Release {
  std::string name = "smc";
  std::string ns = "smc-system";
  std::string kube_version = "1.30.0";
  std::vector<std::string> set = {};  // "webhook.replicas=3", as helm's --set takes it
  std::string values = {};            // a file of values in this tree
};

struct Rendering {
  int status = 0;
  std::string text;                     // standard output and standard error
  std::vector<nlohmann::json> objects;  // only with status 0

  std::vector<nlohmann::json> of_kind(const std::string& kind) const;
  // Without what Helm makes for a moment only, and never beside the release's own.
  std::vector<nlohmann::json> lasting(const std::string& kind) const;
  // The only one of this kind and app.kubernetes.io/component; a failure of the test and null
  // otherwise.
  nlohmann::json only(const std::string& kind, const std::string& component) const;
};

// Remembers what it has rendered: Helm takes a tenth of a second each time.
Rendering render(const Release& release);
Rendering render_anew(const Release& release);

// Every way of setting the chart up that changes which objects there are.
struct Variant {
  std::string name;
  std::vector<std::string> set;
};
const std::vector<Variant>& variants();

// From the oldest that the chart takes to the newest that was tried.
const std::vector<std::string>& kube_versions();

// `helm`, or nothing where it is not there.
std::optional<std::string> find_helm();

bool is_hook(const nlohmann::json& object);

// Skips its tests where Helm is missing.
class ChartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!find_helm()) GTEST_SKIP() << "no Helm here: scripts/fetch-kube-tools brings it";
  }
};

}  // namespace smc::chart
