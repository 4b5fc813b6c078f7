// What a user is told stays within what the API server passes on.
#include "webhook/review/warnings.h"

#include <string>

#include <gtest/gtest.h>

namespace smc::webhook {
namespace {

TEST(Warnings, SayWhoSpeaks) {
  Warnings warnings;
  warnings.add("something is off");
  EXPECT_EQ(warnings.take(), std::vector<std::string>{"SMC: something is off"});
  EXPECT_TRUE(warnings.take().empty());
}

TEST(Warnings, ShowFortyPrintableCharactersOfAUsersValue) {
  EXPECT_EQ(shown("a\x1b\n"), "\"a??\"");
  EXPECT_EQ(shown(std::string(40, 'x')), '"' + std::string(40, 'x') + '"');
  EXPECT_EQ(shown(std::string(41, 'x')), '"' + std::string(40, 'x') + "...\"");
}

TEST(Warnings, AreCutAt256BytesBetweenCharacters) {
  for (std::size_t before = 0; before < 4; ++before) {
    Warnings warnings;
    std::string text(before, 'x');
    for (int i = 0; i < 200; ++i) text += "\xE2\x82\xAC";
    warnings.add(text);
    const std::string cut = warnings.take().at(0);
    EXPECT_LE(cut.size(), 256u);
    EXPECT_GT(cut.size(), 252u);
    EXPECT_EQ((cut.size() - 5 - before) % 3, 0u) << "a character was torn apart";
  }
}

TEST(Warnings, TakeAtMost4096BytesInAllAndCountTheRest) {
  Warnings warnings;
  for (int i = 0; i < 1000; ++i) warnings.add(std::string(100, 'x'));
  const auto texts = warnings.take();
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  EXPECT_LE(bytes, 4096u);
  EXPECT_EQ(texts.back(),
            "SMC: and " + std::to_string(1000 - (texts.size() - 1)) + " more warnings");
}

}  // namespace
}  // namespace smc::webhook
