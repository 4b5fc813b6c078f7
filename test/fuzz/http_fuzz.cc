// libFuzzer: any bytes are the head of a request, whole or still coming, that is taken or refused.
// Where it ends does not depend on how it arrives.
#include <algorithm>

#include "test/fuzz/fuzz.h"
#include "webhook/https/http_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smc;
  const std::string_view input = fuzz::text(data, size);
  std::size_t searched = 0;
  const std::size_t length = webhook::header_length(input, searched);
  fuzz::require(length <= input.size(), "a header longer than what is there");

  std::size_t from_before = 0;
  std::size_t in_pieces = 0;
  for (std::size_t end = 1; end <= input.size() && in_pieces == 0; ++end)
    in_pieces = webhook::header_length(input.substr(0, end), from_before);
  fuzz::require(in_pieces == length, "its end depends on the pieces", input);
  if (length == 0) return 0;

  constexpr std::size_t kMaxBody = 7 << 20;
  const webhook::RequestHead head = webhook::read_head(input.substr(0, length), kMaxBody);
  if (head.refusal != webhook::Refusal::kNone) return 0;
  fuzz::require(head.content_length <= kMaxBody, "a body over the limit is taken", input);
  // what a proxy in front might understand in another way is never taken
  std::string lower(input.substr(0, length));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  fuzz::require(lower.find("\ntransfer-encoding:") == std::string::npos,
                "Transfer-Encoding is taken", input);
  fuzz::require(lower.starts_with("post /mutate"), "another request is taken", input);
  return 0;
}
