// A JSON patch (RFC 6902), written operation by operation, in base64 as an answer carries it. A
// Patch belongs to one thread.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/base64.h"

namespace smc::webhook {

// One token of a JSON Pointer, escaped (RFC 6901, section 3): "a/b" is "a~1b".
std::string pointer_token(std::string_view token);

// A part of a value: finished JSON text, or one whose base64 is ready.
class Piece {
 public:
  Piece(std::string_view text) : text_(text) {}
  Piece(const char* text) : text_(text) {}
  Piece(const std::string& text) : text_(text) {}
  Piece(const Base64Fragment& fragment) : fragment_(&fragment) {}

  void write_to(Base64Writer& writer) const {
    if (fragment_ != nullptr)
      writer.write(*fragment_);
    else
      writer.write(text_);
  }

 private:
  std::string_view text_;
  const Base64Fragment* fragment_ = nullptr;
};

// Paths are JSON Pointers. A pointer is the caller's own text, so it holds nothing that JSON would
// have to escape.
class Patch {
 public:
  // Written into `memory`, whose content does not count.
  explicit Patch(std::string memory = {});
  Patch(const Patch&) = delete;
  Patch& operator=(const Patch&) = delete;

  void add(std::string_view path, std::initializer_list<Piece> value);
  void replace(std::string_view path, std::string_view value);
  void remove(std::string_view path);
  void move(std::string_view from, std::string_view path);
  // A whole operation: {"op":…}
  void add(const Base64Fragment& operation);

  bool empty() const { return operations_ == 0; }
  std::size_t operations() const { return operations_; }

  // The base64 of the patch, a JSON array; empty where there is no operation. Once.
  std::string take();

 private:
  void begin();
  void begin(std::string_view operation, std::string_view path);

  std::string encoded_;
  Base64Writer writer_{encoded_};
  std::size_t operations_ = 0;
};

}  // namespace smc::webhook
