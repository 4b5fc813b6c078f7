// Who logs never waits: not for a reader that pauses, nor for one that has stopped. What is lost
// then is counted.
#include "base/log_writer.h"

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "base/fd.h"

namespace smc::log {
namespace {

using namespace std::chrono_literals;

class LineWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_end_ = Fd(ends[0]);
    write_end_ = Fd(ends[1]);
  }

  // What is in the pipe up to `bytes`, or what came within ten seconds.
  std::string read(std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
      pollfd ready{read_end_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 10'000) != 1) break;
      std::array<char, 65536> part{};
      const ssize_t got =
          ::read(read_end_.get(), part.data(), std::min(part.size(), bytes - text.size()));
      if (got <= 0) break;
      text.append(part.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

  Fd read_end_;
  Fd write_end_;
};

TEST_F(LineWriterTest, LinesComeInTheirOrderAndWhole) {
  LineWriter writer(write_end_.get());
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string line = "line " + std::to_string(i) + '\n';
    EXPECT_TRUE(writer.append({line}, i % 100 == 0));
    expected += line;
  }
  EXPECT_EQ(read(expected.size()), expected);
  EXPECT_EQ(writer.dropped(), 0u);
}

TEST_F(LineWriterTest, ALineLongerThanThePipeComesWhole) {
  LineWriter writer(write_end_.get());
  const std::string line = std::string(300'000, 'x') + '\n';
  EXPECT_TRUE(writer.append({line}, true));
  EXPECT_EQ(read(line.size()), line);
}

TEST_F(LineWriterTest, ALineThatIsNotUrgentComesByItself) {
  LineWriter writer(write_end_.get());
  writer.append({"one\n"}, false);
  EXPECT_EQ(read(4), "one\n");
  writer.append({"two\n"}, false);
  EXPECT_EQ(read(4), "two\n");
}

TEST_F(LineWriterTest, TheEndWritesWhatIsLeft) {
  {
    LineWriter writer(write_end_.get());
    writer.append({"last\n"}, false);
  }
  EXPECT_EQ(read(5), "last\n");
}

TEST_F(LineWriterTest, NobodyWaitsForAReaderThatHasStoppedAndWhatIsLostIsCounted) {
  LineWriter writer(write_end_.get());
  const std::string line = std::string(1023, 'x') + '\n';
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t refused = 0;
  for (int i = 0; i < 4096; ++i) refused += writer.append({line}, true) ? 0 : 1;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s) << "4 MiB of lines, nobody reads";
  EXPECT_GT(refused, 0u);
  EXPECT_EQ(writer.dropped(), refused);
  // The reader comes back: what was taken is all there.
  EXPECT_EQ(read((4096 - refused) * line.size()).size(), (4096 - refused) * line.size());
}

TEST_F(LineWriterTest, TheEndGivesUpOnAReaderThatHasStopped) {
  const auto begin = std::chrono::steady_clock::now();
  {
    LineWriter writer(write_end_.get());
    writer.append({std::string(500'000, 'x') + '\n'}, true);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST_F(LineWriterTest, AReaderThatHasGoneEndsNobody) {
  read_end_.reset();
  LineWriter writer(write_end_.get());
  EXPECT_TRUE(writer.append({"to nobody\n"}, true));
  writer.flush();
  EXPECT_TRUE(writer.append({"still here\n"}, true));
}

TEST_F(LineWriterTest, ThreadsShareIt) {
  constexpr int kEach = 500;
  std::string text;
  std::thread reader([&] { text = read(4 * kEach * 2); });
  {
    LineWriter writer(write_end_.get());
    std::vector<std::thread> threads;
    for (const char* line : {"a\n", "b\n", "c\n", "d\n"})
      threads.emplace_back([&writer, line] {
        for (int i = 0; i < kEach; ++i) writer.append({line}, false);
      });
    for (std::thread& thread : threads) thread.join();
  }
  reader.join();
  for (const char letter : {'a', 'b', 'c', 'd'})
    EXPECT_EQ(std::count(text.begin(), text.end(), letter), kEach);
}

TEST_F(LineWriterTest, LinesThatCannotBeWrittenAreCounted) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.valid());
  LineWriter writer(full.get());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(writer.append({"a line\n"}, false));
  writer.flush();
  EXPECT_EQ(writer.dropped(), 3u);
}

}  // namespace
}  // namespace smc::log
