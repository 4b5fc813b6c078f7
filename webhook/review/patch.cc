#include "webhook/review/patch.h"

#include <utility>

namespace smc::webhook {
namespace {

// A first injection: the container, the affinity and the status annotation.
constexpr std::size_t kUsualBytes = 2048;

}  // namespace

std::string pointer_token(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

void Patch::begin(std::string_view operation, std::string_view path) {
  if (operations_.empty()) operations_.reserve(kUsualBytes);
  operations_ += operations_.empty() ? R"([{"op":")" : R"(,{"op":")";
  operations_ += operation;
  operations_ += R"(","path":")";
  operations_ += path;
  operations_ += '"';
}

void Patch::add(std::string_view path, std::string_view value) {
  begin("add", path);
  operations_ += R"(,"value":)";
  operations_ += value;
  operations_ += '}';
}

void Patch::replace(std::string_view path, std::string_view value) {
  begin("replace", path);
  operations_ += R"(,"value":)";
  operations_ += value;
  operations_ += '}';
}

void Patch::remove(std::string_view path) {
  begin("remove", path);
  operations_ += '}';
}

void Patch::move(std::string_view from, std::string_view path) {
  begin("move", path);
  operations_ += R"(,"from":")";
  operations_ += from;
  operations_ += R"("})";
}

std::string Patch::take() {
  if (operations_.empty()) operations_.reserve(kUsualBytes);
  operations_ += operations_.empty() ? "[]" : "]";
  return std::exchange(operations_, {});
}

}  // namespace smc::webhook
