// Reports: what they say is what was compared, and the HTML file needs nothing else and obeys
// nobody's text. What a browser makes of it is in report_in_browser.
#include "bench/report.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/smc-bench/sample.h"

namespace smc::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

Comparison sample() {
  RunResult before = sample_result(41'000, 1.3);
  before.proof->modes = {{"tcp", 64}};
  before.proof->doubts = {"64 of 64 connections were not SMC-R"};
  RunResult after = sample_result(52'345);
  after.course[1].fallbacks = 3;
  return compare({before}, {after});
}

TEST(HtmlReport, HoldsEveryNumberOfTheComparison) {
  const Comparison compared = sample();
  const std::string html = html_report(compared);
  EXPECT_THAT(html, HasSubstr(verdict_text(compared)));
  for (const Row& row : compared.rows)
    EXPECT_THAT(html,
                HasSubstr("<td>" + number_text(row.before) + "</td><td>" + number_text(row.after) +
                          "</td><td>" + change_text(row.change_percent()) + "</td>"))
        << row.name;
  EXPECT_THAT(html, HasSubstr("data-fallbacks=\"3\""));
  EXPECT_THAT(html, HasSubstr("64 of 64 connections SMC-R"));
}

TEST(HtmlReport, NeedsNothingElseAndRunsNothing) {
  const std::string html = html_report(sample());
  for (const char* outside : {"<script", "src=", "href=", "url(", "@import", "<iframe", "<object"})
    EXPECT_THAT(html, Not(HasSubstr(outside)));
}

TEST(HtmlReport, ShowsTextOfAResultAsText) {
  RunResult hostile = sample_result();
  hostile.target = "http://a/<script>alert(1)</script>&\"";
  hostile.proof->doubts = {"<img onerror=x>"};
  const std::string html = html_report(compare({hostile}, {hostile}));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;"));
}

TEST(HtmlReport, OfResultsWithoutACourseOrAnAnswerSaysSo) {
  RunResult bare = sample_result();
  bare.course.clear();
  bare.proof.reset();
  bare.service.buckets.clear();
  bare.latency.buckets.clear();
  const std::string html = html_report(compare({bare}, {bare}));
  EXPECT_THAT(html, HasSubstr("do not say how the rate went over time"));
  EXPECT_THAT(html, HasSubstr("No request was answered"));
  EXPECT_THAT(html, HasSubstr("not watched"));
}

TEST(TerminalReport, KeepsToItsWidth) {
  std::istringstream lines(terminal_report(sample(), 80));
  int rows = 0;
  for (std::string line; std::getline(lines, line); ++rows)
    EXPECT_TRUE(line.find_first_of("#*") == std::string::npos || line.size() <= 80) << line;
  EXPECT_GT(rows, 20);
}

TEST(TerminalReport, EndsWithTheVerdict) {
  const Comparison compared = sample();
  EXPECT_THAT(terminal_report(compared), testing::EndsWith(verdict_text(compared) + "\n"));
}

TEST(MarkdownReport, HoldsTheTableAndTheProof) {
  const Comparison compared = sample();
  const std::string text = markdown_report(compared);
  for (const Row& row : compared.rows)
    EXPECT_THAT(text, HasSubstr("| " + number_text(row.before) + " | " + number_text(row.after) +
                                " | " + change_text(row.change_percent()) + " |"));
  EXPECT_THAT(text, HasSubstr("- after: smc-r, 64 of 64 connections SMC-R"));
}

// The baseline is over TCP on purpose; a run that was to be SMC-R and was not is another matter.
TEST(Reports, HoldNothingAgainstABaselineOverTcp) {
  const Comparison compared = sample();
  EXPECT_THAT(terminal_report(compared),
              HasSubstr("before: tcp, 64 of 64 connections TCP, as they were to be, rxe0"));
  for (const std::string& text : {terminal_report(compared), markdown_report(compared)})
    EXPECT_THAT(text, Not(HasSubstr("not SMC-R")));
  EXPECT_THAT(html_report(compared), HasSubstr("<span class=\"baseline\">tcp</span>"));

  RunResult fell_back = compared.before.front();
  fell_back.expected = "smc-r";
  const Comparison failed = compare({fell_back}, {fell_back});
  EXPECT_THAT(terminal_report(failed), HasSubstr("not SMC-R: 64 of 64 connections were not SMC-R"));
  EXPECT_THAT(html_report(failed), HasSubstr("<span class=\"doubt\">tcp</span>"));
}

}  // namespace
}  // namespace smc::bench
