// Writes lines to a descriptor on a thread of its own, so that whoever logs never waits for whoever
// reads the log: lines gather in memory and go out together. Every function is safe on any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace smc::log {

class LineWriter {
 public:
  // Some 4,000 lines: a reader that pauses loses nothing, and one that has stopped costs no more
  // memory than this. Lines that find no room are counted and dropped.
  static constexpr std::size_t kMaxWaiting = 1 << 20;

  // Lines wait this long for others, unless they are urgent.
  static constexpr std::chrono::milliseconds kGather{20};

  // How long flush() and the destructor wait for a reader that has stopped.
  static constexpr std::chrono::milliseconds kPatience{1000};

  // `fd` stays the caller's.
  explicit LineWriter(int fd);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // The pieces of one line, its line break included. False: there was no room.
  bool append(std::initializer_list<std::string_view> pieces, bool urgent);

  // Returns when everything appended before is written, or after kPatience.
  void flush();

  std::uint64_t dropped() const;

 private:
  void run();
  bool write(std::string_view text);

  const int fd_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable written_;
  std::string waiting_;
  std::uint64_t dropped_ = 0;
  std::uint64_t appended_ = 0;  // bytes, to know what was there before a flush
  std::uint64_t done_ = 0;
  bool asleep_ = false;
  bool urgent_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace smc::log
