// One metric in Prometheus' text format: its name, what it means, and its samples. Values, safe on
// any thread.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace smc::node {

using Labels = std::vector<std::pair<std::string, std::string>>;
using Families = std::vector<prometheus::MetricFamily>;

class Family {
 public:
  Family(std::string name, std::string help, prometheus::MetricType type) {
    family_.name = std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }

  void add(const Labels& labels, double value) {
    prometheus::ClientMetric sample;
    for (const auto& [key, text] : labels) sample.label.push_back({key, text});
    if (family_.type == prometheus::MetricType::Counter)
      sample.counter.value = value;
    else
      sample.gauge.value = value;
    family_.metric.push_back(std::move(sample));
  }
  void add(const Labels& scope, const Labels& own, std::uint64_t value) {
    Labels all = scope;
    all.insert(all.end(), own.begin(), own.end());
    add(all, static_cast<double>(value));
  }

  prometheus::MetricFamily take() { return std::move(family_); }

 private:
  prometheus::MetricFamily family_;
};

inline Family gauge(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Gauge};
}
inline Family counter(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Counter};
}

inline std::string text_of(const Families& families) {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace smc::node
