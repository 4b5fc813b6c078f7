// syn-check against peers that do each fault: raw packets on both sides, in a network namespace of
// the test.
#include "node-init/diagnosis/syn_check.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "test/node-init/diagnosis/syn_peer.h"
#include "test/support/shell.h"
#include "test/support/temporary_directory.h"

namespace smc::node {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using test::Outcome;
using test::PeerAnswer;
using test::PeerSyn;
using test::run;
using testing::HasSubstr;
using Kind = PeerAnswer::Kind;

// MSS and timestamps, as a kernel answers.
std::string usual() {
  return std::string("\x02\x04\x05\xb4\x01\x01\x08\x0a\x11\x11\x11\x11\x22\x22\x22\x22", 16);
}
std::string smc_option() {
  return "\x01\x01\xfe\x06\xe2\xd4\xc3\xd9";
}
std::string toa_option() {
  return std::string("\xfe\x08\x1f\x90\xc0\x00\x02\x07", 8);
}
// RFC 7609, A.4: decline, 28 bytes, "no device".
std::string decline() {
  std::string message("\xe2\xd4\xc3\xd9\x04\x00\x1c\x10", 8);
  message.append(8, '\0');
  message.append("\x03\x03\x00\x00\x00\x00\x00\x00\xe2\xd4\xc3\xd9", 12);
  return message;
}

bool is_full(const PeerSyn& syn) {
  return syn.options.size() == kMaxTcpOptionBytes;
}

PeerAnswer strips(const PeerSyn&) {
  return {.options = usual()};
}
PeerAnswer repeats_all(const PeerSyn& syn) {
  return {.options = syn.options};
}
PeerAnswer drops_experiments(const PeerSyn& syn) {
  return {.kind = syn.experiment != 0 ? Kind::kNone : Kind::kSynAck, .options = usual()};
}
PeerAnswer resets_experiments(const PeerSyn& syn) {
  return {.kind = syn.experiment != 0 ? Kind::kReset : Kind::kSynAck, .options = usual()};
}
PeerAnswer adds_toa(const PeerSyn&) {
  return {.options = usual() + toa_option()};
}
PeerAnswer drops_full(const PeerSyn& syn) {
  return {.kind = is_full(syn) ? Kind::kNone : Kind::kSynAck, .options = usual()};
}
PeerAnswer cuts_full(const PeerSyn& syn) {
  return {.options = usual(), .cut = is_full(syn)};
}
PeerAnswer refuses(const PeerSyn&) {
  return {.kind = Kind::kReset};
}
PeerAnswer is_silent(const PeerSyn&) {
  return {.kind = Kind::kNone};
}
PeerAnswer answers_the_third_time(const PeerSyn& syn) {
  return {.kind = syn.earlier < 2 ? Kind::kNone : Kind::kSynAck, .options = usual()};
}
PeerAnswer speaks_smc(const PeerSyn& syn) {
  return {.options = usual() + (syn.experiment == kSmcMagic ? smc_option() : ""),
          .to_proposal = decline()};
}
PeerAnswer speaks_smc_where_it_fits(const PeerSyn& syn) {
  return is_full(syn) ? strips(syn) : speaks_smc(syn);
}
// A box that repeats what it knows as SMC's, before a server of HTTP.
PeerAnswer repeats_smc_before_http(const PeerSyn& syn) {
  PeerAnswer answer = speaks_smc(syn);
  answer.to_proposal = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
  answer.ends = true;
  return answer;
}
PeerAnswer repeats_smc_before_an_echo_server(const PeerSyn& syn) {
  PeerAnswer answer = speaks_smc(syn);
  answer.repeats = true;
  return answer;
}
PeerAnswer repeats_smc_before_a_silent_server(const PeerSyn& syn) {
  PeerAnswer answer = speaks_smc(syn);
  answer.kind = Kind::kSynAck;
  answer.to_proposal.clear();
  return answer;
}
PeerAnswer goes_away(const PeerSyn& syn) {
  const bool first = syn.experiment == 0 && syn.earlier == 0;
  return {.kind = first ? Kind::kSynAck : Kind::kNone, .options = usual()};
}

std::unique_ptr<test::SynPeer> peer;
std::string refused;  // why there can be none here

// A network namespace with a peer, and a mount namespace with names of its own.
class SynCheck : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (peer != nullptr || !refused.empty()) return;
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
      refused = "this user may not make a network namespace";
    // In a chroot whose root is no mount point, names of its own would be everybody's.
    else if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      refused = std::string("no mounts of its own: ") + std::strerror(errno);
    if (!refused.empty()) return;
    const test::TemporaryDirectory directory;
    const std::string hosts = directory.file("hosts");
    std::ofstream(hosts) << "10.9.0.2 pair.test\n10.9.0.3 pair.test\nfd00::2 six.test\n";
    ASSERT_EQ(::mount(hosts.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr), 0);
    peer = std::make_unique<test::SynPeer>();
  }
  void SetUp() override {
    if (!refused.empty()) GTEST_SKIP() << refused;
    ASSERT_NE(peer, nullptr) << "the suite's set-up failed";
  }

  static SynCheckReport check(const std::string& target) {
    const auto parsed = parse_syn_target(target);
    EXPECT_TRUE(parsed) << target;
    return syn_check(*parsed, {.probes = {.answer_timeout = milliseconds(300),
                                          .clc_timeout = milliseconds(300)}});
  }
};

