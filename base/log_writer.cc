#include "base/log_writer.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

#include <poll.h>
#include <unistd.h>

namespace smc::log {
namespace {

// A pipe that poll() calls writable takes this much at once, and other writers' lines do not come
// in between (pipe(7)).
constexpr std::size_t kPiece = PIPE_BUF;

// As many whole lines as fit; a longer line goes in pieces.
std::string_view next_piece(std::string_view text) {
  if (text.size() <= kPiece) return text;
  const std::size_t end = text.rfind('\n', kPiece - 1);
  return text.substr(0, end == std::string_view::npos ? kPiece : end + 1);
}

}  // namespace

LineWriter::LineWriter(int fd) : fd_(fd) {
  // Signals are for the program's other threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LineWriter::~LineWriter() {
  flush();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool LineWriter::append(std::initializer_list<std::string_view> pieces, bool urgent) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + size > kMaxWaiting) {
      ++dropped_;
      return false;
    }
    for (const std::string_view piece : pieces) waiting_ += piece;
    appended_ += size;
    wake = asleep_ || (urgent && !urgent_);
    asleep_ = false;
    urgent_ |= urgent;
  }
  if (wake) changed_.notify_one();
  return true;
}

void LineWriter::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t until = appended_;
  urgent_ = true;
  changed_.notify_one();
  written_.wait_for(lock, kPatience, [&] { return done_ >= until; });
}

std::uint64_t LineWriter::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void LineWriter::run() {
  std::string text;
  std::unique_lock lock(mutex_);
  for (;;) {
    asleep_ = true;
    changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    asleep_ = false;
    changed_.wait_for(lock, kGather, [this] { return stop_ || urgent_; });
    urgent_ = false;
    if (waiting_.empty()) return;
    text.clear();
    text.swap(waiting_);
    lock.unlock();
    const bool whole = write(text);
    lock.lock();
    done_ += text.size();
    written_.notify_all();
    if (!whole) return;
  }
}

// False when it was told to stop and the reader does not go on. What cannot be written at all (a
// full disk, a reader that is gone) is counted and dropped: waiting would only fill the memory.
bool LineWriter::write(std::string_view text) {
  while (!text.empty()) {
    pollfd ready{fd_, POLLOUT, 0};
    const int found = ::poll(&ready, 1, static_cast<int>(kPatience.count()));
    if (found == 0) {
      const std::lock_guard lock(mutex_);
      if (stop_) return false;
      continue;
    }
    const std::string_view piece = next_piece(text);
    const ssize_t written = ::write(fd_, piece.data(), piece.size());
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written < 0) {
      const std::lock_guard lock(mutex_);
      dropped_ += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
      return true;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace smc::log
