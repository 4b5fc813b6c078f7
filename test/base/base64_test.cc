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

std::string some_bytes(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(i * 37 + 11);
  return bytes;
}

TEST(Base64, OfATextInPiecesIsThatOfTheWhole) {
  for (std::size_t before = 0; before < 8; ++before) {
    for (std::size_t length = 0; length < 20; ++length) {
      for (std::size_t after = 0; after < 4; ++after) {
        const std::string whole = some_bytes(before + length + after);
        const Base64Fragment fragment(whole.substr(before, length));
        std::string out = "what was there";
        Base64Writer writer(out);
        writer.write(std::string_view(whole).substr(0, before));
        writer.write(fragment);
        writer.write(std::string_view(whole).substr(before + length));
        writer.finish();
        EXPECT_EQ(out, "what was there" + base64_encode(whole))
            << before << " " << length << " " << after;
      }
    }
  }
}

TEST(Base64, OfFragmentsOneAfterAnotherIsThatOfTheWhole) {
  for (const std::size_t length : {1, 2, 3, 4, 5, 30}) {
    const Base64Fragment fragment(some_bytes(length));
    std::string out, whole;
    Base64Writer writer(out);
    for (int i = 0; i < 7; ++i) {
      writer.write(fragment);
      whole += fragment.bytes();
    }
    writer.finish();
    EXPECT_EQ(out, base64_encode(whole)) << length;
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
