// What people see: verdict signs, colour, tables, hints. Pure functions but for Terminal, safe on
// any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smc::kubectl {

enum class Verdict { kPass, kWarn, kFail };

// "pass", "warn", "fail": in JSON.
std::string_view verdict_word(Verdict verdict);

// How a descriptor is written to.
struct Style {
  bool colour = false;  // a terminal whose user has not refused it (https://no-color.org)
};

Style style_of(int fd);

// "√", "‼" or "×", which linkerd's users know.
std::string sign(Verdict verdict, const Style& style);
std::string bold(std::string_view text, const Style& style);

// Columns two blanks apart, as kubectl prints them; the last one is not padded. Every row has as
// many cells as the head.
struct Table {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;

  std::string text() const;
};

// "hint: …", indented by `indent`; nothing for an empty one.
std::string hint_line(std::string_view hint, int indent);

// "3 pods", "1 pod".
std::string counted(std::size_t count, std::string_view noun);

// "1.5 MiB".
std::string bytes_text(std::uint64_t bytes);

// "in 12 days", "3 hours ago".
std::string distance_text(std::int64_t seconds);

// One line on standard error that says what is being done, on a terminal alone; gone at the end.
class Progress {
 public:
  explicit Progress(bool wanted);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& what);
  void clear();

 private:
  bool shown_;
  bool written_ = false;
  int turn_ = 0;
};

}  // namespace smc::kubectl
