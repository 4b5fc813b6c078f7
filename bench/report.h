// A comparison for people: as one HTML file that needs nothing else, as Markdown, and for a
// terminal. Pure functions, safe on any thread.
#pragma once

#include <string>

#include "bench/comparison.h"

namespace smc::bench {

// Inline SVG, no script; follows the reader's choice of dark or light, and prints.
std::string html_report(const Comparison& comparison);
std::string markdown_report(const Comparison& comparison);
// The table, both histograms in characters, the proof and the verdict; at most `width` columns.
std::string terminal_report(const Comparison& comparison, std::size_t width = 80);

}  // namespace smc::bench
