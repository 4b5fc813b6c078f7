#include "node-init/agent/daemon/access_token.h"

#include <openssl/crypto.h>

#include "base/file.h"

namespace smc::node {
namespace {

constexpr std::size_t kMaxFileBytes = 4096;
// 16 characters of 62 are 95 bits, which nobody guesses through an API server.
constexpr std::size_t kShortest = 16;

std::string_view trimmed(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \r\n\t");
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

}  // namespace

std::string AccessToken::refusal(std::string_view given) const {
  if (file_.empty()) return "this agent has no access token, and so it answers nobody";
  const auto read = read_file(file_, kMaxFileBytes);
  if (!read) return "the agent's access token cannot be read";
  const std::string_view token = trimmed(*read);
  if (token.size() < kShortest) return "the agent's access token is too short to be one";
  if (given.size() != token.size() || CRYPTO_memcmp(given.data(), token.data(), token.size()) != 0)
    return given.empty() ? "the access token is missing" : "the access token is another one";
  return {};
}

}  // namespace smc::node
