// What the netlink layer makes of answers, the impossible ones included.
#include "node-init/kernel/netlink.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/node-init/kernel/fake_system.h"
#include "test/node-init/kernel/netlink_bytes.h"

namespace smc::node {
namespace {

using test::ack;
using test::done;
using test::FakeSystem;
using test::message;

constexpr std::uint16_t kDevices = 0x40;

class NetlinkTest : public testing::Test {
 protected:
  // Asks for something dumpable, which `datagrams` answer.
  Result<std::vector<NetlinkMessage>> dump_answered_with(std::vector<std::string> datagrams,
                                                         int times = 1) {
    system_.replay("DIAG", std::move(datagrams), times);
    return netlink_exchange(system_, NETLINK_SOCK_DIAG, NetlinkRequest(20, NLM_F_DUMP), "ask");
  }
  // The same for a single request.
  Result<std::vector<NetlinkMessage>> request_answered_with(std::vector<std::string> datagrams) {
    system_.replay("DIAG", std::move(datagrams));
    return netlink_exchange(system_, NETLINK_SOCK_DIAG, NetlinkRequest(20, NLM_F_ACK), "ask");
  }

  FakeSystem system_;
};

TEST_F(NetlinkTest, ADumpIsTheMessagesOfAllDatagramsInOrder) {
  const auto answer = dump_answered_with({message(kDevices, "one1") + message(kDevices, "two2"),
                                          message(kDevices, "three333"), done()});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->size(), 3u);
  EXPECT_EQ((*answer)[0].payload, "one1");
  EXPECT_EQ((*answer)[2].payload, "three333");
}

TEST_F(NetlinkTest, AnErrorMessageIsItsErrno) {
  const auto answer = request_answered_with({ack(EPERM)});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, EPERM);
  EXPECT_EQ(answer.error().what, "ask");
}

TEST_F(NetlinkTest, AnErrorAtTheEndOfADumpFailsIt) {
  const auto answer = dump_answered_with({message(kDevices, "one1"), done(ENOMEM)});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ENOMEM);
}

TEST_F(NetlinkTest, AnInterruptedDumpIsReadAgain) {
  system_.replay("DIAG", {message(kDevices, "torn", NLM_F_MULTI | NLM_F_DUMP_INTR), done()});
  const auto answer = dump_answered_with({message(kDevices, "good"), done()});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->size(), 1u);
  EXPECT_EQ((*answer)[0].payload, "good");
}

TEST_F(NetlinkTest, TheFlagOfInterruptionCountsOnTheEndMessageToo) {
  system_.replay("DIAG", {message(kDevices, "torn") + done(0, NLM_F_MULTI | NLM_F_DUMP_INTR)});
  const auto answer = dump_answered_with({message(kDevices, "good"), done()});
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[0].payload, "good");
}

TEST_F(NetlinkTest, AnOverrunBufferIsReadAgain) {
  system_.replay("DIAG", {"ENOBUFS"});
  const auto answer = dump_answered_with({message(kDevices, "good"), done()});
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[0].payload, "good");
}

TEST_F(NetlinkTest, ADumpThatIsInterruptedEachTimeEndsAfterFiveTries) {
  const auto answer = dump_answered_with({done(0, NLM_F_MULTI | NLM_F_DUMP_INTR)}, /*times=*/1000);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, EINTR);
  EXPECT_FALSE(answer.error().hint.empty());
  EXPECT_EQ(system_.requests.size(), 10u);  // five sockets, five requests
}

TEST_F(NetlinkTest, SilenceEndsWithATimeout) {
  const auto before = system_.now();
  const auto answer = dump_answered_with({message(kDevices, "never ends: no DONE message")});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ETIMEDOUT);
  EXPECT_LE(system_.now() - before, std::chrono::seconds(10));
}

TEST_F(NetlinkTest, MessagesOfAnotherRequestAreNotOurs) {
  std::string foreign = message(kDevices, "late");
  foreign[8] = 7;  // nlmsg_seq
  const auto answer = dump_answered_with({foreign + message(kDevices, "ours") + done()});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->size(), 1u);
  EXPECT_EQ((*answer)[0].payload, "ours");
}

TEST_F(NetlinkTest, AMessageCutAtAnyByteIsReportedAsMalformed) {
  const std::string whole = message(kDevices, "payload of whole words!!") + done();
  for (std::size_t length = 1; length < whole.size(); ++length) {
    if (length == message(kDevices, "payload of whole words!!").size()) continue;
    const auto answer = dump_answered_with({whole.substr(0, length)});
    ASSERT_FALSE(answer) << length;
    EXPECT_EQ(answer.error().code, EBADMSG) << length;
  }
}

