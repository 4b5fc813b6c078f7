#include "base/log.h"

#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/json_text.h"
#include "base/log_writer.h"

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
  Logger() {
    // The line's content comes as finished JSON members; time in UTC as RFC 3339.
    spdlog.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})", spdlog::pattern_time_type::utc));
  }

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

void append_value(std::string& line, const Field& field) {
  switch (field.kind) {
    case Field::Kind::kText:
      append_json_string(line, field.text);
      break;
    case Field::Kind::kBool:
      line += field.integer != 0 ? "true" : "false";
      break;
    case Field::Kind::kInteger:
      line += std::to_string(field.integer);
      break;
    case Field::Kind::kDouble:
      line += std::isfinite(field.real) ? fmt::format("{}", field.real) : "null";
      break;
  }
}

std::string members(Level level, std::string_view event, Fields fields) {
  std::string line;
  line.reserve(256);  // as long as most lines
  line += R"("level":)";
  append_json_string(line, entry(level).name);
  line += R"(,"event":)";
  append_json_string(line, event);
  for (const Field& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
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
