// Reviews as the tests write them, and what came back, read with another JSON library than the
// injector's own.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "webhook/review/answer.h"

namespace smc::webhook::test {

using Json = nlohmann::json;

// CREATE of `pod` in the namespace "shop".
Json review_of(const Json& pod);

// A small annotated pod of a ReplicaSet.
Json annotated_pod();

// What an answer says, decoded.
struct Reply {
  int status = 0;
  std::string refusal;  // with another status than 200
  Decision decision = Decision::kNotAnnotated;
  Json response;
  bool has_patch = false;
  Json patch;  // decoded

  std::vector<std::string> warnings() const;
};

// By a webhook that knows the namespace as one that admits privileged containers.
Reply ask_text(std::string body, const Config& config = {});
Reply ask(const Json& pod, const Config& config = {});

// `pod` after `reply`'s patch, by nlohmann's RFC 6902.
Json patched(const Json& pod, const Reply& reply);

}  // namespace smc::webhook::test
