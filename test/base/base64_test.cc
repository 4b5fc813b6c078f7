#include "base/base64.h"

#include <gtest/gtest.h>

namespace smc {
namespace {

// RFC 4648, section 10.
TEST(Base64, EncodesTheTestVectorsOfTheRfc) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
}

TEST(Base64, DecodesWhatItEncodedWhateverTheBytes) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

TEST(Base64, SkipsTheLineBreaksOfAWrappedValue) {
  EXPECT_EQ(base64_decode("Zm9v\n  YmFy\r\n"), "foobar");
}

TEST(Base64, RefusesWhatNoEncoderWrites) {
  EXPECT_EQ(base64_decode("Zg"), std::nullopt) << "padding is missing";
  EXPECT_EQ(base64_decode("Zg="), std::nullopt);
  EXPECT_EQ(base64_decode("Zg==="), std::nullopt);
  EXPECT_EQ(base64_decode("Zm9v="), std::nullopt);
  EXPECT_EQ(base64_decode("Z"), std::nullopt);
  EXPECT_EQ(base64_decode("Zh=="), std::nullopt) << "bits past the last byte";
  EXPECT_EQ(base64_decode("Zg==Zg=="), std::nullopt) << "padding in the middle";
  EXPECT_EQ(base64_decode("Zm9-"), std::nullopt) << "the URL alphabet";
}

}  // namespace
}  // namespace smc
