// However large what is sent: an answer within a second and 64 MiB beyond the body, and the memory
// is given back.
#include <chrono>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/webhook/review/bad_reviews.h"

namespace smc::webhook {
namespace {

using test::annotated_pod;
using test::full_review;
using test::Json;
using test::kLongest;
using test::kSanitized;
using test::nested;
using test::processor_time;
using test::review_of;
using test::review_with;

std::string fill(std::size_t bytes, const std::string& open, const std::string& unit,
                 const std::string& close) {
  std::string out = open;
  while (out.size() + unit.size() + close.size() <= bytes) out += unit;
  return out + close;
}

constexpr std::size_t kBodyLimit = 7 << 20;

struct Large {
  const char* name;
  std::function<std::string()> make;
  int status;
};

const Large kLarge[] = {
    {"numbers", [] { return fill(kBodyLimit, "[", "1,", "1]"); }, 400},
    {"numbers in a pod", [] { return review_with(fill(kBodyLimit - 2000, "[", "1,", "1]")); }, 400},
    {"empty arrays", [] { return fill(kBodyLimit, "[", "[],", "1]"); }, 400},
    {"short arrays", [] { return fill(kBodyLimit, "[", "[1],", "1]"); }, 400},
    {"open brackets", [] { return std::string(kBodyLimit, '['); }, 400},
    {"commas", [] { return std::string(kBodyLimit, ','); }, 400},
    {"empty strings", [] { return fill(kBodyLimit, "[", "\"\",", "1]"); }, 400},
    {"quotes", [] { return std::string(kBodyLimit, '"'); }, 400},
    {"one string", [] { return review_with(fill(kBodyLimit - 2000, "\"", "x,", "\"")); }, 400},
    {"one plain string", [] { return review_with(fill(kBodyLimit - 2000, "\"", "xy", "\"")); },
     200},
    {"escapes", [] { return review_with(fill(kBodyLimit - 2000, "\"", "\\u0001", "\"")); }, 200},
    {"a large number", [] { return review_with(std::string(kBodyLimit - 2000, '7')); }, 200},
    {"zeros", [] { return review_with(std::string(kBodyLimit - 2000, '0')); }, 400},
    {"digits and a lone point",
     [] { return review_with(std::string(kBodyLimit - 2000, '7') + "."); }, 400},
    {"digits and a lone e", [] { return review_with(std::string(kBodyLimit - 2000, '7') + "e"); },
     400},
    {"a key of our container over and over",
     [] {
       Json pod = annotated_pod();
       pod["metadata"]["annotations"][std::string(kStatusAnnotation)] = "{}";
       pod["spec"]["initContainers"] = Json::array({"HERE"});
       std::string body = review_of(pod).dump();
       return body.replace(body.find("\"HERE\""), 6,
                           "{\"name\":\"smc-init\"," + fill(1'000'000, "", "\"x\":1,", "\"y\":1,") +
                               fill(1'000'000, "", "\"env\":[],", "\"env\":[]}"));
     },
     400},
    {"large numbers",
     [] { return review_with(fill(kBodyLimit - 2000, "[", "12345678901234567890123,", "1]")); },
     200},
    {"as many values as are taken",
     [] {
       return review_with("[" + fill(3'600'000, "[", "1,", "1]") + "," +
                          fill(kBodyLimit - 3'602'000, "\"", "xy", "\"") + "]");
     },
     200},
    {"many terms of affinity",
     [] {
       Json pod = annotated_pod();
       pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
          ["nodeSelectorTerms"] = "HERE";
       std::string body = review_of(pod).dump();
       return body.replace(body.find("\"HERE\""), 6,
                           fill(kBodyLimit - 2000, "[", "{\"matchFields\":[{}]},", "{}]"));
     },
     400},
    {"many containers with ports",
     [] {
       Json pod = annotated_pod();
       pod["spec"]["containers"] = "HERE";
       std::string body = review_of(pod).dump();
       return body.replace(
           body.find("\"HERE\""), 6,
           fill(kBodyLimit - 2000, "[",
                "{\"name\":\"a-container-of-some-kind\",\"ports\":[{\"containerPort\":65500}]},",
                "{}]"));
     },
     200},
    {"a long uid",
     [] {
       Json review = full_review();
       review["request"]["uid"] = std::string(kBodyLimit - 5000, 'u');
       return review.dump();
     },
     200},
    {"20 MB of numbers", [] { return fill(20'000'000, "[", "1,", "1]"); }, 400},
    {"20 MB nested", [] { return nested(10'000'000, "[", "", "]"); }, 400},
};

// Peak of resident memory in bytes above what this process has before `run`, measured in a child.
template <class Run>
long peak_growth_kib(Run run) {
  ::malloc_trim(0);  // or the child would be served from what the test itself has freed
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    rusage before{};
    rusage after{};
    ::getrusage(RUSAGE_SELF, &before);
    run();
    ::getrusage(RUSAGE_SELF, &after);
    const long growth = after.ru_maxrss - before.ru_maxrss;
    ::_exit(::write(ends[1], &growth, sizeof growth) == sizeof growth ? 0 : 1);
  }
  ::close(ends[1]);
  long growth = -1;
  if (::read(ends[0], &growth, sizeof growth) != sizeof growth) growth = -1;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return growth;
}

TEST(LargeInput, IsAnsweredWithinASecond) {
  for (const Large& large : kLarge) {
    std::string body = large.make();
    const auto start = processor_time();
    const Answer answer = answer_review(body, Config());
    const auto took = processor_time() - start;
    EXPECT_EQ(answer.status, large.status) << large.name << ": " << answer.body.substr(0, 200);
    EXPECT_LT(took, kLongest) << large.name;
  }
}

TEST(LargeInput, TakesAtMost64MiBBeyondItself) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory would be measured";
  for (const Large& large : kLarge) {
    std::string body = large.make();
    body.reserve(body.size() + 64);  // as the listener does
    const long growth = peak_growth_kib([&] { answer_review(body, Config()); });
    EXPECT_GE(growth, 0) << large.name;
    EXPECT_LE(growth, 64 << 10) << large.name;
  }
}

// What is in use counts, not what is resident: glibc keeps pages of its own accord.
TEST(LargeInput, MemoryIsGivenBackAfterIt) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own allocator does not fill mallinfo";
  const auto bytes_in_use = [] {
    const auto figures = ::mallinfo2();
    return figures.uordblks + figures.hblkhd;
  };
  Reviewer reviewer{Config()};
  const auto ask = [&](std::string body) { EXPECT_EQ(reviewer.answer(body).status, 200); };
  const std::string small = full_review().dump();
  ask(small);
  const std::size_t before = bytes_in_use();
  ask(review_with(fill(kBodyLimit - 2000, "\"", "xy", "\"")));
  ask(small);
  EXPECT_LE(bytes_in_use(), before + (1 << 20));
}

}  // namespace
}  // namespace smc::webhook
