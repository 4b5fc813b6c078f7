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

Patch::Patch(std::string memory) : encoded_(std::move(memory)) {
  encoded_.clear();
}

void Patch::begin() {
  if (empty()) encoded_.reserve(kUsualBytes);
  writer_.write(empty() ? '[' : ',');
  ++operations_;
}

void Patch::begin(std::string_view operation, std::string_view path) {
  begin();
  writer_.write(R"({"op":")");
  writer_.write(operation);
  writer_.write(R"(","path":")");
  writer_.write(path);
  writer_.write('"');
}

void Patch::add(std::string_view path, std::initializer_list<Piece> value) {
  begin("add", path);
  writer_.write(R"(,"value":)");
  for (const Piece& piece : value) piece.write_to(writer_);
  writer_.write('}');
}

void Patch::replace(std::string_view path, std::string_view value) {
  begin("replace", path);
  writer_.write(R"(,"value":)");
  writer_.write(value);
  writer_.write('}');
}

void Patch::remove(std::string_view path) {
  begin("remove", path);
  writer_.write('}');
}

void Patch::move(std::string_view from, std::string_view path) {
  begin("move", path);
  writer_.write(R"(,"from":")");
  writer_.write(from);
  writer_.write("\"}");
}

void Patch::add(const Base64Fragment& operation) {
  begin();
  writer_.write(operation);
}

std::string Patch::take() {
  if (!empty()) writer_.write(']');
  writer_.finish();
  return std::move(encoded_);
}

}  // namespace smc::webhook
