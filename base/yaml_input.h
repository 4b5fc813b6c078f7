// Text as libyaml takes it, and the way back from its marks to bytes and lines of the original.
// Pure, one thread each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace smc::yaml {

// The JSON texts that `text` is made of, objects and arrays, also with "---" lines between them;
// empty where something else stands in it, which then is YAML. Only brackets and strings are looked
// at: the parser judges the rest.
std::vector<std::string_view> json_texts(std::string_view text);

// One text for libyaml.
class Input {
 public:
  // `at` and `line`: where `text` begins in the whole.
  Input(std::string_view text, std::size_t at, int line, bool is_json);

  const std::string& text() const { return text_; }

  struct Place {
    std::size_t byte = 0;  // in the whole text
    int line = 1;
  };
  // Of libyaml's mark.index, which counts characters. Quick where marks come in about their order.
  Place place(std::size_t character);

  // The byte at the last place; 0 at the end.
  char next() const { return byte_ < text_.size() ? text_[byte_] : '\0'; }

 private:
  struct Escape {
    std::size_t at;       // in text_
    std::ptrdiff_t more;  // bytes that the original has more than text_, all escapes up to this
  };

  void rewrite_json(std::string_view text);
  void replace(std::size_t original_bytes, std::string_view with);
  std::ptrdiff_t more_at(std::size_t byte) const;

  std::string text_;
  std::vector<Escape> escapes_;
  std::size_t original_size_;
  std::size_t start_;
  int start_line_;
  // where the last mark was
  std::size_t character_ = 0;
  std::size_t byte_ = 0;
  int lines_ = 0;
};

}  // namespace smc::yaml
