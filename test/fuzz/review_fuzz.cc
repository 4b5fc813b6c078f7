// libFuzzer: any bytes are an answer that the contract allows. Judged by another JSON library:
// what is answered 200 is JSON for it too, a patch applies to the pod, and a second call has
// nothing left to do.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "webhook/review/answer.h"

namespace smc::webhook {
namespace {

using Json = nlohmann::json;

void require(bool holds, const char* what, const std::string& body) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s\n", what, body.c_str());
  std::abort();
}

Json response_of(const Answer& answer) {
  const Json body = Json::parse(answer.body);
  require(body.at("response").at("allowed") == true, "not allowed", answer.body);
  return body.at("response");
}

void check_patch(const Json& review, const Json& response, const Config& config) {
  const std::string patch = base64_decode(response.at("patch").get<std::string>()).value();
  Json next = review;
  next["request"]["object"] = review.at("request").at("object").patch(Json::parse(patch));
  std::string body = next.dump();
  const Answer second = answer_review(body, config);
  require(second.status == 200, "the patched pod is refused", body);
  require(second.decision == Decision::kAlreadyInjected, "a second call changes the pod", body);
}

void check(const std::string& input, const Config& config) {
  std::string body = input;
  const Answer answer = answer_review(body, config);
  require(body == input, "the body was changed", input);
  require(answer.status == 200 || answer.status == 400, "another status", input);
  if (answer.status == 400) {
    require(answer.body.find('\n') == std::string::npos, "more than a line", answer.body);
    return;
  }
  const Json response = response_of(answer);
  require(response.contains("patch") == (answer.decision == Decision::kInjected),
          "patch and decision differ", input);
  try {
    const Json review = Json::parse(input);
    if (response.contains("patch")) check_patch(review, response, config);
  } catch (const Json::parse_error& failed) {
    require(false, failed.what(), input);
  } catch (const Json::out_of_range&) {
    // a number beyond a double: good JSON, which nlohmann_json cannot hold
  }
}

}  // namespace
}  // namespace smc::webhook

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smc::webhook;
  static const Config kDefaults;
  static const Config kOthers = [] {
    Config config;
    config.injection.allowed_overrides = {Override::kOnFailure, Override::kPrograms,
                                          Override::kResources, Override::kInterface,
                                          Override::kPnetid,    Override::kExcludeDestinations};
    config.init_container.image_pull_secrets = {"a", "b"};
    config.init_container.trusted_registries = {"mirror.example"};
    config.injection.affinity.key = "rdma";
    config.injection.affinity.values = {"a", "b"};
    config.init_container.request_erdma = true;
    return config;
  }();
  const std::string input(reinterpret_cast<const char*>(data), size);
  check(input, kDefaults);
  check(input, kOthers);
  return 0;
}
