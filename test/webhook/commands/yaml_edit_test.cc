// A change is inserted in the manner of the text, and nothing else in it moves.
#include "webhook/commands/yaml_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "webhook/commands/yaml_patch.h"

namespace smc::webhook {
namespace {

using yaml::Node;

// The text with a patch (RFC 6902) of its only document carried out on it.
std::string patched(const std::string& text, const std::string& patch) {
  const auto documents = yaml::parse(text);
  EXPECT_TRUE(documents) << text;
  const Node& before = documents->front();
  Node after = before;
  EXPECT_TRUE(apply_patch(after, patch)) << patch;
  YamlEditor editor(text, layout_of(text, before, before));
  editor.change(before, after);
  const auto out = apply_edits(text, editor.take());
  EXPECT_TRUE(out);
  const auto read = yaml::parse(*out);
  EXPECT_TRUE(read && read->size() == 1 && same_value(read->front(), after)) << *out;
  return *out;
}

std::string add(const std::string& path, const std::string& value) {
  return R"([{"op":"add","path":")" + path + R"(","value":)" + value + "}]";
}

constexpr const char* kMap = R"({"k":["x",{"v":"1","z":[]}]})";

struct Case {
  std::string before;
  std::string patch;
  std::string after;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& one : cases) EXPECT_EQ(patched(one.before, one.patch), one.after) << one.before;
}

TEST(YamlEdit, AnEntryIsAddedBehindTheLastInTheFilesLayout) {
  expect_all({
      {"s:\n  a: 1 # c\n  # deeper? no\nt: 2\n", add("/s/w", kMap),
       "s:\n  a: 1 # c\n  w:\n    k:\n    - x\n    - v: \"1\"\n      z: []\n  # deeper? no\nt: "
       "2\n"},
      {"s:\n    l:\n      - a\n      # of l\n\nt: 2\n", add("/s/w", kMap),
       "s:\n    l:\n      - a\n      # of l\n    w:\n        k:\n          - x\n          - v: "
       "\"1\"\n            z: []\n\nt: 2\n"},
      {"s:\r\n  a: 1\r\n", add("/s/w", "true"), "s:\r\n  a: 1\r\n  w: true\r\n"},
      {"s:\n  a: 1", add("/s/w", "1.5"), "s:\n  a: 1\n  w: 1.5"},
      {"- a: 1\n- b: 2\n", add("/0/w", R"("1")"), "- a: 1\n  w: \"1\"\n- b: 2\n"},
      {"s:\n  a: |+\n    x\n\n\nt: 1\n", add("/s/w", "1"),
       "s:\n  a: |+\n    x\n\n\n  w: 1\nt: 1\n"},
      {"s:\n  a: 'x\n\n    '\n", add("/s/w", "1"), "s:\n  a: 'x\n\n    '\n  w: 1\n"},
      {"s: &x !!map\n  # c\n  a: 1\n...\n", add("/s/w", "1"),
       "s: &x !!map\n  # c\n  a: 1\n  w: 1\n...\n"},
      {"s:\n  a:\n", add("/s/w", "1"), "s:\n  a:\n  w: 1\n"},
      {"? s\n: a: 1\n", add("/s/w", "1"), "? s\n: a: 1\n  w: 1\n"},
  });
}

TEST(YamlEdit, InBracketsAnEntryStandsInTheLineOrInOneOfItsOwn) {
  expect_all({
      {"s: {a: 1, }  # c\n", add("/s/w", kMap),
       "s: {a: 1, \"w\": {\"k\": [\"x\", {\"v\": \"1\", \"z\": []}]}, }  # c\n"},
      {"s: {}\n", add("/s/w", "1"), "s: {\"w\": 1}\n"},
      {R"({"s":{"a":1}})", add("/s/w", R"({"k":"v"})"), R"({"s":{"a":1,"w":{"k":"v"}}})"},
      {"{\n\t\"s\": {\n\t\t\"a\": 1\n\t}\n}\n", add("/s/w", R"({"k":[1]})"),
       "{\n\t\"s\": {\n\t\t\"w\": {\n\t\t\t\"k\": [\n\t\t\t\t1\n\t\t\t]\n\t\t},\n\t\t\"a\": "
       "1\n\t}\n}\n"},
      {"s: {a: x # c\n}\n", add("/s/w", "1"), "s: {a: x, \"w\": 1 # c\n}\n"},
  });
}

TEST(YamlEdit, AnItemBecomesTheFirstOrTheLast) {
  expect_all({
      {"l: # c\n# of a\n- a: 1 # x\n- b\n", add("/l/0", R"({"w":1,"m":[2]})"),
       "l: # c\n- w: 1\n  m:\n  - 2\n# of a\n- a: 1 # x\n- b\n"},
      {"l:\n  -   a: 1\n", add("/l/-", "2"), "l:\n  -   a: 1\n  - 2\n"},
      {"l: &x\n  - a\n", add("/l/0", "2"), "l: &x\n  - 2\n  - a\n"},
      {"- - a\n  - b\n", add("/0/0", "2"), "- - 2\n  - a\n  - b\n"},
      {"l: [a, b]\n", add("/l/0", "2"), "l: [2, a, b]\n"},
      {"l: [a, b]\n", add("/l/-", "2"), "l: [a, b, 2]\n"},
      {"l: []\n", add("/l/-", "2"), "l: [2]\n"},
      {"l: [\n  a, # c\n]\n", add("/l/0", "2"), "l: [\n  2,\n  a, # c\n]\n"},
      {"l:\n- a\n- b\n- c\n", add("/l/2", "2"), "l:\n- a\n- b\n- 2\n- c\n"},
  });
}

TEST(YamlEdit, WhatIsThereButEmptyIsFilled) {
  expect_all({
      {"s:\n  a: # c\n  b: 1\n", add("/s/a", R"({"k":[1]})"),
       "s:\n  a: # c\n    k:\n    - 1\n  b: 1\n"},
      {"s:\n  a: # c\n  b: 1\n", add("/s/a", "[1]"), "s:\n  a: # c\n  - 1\n  b: 1\n"},
      {"s:\n  a: null # c\n", add("/s/a", R"({"k":1})"), "s:\n  a: {\"k\": 1} # c\n"},
      {"s: {a: , b: ~}\n", add("/s/b", R"({"k":1})"), "s: {a: , b: {\"k\": 1}}\n"},
      {"s: {a: }\n", add("/s/a", "1"), "s: {a:  1}\n"},
  });
}

TEST(YamlEdit, AValueIsReplacedAloneAndTheRestOfItsLineStays) {
  expect_all({
      {"a: 'x' # c\nb: 1\n", add("/a", R"("z")"), "a: z # c\nb: 1\n"},
      {"a: |\n  x\n\nb: 1\n", add("/a", R"("y\n")"), "a: \"y\\n\"\nb: 1\n"},
      {"l:\n- {name: a, image: old} # c\n", add("/l/0/image", R"("new")"),
       "l:\n- {name: a, image: \"new\"} # c\n"},
      {"l:\n- name: a # c\n  image: old # d\n- b\n",
       R"([{"op":"replace","path":"/l/0","value":{"name":"a","image":"new"}}])",
       "l:\n- name: a # c\n  image: new # d\n- b\n"},
  });
}

TEST(YamlEdit, WhatGoesTakesItsLinesAlong) {
  const auto remove = [](const std::string& path) {
    return R"([{"op":"remove","path":")" + path + R"("}])";
  };
  expect_all({
      {"s:\n  a: 1\n  # c\n  b:\n    x: 1 # d\n  c: 3\n", remove("/s/b"),
       "s:\n  a: 1\n  # c\n  c: 3\n"},
      {"- a: 1\n  b: 2\n", remove("/0/a"), "- b: 2\n"},
      {"l:\n- a\n- b: 1\n  c: 2\n- d\n", remove("/l/1"), "l:\n- a\n- d\n"},
      {"l: [a, b, c]\nm: {x: 1, y: 2}\n", remove("/l/0"), "l: [b, c]\nm: {x: 1, y: 2}\n"},
      {"l: [a, b, c]\nm: {x: 1, y: 2}\n", remove("/m/y"), "l: [a, b, c]\nm: {x: 1}\n"},
      {"l:\n- a # x\n- b: 1 # y\n  c: 2\n", R"([{"op":"move","from":"/l/1","path":"/l/0"}])",
       "l:\n- b: 1\n  c: 2\n- a # x\n"},
  });
}

TEST(YamlEdit, SeveralChangesOfOneMapAreOneInsertion) {
  EXPECT_EQ(
      patched("s:\n  a:\n    b: 1\n",
              R"([{"op":"add","path":"/s/a/w","value":1},{"op":"add","path":"/s/m","value":2},)"
              R"({"op":"add","path":"/t","value":3}])"),
      "s:\n  a:\n    b: 1\n    w: 1\n  m: 2\nt: 3\n");
}

TEST(YamlEdit, AMergeKeyIsNoReasonToMoveAnything) {
  EXPECT_EQ(patched("b: &b {x: 1}\ns:\n  <<: *b\n  y: 2\n", add("/s/w", "1")),
            "b: &b {x: 1}\ns:\n  <<: *b\n  y: 2\n  w: 1\n");
}

TEST(YamlEdit, ContradictionsAreAProblem) {
  EXPECT_FALSE(apply_edits("abc", {{0, 2, "x"}, {1, 1, "y"}}));
  EXPECT_EQ(*apply_edits("abc", {{1, 1, "x"}, {1, 1, "x"}, {3, 0, "y"}}), "axcy");
}

}  // namespace
}  // namespace smc::webhook
