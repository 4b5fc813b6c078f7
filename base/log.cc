#include "base/log.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <spdlog/formatter.h>
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

// {"time":"2026-01-31T12:00:00.123Z",CONTENT}: the content comes as finished JSON members. The date
// is written out once a second.
class JsonLine : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    using std::chrono::milliseconds;
    const auto since = std::chrono::floor<milliseconds>(message.time.time_since_epoch());
    const auto second = std::chrono::floor<std::chrono::seconds>(since);
    if (second != second_) {
      second_ = second;
      const std::string text = utc_text(std::chrono::system_clock::time_point(second));
      begin_.assign(R"({"time":")").append(text, 0, text.size() - 1);  // without its Z
    }
    const auto rest = static_cast<unsigned>((since - second).count());
    const char fraction[] = {'.', static_cast<char>('0' + rest / 100),
                             static_cast<char>('0' + rest / 10 % 10),
                             static_cast<char>('0' + rest % 10)};
    append(line, begin_);
    append(line, {fraction, sizeof fraction});
    append(line, R"(Z",)");
    append(line, {message.payload.data(), message.payload.size()});
    append(line, "}\n");
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonLine>(); }

 private:
  static void append(spdlog::memory_buf_t& line, std::string_view text) {
    line.append(text.data(), text.data() + text.size());
  }

  std::chrono::seconds second_{-1};
  std::string begin_;
};

// Standard error through a LineWriter. The first line that finds room after some that did not says
// how many are missing.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::uint64_t dropped() const { return writer_.dropped(); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (missing_ > 0) {
      const std::string text =
          R"("level":"warn","event":"log lines dropped","lines":)" + std::to_string(missing_);
      if (put({message.logger_name, spdlog::level::warn, text})) missing_ = 0;
    }
    if (!put(message)) ++missing_;
  }
  void flush_() override { writer_.flush(); }

  bool put(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    return writer_.append({line.data(), line.size()}, message.level >= spdlog::level::warn);
  }

  LineWriter writer_{STDERR_FILENO};
  std::uint64_t missing_ = 0;
};

struct Logger {
  Logger() { spdlog.set_formatter(std::make_unique<JsonLine>()); }

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
