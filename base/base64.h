// Base64 with the standard alphabet and padding (RFC 4648, section 4), as JSON carries bytes in
// Kubernetes. Functions and Base64Fragment are safe on any thread, a Base64Writer belongs to one.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace smc {

void append_base64(std::string& out, std::string_view bytes);
std::string base64_encode(std::string_view bytes);

// Line breaks and blanks between the characters are skipped, as YAML files wrap long values.
// Nothing for any other character, missing padding, or bits set past the last byte.
std::optional<std::string> base64_decode(std::string_view text);

// Bytes that many texts contain. Base64 takes three bytes at a time, so what stands for them
// depends on where within such a group they begin; each of the three forms is made once. Immutable.
class Base64Fragment {
 public:
  explicit Base64Fragment(std::string bytes);

  std::string_view bytes() const { return bytes_; }

 private:
  friend class Base64Writer;

  std::string bytes_;
  std::array<std::string, 3> encoded_;  // without the first 0, 1, 2 bytes; whole groups alone
};

// Appends the base64 of a text that comes in pieces.
class Base64Writer {
 public:
  // `out` must outlive the writer, and nobody else may append to it before finish().
  explicit Base64Writer(std::string& out) : out_(out) {}

  void write(char byte);
  void write(std::string_view bytes);
  void write(const Base64Fragment& fragment);

  // Ends the text, with padding where it needs some.
  void finish();

 private:
  // Takes what completes the group that has begun; how many bytes that was.
  std::size_t complete_group(std::string_view bytes);
  void keep(std::string_view bytes);
  void write_group();

  std::string& out_;
  std::array<char, 3> group_{};  // bytes that do not make a group yet
  std::size_t held_ = 0;
};

}  // namespace smc
