// YAML is read as kubectl reads it. The table of scalars was taken from kubectl 1.32 and 1.35
// (`kubectl annotate --local -o json`).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.h"
#include "base/yaml_scalar.h"
#include "base/yaml_tree.h"

namespace smc::yaml {
namespace {

using testing::HasSubstr;

Node document(const std::string& text) {
  auto documents = parse(text);
  EXPECT_TRUE(documents) << documents.error().what;
  EXPECT_EQ(documents->size(), 1u);
  return std::move(documents->front());
}

std::string shown(const std::string& scalar) {
  const Node list = document("[" + scalar + "]");
  const auto resolved = resolve(list.children.at(0));
  if (!resolved) return "error";
  switch (resolved->type) {
    case ScalarType::kNull:
      return "null";
    case ScalarType::kString:
      return "\"" + resolved->value + "\"";
    default:
      return resolved->value;
  }
}

TEST(YamlScalar, PlainOnesResolveAsInKubectl) {
  const std::pair<const char*, const char*> cases[] = {
      {"a", "\"a\""},
      {"y", "true"},
      {"Y", "true"},
      {"n", "false"},
      {"on", "true"},
      {"off", "false"},
      {"yes", "true"},
      {"True", "true"},
      {"tRue", "\"tRue\""},
      {"~", "null"},
      {"Null", "null"},
      {"nULL", "\"nULL\""},
      {"1e3", "1e3"},
      {"1.", "1"},
      {".5", "0.5"},
      {"-.5", "-0.5"},
      {"1.5e+3", "1.5e3"},
      {"1E3", "1e3"},
      {".e3", "\".e3\""},
      {"0o7", "7"},
      {"017", "15"},
      {"08", "8"},
      {"0x1F", "31"},
      {"0b11", "3"},
      {"-0b1", "-1"},
      {"1_000", "1000"},
      {"+12", "12"},
      {"-0", "0"},
      {"12:30:45", "\"12:30:45\""},
      {"2001-01-01", "\"2001-01-01\""},
      {"1.10", "1.10"},
      {"1.2.3", "\"1.2.3\""},
      {"1e999", "\"1e999\""},
      {"0x", "\"0x\""},
      {"1e", "\"1e\""},
      {"=", "\"=\""},
      {"50m", "\"50m\""},
      {"18446744073709551615", "18446744073709551615"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {".inf", "error"},
      {".nan", "error"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(shown(text), expected) << text;
  }
}

TEST(YamlScalar, QuotedOnesAndBlocksAreStrings) {
  for (const char* text : {"\"true\"", "'1000'", "'~'", "''"})
    EXPECT_EQ(shown(text), "\"" + std::string(text).substr(1, std::string(text).size() - 2) + "\"");
  EXPECT_EQ(resolve(document("|\n  1000\n"))->type, ScalarType::kString);
}

TEST(YamlScalar, TagsDecide) {
  EXPECT_EQ(shown("!!str 1"), "\"1\"");
  EXPECT_EQ(shown("!!str null"), "\"null\"");
  EXPECT_EQ(shown("!!int \"3\""), "3");
  EXPECT_EQ(shown("!!float 3"), "3");
  EXPECT_EQ(shown("!!bool yes"), "true");
  EXPECT_EQ(shown("!!null ''"), "null");
  EXPECT_EQ(shown("!!binary aGk="), "\"hi\"");
  for (const char* wrong : {"!!binary '*'", "!!int x", "!!int 1.5", "!!bool 1", "!!null x",
                            "!!set x", "!mine x", "!!timestamp 2001-01-01"})
    EXPECT_EQ(shown(wrong), "error") << wrong;
}

TEST(YamlTree, KeepsLineQuotingAndText) {
  const Node root = document("# comment\na: 1e3\nb: '1'\nc:\n- x\n- |\n  l\n");
  ASSERT_TRUE(root.is_map());
  EXPECT_EQ(root.line, 2);
  EXPECT_TRUE(root.find("a")->plain);
  EXPECT_EQ(root.find("a")->text, "1e3");
  EXPECT_FALSE(root.find("b")->plain);
  EXPECT_EQ(root.find("c")->children.at(0).line, 5);
  EXPECT_EQ(root.find("c")->children.at(1).text, "l\n");
  EXPECT_EQ(root.find("none"), nullptr);
  EXPECT_EQ(root.find("c")->find("x"), nullptr);
}

TEST(YamlTree, EveryDocumentIsThere) {
  EXPECT_EQ(parse("")->size(), 0u);
  EXPECT_EQ(parse("# nothing\n")->size(), 0u);
  EXPECT_EQ(parse("a\n---\n---\nb\n...\n---\n# nothing\n")->size(), 3u);
  EXPECT_EQ(parse("\xEF\xBB\xBF"
                  "a: 1")
                ->front()
                .children.at(0)
                .text,
            "a");
}

// The value of `key` in a map with merge keys, as kubectl shows it.
TEST(YamlTree, MergeKeysAreReadInTheOrderOfWritingAsInKubectl) {
  const std::string maps = "base: &b {a: 1, c: 2}\nother: &o {a: 9, d: 4}\n";
  const Node root = document(maps +
                             "before: {a: own, <<: *b}\nafter: {<<: *b, a: own}\n"
                             "list: {<<: [*b, *o]}\ntwo: {<<: *b, <<: *o}\n");
  EXPECT_EQ(root.find("before")->find("a")->text, "1");
  EXPECT_EQ(root.find("after")->find("a")->text, "own");
  EXPECT_EQ(root.find("list")->find("a")->text, "1");
  EXPECT_EQ(root.find("list")->find("d")->text, "4");
  EXPECT_EQ(root.find("two")->find("a")->text, "9");
  for (const char* name : {"before", "after"})
    EXPECT_EQ(root.find(name)->children.size(), 4u) << name;
}

TEST(YamlTree, AQuotedMergeKeyIsAKey) {
  EXPECT_NE(document("{\"<<\": {a: 1}}").find("<<"), nullptr);
}

TEST(YamlTree, DuplicateKeysStayForWhoeverLooks) {
  EXPECT_EQ(document("{a: 1, a: 2}").children.size(), 4u);
  EXPECT_EQ(document("{<<: {b: 1}, a: 1, a: 2}").children.size(), 6u);
}

TEST(YamlTree, AProblemHasItsLine) {
  const auto parsed = parse("a: 1\nb: [\n");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().line, 3);
  const auto control = parse("a: 1\nb: \x01\n");
  ASSERT_FALSE(control);
  EXPECT_EQ(control.error().line, 2);
  EXPECT_THAT(control.error().what, HasSubstr("control character"));
}

TEST(YamlTree, AQuotedTextWithoutItsEndIsAProblem) {
  for (const char* text :
       {"a: 'x", "a: 'x\n", "a: \"x\n", "a: \"x\n\nb: 1\n", "'", "\"\n", "- '\n"}) {
    EXPECT_FALSE(parse(text)) << text;
  }
}

// Taken from kubectl 1.35.
TEST(YamlTree, QuotedAndFoldedTextsKeepTheirLastBlankLines) {
  const std::pair<const char*, const char*> cases[] = {
      {"'\n\n  '", "\n"},           {"'x\n\n\n  '", "x\n\n"}, {"\"x\n\n\n  \"", "x\n\n"},
      {">+\n  x\n\n\n", "x\n\n\n"}, {"|+\n  z\n\n", "z\n\n"}, {">-\n  x\n\n  y\n\n", "x\ny"},
      {"|\n  x\n\n", "x\n"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(document("a: " + std::string(text)).find("a")->text, expected) << text;
}

TEST(YamlTree, EscapesBeyondAsciiBecomeUtf8) {
  EXPECT_EQ(document(R"(["10\_000"])").children.at(0).text,
            "10\xC2\xA0"
            "000");
  EXPECT_EQ(document(R"(["a\Nb\Lc\Pd\xe4"])").children.at(0).text,
            "a\xC2\x85"
            "b\xE2\x80\xA8"
            "c\xE2\x80\xA9"
            "d\xC3\xA4");
}

TEST(YamlTree, ASurrogatePairIsOneCharacterInJsonAndRefusedInYaml) {
  EXPECT_EQ(document(R"({"a": "x\ud83d\ude80y"})").find("a")->text, "x\xF0\x9F\x9A\x80y");
  EXPECT_EQ(document(R"({"a": "\\ud83d\ude80"})").find("a")->text, "\\ud83d\xEF\xBF\xBD");
  EXPECT_EQ(document(R"({"a": "\ud83dx"})").find("a")->text, "\xEF\xBF\xBDx");
  EXPECT_FALSE(parse(R"(a: "\ud83d\ude80")"));
  EXPECT_EQ(document("a: |\n  \"\\ud83d\\ude80\"\n").find("a")->text, "\"\\ud83d\\ude80\"\n")
      << "a block scalar has no escapes";
}

TEST(YamlTree, CharactersThatYamlFoldsOrRefusesAreReadAsTheyAreInJson) {
  const std::string odd = "a \xE2\x80\xA8 b\xC2\x85\x7F\xEF\xBB\xBF";
  const std::string text = "{\"" + odd + "\": \"" + odd + "\", \"z\": 1}";
  const Node root = document(text);
  ASSERT_NE(root.find(odd), nullptr);
  EXPECT_EQ(root.find(odd)->text, odd);
  const Span& last = root.find("z")->span;
  EXPECT_EQ(text.substr(last.begin, last.end - last.begin), "1");
  EXPECT_FALSE(parse("a: \x7F\n"));
}

TEST(YamlTree, JsonTextsMayFollowEachOther) {
  const std::string text =
      "{\"a\": 1}\n{\"b\": [2,\n\"]\"]} {\"c\":\"\\ud83d\\ude80\",\n\"d\": 3}\n";
  const auto parsed = parse(text);
  ASSERT_TRUE(parsed) << parsed.error().what;
  ASSERT_EQ(parsed->size(), 3u);
  EXPECT_EQ(parsed->at(1).line, 2);
  const Node& last = *parsed->at(2).find("d");
  EXPECT_EQ(last.line, 4);
  EXPECT_EQ(text.substr(last.span.begin, last.span.end - last.span.begin), "3");
  EXPECT_FALSE(parse("{\"a\": 1}\nb: 2\n"));
  EXPECT_EQ(parse("---\n{\"a\": \"\\ud83d\\ude80\"}\n--- \n[1]\n")->size(), 2u);
  const auto broken = parse("{\"a\": 1}\n{\"b\":\n[}]\n");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().line, 3);
}

// The part of a text that a node was read from.
std::string written(const std::string& text, const Node& node) {
  return text.substr(node.span.begin, node.span.end - node.span.begin);
}

TEST(YamlTree, EveryNodeKnowsWhereItStands) {
  const std::string text =
      "\xEF\xBB\xBF# \u00e4\r\n"
      "m: &x !!map\r\n"
      "  # c\r\n"
      "  k\xC3\xA4: 'v' # c\r\n"
      "  l:\r\n"
      "  - a b\r\n"
      "  -   c: d\r\n"
      "f: {a: [1, \"2\" ], b: *x }  # c\r\n"
      "empty:\r\n";
  const Node root = document(text);
  const Node& map = *root.find("m");
  EXPECT_EQ(text.substr(map.span.begin, 2), "&x");
  EXPECT_EQ(text.substr(map.span.content, 4), "k\xC3\xA4:");
  EXPECT_EQ(text.substr(map.span.tail - 4, 6), "c: d\r\n");
  EXPECT_EQ(written(text, *map.find("k\xC3\xA4")), "'v'");
  const Node& list = *map.find("l");
  EXPECT_EQ(text.substr(list.span.content, 5), "- a b");
  EXPECT_EQ(written(text, list.children.at(1)), "c: d");
  const Node& flow = *root.find("f");
  EXPECT_EQ(written(text, flow), "{a: [1, \"2\" ], b: *x }");
  EXPECT_EQ(text.substr(flow.span.tail, 2), " }");
  EXPECT_EQ(text.substr(flow.span.content, 2), "a:");
  EXPECT_EQ(written(text, *flow.find("a")), "[1, \"2\" ]");
  EXPECT_EQ(flow.find("b")->alias_line, 8);
  EXPECT_EQ(flow.find("b")->span.begin, map.span.begin);
  const Node& empty = *root.find("empty");
  EXPECT_EQ(empty.span.begin, empty.span.end);
  EXPECT_EQ(text.substr(empty.span.begin - 6), "empty:\r\n");
}

TEST(YamlTree, AMissingLastLineBreakIsAddedAsKubectlDoes) {
  EXPECT_EQ(document("a: |\n  x").find("a")->text, "x\n");
}

TEST(YamlTree, FourHundredLevelsAreReadAndOneMoreRefused) {
  EXPECT_TRUE(parse(std::string(kMaxDepth - 1, '[') + std::string(kMaxDepth - 1, ']')));
  EXPECT_FALSE(parse(std::string(kMaxDepth, '[') + std::string(kMaxDepth, ']')));
}

TEST(YamlTree, EveryPrefixOfAFileIsReadOrRefused) {
  const std::string text =
      "%YAML 1.2\n---\na: &x {b: [1, 'two', \"th\\u0072ee\"], ? c : *y }\nd: |+\n  x\n\ne: >-\n  "
      "f\n"
      "<<: *x\n? [k]\n: !!str v\n...\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto parsed = parse(text.substr(0, size));
    EXPECT_TRUE(parsed || !parsed.error().what.empty()) << size;
  }
}

TEST(Utf8, CodePointsOfEachLength) {
  EXPECT_EQ(utf8_code_point("a"), U'a');
  EXPECT_EQ(utf8_code_point("\xC3\xA4"), U'\u00E4');
  EXPECT_EQ(utf8_code_point("\xE2\x80\xA8"), U'\u2028');
  EXPECT_EQ(utf8_code_point("\xF0\x9F\x98\x80"), U'\U0001F600');
}

}  // namespace
}  // namespace smc::yaml