TEST_F(NetlinkTest, ALengthBeyondTheDatagramOrBelowTheHeaderIsMalformed) {
  for (const std::uint32_t length : {0u, 1u, 15u, 33u, 0x7fffffffu, 0xffffffffu}) {
    std::string bytes = message(kDevices, "sixteen bytes...");
    bytes.replace(0, sizeof length, test::raw(length));
    const auto answer = dump_answered_with({bytes});
    ASSERT_FALSE(answer) << length;
    EXPECT_EQ(answer.error().code, EBADMSG) << length;
  }
}

TEST_F(NetlinkTest, AnEmptyDatagramIsMalformed) {
  const auto answer = dump_answered_with({""});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, EBADMSG);
}

TEST_F(NetlinkTest, APositiveNumberWhereAnErrnoStandsIsMalformed) {
  const auto answer = request_answered_with({ack(-5)});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, EBADMSG);
}

TEST_F(NetlinkTest, ASocketThatCannotBeOpenedIsTheError) {
  system_.fail("open netlink", EMFILE);
  const auto answer = dump_answered_with({done()});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, EMFILE);
}

TEST(AttributesTest, IntegersOfEveryWidthAreRead) {
  const std::string bytes = test::u8_attribute(1, 0xab) + test::u16_attribute(2, 0xabcd) +
                            test::u32_attribute(3, 0xabcdef01) +
                            test::u64_attribute(4, 0xabcdef0123456789);
  const Attributes attributes(bytes);
  EXPECT_EQ(attributes.integer(1), 0xabu);
  EXPECT_EQ(attributes.integer(2), 0xabcdu);
  EXPECT_EQ(attributes.integer(3), 0xabcdef01u);
  EXPECT_EQ(attributes.integer(4), 0xabcdef0123456789u);
}

TEST(AttributesTest, UnknownOnesAreSkippedAndFlagBitsIgnored) {
  const std::string bytes = test::attribute(900, "new in some kernel") +
                            test::nested(7, test::text_attribute(1, "inner"));
  EXPECT_EQ(Attributes(bytes).nested(7).text(1), "inner");
  EXPECT_EQ(Attributes(bytes).text(8), std::nullopt);
}

TEST(AttributesTest, AnIntegerOfAnOddSizeCountsAsAbsent) {
  EXPECT_EQ(Attributes(test::attribute(1, "abc")).integer(1), std::nullopt);
  EXPECT_EQ(Attributes(test::attribute(1, "")).integer(1), std::nullopt);
}

TEST(AttributesTest, ATextWithoutItsNulEndsWithTheAttribute) {
  EXPECT_EQ(Attributes(test::attribute(1, "eth0")).text(1), "eth0");
}

TEST(AttributesTest, ImpossibleLengthsEndTheReading) {
  const std::string good = test::u32_attribute(1, 5);
  for (const int impossible : {0, 1, 3, 9, 0xffff}) {
    const auto length = static_cast<std::uint16_t>(impossible);
    std::string bad = test::u32_attribute(2, 6);
    bad.replace(0, sizeof length, test::raw(length));
    const std::string bytes = good + bad;
    EXPECT_EQ(Attributes(bytes).integer(1), 5u) << length;
    EXPECT_EQ(Attributes(bytes).integer(2), std::nullopt) << length;
  }
}

TEST(AttributesTest, APayloadShorterThanItsFixedPartHasNone) {
  const NetlinkMessage message{1, "ab"};
  EXPECT_EQ(Attributes::after(message, 4).bytes(1), std::nullopt);
  EXPECT_EQ(fixed_part<std::uint32_t>(message), std::nullopt);
}

TEST(NetlinkEventTest, ADatagramOfEventsIsSplit) {
  const auto events = netlink_messages(message(16, "up__") + message(17, "down"));
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[1].type, 17);
  EXPECT_FALSE(netlink_messages("not a message"));
}

TEST(GenericFamilyTest, ResolvingLoadsTheModuleAndLookingDoesNot) {
  FakeSystem system;
  EXPECT_FALSE(*generic_family_registered(system, "SMC_PNETID"));
  EXPECT_FALSE(system.smc_loaded);
  EXPECT_TRUE(resolve_generic_family(system, "SMC_PNETID"));
  EXPECT_TRUE(*generic_family_registered(system, "SMC_PNETID"));
}

TEST(GenericFamilyTest, WithoutAModuleItIsENOENT) {
  FakeSystem system;
  system.smc_available = false;
  const auto family = resolve_generic_family(system, "SMC_PNETID");
  ASSERT_FALSE(family);
  EXPECT_EQ(family.error().code, ENOENT);
}

}  // namespace
}  // namespace smc::node
