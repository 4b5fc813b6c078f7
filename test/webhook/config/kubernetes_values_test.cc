// Values are good exactly where the API server takes them.
#include "webhook/config/kubernetes_values.h"

#include <string>

#include <gtest/gtest.h>

namespace smc::webhook {
namespace {

const std::string kSha256 = "sha256:" + std::string(64, '0');

TEST(KubernetesValues, ImagesFollowTheReferenceGrammarAndArePinned) {
  for (const std::string& image :
       {std::string("a:1"), std::string("fortio/fortio:latest_release"),
        std::string("ghcr.io/x/y:1.0"), std::string("localhost:5000/x:t"),
        std::string("[::1]:5000/x:t"), std::string("HOST/x:t"),
        std::string("a.b-c__d/e--f:V_1.2-x"), "x@" + kSha256, "x:1@" + kSha256,
        "r.io:443/x/y@" + kSha256, "x@sha512:" + std::string(128, 'f'),
        "x:" + std::string(128, 't')})
    EXPECT_TRUE(is_pinned_image(image)) << image;
  for (const std::string& image : {std::string(),
                                   std::string("a"),
                                   std::string("a:"),
                                   std::string(":1"),
                                   std::string("a/:1"),
                                   std::string("/a:1"),
                                   std::string("a//b:1"),
                                   std::string("A:1"),
                                   std::string("x/Y:1"),
                                   std::string("a:1:2"),
                                   std::string("a:-x"),
                                   std::string("a:."),
                                   std::string("a b:1"),
                                   std::string("a_-b:1"),
                                   std::string("a___b:1"),
                                   std::string("a..b/C:1"),
                                   std::string("-a:1"),
                                   std::string("a-:1"),
                                   std::string("localhost:5000/x"),
                                   std::string("host:port/x:1"),
                                   std::string("host:/x:1"),
                                   std::string("http://a:1"),
                                   std::string("a@sha256:00"),
                                   "a@sha256:" + std::string(64, 'A'),
                                   "a@md5:" + std::string(64, '0'),
                                   "a@" + kSha256 + "0",
                                   "x@" + kSha256 + "@" + kSha256,
                                   "x:" + std::string(129, 't'),
                                   std::string(256, 'a') + ":1",
                                   std::string("a\xC3\xA4:1"),
                                   std::string("a:1\n")})
    EXPECT_FALSE(is_pinned_image(image)) << image;
}

TEST(KubernetesValues, LabelKeysAreQualifiedNames) {
  for (const std::string& key :
       {std::string("a"), std::string("A.b_c-1"), std::string("kubernetes.io/os"),
        std::string("smc.asm.alibabacloud.com/erdma"), std::string(63, 'a'),
        std::string(253, 'a') + "/" + std::string(63, 'b')})
    EXPECT_TRUE(is_label_key(key)) << key;
  for (const std::string& key :
       {std::string(), std::string("/"), std::string("a/"), std::string("/a"), std::string("a/b/c"),
        std::string("A.io/x"), std::string("a_b/x"), std::string("-a"), std::string("a-"),
        std::string("a b"), std::string(64, 'a'), std::string(254, 'a') + "/b",
        std::string("a..b/c"), std::string("\xC3\xA4")})
    EXPECT_FALSE(is_label_key(key)) << key;
}

TEST(KubernetesValues, LabelValuesMayBeEmpty) {
  for (const std::string& value :
       {std::string(), std::string("true"), std::string("a.b_c-D"), std::string(63, 'a')})
    EXPECT_TRUE(is_label_value(value)) << value;
  for (const std::string& value : {std::string("a b"), std::string("-"), std::string("a/b"),
                                   std::string(64, 'a'), std::string("a\n")})
    EXPECT_FALSE(is_label_value(value)) << value;
}

TEST(KubernetesValues, APinnedImageHasANameATagAndADigest) {
  const std::string text = "r.example:5000/a/b:1.2@" + kSha256;
  const auto image = parse_pinned_image(text);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->name, "r.example:5000/a/b");
  EXPECT_EQ(image->last_part(), "b");
  EXPECT_EQ(image->tag, "1.2");
  EXPECT_EQ(image->digest, kSha256);
  EXPECT_EQ(parse_pinned_image("b:1")->last_part(), "b");
}

TEST(KubernetesValues, AnImageIsFromARegistryByWholeParts) {
  const auto image = parse_pinned_image("r.example:5000/a/b:1");
  ASSERT_TRUE(image);
  for (const char* registry : {"r.example:5000", "r.example:5000/a"})
    EXPECT_TRUE(is_from(*image, registry)) << registry;
  for (const char* registry :
       {"r.example", "r.example:500", "r.example:5000/", "r.example:5000/a/b", "example:5000", ""})
    EXPECT_FALSE(is_from(*image, registry)) << registry;
}

TEST(KubernetesValues, APatternIsANameOrItsBeginning) {
  EXPECT_TRUE(matches("kata", "kata"));
  EXPECT_FALSE(matches("kata", "kata-qemu"));
  EXPECT_TRUE(matches("kata*", "kata"));
  EXPECT_TRUE(matches("kata*", "kata-qemu"));
  EXPECT_FALSE(matches("kata*", "my-kata"));
  EXPECT_TRUE(matches("*", "anything"));
}

}  // namespace
}  // namespace smc::webhook
