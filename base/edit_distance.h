// How far one word is from another, for "did you mean". A pure function, safe on any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace smc {

// Characters to insert, remove or replace to make one of the other (Levenshtein). Takes time in the
// product of both lengths: for words, not for texts.
std::size_t edit_distance(std::string_view one, std::string_view other);

}  // namespace smc
