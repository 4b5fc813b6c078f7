// Random JSON documents that are hard on writers of YAML: strings that look like something else,
// awkward characters, empty and nested collections. The same seed gives the same documents.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include <nlohmann/json.hpp>

namespace smc::test {

// Strings that one YAML reader or another takes for something else when they stand without quotes.
inline const std::vector<std::string>& deceptive_strings() {
  static const std::vector<std::string> strings = {
      "",
      "1000",
      "true",
      "True",
      "TRUE",
      "false",
      "yes",
      "No",
      "on",
      "off",
      "y",
      "N",
      "null",
      "Null",
      "~",
      "1e3",
      "1E3",
      "0x1",
      "0X1F",
      "0o7",
      "017",
      "0b1",
      "1_000",
      "12:30:45",
      "1:2",
      ".inf",
      "-.Inf",
      ".nan",
      "NaN",
      "inf",
      "2001-01-01",
      "2001-12-14t21:59:43.10-05:00",
      "=",
      "<<",
      "-",
      "--",
      "---",
      "...",
      "- a",
      "?",
      "? a",
      ":",
      "a:",
      "a: b",
      ": a",
      "a #b",
      "#a",
      "&a",
      "*a",
      "!a",
      "!!str a",
      "|",
      ">",
      "|-",
      "'",
      "\"",
      "'a'",
      "\"a\"",
      "a'b\"c",
      "%a",
      "@a",
      "`a",
      "{",
      "}",
      "{}",
      "[",
      "]",
      "[]",
      ",",
      "a,b",
      "a, b",
      " ",
      "  a",
      "a  ",
      "a  b",
      "\t",
      "a\tb",
      "\n",
      "a\n",
      "\na",
      "a\nb",
      "a\nb\n",
      "a\n\nb",
      "a\n\n",
      "a\n b\n",
      " a\nb",
      "a\n \nb",
      "a \nb",
      "\ta\nb",
      "a\n\tb",
      "a\r\nb",
      "\r",
      "a\n---\nb",
      "# a\nb",
      "- a\n- b",
      "\x01",
      "\x7F",
      "\xC2\x85",
      "\xC2\xA0",
      "\xE2\x80\xA8",
      "\xE2\x80\xA9",
      "\xEF\xBB\xBF",
      "\xEF\xBF\xBE",
      "\xC3\xA4",
      "\xF0\x9F\x98\x80",
      "a\xE2\x80\xA8"
      "b\nc",
      "\\",
      "\\n",
      "a\\",
      "50m",
      "32Mi",
      "3650d",
      "1e5",
      "10.0.0.1",
      "1.2.3",
      "1.",
      ".5",
      "+1",
      "-1",
      "0",
      "00",
      "08",
      "1__0",
      "0x",
      "0b",
      "1e",
      "e3",
      "/bin/sh",
      "-c",
      "--a=b",
      "fortio/fortio:latest_release",
      "a@sha256:00",
      "{\"a\":\"b\"}",
      "key: |",
  };
  return strings;
}

class RandomJson {
 public:
  explicit RandomJson(std::uint32_t seed) : engine_(seed) {}

  nlohmann::ordered_json value(int depth) {
    switch (depth > 0 ? pick(8) : pick(6)) {
      case 0:
        return nullptr;
      case 1:
        return pick(2) == 0;
      case 2:
        return number();
      case 6:
        return array(depth);
      case 7:
        return object(depth);
      default:
        return string();
    }
  }

  nlohmann::ordered_json object(int depth) {
    nlohmann::ordered_json out = nlohmann::ordered_json::object();
    const std::size_t count = pick(5);
    for (std::size_t i = 0; i < count; ++i) out[key()] = value(depth - 1);
    return out;
  }

  std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(engine_);
  }

 private:
  nlohmann::ordered_json array(int depth) {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    const std::size_t count = pick(5);
    for (std::size_t i = 0; i < count; ++i) out.push_back(value(depth - 1));
    return out;
  }

  nlohmann::ordered_json number() {
    switch (pick(4)) {
      case 0:
        return static_cast<std::int64_t>(pick(3)) - 1;
      case 1:
        return std::uniform_int_distribution<std::int64_t>()(engine_) * (pick(2) == 0 ? 1 : -1);
      case 2:
        return std::uniform_real_distribution<double>(-1, 1)(engine_);
      default:
        return std::uniform_real_distribution<double>(-1, 1)(engine_) * 1e30;
    }
  }

  std::string string() {
    const auto& known = deceptive_strings();
    std::string out = known[pick(known.size())];
    for (std::size_t more = pick(3); more > 0; --more) out += known[pick(known.size())];
    return out;
  }

  // "<<" as a key is a merge to some readers even in quotes, so it is left out.
  std::string key() {
    std::string out = string();
    return out == "<<" ? "merge" : out;
  }

  std::mt19937 engine_;
};

}  // namespace smc::test
