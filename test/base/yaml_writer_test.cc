// What is written means the same to every reader, and is read back as it was.
#include "base/yaml_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/yaml_scalar.h"
#include "test/support/random_json.h"

namespace smc::yaml {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

Node tree_of(const ordered_json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return string_node(value.get<std::string>());
  Node node;
  node.kind = value.is_primitive() ? Kind::kScalar : value.is_array() ? Kind::kList : Kind::kMap;
  node.plain = value.is_primitive();
  if (value.is_primitive()) {
    node.text = value.dump();
    return node;
  }
  for (const auto& [key, item] : value.items()) {
    if (value.is_object()) node.children.push_back(string_node(key));
    node.children.push_back(tree_of(item));
  }
  return node;
}

ordered_json json_of(const Node& node) {
  ordered_json out;
  if (node.is_list()) {
    out = ordered_json::array();
    for (const Node& item : node.children) out.push_back(json_of(item));
    return out;
  }
  if (node.is_map()) {
    out = ordered_json::object();
    for (std::size_t i = 0; i < node.children.size(); i += 2)
      out[resolve(node.children[i])->value] = json_of(node.children[i + 1]);
    return out;
  }
  const auto scalar = resolve(node);
  EXPECT_TRUE(scalar);
  return scalar->type == ScalarType::kString ? ordered_json(scalar->value)
                                             : ordered_json::parse(scalar->value);
}

std::string written(const Node& node) {
  const auto text = write(node);
  EXPECT_TRUE(text);
  return *text;
}

ordered_json read_back(const std::string& text) {
  const auto documents = parse(text);
  EXPECT_TRUE(documents) << documents.error().what << "\n" << text;
  EXPECT_EQ(documents->size(), 1u) << text;
  return json_of(documents->front());
}

// A document through reading and writing.
std::string rewritten(const std::string& text) {
  return written(parse(text)->front());
}

TEST(YamlWriter, RandomDocumentsAreReadBackAsTheyWere) {
  test::RandomJson random(20260131);
  for (int i = 0; i < 3000; ++i) {
    const ordered_json value = random.object(4);
    const std::string text = written(tree_of(value));
    ASSERT_EQ(read_back(text), value) << text;
  }
}

TEST(YamlWriter, DeceptiveStringsSurviveInEveryPlace) {
  for (const std::string& text : test::deceptive_strings()) {
    const ordered_json value = {{"v", text},
                                {"l", {text, {text}, {{"k", text}}}},
                                {"m", {{text == "<<" ? "merge" : text, {{"k", text}}}}}};
    ASSERT_EQ(read_back(written(tree_of(value))), value) << text;
    ASSERT_EQ(read_back(written(tree_of(text))), text);
  }
}

// YAML 1.1 and 1.2 readers differ in what a plain scalar is; in quotes all see a string.
TEST(YamlWriter, StringsThatAnyReaderTakesForSomethingElseAreQuoted) {
  for (const char* text :
       {"",   "1000", "true", "True", "yes",      "No",  "on",  "off",        "y",
        "n",  "null", "~",    "1e3",  "0x1",      "0o7", "017", "0b1",        "1_000",
        "1.", ".5",   ".inf", ".nan", "12:30:45", "+1",  "-1",  "2001-01-01", "=",
        "<<", "1.2",  "nan",  "1e5m", "0xMi",     "inf", "08",  "0.0.0.0"})
    EXPECT_EQ(written(string_node(text)), "\"" + std::string(text) + "\"\n");
}

TEST(YamlWriter, OrdinaryWordsImagesPathsAndAmountsStayPlain) {
  for (const char* text : {"a", "fortio/fortio:latest_release", "/bin/sleep", "3650d", "50m",
                           "32Mi", "smc.asm.alibabacloud.com/erdma", "a b", "IfNotPresent"})
    EXPECT_EQ(written(string_node(text)), std::string(text) + "\n");
}

TEST(YamlWriter, NumbersKeepEveryDigitBooleansAndNullBecomeJsons) {
  EXPECT_EQ(
      rewritten("a: 123456789012345678901234567890\nb: 1e3\nc: 1.50\nd: 0x10\ne: yes\nf: ~\n"),
      "a: 123456789012345678901234567890\nb: 1e3\nc: 1.50\nd: 16\ne: true\nf: null\n");
}

TEST(YamlWriter, TextsOfSeveralLinesBecomeBlocks) {
  EXPECT_EQ(rewritten("a: \"x\\n  y\\n\"\nb:\n- \"x\\n\\ny\"\n"),
            "a: |\n  x\n    y\nb:\n- |-\n  x\n\n  y\n");
}

TEST(YamlWriter, AnchorsAndTagsKeepTheirMeaning) {
  EXPECT_EQ(rewritten("a: &x [1, b]\nc: *x\nd: !!str 1\ne: !!binary aGk=\nf: !!int \"7\"\n"),
            "a:\n- 1\n- b\nc:\n- 1\n- b\nd: \"1\"\ne: hi\nf: 7\n");
  EXPECT_EQ(rewritten("a: !!binary /w==\n"), "a: !!binary /w==\n");
}

TEST(YamlWriter, KeysThatAreNoStringsBecomeStringsAsInJson) {
  EXPECT_EQ(rewritten("1: a\ntrue: b\n"), "\"1\": a\n\"true\": b\n");
}

TEST(YamlWriter, WhatJsonCannotHaveIsAProblemWithItsLine) {
  for (const char* text :
       {"x: 1\na: .inf\n", "x: 1\n? [a]\n: b\n", "x: 1\n~: b\n", "x: 1\na: !mine b\n"}) {
    const auto refused = write(parse(text)->front());
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().line, 2) << text;
  }
}

}  // namespace
}  // namespace smc::yaml
