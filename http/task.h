// A coroutine that runs at once, as far as it gets, and is awaited by at most one other. What it
// throws reaches whoever awaits it. Its frame belongs to the Task: to destroy a Task that waits for
// something takes that something away first. For the thread of one io_context.
//
// Not Boost.Asio's awaitable: that costs one frame more for each wait, and those of an idle
// connection are most of what it holds beside OpenSSL's own.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "http/asio_types.h"

namespace smc::http {

namespace detail {

struct PromiseBase {
  // Goes on with whoever waits for the end.
  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const std::coroutine_handle<> waiting = ended.promise().waiting;
      return waiting ? waiting : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_never initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
  void rethrow() const {
    if (failure) std::rethrow_exception(failure);
  }

  std::coroutine_handle<> waiting;
  std::exception_ptr failure;
};

template <class T>
struct Promise : PromiseBase {
  void return_value(T made) { value.emplace(std::move(made)); }
  T result() {
    rethrow();
    return std::move(*value);
  }
  std::optional<T> value;
};

template <>
struct Promise<void> : PromiseBase {
  void return_void() const noexcept {}
  void result() const { rethrow(); }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::Promise<T> {
    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  Task() = default;
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const { return frame_.done(); }
  void await_suspend(std::coroutine_handle<> waiting) { frame_.promise().waiting = waiting; }
  T await_resume() { return frame_.promise().result(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

  std::coroutine_handle<promise_type> frame_;
};

// An operation of Asio's to be awaited: `start` is called with its completion handler.
//
//   const error_code ec = co_await completion([&](auto done) { timer.async_wait(done); });
template <class Start>
class Completion {
 public:
  explicit Completion(Start start) : start_(std::move(start)) {}

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    start_([this, waiting](error_code ec) {
      ec_ = ec;
      waiting.resume();
    });
  }
  error_code await_resume() const { return ec_; }

 private:
  Start start_;
  error_code ec_;
};

template <class Start>
Completion<Start> completion(Start start) {
  return Completion<Start>(std::move(start));
}

}  // namespace smc::http
