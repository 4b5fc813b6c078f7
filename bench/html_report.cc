#include <algorithm>
#include <cmath>
#include <sstream>

#include "bench/drawing.h"
#include "bench/report.h"

namespace smc::bench {
namespace {

constexpr double kWidth = 760;
constexpr double kLeft = 60;  // of the axis' numbers

// Text for HTML; names in a result may be any bytes.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string fixed(double value) {
  std::ostringstream out;
  out.precision(1);
  out << std::fixed << value;
  return out.str();
}

std::string text(double x, double y, const std::string& anchor, const std::string& content) {
  return "<text x=\"" + fixed(x) + "\" y=\"" + fixed(y) + "\" text-anchor=\"" + anchor + "\">" +
         escaped(content) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2) {
  return "<line class=\"grid\" x1=\"" + fixed(x1) + "\" y1=\"" + fixed(y1) + "\" x2=\"" +
         fixed(x2) + "\" y2=\"" + fixed(y2) + "\"/>\n";
}

std::string svg(const std::string& id, double height, const std::string& label,
                const std::string& content) {
  return "<svg id=\"" + id + "\" viewBox=\"0 0 " + fixed(kWidth) + " " + fixed(height) +
         "\" role=\"img\" aria-label=\"" + escaped(label) + "\">\n" + content + "</svg>\n";
}

constexpr const char* kStyle = R"(<style>
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --grid: #d0d7de;
  --before: #8c6d1f; --after: #0969da; --bad: #c62828; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --grid: #30363d;
  --before: #d4a72c; --after: #58a6ff; --bad: #ff7b72; --good: #56d364; } }
@media print { :root { --ink: #000; --paper: #fff; } section { break-inside: avoid; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 800px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.1em; margin-top: 2em; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25em .5em; border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 12px; }
.grid { stroke: var(--grid); } .before { fill: var(--before); stroke: var(--before); }
.after { fill: var(--after); stroke: var(--after); }
polygon { fill-opacity: .35; stroke-width: 1.5; } polyline { fill: none !important; stroke-width: 2; }
.fallback { fill: var(--bad); } .verdict { font-size: 1.2em; font-weight: 600; }
.key::before { content: "\25a0 "; } .key.before { color: var(--before); }
.key.after { color: var(--after); } .doubt { color: var(--bad); } .proven { color: var(--good); }
</style>
)";

// The area under one side's shares, in steps.
std::string area(const std::vector<Bin>& all, double Bin::* side, const std::string& name,
                 double step, double height, double most) {
  std::string points = fixed(kLeft) + "," + fixed(height);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double x = kLeft + step * static_cast<double>(i);
    const double y = height - all[i].*side / most * (height - 10);
    points += " " + fixed(x) + "," + fixed(y) + " " + fixed(x + step) + "," + fixed(y);
  }
  points += " " + fixed(kLeft + step * static_cast<double>(all.size())) + "," + fixed(height);
  return "<polygon class=\"" + name + "\" points=\"" + points + "\"/>\n";
}

std::string histogram(const Comparison& comparison) {
  constexpr double kHeight = 220;
  const auto all = bins(comparison.latency(comparison.shown_before()),
                        comparison.latency(comparison.shown_after()), 120);
  if (all.empty()) return "<p>No request was answered.</p>\n";
  double most = 0;
  for (const Bin& bin : all) most = std::max({most, bin.before, bin.after});
  const double from = all.front().from_ms;
  const double to = all.back().to_ms;
  std::string out;
  for (const double tick : log_ticks(from, to)) {
    const double x = kLeft + (kWidth - kLeft) * std::log(tick / from) / std::log(to / from);
    out += line(x, 0, x, kHeight) + text(x, kHeight + 16, "middle", number_text(tick));
  }
  const double step = (kWidth - kLeft) / static_cast<double>(all.size());
  out += area(all, &Bin::before, "before", step, kHeight, most);
  out += area(all, &Bin::after, "after", step, kHeight, most);
  out += text(kWidth, kHeight + 34, "end", "latency, ms");
  return svg("histogram", kHeight + 40, "latency histograms of both runs", out);
}

std::string bar(const Row& row, bool after, double y, double most) {
  const double value = after ? row.after : row.before;
  const double length = most <= 0 ? 0 : value / most * (kWidth - kLeft - 90);
  return "<rect class=\"" + std::string(after ? "after" : "before") + "\" data-row=\"" +
         escaped(row.name) + "\" x=\"" + fixed(kLeft) + "\" y=\"" + fixed(y) + "\" width=\"" +
         fixed(length) + "\" height=\"12\"/>\n" +
         text(kLeft + length + 6, y + 10, "start", number_text(value) + " ms");
}

std::string percentiles(const Comparison& comparison) {
  double most = 0;
  std::vector<Row> rows;
  for (const Row& row : comparison.rows) {
    if (row.name.front() != 'P') continue;
    rows.push_back(row);
    most = std::max({most, row.before, row.after});
  }
  std::string out;
  double y = 4;
  for (const Row& row : rows) {
    out += text(kLeft - 8, y + 18, "end", row.name);
    out += bar(row, false, y, most) + bar(row, true, y + 14, most);
    y += 40;
  }
  return svg("percentiles", y, "percentiles of both runs", out);
}

std::string course_line(const RunResult& run, const std::string& name, double step, double height,
                        double most) {
  std::string points;
  std::string marks;
  for (std::size_t i = 0; i < run.course.size(); ++i) {
    const Second& second = run.course[i];
    const double x = kLeft + step * (static_cast<double>(i) + 0.5);
    const double y = height - static_cast<double>(second.requests) / most * (height - 10);
    points += fixed(x) + "," + fixed(y) + " ";
    if (second.fallbacks > 0)
      marks += "<circle class=\"fallback\" data-fallbacks=\"" + std::to_string(second.fallbacks) +
               "\" cx=\"" + fixed(x) + "\" cy=\"" + fixed(y) + "\" r=\"5\"><title>" +
               std::to_string(second.fallbacks) +
               " connections fell back to TCP</title></circle>\n";
  }
  return "<polyline class=\"" + name + "\" points=\"" + points + "\"/>\n" + marks;
}

std::string course(const Comparison& comparison) {
  constexpr double kHeight = 180;
  const RunResult& before = comparison.shown_before();
  const RunResult& after = comparison.shown_after();
  const std::size_t size = std::max(before.course.size(), after.course.size());
  if (size == 0) return "<p>These results do not say how the rate went over time.</p>\n";
  std::uint64_t most = 1;
  for (const RunResult* run : {&before, &after})
    for (const Second& second : run->course) most = std::max(most, second.requests);
  std::string out;
  for (const double tick : linear_ticks(static_cast<double>(most))) {
    const double y = kHeight - tick / static_cast<double>(most) * (kHeight - 10);
    out += line(kLeft, y, kWidth, y) + text(kLeft - 6, y + 4, "end", number_text(tick));
  }
  const double step = (kWidth - kLeft) / static_cast<double>(size);
  out += course_line(before, "before", step, kHeight, static_cast<double>(most));
  out += course_line(after, "after", step, kHeight, static_cast<double>(most));
  out += text(kWidth, kHeight + 18, "end", std::to_string(size) + " s; requests/s");
  return svg("course", kHeight + 24, "rate over time of both runs", out);
}

std::string table(const Comparison& comparison) {
  std::string out =
      "<table id=\"numbers\"><tr><th></th><th class=\"key before\">before</th>"
      "<th class=\"key after\">after</th><th>change</th></tr>\n";
  for (const Row& row : comparison.rows)
    out += "<tr><td>" + escaped(row.name) + ", " + escaped(row.unit) + "</td><td>" +
           number_text(row.before) + "</td><td>" + number_text(row.after) + "</td><td>" +
           change_text(row.change_percent()) + "</td></tr>\n";
  return out + "</table>\n";
}

std::string proof(const char* which, const RunResult& run) {
  std::string out = "<h3>" + std::string(which) + ": ";
  if (!run.proof) return out + "not watched</h3>\n";
  const char* kind = run.proof->smc_r() ? "proven" : run.is_baseline() ? "baseline" : "doubt";
  out += "<span class=\"" + std::string(kind) + "\">" + run.proof->mode() + "</span></h3>\n";
  std::istringstream lines(proof_text(run));
  for (std::string item; std::getline(lines, item);) out += "<p>" + escaped(item) + "</p>\n";
  return out;
}

std::string setup(const char* which, const RunResult& run) {
  return "<tr><td>" + std::string(which) + "</td><td>" + escaped(run.program + " " + run.version) +
         "</td><td>" + escaped(run.target) + "</td><td>" + escaped(run.started) + "</td><td>" +
         number_text(run.seconds) + " s</td><td>" + std::to_string(run.connections) + "</td><td>" +
         std::to_string(run.payload) + " B</td></tr>\n";
}

}  // namespace

