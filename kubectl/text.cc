#include "kubectl/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "base/terminal.h"

namespace smc::kubectl {
namespace {

constexpr const char* kReset = "\x1b[0m";

std::string coloured(const char* code, std::string_view text, const Style& style) {
  return style.colour ? code + std::string(text) + kReset : std::string(text);
}

// Characters, not bytes: what we print is ASCII and our own signs, each of which is one column.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

void append_row(std::string& out, const std::vector<std::string>& row,
                const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

}  // namespace

std::string_view verdict_word(Verdict verdict) {
  constexpr std::array<std::string_view, 3> kWords{"pass", "warn", "fail"};
  return kWords[static_cast<std::size_t>(verdict)];
}

Style style_of(int fd) {
  return {wants_colour(fd)};
}

std::string sign(Verdict verdict, const Style& style) {
  switch (verdict) {
    case Verdict::kPass:
      return coloured("\x1b[32m", "√", style);
    case Verdict::kWarn:
      return coloured("\x1b[33m", "‼", style);
    case Verdict::kFail:
      break;
  }
  return coloured("\x1b[31m", "×", style);
}

std::string bold(std::string_view text, const Style& style) {
  return coloured("\x1b[1m", text, style);
}

std::string Table::text() const {
  std::vector<std::size_t> widths(head.size(), 0);
  const auto widen = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  };
  widen(head);
  std::ranges::for_each(rows, widen);
  std::string out;
  append_row(out, head, widths);
  for (const auto& row : rows) append_row(out, row, widths);
  return out;
}

std::string hint_line(std::string_view hint, int indent) {
  if (hint.empty()) return {};
  return std::string(static_cast<std::size_t>(indent), ' ') + "hint: " + std::string(hint) + "\n";
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  auto value = static_cast<double>(bytes);
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text.data();
}

std::string distance_text(std::int64_t seconds) {
  const std::int64_t away = std::abs(seconds);
  const bool days = away >= 2 * 86'400;
  const std::string amount = days ? counted(static_cast<std::size_t>(away / 86'400), "day")
                             : away >= 3'600
                                 ? counted(static_cast<std::size_t>(away / 3'600), "hour")
                                 : counted(static_cast<std::size_t>(away / 60), "minute");
  return seconds < 0 ? amount + " ago" : "in " + amount;
}

Progress::Progress(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}

void Progress::show(const std::string& what) {
  if (!shown_) return;
  constexpr std::array<char, 4> kTurns{'-', '\\', '|', '/'};
  std::fprintf(stderr, "\r\x1b[K%c %s", kTurns[static_cast<std::size_t>(turn_++ % 4)],
               what.c_str());
  std::fflush(stderr);
  written_ = true;
}

void Progress::clear() {
  if (written_) std::fputs("\r\x1b[K", stderr);
  written_ = false;
}

}  // namespace smc::kubectl
