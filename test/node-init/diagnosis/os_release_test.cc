#include "node-init/diagnosis/os_release.h"

#include <gtest/gtest.h>

namespace smc::node {
namespace {

TEST(OsRelease, ReadsAlibabaCloudLinux3) {
  const auto os = parse_os_release(
      "NAME=\"Alibaba Cloud Linux\"\nVERSION=\"3 (OpenAnolis Edition)\"\nID=\"alinux\"\n"
      "ID_LIKE=\"rhel fedora centos anolis\"\nVERSION_ID=\"3\"\n"
      "PRETTY_NAME=\"Alibaba Cloud Linux 3 (OpenAnolis Edition)\"\n");
  EXPECT_EQ(os.id, "alinux");
  EXPECT_EQ(os.version_id, "3");
  EXPECT_EQ(os.pretty_name, "Alibaba Cloud Linux 3 (OpenAnolis Edition)");
  EXPECT_TRUE(is_alibaba_cloud_linux_3(os));
}

TEST(OsRelease, OtherMajorVersionsAndDistributionsAreNotAlibabaCloudLinux3) {
  EXPECT_FALSE(is_alibaba_cloud_linux_3(parse_os_release("ID=alinux\nVERSION_ID=4\n")));
  EXPECT_FALSE(is_alibaba_cloud_linux_3(parse_os_release("ID=alinux\nVERSION_ID=30\n")));
  EXPECT_FALSE(is_alibaba_cloud_linux_3(parse_os_release("ID=debian\nVERSION_ID=3\n")));
  EXPECT_TRUE(is_alibaba_cloud_linux_3(parse_os_release("ID=alinux\nVERSION_ID=3.2104\n")));
}

TEST(OsRelease, UnquotesAsAShellWould) {
  const auto os = parse_os_release("ID='a\"b'\nVERSION_ID=\"1\\\"2\\$\"\nPRETTY_NAME=x\\ y\"z\"\n");
  EXPECT_EQ(os.id, "a\"b");
  EXPECT_EQ(os.version_id, "1\"2$");
  EXPECT_EQ(os.pretty_name, "x yz");
}

TEST(OsRelease, SkipsWhatIsNoAssignmentAndNeedsNoLastNewline) {
  const auto os =
      parse_os_release("# ID=no\n\nmalformed\n=\nNOT_ID=x\r\n  ID=debian\r\nVERSION_ID=12");
  EXPECT_EQ(os.id, "debian");
  EXPECT_EQ(os.version_id, "12");
}

TEST(OsRelease, AnEmptyFileIsSomeLinux) {
  EXPECT_EQ(parse_os_release("").id, "linux");
  EXPECT_EQ(parse_os_release("ID=\n").id, "linux");
}

TEST(OsRelease, SurvivesAnUnfinishedQuoteAndABackslashAtTheEnd) {
  EXPECT_EQ(parse_os_release("ID=\"debian").id, "debian");
  EXPECT_EQ(parse_os_release("ID=debian\\").id, "debian\\");
}

}  // namespace
}  // namespace smc::node
