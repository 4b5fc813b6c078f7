#include "bench/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>

namespace smc::bench {
namespace {

// Machines differ by this much from run to run where nobody measured how much.
constexpr double kLeastNoisePercent = 2;
// The same of mean latencies: a single round says nothing about how much they differ.
constexpr double kLatencyNoisePercent = 10;

using Runs = std::vector<RunResult>;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double median_of(const Runs& runs, const std::function<double(const RunResult&)>& value) {
  std::vector<double> values;
  for (const RunResult& run : runs) values.push_back(value(run));
  return median(values);
}

double rate_of(const RunResult& run) {
  return run.rate;
}

// Two standard errors of the mean of a round's seconds; 0 where there are too few.
double noise_of_seconds(const RunResult& run) {
  const auto& course = run.course;
  if (course.size() < 3 || run.rate <= 0) return 0;
  double sum = 0;
  for (const Second& second : course) sum += static_cast<double>(second.requests);
  const auto size = static_cast<double>(course.size());
  double squares = 0;
  for (const Second& second : course)
    squares += std::pow(static_cast<double>(second.requests) - sum / size, 2);
  return 2 * std::sqrt(squares / (size - 1) / size) / run.rate * 100;
}

// Half of the range of several rounds.
double noise_of_rounds(const Runs& runs, const std::function<double(const RunResult&)>& value) {
  const double middle = median_of(runs, value);
  if (middle <= 0) return 0;
  std::vector<double> values;
  for (const RunResult& run : runs) values.push_back(value(run));
  const auto [least, most] = std::ranges::minmax(values);
  return (most - least) / 2 / middle * 100;
}

// The round in the middle by its rate; of two, the lower one.
const RunResult& middle_round(const Runs& runs) {
  std::vector<const RunResult*> sorted;
  for (const RunResult& run : runs) sorted.push_back(&run);
  std::ranges::sort(sorted, {}, [](const RunResult* run) { return run->rate; });
  return *sorted[(sorted.size() - 1) / 2];
}

void add_remarks(Comparison& out) {
  const RunResult& before = out.before.front();
  const RunResult& after = out.after.front();
  const auto differ = [&](const char* what, double first, double second) {
    if (first != second)
      out.remarks.push_back(std::string("the runs differ in ") + what + ": " + number_text(first) +
                            " and " + number_text(second));
  };
  differ("connections", static_cast<double>(before.connections),
         static_cast<double>(after.connections));
  if (before.program == after.program)
    differ("bytes of payload", static_cast<double>(before.payload),
           static_cast<double>(after.payload));
  else
    out.remarks.push_back("the load came from different programs: " + before.program + " and " +
                          after.program);
  differ("the rate that was asked for", before.asked_rate, after.asked_rate);
  const auto errors = [&](const char* which, const Runs& runs) {
    const std::uint64_t all = std::accumulate(
        runs.begin(), runs.end(), std::uint64_t{0},
        [](std::uint64_t sum, const RunResult& run) { return sum + run.error_count(); });
    if (all > 0)
      out.remarks.push_back(std::to_string(all) + " requests failed in the runs " + which);
  };
  errors("before", out.before);
  errors("after", out.after);
}

void add_rows(Comparison& out) {
  const auto add = [&](const std::string& name, const std::string& unit,
                       const std::function<double(const RunResult&)>& value) {
    out.rows.push_back({name, unit, median_of(out.before, value), median_of(out.after, value)});
  };
  add("rate", "requests/s", rate_of);
  add("mean", "ms", [&](const RunResult& run) { return out.latency(run).mean_ms; });
  for (const double percent : kPercentiles)
    add(percentile_name(percent), "ms",
        [&](const RunResult& run) { return out.latency(run).percentiles.at(percent); });
  const auto cpu = [](const RunResult& run) { return run.cpu_us_per_request(); };
  if (median_of(out.before, cpu) > 0 && median_of(out.after, cpu) > 0)
    add("CPU of the client", "us/request", cpu);
}

double noise_percent(const Comparison& of) {
  if (of.before.size() == 1 || of.after.size() == 1)
    return of.from_due ? kLatencyNoisePercent
                       : std::max(kLeastNoisePercent, noise_of_seconds(of.before.front()) +
                                                          noise_of_seconds(of.after.front()));
  const auto value = [&](const RunResult& run) {
    return of.from_due ? of.latency(run).mean_ms : run.rate;
  };
  return std::max(kLeastNoisePercent,
                  noise_of_rounds(of.before, value) + noise_of_rounds(of.after, value));
}

}  // namespace

// Where both sides answered all that was asked for, the rates are the same and the latency decides.
const Row& Comparison::decisive() const {
  return rows[from_due ? 1 : 0];
}

double Row::change_percent() const {
  return before == 0 ? 0 : (after - before) / before * 100;
}

const RunResult& Comparison::shown_before() const {
  return middle_round(before);
}

const RunResult& Comparison::shown_after() const {
  return middle_round(after);
}

Comparison compare(std::vector<RunResult> before, std::vector<RunResult> after) {
  Comparison out;
  out.before = std::move(before);
  out.after = std::move(after);
  // Who compares with a run over TCP means it so, whether or not the run was told.
  for (RunResult& run : out.before)
    if (run.expected.empty() && run.proof && run.proof->mode() == "tcp") run.expected = "tcp";
  const auto held = [](const Runs& runs) {
    return std::ranges::all_of(runs, &RunResult::held_rate);
  };
  out.from_due = held(out.before) && held(out.after);
  add_rows(out);
  add_remarks(out);
  out.noise_percent = noise_percent(out);
  const Row& decisive = out.decisive();
  const double gain = out.from_due ? -decisive.change_percent() : decisive.change_percent();
  if (std::abs(gain) > out.noise_percent)
    out.verdict = gain > 0 ? Verdict::kFaster : Verdict::kSlower;
  return out;
}

std::string number_text(double value) {
  if (std::abs(value) < 10'000) {
    std::array<char, 32> text{};
    const double size = std::abs(value);
    const int decimals = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
  }
  std::string digits = std::to_string(std::llround(value));
  for (std::size_t end = digits.size(); end > 3 + (value < 0 ? 1u : 0u);) {
    end -= 3;
    digits.insert(end, ",");
  }
  return digits;
}

std::string change_text(double percent) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%+.1f %%", percent);
  return text.data();
}

std::string verdict_text(const Comparison& comparison) {
  const Row& row = comparison.decisive();
  const std::string noise = " (noise " + number_text(comparison.noise_percent) + " %)";
  const std::string numbers = number_text(row.after) + " instead of " + number_text(row.before) +
                              " " + row.unit +
                              (comparison.from_due ? " on average at the same rate" : "");
  const double size = std::abs(row.change_percent());
  switch (comparison.verdict) {
    case Verdict::kFaster:
      return "faster by " + number_text(size) + " %: " + numbers + noise;
    case Verdict::kSlower:
      return "slower by " + number_text(size) + " %: " + numbers + noise;
    case Verdict::kWithinNoise:
      break;
  }
  return "within noise: " + numbers + noise;
}

}  // namespace smc::bench
