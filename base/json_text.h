// Writes JSON by appending to a string, for the places where building a document first would cost
// more than the writing: patches, answers and log lines. Pure functions, safe on any thread.
#pragma once

#include <string>
#include <string_view>

namespace smc {

// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so the
// output is always valid JSON (RFC 8259, section 8.1).
void append_json_string(std::string& out, std::string_view text);

std::string json_string(std::string_view text);

// At most `max_characters` printable characters of a text that somebody else wrote, cut with "...",
// every other character (control characters, invalid UTF-8) replaced by "?". For messages and
// warnings.
std::string printable(std::string_view text, std::size_t max_characters);
void append_printable(std::string& out, std::string_view text, std::size_t max_characters);

}  // namespace smc