struct Case {
  const char* name;
  PeerAnswer (*behaviour)(const PeerSyn&);
  SynVerdict verdict;
  int exit;
  int syns;
  const char* why;
};

void PrintTo(const Case& the_case, std::ostream* out) {
  *out << the_case.name;
}

class SynCheckOf : public SynCheck, public testing::WithParamInterface<Case> {};

TEST_P(SynCheckOf, ItsPeer) {
  const Case& expected = GetParam();
  static std::uint16_t port = 8000;
  ++port;
  peer->set(port, expected.behaviour);
  const SynCheckReport report = check("10.9.0.2:" + std::to_string(port));
  EXPECT_EQ(verdict_name(report.verdict.verdict), verdict_name(expected.verdict))
      << syn_check_text(report, kSmcMagic);
  EXPECT_EQ(exit_status(report.exit()), expected.exit);
  EXPECT_THAT(report.verdict.why, HasSubstr(expected.why));
  EXPECT_EQ(report.hint.empty(), expected.exit == 0);
  EXPECT_EQ(peer->syns(port), expected.syns);
  // What has been answered has been reset.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (peer->open_connections(port) != 0 && std::chrono::steady_clock::now() < deadline)
    ::usleep(1000);
  EXPECT_EQ(peer->open_connections(port), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Each, SynCheckOf,
    testing::Values(
        Case{"Strips", strips, SynVerdict::kClean, 0, 4, "connections will be TCP"},
        Case{"SpeaksSmc", speaks_smc, SynVerdict::kClean, 0, 4, "the peer speaks SMC"},
        Case{"AnswersTheThirdTime", answers_the_third_time, SynVerdict::kClean, 0, 12, "TCP"},
        Case{"RepeatsAll", repeats_all, SynVerdict::kReplay, 4, 4, "no protocol uses"},
        Case{"RepeatsSmcBeforeHttp", repeats_smc_before_http, SynVerdict::kReplay, 4, 4, "CLC"},
        Case{"RepeatsSmcBeforeAnEchoServer", repeats_smc_before_an_echo_server, SynVerdict::kReplay,
             4, 4, "CLC"},
        Case{"RepeatsSmcBeforeASilentServer", repeats_smc_before_a_silent_server,
             SynVerdict::kReplay, 4, 4, "CLC"},
        Case{"DropsExperiments", drops_experiments, SynVerdict::kConflict, 4, 11,
             "is not answered (3 tries), a plain one is"},
        Case{"ResetsExperiments", resets_experiments, SynVerdict::kConflict, 4, 11,
             "is refused (3 tries), a plain one is"},
        Case{"AddsToa", adds_toa, SynVerdict::kConflict, 4, 4, "an LVS TOA (192.0.2.7:8080)"},
        Case{"DropsFull", drops_full, SynVerdict::kOverlength, 4, 7, "40 bytes"},
        Case{"CutsFull", cuts_full, SynVerdict::kOverlength, 4, 4, "is cut"},
        Case{"SpeaksSmcWhereItFits", speaks_smc_where_it_fits, SynVerdict::kOverlength, 4, 4,
             "cut off"},
        Case{"Refuses", refuses, SynVerdict::kNotTested, 2, 3, "refused"},
        Case{"IsSilent", is_silent, SynVerdict::kNotTested, 2, 3, "filtered"},
        Case{"GoesAway", goes_away, SynVerdict::kNotTested, 2, 12, "went away"}),
    [](const auto& tested) { return std::string(tested.param.name); });

// A real kernel's TCP at the other end.
TEST_F(SynCheck, FindsAListenerOfTheKernelClean) {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(9000);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  const SynCheckReport report = check("http://127.0.0.1:9000/path");
  EXPECT_EQ(report.exit(), ExitCode::kDone) << report.verdict.why;
  for (const ProbeResult& result : report.addresses.at(0).observed.probes)
    EXPECT_EQ(result.tries, 1);
  // Nothing of it is left for the program that accepts.
  EXPECT_EQ(::accept(listener.get(), nullptr, nullptr), -1);
  EXPECT_EQ(check("127.0.0.1:9001").verdict.verdict, SynVerdict::kNotTested);
}

TEST_F(SynCheck, TestsEveryAddressOfAName) {
  peer->set(8100, [](const PeerSyn& syn) { return drops_full(syn); });
  const SynCheckReport report = check("http://user@pair.test:8100/?q");
  ASSERT_EQ(report.addresses.size(), 2);
  EXPECT_EQ(report.addresses[0].address, "10.9.0.2:8100");
  EXPECT_EQ(report.addresses[1].address, "10.9.0.3:8100");
  EXPECT_EQ(report.exit(), ExitCode::kFault);
}

TEST_F(SynCheck, NamesWhatHasNoIpv4AddressOrNoRoute) {
  EXPECT_THAT(check("six.test:80").verdict.why, HasSubstr("only IPv6"));
  EXPECT_THAT(check("http://[fd00::2]/").verdict.why, HasSubstr("only IPv6"));
  EXPECT_THAT(check("198.51.100.1:80").verdict.why, HasSubstr("find a route"));
}

TEST_F(SynCheck, ReportsAsJsonWithTheProbesBytes) {
  peer->set(8101, adds_toa);
  const json report = json::parse(syn_check_json(check("10.9.0.2:8101")));
  EXPECT_EQ(report["target"], "10.9.0.2:8101");
  EXPECT_EQ(report["verdict"], "conflict");
  EXPECT_EQ(report["exit"], 4);
  EXPECT_THAT(report["hint"].get<std::string>(), HasSubstr("exclude-destinations: 10.9.0.2:8101)"));
  const json& probes = report["addresses"][0]["probes"];
  EXPECT_EQ(probes[0], (json{{"probe", "plain"},
                             {"tries", 1},
                             {"answer", "syn_ack"},
                             {"options", "020405b40101080a1111111122222222fe081f90c0000207"},
                             {"option254", "fe081f90c0000207"}}));
  EXPECT_EQ(probes.size(), 4);
}

TEST_F(SynCheck, ProbesWithAnotherMagic) {
  std::uint32_t sent = 0;
  peer->set(8102, [&](const PeerSyn& syn) {
    if (syn.experiment != 0 && syn.experiment != kUnusedMagic) sent = syn.experiment;
    return strips(syn);
  });
  const auto report =
      syn_check(*parse_syn_target("10.9.0.2:8102"), {.probes = {.magic = 0xA1B2C3D4}});
  EXPECT_EQ(report.exit(), ExitCode::kDone);
  EXPECT_EQ(sent, 0xA1B2C3D4);
}

const std::string kProgram = std::string(SMC_BIN_DIR) + "/smc-node-init";

TEST_F(SynCheck, TheProgramSaysWhatItFoundAndExitsWithIt) {
  peer->set(8103, speaks_smc);
  peer->set(8104, repeats_all);
  peer->set(8105, refuses);
  const Outcome clean = run(kProgram + " syn-check http://10.9.0.2:8103");
  EXPECT_EQ(clean.status, 0) << clean.out;
  EXPECT_THAT(clean.out, HasSubstr("SMC's handshake (CLC)  answered"));
  const Outcome fault = run(kProgram + " syn-check 10.9.0.2:8104");
  EXPECT_EQ(fault.status, 4) << fault.out;
  EXPECT_THAT(fault.out, HasSubstr("option fe067e57d1a6\n"));
  EXPECT_THAT(fault.out, HasSubstr("\n  hint: SMC breaks on the way there"));
  EXPECT_EQ(run(kProgram + " syn-check 10.9.0.2:8105").status, 2);
  const Outcome named = run(kProgram + " syn-check pair.test:8103 --json --magic 0xE2D4C3D9");
  EXPECT_EQ(json::parse(named.out)["addresses"].size(), 2) << named.out;
}

TEST_F(SynCheck, WithoutTheRightToRawSocketsItSaysSo) {
  const Outcome outcome = run("setpriv --bounding-set=-net_raw --inh-caps=-net_raw " + kProgram +
                              " syn-check 10.9.0.2:8000");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.out, HasSubstr("open a raw TCP socket: Operation not permitted"));
  EXPECT_THAT(outcome.out, HasSubstr("hint: CAP_NET_RAW"));
}

TEST_F(SynCheck, FindsNginxClean) {
  if (::access("/usr/sbin/nginx", X_OK) != 0) GTEST_SKIP() << "no nginx (package nginx-light)";
  const test::TemporaryDirectory directory;
  const std::string file = directory.file("nginx.conf");
  std::ofstream(file) << "user root; pid " << directory.file("pid") << "; error_log stderr;\n"
                      << "events {} http { access_log off; server { listen 127.0.0.1:9002; } }\n";
  ASSERT_EQ(run("/usr/sbin/nginx -c " + file + " >/dev/null").status, 0);
  const SynCheckReport report = check("127.0.0.1:9002");
  EXPECT_EQ(run("/usr/sbin/nginx -s quit -c " + file).status, 0);
  EXPECT_EQ(report.exit(), ExitCode::kDone) << report.verdict.why;
}

}  // namespace
}  // namespace smc::node
