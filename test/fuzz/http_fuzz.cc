// libFuzzer: any bytes are the head of a request, whole or still coming, that is taken or refused.
// Where it ends does not depend on how it arrives.
#include <algorithm>
#include <cctype>
#include <vector>

#include "http/rules.h"
#include "test/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smc;
  const std::string_view input = fuzz::text(data, size);
  const std::size_t length = http::search_header(input).length;
  fuzz::require(length <= input.size(), "a header longer than what is there");

  http::HeaderSearch in_pieces;
  for (std::size_t end = 1; end <= input.size() && in_pieces.length == 0; ++end)
    in_pieces = http::search_header(input.substr(0, end), in_pieces);
  fuzz::require(in_pieces.length == length, "its end depends on the pieces", input);
  if (length == 0) return 0;

  static const std::vector<http::Route> kRoutes = {
      {"/mutate", "POST", "application/json", "application/json", {}}};
  constexpr std::size_t kMaxBody = 7 << 20;
  const http::RequestHead head = http::read_head(input.substr(0, length), kRoutes, kMaxBody);
  if (head.refusal != http::Refusal::kNone) return 0;
  fuzz::require(head.content_length <= kMaxBody, "a body over the limit is taken", input);
  // what a proxy in front might understand in another way is never taken
  std::string lower(input.substr(0, length));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  fuzz::require(lower.find("\ntransfer-encoding:") == std::string::npos,
                "Transfer-Encoding is taken", input);
  fuzz::require(lower.starts_with("post /mutate"), "another request is taken", input);
  return 0;
}
