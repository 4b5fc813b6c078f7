// append_json_string writes what any JSON reader reads back; printable() makes a stranger's text
// fit for a message.
#include "base/json_text.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace smc {
namespace {

TEST(JsonString, RoundTripsEveryByteBelow128) {
  std::string text;
  for (char c = 0; c < 127; ++c) text += c;
  EXPECT_EQ(nlohmann::json::parse(json_string(text)).get<std::string>(), text);
}

TEST(JsonString, EscapesAByteWhereverItStandsInALongText) {
  for (int byte = 0; byte < 128; ++byte) {
    for (std::size_t at = 0; at < 17; ++at) {
      std::string text(17, 'a');
      text[at] = static_cast<char>(byte);
      EXPECT_EQ(nlohmann::json::parse(json_string(text)).get<std::string>(), text) << byte;
      const bool shown = byte >= 0x20 && byte < 0x7F;
      EXPECT_EQ(printable(text, 17)[at], shown ? text[at] : '?') << byte;
    }
  }
}

TEST(JsonString, KeepsWellFormedUtf8) {
  const std::string text = "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x9A\x80";
  EXPECT_EQ(json_string(text), '"' + text + '"');
}

TEST(JsonString, ReplacesWhatIsNotUtf8) {
  // a lone continuation, an overlong "/", a surrogate, a code point past U+10FFFF, a cut sequence
  for (const std::string bad :
       {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    const std::string written = json_string("a" + bad + "b");
    EXPECT_TRUE(nlohmann::json::accept(written)) << written;
    EXPECT_NE(written.find("\xEF\xBF\xBD"), std::string::npos) << written;
  }
}

TEST(Printable, CutsByCharactersNotBytes) {
  EXPECT_EQ(printable("\xC3\xA9\xC3\xA9\xC3\xA9", 2), "\xC3\xA9\xC3\xA9...");
  EXPECT_EQ(printable("abc", 3), "abc");
}

TEST(Printable, HidesControlCharactersAndBrokenUtf8) {
  EXPECT_EQ(printable("a\x1b[31m\n\x7f\xFF", 40), "a?[31m???");
}

}  // namespace
}  // namespace smc
