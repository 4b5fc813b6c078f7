#include <algorithm>
#include <cmath>
#include <sstream>

#include "bench/drawing.h"
#include "bench/report.h"

namespace smc::bench {
namespace {

constexpr std::size_t kRows = 16;  // of the histogram in characters

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string fill(text.size() < width ? width - text.size() : 0, ' ');
  return right ? fill + text : text + fill;
}

std::string bar(double share, double most, std::size_t width, char mark) {
  const auto length =
      static_cast<std::size_t>(std::lround(share / most * static_cast<double>(width)));
  return padded(std::string(std::min(length, width), mark), width, false);
}

std::string text_histogram(const Comparison& comparison, std::size_t width) {
  const auto all = bins(comparison.latency(comparison.shown_before()),
                        comparison.latency(comparison.shown_after()), kRows);
  if (all.empty()) return "no request was answered\n";
  double most = 0;
  for (const Bin& bin : all) most = std::max({most, bin.before, bin.after});
  const std::size_t half = (std::max<std::size_t>(width, 40) - 14) / 2;
  std::string out =
      padded("up to ms", 10, true) + "  " + padded("before", half, false) + "  after\n";
  for (const Bin& bin : all) {
    std::string row = padded(number_text(bin.to_ms), 10, true) + "  " +
                      bar(bin.before, most, half, '#') + "  " + bar(bin.after, most, half, '*');
    row.erase(row.find_last_not_of(' ') + 1);
    out += row + "\n";
  }
  return out;
}

std::string proof_lines(const std::string& which, const RunResult& run) {
  return which + ": " + (run.proof ? run.proof->mode() + ", " + proof_text(run) : "not watched") +
         "\n";
}

}  // namespace

std::string terminal_report(const Comparison& comparison, std::size_t width) {
  std::string out = padded("", 26, false) + padded("before", 14, true) + padded("after", 14, true) +
                    padded("change", 12, true) + "\n";
  for (const Row& row : comparison.rows)
    out += padded(row.name + ", " + row.unit, 26, false) +
           padded(number_text(row.before), 14, true) + padded(number_text(row.after), 14, true) +
           padded(change_text(row.change_percent()), 12, true) + "\n";
  out += "\n" + text_histogram(comparison, width) + "\n";
  out += proof_lines("before", comparison.shown_before()) +
         proof_lines("after", comparison.shown_after());
  for (const std::string& remark : comparison.remarks) out += "remark: " + remark + "\n";
  return out + verdict_text(comparison) + "\n";
}

std::string markdown_report(const Comparison& comparison) {
  std::string out = "# Before and after\n\n**" + verdict_text(comparison) + "**\n\n";
  for (const std::string& remark : comparison.remarks) out += "- " + remark + "\n";
  out += "\n| | before | after | change |\n|---|---:|---:|---:|\n";
  for (const Row& row : comparison.rows)
    out += "| " + row.name + ", " + row.unit + " | " + number_text(row.before) + " | " +
           number_text(row.after) + " | " + change_text(row.change_percent()) + " |\n";
  out += "\n```\n" + text_histogram(comparison, 80) + "```\n";
  for (const auto& [which, run] : {std::pair{"before", &comparison.shown_before()},
                                   std::pair{"after", &comparison.shown_after()}}) {
    out += "\n## What carried the connections " + std::string(which) + "\n\n";
    std::istringstream lines(proof_lines(which, *run));
    for (std::string item; std::getline(lines, item);) out += "- " + item + "\n";
  }
  return out;
}

}  // namespace smc::bench