std::string html_report(const Comparison& comparison) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>TCP and SMC-R</title>\n";
  out += kStyle;
  out += "</head><body>\n<h1>Before and after</h1>\n<p class=\"verdict\">" +
         escaped(verdict_text(comparison)) + "</p>\n";
  for (const std::string& remark : comparison.remarks)
    out += "<p class=\"doubt\">" + escaped(remark) + "</p>\n";
  out += "<section>" + table(comparison) + "</section>\n";
  out += "<section><h2>Latency</h2>\n" + histogram(comparison) + "</section>\n";
  out += "<section><h2>Percentiles</h2>\n" + percentiles(comparison) + "</section>\n";
  out += "<section><h2>Rate over time</h2>\n" + course(comparison) + "</section>\n";
  out += "<section><h2>What carried the connections</h2>\n" +
         proof("before", comparison.shown_before()) + proof("after", comparison.shown_after()) +
         "</section>\n";
  out +=
      "<section><h2>Runs</h2>\n<table><tr><th></th><th>program</th><th>target</th><th>started</th>"
      "<th>for</th><th>connections</th><th>payload</th></tr>\n";
  for (const RunResult& run : comparison.before) out += setup("before", run);
  for (const RunResult& run : comparison.after) out += setup("after", run);
  return out + "</table></section>\n</body></html>\n";
}

}  // namespace smc::bench
