// Whatever is sent: an answer as the contract says, never a crash and never a patch.
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "test/webhook/review/bad_reviews.h"

namespace smc::webhook {
namespace {

using test::annotated_pod;
using test::ask_text;
using test::expect_refused;
using test::full_review;
using test::Json;
using test::nested;
using test::Reply;
using test::review_of;
using test::review_with;

struct Field {
  const char* pointer;
  Json::value_t type;
};

constexpr auto kText = Json::value_t::string;
constexpr auto kFlag = Json::value_t::boolean;
constexpr auto kNumber = Json::value_t::number_unsigned;
constexpr auto kList = Json::value_t::array;
constexpr auto kObject = Json::value_t::object;

std::vector<Field> fields() {
  static const Field kFields[] = {
      {"/apiVersion", kText},
      {"/kind", kText},
      {"/request", kObject},
      {"/request/uid", kText},
      {"/request/kind", kObject},
      {"/request/kind/group", kText},
      {"/request/kind/version", kText},
      {"/request/kind/kind", kText},
      {"/request/subResource", kText},
      {"/request/operation", kText},
      {"/request/namespace", kText},
      {"/request/name", kText},
      {"/request/dryRun", kFlag},
      {"/request/object", kObject},
      {"/request/object/metadata", kObject},
      {"/request/object/metadata/name", kText},
      {"/request/object/metadata/generateName", kText},
      {"/request/object/metadata/annotations", kObject},
      {"/request/object/metadata/annotations/smc.asm.alibabacloud.com~1enabled", kText},
      {"/request/object/metadata/annotations/smc.asm.alibabacloud.com~1on-failure", kText},
      {"/request/object/metadata/annotations/smc.asm.alibabacloud.com~1programs", kText},
      {"/request/object/metadata/annotations/smc.asm.alibabacloud.com~1resources", kText},
      {"/request/object/metadata/annotations/smc.asm.alibabacloud.com~1interface", kText},
      {"/request/object/metadata/annotations/kubernetes.io~1limit-ranger", kText},
      {"/request/object/metadata/labels", kObject},
      {"/request/object/metadata/labels/alibabacloud.com~1eci", kText},
      {"/request/object/metadata/annotations/smc.asm.alibabacloud.com~1pnetid", kText},
      {"/request/object/metadata/annotations/network.alibabacloud.com~1erdma-smcr", kText},
      {"/request/object/metadata/annotations/sidecar.istio.io~1status", kText},
      {"/request/object/metadata/ownerReferences", kList},
      {"/request/object/metadata/ownerReferences/0", kObject},
      {"/request/object/metadata/ownerReferences/0/kind", kText},
      {"/request/object/metadata/ownerReferences/0/name", kText},
      {"/request/object/metadata/ownerReferences/0/apiVersion", kText},
      {"/request/object/metadata/ownerReferences/0/uid", kText},
      {"/request/object/metadata/ownerReferences/0/controller", kFlag},
      {"/request/object/spec", kObject},
      {"/request/object/spec/hostNetwork", kFlag},
      {"/request/object/spec/hostUsers", kFlag},
      {"/request/object/spec/os", kObject},
      {"/request/object/spec/os/name", kText},
      {"/request/object/spec/nodeSelector", kObject},
      {"/request/object/spec/nodeSelector/kubernetes.io~1os", kText},
      {"/request/object/spec/nodeSelector/smc.asm.alibabacloud.com~1erdma", kText},
      {"/request/object/spec/nodeSelector/beta.kubernetes.io~1os", kText},
      {"/request/object/spec/nodeSelector/type", kText},
      {"/request/object/spec/tolerations", kList},
      {"/request/object/spec/tolerations/0", kObject},
      {"/request/object/spec/tolerations/0/key", kText},
      {"/request/object/spec/securityContext", kObject},
      {"/request/object/spec/securityContext/windowsOptions", kObject},
      {"/request/object/spec/resources", kObject},
      {"/request/object/spec/resources/requests", kObject},
      {"/request/object/spec/resources/limits", kObject},
      {"/request/object/spec/runtimeClassName", kText},
      {"/request/object/spec/nodeName", kText},
      {"/request/object/spec/containers", kList},
      {"/request/object/spec/containers/0", kObject},
      {"/request/object/spec/containers/0/name", kText},
      {"/request/object/spec/containers/0/securityContext", kObject},
      {"/request/object/spec/containers/0/securityContext/windowsOptions", kObject},
      {"/request/object/spec/containers/0/ports", kList},
      {"/request/object/spec/containers/0/ports/0", kObject},
      {"/request/object/spec/containers/0/ports/0/containerPort", kNumber},
      {"/request/object/spec/initContainers", kList},
      {"/request/object/spec/initContainers/0", kObject},
      {"/request/object/spec/initContainers/0/name", kText},
      {"/request/object/spec/initContainers/0/ports", kList},
      {"/request/object/spec/initContainers/0/ports/0", kObject},
      {"/request/object/spec/initContainers/0/ports/0/containerPort", kNumber},
      {"/request/object/spec/affinity", kObject},
      {"/request/object/spec/affinity/nodeAffinity", kObject},
  };
  std::vector<Field> all(std::begin(kFields), std::end(kFields));
  static const std::vector<std::pair<std::string, Json::value_t>> kBelowRequired = {
      {"", kObject},
      {"/nodeSelectorTerms", kList},
      {"/nodeSelectorTerms/0", kObject},
      {"/nodeSelectorTerms/0/matchExpressions", kList},
      {"/nodeSelectorTerms/0/matchExpressions/0", kObject},
      {"/nodeSelectorTerms/0/matchExpressions/0/key", kText},
      {"/nodeSelectorTerms/0/matchExpressions/0/operator", kText},
      {"/nodeSelectorTerms/0/matchExpressions/0/values", kList},
      {"/nodeSelectorTerms/0/matchExpressions/0/values/0", kText},
      {"/nodeSelectorTerms/0/matchFields", kList},
      {"/nodeSelectorTerms/0/matchFields/0", kObject},
      {"/nodeSelectorTerms/0/matchFields/0/key", kText},
      {"/nodeSelectorTerms/0/matchFields/0/operator", kText},
      {"/nodeSelectorTerms/0/matchFields/0/values", kList},
  };
  static const std::vector<std::string> kPointers = [] {
    std::vector<std::string> made;
    for (const auto& [pointer, type] : kBelowRequired)
      made.push_back(
          "/request/object/spec/affinity/nodeAffinity/"
          "requiredDuringSchedulingIgnoredDuringExecution" +
          pointer);
    return made;
  }();
  for (std::size_t i = 0; i < kPointers.size(); ++i)
    all.push_back({kPointers[i].c_str(), kBelowRequired[i].second});
  return all;
}

TEST(BadInput, TheReviewThatTheOtherCasesSpoilIsGood) {
  const Reply reply = ask_text(full_review().dump());
  EXPECT_EQ(reply.status, 200) << reply.refusal;
  EXPECT_EQ(reply.decision, Decision::kInjected);
}

TEST(BadInput, AWrongTypeAtAnyFieldThatIsRead) {
  const Json values[] = {"text", true, 7, -7, 1.5, Json::array(), Json::object()};
  for (const Field& field : fields()) {
    for (const Json& value : values) {
      const bool number = field.type == kNumber && value.is_number_integer();
      if (value.type() == field.type || number) continue;
      Json review = full_review();
      review[Json::json_pointer(field.pointer)] = value;
      expect_refused(review.dump(), std::string(field.pointer) + " = " + value.dump());
    }
  }
}

TEST(BadInput, AKeyThatIsReadStandsTwice) {
  for (const Field& field : fields()) {
    const Json::json_pointer pointer(field.pointer);
    if (pointer.back().find_first_not_of("0123456789") == std::string::npos) continue;
    for (const bool null_first : {false, true}) {
      Json review = full_review();
      const Json twin = null_first ? Json() : review[pointer];
      review[pointer.parent_pointer()]["TWIN"] = twin;
      std::string body = review.dump();
      body.replace(body.find("\"TWIN\""), 6, Json(pointer.back()).dump());
      expect_refused(body, std::string("twice: ") + field.pointer);
    }
  }
}

TEST(BadInput, NullIsAbsentAndOnlyWhatMustBeThereIsMissed) {
  for (const Field& field : fields()) {
    const std::string pointer = field.pointer;
    Json review = full_review();
    review[Json::json_pointer(pointer)] = nullptr;
    const bool needed = pointer == "/apiVersion" || pointer == "/kind" || pointer == "/request" ||
                        pointer == "/request/uid" || pointer == "/request/object" ||
                        pointer.find("/values/0") != std::string::npos;
    EXPECT_EQ(ask_text(review.dump()).status, needed ? 400 : 200) << pointer;
  }
}

TEST(BadInput, OurOwnContainerIsReadWhole) {
  Json pod = annotated_pod();
  pod = test::patched(pod, test::ask(pod));
  const Json container = pod["spec"]["initContainers"][0];
  const Json flat = container.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (pointer.find("/resources/") == 0) continue;  // the API takes numbers for quantities
    Json spoilt = pod;
    spoilt["spec"]["initContainers"][0][Json::json_pointer(pointer)] = Json::array({1});
    expect_refused(review_of(spoilt).dump(), pointer);
  }
  for (const auto& [key, value] : container.items()) {
    Json twice = pod;
    twice["spec"]["initContainers"][0]["TWIN"] = value;
    std::string body = review_of(twice).dump();
    body.replace(body.find("\"TWIN\""), 6, Json(key).dump());
    expect_refused(body, key);
  }
}

TEST(BadInput, TruncatedAtEveryByte) {
  const std::string whole = full_review().dump();
  for (std::size_t length = 0; length < whole.size(); ++length)
    expect_refused(whole.substr(0, length), "cut to " + std::to_string(length));
}

TEST(BadInput, MoreThanOneDocument) {
  const std::string whole = full_review().dump();
  for (const char* tail : {"{}", "\n{}\n", ",", "}", "null", "x", "\x01", "\xEF\xBB\xBF"})
    expect_refused(whole + tail, tail);
  expect_refused(whole + whole, "two reviews");
  expect_refused(whole + std::string(1, '\0'), "a zero byte");
  EXPECT_EQ(ask_text(" \n\t" + whole + "\r\n ").status, 200) << "blanks are no document";
}

TEST(BadInput, NotJson) {
  for (const char* body :
       {"",           " ",         "null",       "true",      "7",       "\"text\"",
        "[]",         "{}",        "[{}]",       "nul",       "{'a':1}", "{\"a\":1,}",
        "[1,]",       "{\"a\"}",   "<xml/>",     "a: b",      "NaN",     "{\"a\":01}",
        "{\"a\":1.}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":1e}"})
    expect_refused(body, body);
}

TEST(BadInput, StringsThatAreNoUnicode) {
  for (const char* bad : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82",
                          "\x80", "\\ud800", "\\x", "\n", "\x01"}) {
    std::string body = full_review().dump();
    body.replace(body.find("migrate"), 7, bad);
    expect_refused(body, bad);
  }
}

TEST(BadInput, DeeperThanTheLimitIsRefusedAndTheLimitIsNot) {
  constexpr std::size_t kMaxDepth = 1000;
  constexpr std::size_t kAbove = 4;  // document, request, object, spec
  for (const auto& [open, innermost, close] : std::vector<std::array<std::string, 3>>{
           {"[", "", "]"}, {"[", "1", "]"}, {"{\"a\":", "1", "}"}, {"[{\"a\":", "1", "}]"}}) {
    const std::size_t step = open[0] == '[' && open.size() > 1 ? 2 : 1;
    const std::size_t fits = (kMaxDepth - kAbove) / step;
    EXPECT_EQ(ask_text(review_with(nested(fits, open, innermost, close))).status, 200) << open;
    expect_refused(review_with(nested(fits + 1, open, innermost, close)), open);
  }
  EXPECT_EQ(ask_text(review_with(nested(995, "[", "{}", "]"))).status, 200);
  expect_refused(review_with(nested(996, "[", "{}", "]")), "an empty object innermost");
  EXPECT_EQ(ask_text(review_with(nested(995, "[", "\"[[[\\\"[[[\"", "]"))).status, 200)
      << "brackets in a string do not nest";
}

TEST(BadInput, NestedVeryDeep) {
  expect_refused(nested(200'000, "[", "", "]"), "arrays");
  expect_refused(nested(200'000, "{\"a\":", "1", "}"), "objects");
  expect_refused(std::string(200'000, '['), "never closed");
  expect_refused(review_with(nested(200'000, "[", "", "]")), "within a pod");
}

TEST(BadInput, NumbersOfAnySizeAreGoodJson) {
  for (const char* number : {"123456789012345678901234567890", "-123456789012345678901234567890",
                             "1e400", "-1E+999", "1e-999", "0.12345678901234567890123456789",
                             "18446744073709551615", "18446744073709551616", "-0", "-0.0e-0"})
    EXPECT_EQ(ask_text(review_with(number)).decision, Decision::kInjected) << number;
  EXPECT_EQ(ask_text(review_with(nested(996, "[", "1e400", "]"))).status, 200) << "deep as well";
  expect_refused(review_with("1e400, \"b\": 01"), "a bad number beside a large one");
  Json pod = annotated_pod();
  pod["spec"]["containers"][0]["ports"] = {{{"containerPort", 65500}}};
  std::string body = review_of(pod).dump();
  expect_refused(body.replace(body.find("65500"), 5, "65500000000000000000000"), "no port");
}

}  // namespace
}  // namespace smc::webhook
