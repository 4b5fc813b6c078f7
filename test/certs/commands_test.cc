// smc-certs on files: what is written, with which rights, what is kept and what is never touched.
#include "certs/commands.h"

#include <array>
#include <cstdio>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/file.h"
#include "certs/authority.h"
#include "certs/inspect.h"
#include "test/support/temporary_directory.h"

namespace smc::certs {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran issue(const std::string& directory, bool new_authority = false) {
  std::ostringstream out;
  std::ostringstream err;
  const IssueOptions options{directory, {"web.svc", "localhost"}, {"127.0.0.1"}, new_authority};
  const int code = issue_command(options, out, err);
  return {code, out.str(), err.str()};
}

Ran show(const std::vector<std::string>& files, bool json = false) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = show_command({files, json}, out, err);
  return {code, out.str(), err.str()};
}

std::string read(const std::string& path) {
  const auto content = read_file(path, kMaxPemBytes);
  return content ? *content : "";
}

// The output and exit code of an `openssl` command: a second opinion.
Ran openssl(const std::string& arguments) {
  FILE* pipe = ::popen(("openssl " + arguments + " 2>&1").c_str(), "r");
  Ran ran{-1, {}, {}};
  std::array<char, 4096> part{};
  while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe))
    ran.out.append(part.data(), n);
  ran.code = WEXITSTATUS(::pclose(pipe));
  return ran;
}

class CommandsTest : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return directory_.file(name); }
  std::string everything() const {
    std::string all;
    for (const char* name : {"ca.crt", "ca.key", "tls.crt", "tls.key"}) all += read(file(name));
    return all;
  }
  // Whether what is there works together, asked from the openssl program.
  void expect_consistent() const {
    const Ran verified =
        openssl("verify -x509_strict -purpose sslserver -verify_ip 127.0.0.1 -CAfile " +
                file("ca.crt") + " " + file("tls.crt"));
    EXPECT_EQ(verified.code, 0) << verified.out;
    EXPECT_EQ(openssl("x509 -noout -pubkey -in " + file("tls.crt")).out,
              openssl("pkey -pubout -in " + file("tls.key")).out);
    EXPECT_EQ(openssl("x509 -noout -pubkey -in " + file("ca.crt")).out,
              openssl("pkey -pubout -in " + file("ca.key")).out);
  }

  test::TemporaryDirectory directory_;
};

TEST_F(CommandsTest, OpensslTakesTheChainForEveryNameAndNoOther) {
  ASSERT_EQ(issue(directory_.path()).code, 0);
  expect_consistent();
  const std::string verify = "verify -CAfile " + file("ca.crt") + " ";
  EXPECT_EQ(openssl(verify + "-verify_hostname web.svc " + file("tls.crt")).code, 0);
  EXPECT_NE(openssl(verify + "-verify_hostname other.svc " + file("tls.crt")).code, 0);
}

TEST_F(CommandsTest, WritesExactlyFourFilesForTheOwnerAlone) {
  ASSERT_EQ(issue(file("new")).code, 0);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(file("new"))) {
    names.push_back(entry.path().filename());
    struct stat status = {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u) << entry.path();
  }
  EXPECT_THAT(names, UnorderedElementsAre("ca.crt", "ca.key", "tls.crt", "tls.key"));
}

TEST_F(CommandsTest, KeepsAGoodAuthorityAndRenewsTheServingPair) {
  ASSERT_EQ(issue(directory_.path()).code, 0);
  const std::string authority = read(file("ca.crt")) + read(file("ca.key"));
  const std::string serving = read(file("tls.crt"));
  const Ran again = issue(directory_.path());
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out, HasSubstr(", kept,"));
  EXPECT_EQ(read(file("ca.crt")) + read(file("ca.key")), authority);
  EXPECT_NE(read(file("tls.crt")), serving);
  expect_consistent();
}

TEST_F(CommandsTest, ReplacesAGoodAuthorityOnlyWhenTold) {
  ASSERT_EQ(issue(directory_.path()).code, 0);
  const std::string authority = read(file("ca.crt"));
  ASSERT_EQ(issue(directory_.path(), true).code, 0);
  EXPECT_NE(read(file("ca.crt")), authority);
  expect_consistent();
}

