#include "base/log.h"

#include <cmath>
#include <memory>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/json_text.h"

namespace smc::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made =
        std::make_shared<spdlog::logger>("smc", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    // The line's content comes as finished JSON members; time in UTC as RFC 3339.
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})", spdlog::pattern_time_type::utc));
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
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

void write(spdlog::level::level_enum level, std::string_view event, Fields fields) {
  if (!logger().should_log(level)) return;
  std::string line = R"("event":)";
  append_json_string(line, event);
  for (const Field& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    append_value(line, field);
  }
  logger().log(level, "{}", line);
}

}  // namespace

bool parse_level(std::string_view name, Level& level) {
  if (name == "debug") return level = Level::kDebug, true;
  if (name == "info") return level = Level::kInfo, true;
  if (name == "warn") return level = Level::kWarn, true;
  if (name == "error") return level = Level::kError, true;
  return false;
}

void set_level(Level level) {
  logger().set_level(spdlog_level(level));
}

void debug(std::string_view event, Fields fields) {
  write(spdlog::level::debug, event, fields);
}
void info(std::string_view event, Fields fields) {
  write(spdlog::level::info, event, fields);
}
void warn(std::string_view event, Fields fields) {
  write(spdlog::level::warn, event, fields);
}
void error(std::string_view event, Fields fields) {
  write(spdlog::level::err, event, fields);
}

void error(std::string_view event, const Error& failure) {
  error(event, {{"error", failure.text()}, {"hint", failure.hint}});
}

}  // namespace smc::log
