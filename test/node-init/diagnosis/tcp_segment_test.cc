#include "node-init/diagnosis/tcp_segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node-init/diagnosis/syn_verdict.h"
#include "node-init/diagnosis/tcp_options.h"

namespace smc::node {
namespace {

using testing::HasSubstr;

std::string ipv4_packet(const TcpSegment& segment) {
  std::string packet("\x45\x00\x00\x00\x00\x00\x40\x00\x40\x06\x00\x00", 12);
  append_u32(packet, segment.source);
  append_u32(packet, segment.destination);
  return packet + tcp_bytes(segment);
}

TEST(TcpOptions, AProbeHasTheUsualOnesAndItsOwn) {
  const std::string usual = "020405b40402080a000000070000000001030307";
  EXPECT_EQ(hex_text(syn_options(Probe::kPlain, kSmcMagic, 7)), usual);
  EXPECT_EQ(hex_text(syn_options(Probe::kSmc, kSmcMagic, 7)), usual + "0101fe06e2d4c3d9");
  EXPECT_EQ(hex_text(syn_options(Probe::kUnknown, kSmcMagic, 7)), usual + "0101fe067e57d1a6");
  EXPECT_EQ(hex_text(syn_options(Probe::kSmcFull, 0x11223344, 7)),
            usual + "010101010101010101010101" + "0101fe0611223344");
}

TEST(TcpOptions, AreReadToTheirEnd) {
  const TcpOptions options =
      parse_tcp_options(std::string("\x01\x02\x04\x05\xb4\x04\x02\x00\xff", 9));
  EXPECT_FALSE(options.cut);
  ASSERT_EQ(options.list.size(), 2);
  EXPECT_EQ(options.find(2)->bytes(), "\x02\x04\x05\xb4");
  EXPECT_EQ(options.find(4)->body, "");
  EXPECT_EQ(options.find(kExperimentKind), nullptr);
}

TEST(TcpOptions, WithALengthThatCannotBeAreCut) {
  for (const std::string& bytes : {std::string("\xfe"), std::string("\xfe\x06\xe2\xd4\xc3", 5),
                                   std::string("\x02\x00\x01\x01", 4), std::string("\x02\x01", 2)})
    EXPECT_TRUE(parse_tcp_options(bytes).cut) << hex_text(bytes);
}

TEST(TcpOptions, CarryAMagicOnlyWhereTheWholeOptionIsIt) {
  EXPECT_TRUE(carries_magic({kExperimentKind, "\xe2\xd4\xc3\xd9"}, kSmcMagic));
  EXPECT_FALSE(carries_magic({253, "\xe2\xd4\xc3\xd9"}, kSmcMagic));
  EXPECT_FALSE(carries_magic({kExperimentKind, "\xe2\xd4\xc3\xd9\xff\xff"}, kSmcMagic));
  EXPECT_FALSE(carries_magic({kExperimentKind, "\xe2\xd4"}, kSmcMagic));
}

TEST(TcpSegment, IsReadAsItWasWritten) {
  const TcpSegment sent = {.source = 0x0a090001,
                           .destination = 0x0a090002,
                           .source_port = 40000,
                           .destination_port = 80,
                           .sequence = 0xfffffffe,
                           .acknowledgment = 0x80000001,
                           .flags = kTcpAck | kTcpPush,
                           .options = timestamp_options(1, 2),
                           .payload = "abc"};
  const auto read = parse_ipv4_tcp(ipv4_packet(sent));
  ASSERT_TRUE(read);
  EXPECT_EQ(tcp_bytes(*read), tcp_bytes(sent));
  EXPECT_EQ(read->source, sent.source);
  EXPECT_EQ(read->destination, sent.destination);
  EXPECT_EQ(read->payload, "abc");
  EXPECT_FALSE(read->header_cut);
}

TEST(TcpSegment, HasTheChecksumThatRfc9293Asks) {
  const TcpSegment syn = {.source = 0x7f000001,
                          .destination = 0x7f000001,
                          .source_port = 1,
                          .destination_port = 2,
                          .sequence = 3,
                          .flags = kTcpSyn};
  std::uint32_t sum = 0x7f00 + 0x0001 + 0x7f00 + 0x0001 + 6 + 20;
  const std::string bytes = tcp_bytes(syn);
  for (std::size_t at = 0; at < bytes.size(); at += 2) sum += u16_at(bytes, at);
  EXPECT_EQ((sum & 0xffff) + (sum >> 16), 0xffff);
}

TEST(TcpSegment, OfWhichPartsAreMissingIsNoneOrCut) {
  const std::string whole =
      ipv4_packet({.flags = kTcpSyn, .options = syn_options(Probe::kSmcFull, kSmcMagic, 1)});
  for (std::size_t bytes = 0; bytes < 40; ++bytes)
    EXPECT_FALSE(parse_ipv4_tcp(whole.substr(0, bytes))) << bytes;
  for (std::size_t bytes = 40; bytes < whole.size(); ++bytes)
    EXPECT_TRUE(parse_ipv4_tcp(whole.substr(0, bytes))->header_cut) << bytes;
  std::string udp = whole;
  udp[9] = 17;
  EXPECT_FALSE(parse_ipv4_tcp(udp));
}

TEST(Clc, TheProposalIsOneOfRfc7609ThatNamesNoSubnetOfAnybody) {
  EXPECT_EQ(hex_text(clc_proposal()),
            "e2d4c3d901003410"                                  // eyecatcher, proposal, 52, v1
            "0000000000000000"                                  // sender
            "000000000000000000000000000000000000000000000000"  // GID, MAC, offset
            "ffffffff20000000"                                  // 255.255.255.255/32
            "e2d4c3d9");
}

TEST(Clc, OnlyAWholeAcceptOrDeclineIsAnAnswer) {
  std::string decline("\xe2\xd4\xc3\xd9\x04\x00\x1c\x10", 8);
  decline.append(16, '\0');
  decline += "\xe2\xd4\xc3\xd9";
  EXPECT_TRUE(is_clc_answer(decline));
  EXPECT_TRUE(is_clc_answer(decline + "what follows"));
  EXPECT_FALSE(is_clc_answer(decline.substr(0, decline.size() - 1)));
  EXPECT_FALSE(is_clc_answer(clc_proposal()));
  EXPECT_FALSE(is_clc_answer("HTTP/1.1 400 Bad Request\r\n"));
  decline.back() = 'x';
  EXPECT_FALSE(is_clc_answer(decline));
}

ProbeResult answered(Probe probe, const std::string& options = "") {
  return {.probe = probe, .tries = 1, .answer = SynAnswer::kSynAck, .options = options};
}

AddressObservation all_answered() {
  return {.probes = {answered(Probe::kPlain), answered(Probe::kSmc), answered(Probe::kSmcFull),
                     answered(Probe::kUnknown)}};
}

TEST(SynVerdicts, ARepeatedOptionWeighsMoreThanOneThatIsLost) {
  AddressObservation observed = all_answered();
  observed.probes[2] = {.probe = Probe::kSmcFull, .tries = 3};
  EXPECT_EQ(judge_address(observed, kSmcMagic).verdict, SynVerdict::kOverlength);
  observed.probes[3].options = "\x01\x01\xfe\x06\x7e\x57\xd1\xa6";
  EXPECT_EQ(judge_address(observed, kSmcMagic).verdict, SynVerdict::kReplay);
}

TEST(SynVerdicts, SmcsOptionThatNobodyAskedForIsAConflict) {
  AddressObservation observed = all_answered();
  observed.probes[0].options = "\x01\x01\xfe\x06\xe2\xd4\xc3\xd9";
  const AddressVerdict verdict = judge_address(observed, kSmcMagic);
  EXPECT_EQ(verdict.verdict, SynVerdict::kConflict);
  EXPECT_THAT(verdict.why, HasSubstr("the answer to a plain SYN holds option 254"));
}

// Boxes that drop what they do not know, and pass SMC's option, do SMC no harm.
TEST(SynVerdicts, AnUnknownOptionThatIsDroppedIsNoFault) {
  AddressObservation observed = all_answered();
  observed.probes[3] = {.probe = Probe::kUnknown, .tries = 3};
  EXPECT_EQ(judge_address(observed, kSmcMagic).verdict, SynVerdict::kClean);
}

TEST(SynVerdicts, ProbesThatWereNotSentAreNotTested) {
  AddressObservation observed = all_answered();
  observed.probes.pop_back();
  EXPECT_EQ(judge_address(observed, kSmcMagic).verdict, SynVerdict::kNotTested);
  observed.probes.clear();
  observed.trouble = "send a TCP segment: Operation not permitted (errno 1)";
  EXPECT_EQ(judge_address(observed, kSmcMagic).why, observed.trouble);
}

}  // namespace
}  // namespace smc::node
