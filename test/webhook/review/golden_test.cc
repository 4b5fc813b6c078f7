// Each folder below golden/ is one review with the answer it must get:
//   review.json   what the API server sends
//   config.yaml   the configuration; without it the defaults hold; where it leaves the mode to the
//                 namespace, that admits a privileged container
//   answer.json   status, decision and response, the patch decoded; or status and refusal
//   reason.txt    one line: what the case is about
// @IMAGE@ and @VERSION@ stand for what changes with each release. After a deliberate change
// SMC_UPDATE_GOLDEN=1 writes the answers anew; read the diff.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/file.h"
#include "base/version.h"
#include "webhook/review/answer.h"

namespace smc::webhook {
namespace {

using OrderedJson = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 16 << 20;

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(SMC_TEST_DIR "/webhook/review/golden"))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

void replace_all(std::string& text, const std::string& old, const std::string& with) {
  for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at + with.size()))
    text.replace(at, old.size(), with);
}

const std::string kStatusVersion = R"(\"version\":\")";

std::string with_release(std::string text) {
  replace_all(text, "@IMAGE@", Config::default_image());
  replace_all(text, kStatusVersion + "@VERSION@", kStatusVersion + kVersion);
  return text;
}

std::string without_release(std::string text) {
  replace_all(text, Config::default_image(), "@IMAGE@");
  replace_all(text, kStatusVersion + kVersion, kStatusVersion + "@VERSION@");
  return text;
}

// What fits on a line stands on one.
std::string pretty(const OrderedJson& value, std::size_t indent = 0) {
  constexpr std::size_t kColumns = 100;
  const std::string line = value.dump();
  if (indent + line.size() <= kColumns || value.is_primitive() || value.empty()) return line;
  const std::string margin(indent + 2, ' ');
  std::string out(1, line.front());
  const char* separator = "\n";
  for (const auto& [key, member] : value.items()) {
    out += separator + margin;
    if (value.is_object()) out += OrderedJson(key).dump() + ": ";
    out += pretty(member, indent + 2);
    separator = ",\n";
  }
  return out + '\n' + std::string(indent, ' ') + line.back();
}

OrderedJson describe(const Answer& answer) {
  OrderedJson out = {{"status", answer.status}};
  if (answer.status != 200) {
    out["refusal"] = answer.body;
    return out;
  }
  out["decision"] = info(answer.decision).code;
  OrderedJson body = OrderedJson::parse(answer.body);
  if (OrderedJson& response = body["response"]; response.contains("patch"))
    response["patch"] =
        OrderedJson::parse(base64_decode(response["patch"].get<std::string>()).value());
  out["answer"] = body;
  return out;
}

class Golden : public testing::TestWithParam<std::string> {
 protected:
  fs::path file(const char* name) const {
    return fs::path(SMC_TEST_DIR "/webhook/review/golden") / GetParam() / name;
  }
  std::string content(const char* name) const {
    const auto read = read_file(file(name), kMaxFileBytes);
    EXPECT_TRUE(read) << file(name);
    return read ? *read : std::string();
  }
};

TEST_P(Golden, GetsItsAnswer) {
  Config config;
  if (fs::exists(file("config.yaml"))) {
    ParsedConfig parsed = parse_config(content("config.yaml"));
    ASSERT_TRUE(parsed.mistakes.empty()) << parsed.mistakes.front().text("config.yaml");
    config = parsed.config;
  }
  std::string body = with_release(content("review.json"));
  const auto admits_all = [](std::string_view) { return InitMode::kPrivileged; };
  const std::string written =
      without_release(pretty(describe(answer_review(body, config, admits_all)))) + "\n";
  if (std::getenv("SMC_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file_atomic(file("answer.json"), written, 0644));
  }
  EXPECT_EQ(written, content("answer.json"));
  EXPECT_FALSE(content("reason.txt").empty());
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(cases()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace smc::webhook
