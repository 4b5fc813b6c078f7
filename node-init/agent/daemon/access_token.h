// The secret by which `kubectl smc` may ask an agent: a file, as a mounted Secret is one. Safe on
// any thread.
#pragma once

#include <string>
#include <string_view>

namespace smc::node {

class AccessToken {
 public:
  // `file` empty: nobody is admitted.
  explicit AccessToken(std::string file) : file_(std::move(file)) {}

  // Why somebody with this token is not admitted; empty: he is. The file is read each time, so that
  // a new token holds at once; no file, or one with a token that is too short, admits nobody.
  std::string refusal(std::string_view given) const;

 private:
  const std::string file_;
};

}  // namespace smc::node
