// The daemons' log: one JSON object a line on standard error, through spdlog. Never log a Secret, a
// key, a token or a whole object of a user. Every function is safe on any thread, and none waits
// for the reader of the log (base/log_writer.h): a line is on its way within 20 ms, a warning at
// once.
//
//   log::info("reload", {{"file", path}, {"result", "ok"}});
//   {"time":"2026-01-31T12:00:00.123Z","level":"info","event":"reload","file":"/etc/…","result":"ok"}
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace smc::log {

enum class Level { kDebug, kInfo, kWarn, kError };

// "debug", "info", "warn" or "error"; anything else leaves `level` alone and returns false.
bool parse_level(std::string_view name, Level& level);

// Takes effect at once, for lines logged from then on. Info until it is called.
void set_level(Level level);

// Returns when everything logged before is written; gives up on a reader that has stopped. The end
// of the program does the same.
void flush();

// How many lines were lost since the start: no room, or no way to write them.
std::uint64_t dropped_lines();

// Keys, as the events' names, are words of ours: nothing in them has to be escaped.
struct Field {
  Field(std::string_view k, std::string_view v) : key(k), text(v) {}
  Field(std::string_view k, const char* v) : key(k), text(v) {}
  Field(std::string_view k, const std::string& v) : key(k), text(v) {}
  Field(std::string_view k, bool v) : key(k), kind(Kind::kBool), integer(v ? 1 : 0) {}
  Field(std::string_view k, double v) : key(k), kind(Kind::kDouble), real(v) {}
  Field(std::string_view k, std::int64_t v) : key(k), kind(Kind::kInteger), integer(v) {}
  Field(std::string_view k, int v) : Field(k, std::int64_t{v}) {}
  Field(std::string_view k, std::size_t v) : Field(k, static_cast<std::int64_t>(v)) {}

  enum class Kind { kText, kBool, kInteger, kDouble };
  std::string_view key;
  Kind kind = Kind::kText;
  std::string_view text;
  std::int64_t integer = 0;
  double real = 0;
};

using Fields = std::initializer_list<Field>;

void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

// A line of level info whatever set_level() says, for what is to be learned nowhere else.
void always(std::string_view event, Fields fields = {});

// A returned error, with its text and hint as fields.
void error(std::string_view event, const Error& failure);

}  // namespace smc::log
