// Well-formed UTF-8, for those who take text from others. Pure functions, safe on any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace smc {

// The length of the well-formed UTF-8 sequence at the start of `text`, which is not empty; 0 if
// there is none (Unicode 15, table 3-7).
std::size_t utf8_length(std::string_view text);

// The code point of a well-formed sequence.
char32_t utf8_code_point(std::string_view sequence);

}  // namespace smc
