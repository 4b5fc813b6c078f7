#include "base/error_text.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace smc {
namespace {

TEST(ErrorText, IsProgramReasonAndAHintOnItsOwnLine) {
  EXPECT_EQ(error_text("smc-x", {"open /a", ENOENT, "name another file"}),
            "smc-x: error: open /a: No such file or directory (errno 2)\n"
            "hint: name another file\n");
}

TEST(ErrorText, WithoutAHintIsOneLine) {
  EXPECT_EQ(error_text("smc-x", {"no JSON"}), "smc-x: error: no JSON\n");
}

TEST(ErrorText, GoesToStandardErrorAlone) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  print_error("smc-x", {"no JSON", 0, "is it the right file?"});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "smc-x: error: no JSON\nhint: is it the right file?\n");
}

}  // namespace
}  // namespace smc
