// The warnings of one answer, kept within what the API server passes on to the user. Plain values,
// one thread each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace smc::webhook {

// The API server cuts a warning off at 256 bytes and drops them past 4,096 in all (KEP-1693).
inline constexpr std::size_t kMaxWarningBytes = 256;
inline constexpr std::size_t kMaxWarningsBytes = 4096;

// How much of a user's value a warning shows.
inline constexpr std::size_t kMaxShownCharacters = 40;

// A user's value in quotes, cut and made printable.
std::string shown(std::string_view value);

class Warnings {
 public:
  // One sentence; who speaks is put before it.
  void add(std::string_view sentence);

  // Those that fit, and a last one that counts the rest.
  std::vector<std::string> take();

 private:
  std::vector<std::string> texts_;
  std::size_t bytes_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace smc::webhook
