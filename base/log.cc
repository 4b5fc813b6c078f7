#include "base/log.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/json_text.h"
#include "base/log_writer.h"
#include "base/utc_text.h"

namespace smc::log {
namespace {

struct LevelName {
  Level level;
  spdlog::level::level_enum native;
  std::string_view name;
};

constexpr LevelName kLevels[] = {{Level::kDebug, spdlog::level::debug, "debug"},
                                 {Level::kInfo, spdlog::level::info, "info"},
                                 {Level::kWarn, spdlog::level::warn, "warn"},
                                 {Level::kError, spdlog::level::err, "error"}};

const LevelName& entry(Level level) {
  return kLevels[static_cast<std::size_t>(level)];
}

// What comes before a line's members: {"time":"2026-01-31T12:00:00.123Z",
class LineStart {
 public:
  std::string_view at(std::chrono::system_clock::time_point time) {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second != second_) {  // once a second the date is written out
      second_ = second;
      text_ = R"({"time":")" + utc_text(std::chrono::system_clock::time_point(second));
      fraction_ = text_.size();
      text_.back() = '.';  // was the Z of a whole second
      text_ += R"(000Z",)";
    }
    const auto rest = static_cast<unsigned>((now - second).count());
    text_[fraction_] = static_cast<char>('0' + rest / 100);
    text_[fraction_ + 1] = static_cast<char>('0' + rest / 10 % 10);
    text_[fraction_ + 2] = static_cast<char>('0' + rest % 10);
    return text_;
  }

 private:
  std::chrono::seconds second_{-1};
  std::string text_;
  std::size_t fraction_ = 0;
};

// Standard error through a LineWriter; a message is a line's finished JSON members. The first line
// that finds room after some that did not says how many are missing.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::uint64_t dropped() const { return writer_.dropped(); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view start = start_.at(message.time);
    if (missing_ > 0) {
      const std::string text =
          R"("level":"warn","event":"log lines dropped","lines":)" + std::to_string(missing_);
      if (writer_.append({start, text, kEnd}, true)) missing_ = 0;
    }
    const std::string_view members(message.payload.data(), message.payload.size());
    if (!writer_.append({start, members, kEnd}, message.level >= spdlog::level::warn)) ++missing_;
  }
  void flush_() override { writer_.flush(); }

  static constexpr std::string_view kEnd = "}\n";

  LineStart start_;
  LineWriter writer_{STDERR_FILENO};
  std::uint64_t missing_ = 0;
};

struct Logger {
  const std::shared_ptr<StderrSink> sink = std::make_shared<StderrSink>();
  spdlog::logger spdlog{"smc", sink};
};

Logger& instance() {
  static Logger only;
  return only;
}

spdlog::logger& logger() {
  return instance().spdlog;
}

void append_number(std::string& line, std::int64_t number) {
  char digits[20];  // of -2^63
  const auto [end, failed] = std::to_chars(std::begin(digits), std::end(digits), number);
  line.append(digits, end);
}

void append_value(std::string& line, const Field& field) {
  switch (field.kind) {
    case Field::Kind::kText:
      append_json_string(line, field.text);
      break;
    case Field::Kind::kBool:
      line += field.integer != 0 ? "true" : "false";
      break;
    case Field::Kind::kInteger:
      append_number(line, field.integer);
      break;
    case Field::Kind::kDouble:
      line += std::isfinite(field.real) ? fmt::format("{}", field.real) : "null";
      break;
  }
}

std::string members(Level level, std::string_view event, Fields fields) {
  std::string line;
  line.reserve(512);  // longer than nearly every line
  line += R"("level":")";
  line += entry(level).name;
  line += R"(","event":")";
  line += event;
  line += '"';
  for (const Field& field : fields) {
    line += R"(,")";
    line += field.key;
    line += R"(":)";
    append_value(line, field);
  }
  return line;
}

void write(Level level, std::string_view event, Fields fields) {
  if (!logger().should_log(entry(level).native)) return;
  logger().log(entry(level).native, spdlog::string_view_t(members(level, event, fields)));
}

}  // namespace

bool parse_level(std::string_view name, Level& level) {
  for (const LevelName& known : kLevels) {
    if (known.name != name) continue;
    level = known.level;
    return true;
  }
  return false;
}

void set_level(Level level) {
  logger().set_level(entry(level).native);
}

void flush() {
  logger().flush();
}

std::uint64_t dropped_lines() {
  return instance().sink->dropped();
}

void debug(std::string_view event, Fields fields) {
  write(Level::kDebug, event, fields);
}
void info(std::string_view event, Fields fields) {
  write(Level::kInfo, event, fields);
}
void warn(std::string_view event, Fields fields) {
  write(Level::kWarn, event, fields);
}
void error(std::string_view event, Fields fields) {
  write(Level::kError, event, fields);
}

void always(std::string_view event, Fields fields) {
  // past the logger, which has the level
  instance().sink->log(
      {logger().name(), spdlog::level::info, members(Level::kInfo, event, fields)});
}

void error(std::string_view event, const Error& failure) {
  error(event, {{"error", failure.text()}, {"hint", failure.hint}});
}

}  // namespace smc::log
