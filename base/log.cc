#include "base/log.h"

#include <cmath>
#include <memory>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/json_text.h"

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

spdlog::logger& logger() {
  static const auto kInstance = [] {
    auto made =
        std::make_shared<spdlog::logger>("smc", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    // The line's content comes as finished JSON members; time in UTC as RFC 3339.
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})", spdlog::pattern_time_type::utc));
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *kInstance;
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

void write(Level level, std::string_view event, Fields fields) {
  if (!logger().should_log(entry(level).native)) return;
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
  logger().log(entry(level).native, spdlog::string_view_t(line));
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

void error(std::string_view event, const Error& failure) {
  error(event, {{"error", failure.text()}, {"hint", failure.hint}});
}

}  // namespace smc::log
