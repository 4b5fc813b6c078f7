// What a call that can fail returns: its value, or an Error that says what was tried, why it failed
// and how to fix it. Recoverable errors are returned; exceptions are for broken invariants and
// memory that is gone. Values, safe on any thread.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace smc {

struct Error {
  std::string what;       // what was tried, and the reason where it has no errno
  int code = 0;           // errno of the failed call; 0 where none belongs to it
  std::string hint = {};  // what the reader can do about it; may be empty

  // "what: Permission denied (errno 13)", on one line and without the hint.
  std::string text() const {
    if (code == 0) return what;
    return what + ": " + std::strerror(code) + " (errno " + std::to_string(code) + ")";
  }
};

// E is Error but where callers must tell failures apart, as those of the Kubernetes client do.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only where ok().
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  // Only where not ok().
  E& error() { return std::get<1>(state_); }
  const E& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(E error) : error_(std::move(error)) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  E& error() { return *error_; }
  const E& error() const { return *error_; }

 private:
  std::optional<E> error_;
};

}  // namespace smc
