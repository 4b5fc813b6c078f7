// A JSON patch (RFC 6902), written operation by operation as text. Plain values, one thread each.
#pragma once

#include <string>
#include <string_view>

namespace smc::webhook {

// One token of a JSON Pointer, escaped (RFC 6901, section 3): "a/b" is "a~1b".
std::string pointer_token(std::string_view token);

// Paths are JSON Pointers, values finished JSON text. A pointer is the caller's own text, so it
// holds nothing that JSON would have to escape.
class Patch {
 public:
  void add(std::string_view path, std::string_view value);
  void replace(std::string_view path, std::string_view value);
  void remove(std::string_view path);
  void move(std::string_view from, std::string_view path);

  bool empty() const { return operations_.empty(); }
  std::size_t size() const { return operations_.size(); }

  // The patch as a JSON array; nothing is left here.
  std::string take();

 private:
  void begin(std::string_view operation, std::string_view path);

  std::string operations_;  // without the closing bracket
};

}  // namespace smc::webhook
