// Where the parts of an AdmissionReview stand, for messages. Constant data.
#pragma once

#include "webhook/review/json_reader.h"

namespace smc::webhook {

inline constexpr Path kDocumentPath{};
inline constexpr Path kRequestPath{&kDocumentPath, "request"};
inline constexpr Path kObjectPath{&kRequestPath, "object"};
inline constexpr Path kMetadataPath{&kObjectPath, "metadata"};
inline constexpr Path kSpecPath{&kObjectPath, "spec"};

}  // namespace smc::webhook
