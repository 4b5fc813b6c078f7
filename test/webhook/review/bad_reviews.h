// Reviews to be spoilt, and how long one of them may take. For tests.
#pragma once

#include <chrono>
#include <string>

#include "test/webhook/review/reviews.h"

namespace smc::webhook::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;  // memory and slowness are the sanitizer's
#else
inline constexpr bool kSanitized = false;
#endif

inline constexpr std::chrono::seconds kLongest(kSanitized ? 20 : 1);

// Of this thread: how busy the machine is with other things does not count.
std::chrono::nanoseconds processor_time();

// Within kLongest, with one line that says why.
void expect_refused(const std::string& body, const std::string& what);

// A pod in which every field that is read stands once.
Json full_review();

// A review whose pod has an unknown field with `text`.
std::string review_with(const std::string& text);

// `innermost` in so many levels of `open` and `close`.
std::string nested(std::size_t levels, const std::string& open, const std::string& innermost,
                   const std::string& close);

}  // namespace smc::webhook::test