TEST_F(CommandsTest, ReplacesAnExpiredAuthority) {
  const auto long_ago = std::chrono::system_clock::now() - kAuthorityLife - std::chrono::hours(1);
  const KeyPair old = *make_authority(long_ago);
  ASSERT_TRUE(write_file_atomic(file("ca.crt"), old.certificate_pem, 0600));
  ASSERT_TRUE(write_file_atomic(file("ca.key"), old.key_pem, 0600));
  const Ran ran = issue(directory_.path());
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(", new,"));
  expect_consistent();
}

TEST_F(CommandsTest, AnAuthorityThatCannotBeUsedIsLeftAloneAndNamed) {
  ASSERT_EQ(issue(directory_.path()).code, 0);
  const std::string other_key = make_authority(std::chrono::system_clock::now())->key_pem;
  for (const std::string& key : {other_key, std::string("malformed"), std::string()}) {
    ASSERT_TRUE(write_file_atomic(file("ca.key"), key, 0600));
    const std::string before = everything();
    const Ran ran = issue(directory_.path());
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr(file("ca.key")));
    EXPECT_THAT(ran.err, HasSubstr("hint: "));
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(everything(), before);
  }
}

TEST_F(CommandsTest, HalfAnAuthorityIsLeftAlone) {
  ASSERT_EQ(issue(directory_.path()).code, 0);
  std::filesystem::remove(file("ca.crt"));
  EXPECT_EQ(issue(directory_.path()).code, 2);
  EXPECT_FALSE(std::filesystem::exists(file("ca.crt")));
}

TEST_F(CommandsTest, ManyAtOnceLeaveOneConsistentSet) {
  std::vector<int> codes(8, -1);
  {
    std::vector<std::thread> threads;
    for (int& code : codes) threads.emplace_back([&] { code = issue(directory_.path()).code; });
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_THAT(codes, testing::Each(0));
  expect_consistent();
}

TEST_F(CommandsTest, WrongInputWritesNothing) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(issue_command({directory_.path(), {"not a name"}, {}, false}, out, err), 2);
  EXPECT_THAT(err.str(), HasSubstr("\"not a name\" is not a DNS name"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(CommandsTest, AFileInPlaceOfTheDirectoryIsAnError) {
  ASSERT_TRUE(write_file_atomic(file("taken"), "x", 0600));
  const Ran ran = issue(file("taken"));
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("Not a directory"));
}

TEST_F(CommandsTest, ShowDescribesEachFileAndNamesTheUnreadable) {
  ASSERT_EQ(issue(directory_.path()).code, 0);
  ASSERT_TRUE(write_file_atomic(file("malformed"), std::string("\x7f\0ELF\xff", 6), 0600));
  const Ran ran = show({file("tls.crt"), file("malformed"), file("none"), file("ca.crt")});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.out, HasSubstr("DNS:web.svc DNS:localhost IP:127.0.0.1"));
  EXPECT_THAT(ran.out, HasSubstr("(authority)"));
  EXPECT_THAT(ran.out, HasSubstr("29 days left"));
  EXPECT_THAT(ran.err, HasSubstr(file("malformed") + ": no PEM certificate"));
  EXPECT_THAT(ran.err, HasSubstr(file("none")));
}

TEST_F(CommandsTest, ShowNeverPrintsAKey) {
  ASSERT_EQ(issue(directory_.path()).code, 0);
  const Ran ran = show({file("tls.key")});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.out, "");
}

TEST_F(CommandsTest, ShowAsJsonAgreesWithOpenssl) {
  ASSERT_EQ(issue(directory_.path()).code, 0);
  const Ran ran = show({file("tls.crt")}, true);
  ASSERT_EQ(ran.code, 0);
  const auto shown = nlohmann::json::parse(ran.out);
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(openssl("x509 -noout -serial -in " + file("tls.crt")).out,
            "serial=" + shown[0]["serial"].get<std::string>() + "\n");
  EXPECT_THAT(openssl("x509 -noout -fingerprint -sha256 -in " + file("tls.crt")).out,
              HasSubstr("=" + shown[0]["sha256"].get<std::string>()));
  EXPECT_EQ(shown[0]["ips"], nlohmann::json::array({"127.0.0.1"}));
  EXPECT_EQ(shown[0]["expired"], false);
}

TEST_F(CommandsTest, ShowSaysExpired) {
  const auto long_ago = std::chrono::system_clock::now() - kAuthorityLife - std::chrono::hours(1);
  ASSERT_TRUE(write_file_atomic(file("old"), make_authority(long_ago)->certificate_pem, 0600));
  const Ran ran = show({file("old")});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("EXPIRED"));
}

}  // namespace
}  // namespace smc::certs
