// What is written means the same to every reader, and is read back as it was.
#include "webhook/commands/yaml_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "test/support/random_json.h"
#include "webhook/commands/yaml_patch.h"

namespace smc::webhook {
namespace {

using nlohmann::ordered_json;
using yaml::Node;

Node tree_of(const ordered_json& value) {
  Node root;
  root.kind = yaml::Kind::kMap;
  const ordered_json patch = {{{"op", "add"}, {"path", "/v"}, {"value", value}}};
  EXPECT_TRUE(apply_patch(root, patch.dump()));
  return *root.find("v");
}

ordered_json read_back(const std::string& text) {
  const auto documents = yaml::parse(text);
  EXPECT_TRUE(documents) << documents.error().what << "\n" << text;
  EXPECT_EQ(documents->size(), 1u) << text;
  std::string written;
  EXPECT_TRUE(append_json(written, documents->front()));
  return ordered_json::parse(written);
}

YamlLayout layout(std::size_t step, std::size_t list_offset) {
  YamlLayout out;
  out.step = step;
  out.list_offset = list_offset;
  return out;
}

TEST(YamlText, RandomValuesAreReadBackAsTheyWereInEveryLayout) {
  smc::test::RandomJson random(20260131);
  for (int i = 0; i < 3000; ++i) {
    const ordered_json value = {{"a", random.object(4)}};
    const Node tree = tree_of(value);
    const YamlLayout look = layout(1 + random.pick(5), random.pick(5));
    ASSERT_EQ(read_back(block_collection(tree, "  ", look)), value);
    ASSERT_EQ(read_back(flow_value(tree, look)), value);
    ASSERT_EQ(read_back(flow_lines(tree, "", "\t", look)), value);
  }
}

TEST(YamlText, DeceptiveStringsSurviveInEveryPlace) {
  for (const std::string& text : smc::test::deceptive_strings()) {
    const ordered_json value = {{"v", text},
                                {"l", {text, {text}, {{"k", text}}}},
                                {"m", {{text == "<<" ? "merge" : text, {{"k", text}}}}}};
    ASSERT_EQ(read_back(block_collection(tree_of(value), "", {})), value) << text;
  }
}

// YAML 1.1 and 1.2 readers differ in what a plain scalar is; in quotes all see a string.
TEST(YamlText, StringsThatAnyReaderTakesForSomethingElseAreQuoted) {
  for (const char* text :
       {"",   "1000", "true", "True", "yes",      "No",  "on",  "off",        "y",
        "n",  "null", "~",    "1e3",  "0x1",      "0o7", "017", "0b1",        "1_000",
        "1.", ".5",   ".inf", ".nan", "12:30:45", "+1",  "-1",  "2001-01-01", "=",
        "<<", "1.2",  "nan",  "1e5m", "0xMi",     "inf", "08",  "0.0.0.0"})
    EXPECT_EQ(block_scalar(yaml::string_node(text)), "\"" + std::string(text) + "\"");
}

TEST(YamlText, OrdinaryWordsImagesPathsAndAmountsStayPlain) {
  for (const char* text : {"a", "fortio/fortio:latest_release", "/bin/sleep", "3650d", "50m",
                           "32Mi", "smc.asm.alibabacloud.com/erdma", "a b", "IfNotPresent"})
    EXPECT_EQ(block_scalar(yaml::string_node(text)), text);
}

TEST(YamlText, JsonWithinAStringStaysReadable) {
  EXPECT_EQ(block_scalar(yaml::string_node(R"({"a":"b"})")), R"('{"a":"b"}')");
}

TEST(YamlText, TheLayoutIsTheTexts) {
  const std::string text = "a:\r\n    b:\r\n      - {\"c\":1}\r\n";
  const Node document = yaml::parse(text)->front();
  const YamlLayout found = layout_of(text, document, document);
  EXPECT_EQ(found.step, 4u);
  EXPECT_EQ(found.list_offset, 2u);
  EXPECT_TRUE(found.tight);
  EXPECT_EQ(found.line_break, "\r\n");
}

}  // namespace
}  // namespace smc::webhook
