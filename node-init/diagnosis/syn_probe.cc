#include "node-init/diagnosis/syn_probe.h"

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

#include "node-init/diagnosis/raw_tcp.h"
#include "node-init/diagnosis/tcp_segment.h"

namespace smc::node {
namespace {

using std::chrono::steady_clock;
using Deadline = steady_clock::time_point;

constexpr std::chrono::milliseconds kProposalInterval{1000};
constexpr std::size_t kMaxClcBytes = 4096;

std::uint32_t random_sequence() {
  return std::random_device()();
}

std::uint32_t timestamp_now() {
  const auto since = steady_clock::now().time_since_epoch();
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

bool has(const TcpSegment& segment, std::uint8_t flags) {
  return (segment.flags & flags) == flags;
}

void reset(RawTcp& tcp, std::uint32_t sequence) {
  // What cannot be sent now is reset by the kernel, when the peer asks again.
  (void)tcp.send({.sequence = sequence, .flags = kTcpReset});
}

// Our end of a connection whose SYN was answered, as far as the CLC exchange needs one.
class ClcExchange {
 public:
  ClcExchange(RawTcp& tcp, const TcpSegment& syn_ack)
      : tcp_(tcp), sequence_(syn_ack.acknowledgment), expected_(syn_ack.sequence + 1) {
    take_timestamp(syn_ack);
  }

  ClcOutcome run(Deadline deadline) {
    const std::string proposal = clc_proposal();
    const std::uint32_t behind = sequence_ + static_cast<std::uint32_t>(proposal.size());
    acknowledge(sequence_);
    ClcOutcome outcome = ClcOutcome::kNotAnswered;
    bool is_over = false;
    while (!is_over && outcome != ClcOutcome::kAnswered && steady_clock::now() < deadline) {
      (void)tcp_.send(segment(sequence_, kTcpAck | kTcpPush, proposal));
      const Deadline next = std::min(deadline, steady_clock::now() + kProposalInterval);
      while (!is_over && outcome != ClcOutcome::kAnswered) {
        const auto received = tcp_.receive(next);
        if (!received || !*received) break;
        is_over = !take(**received, behind);
        if (is_clc_answer(received_)) outcome = ClcOutcome::kAnswered;
      }
    }
    reset(tcp_, behind);
    return outcome;
  }

 private:
  TcpSegment segment(std::uint32_t sequence, std::uint8_t flags, std::string payload) const {
    return {.sequence = sequence,
            .acknowledgment = expected_,
            .flags = flags,
            .options = timestamp_ ? timestamp_options(timestamp_now(), *timestamp_) : "",
            .payload = std::move(payload)};
  }

  void acknowledge(std::uint32_t sequence) { (void)tcp_.send(segment(sequence, kTcpAck, "")); }

  void take_timestamp(const TcpSegment& received) {
    const TcpOptions options = parse_tcp_options(received.options);
    const TcpOption* timestamps = options.find(kTimestampsKind);
    if (timestamps != nullptr && timestamps->body.size() == 8)
      timestamp_ = u32_at(timestamps->body, 0);
  }

  // False: the peer has ended the connection, or said more than a CLC answer.
  bool take(const TcpSegment& received, std::uint32_t behind) {
    if (has(received, kTcpReset)) return false;
    if (has(received, kTcpSyn) || received.sequence != expected_) return true;
    take_timestamp(received);
    received_ += received.payload;
    expected_ += static_cast<std::uint32_t>(received.payload.size());
    if (!received.payload.empty()) acknowledge(behind);
    return !has(received, kTcpFin) && received_.size() <= kMaxClcBytes;
  }

  RawTcp& tcp_;
  std::uint32_t sequence_;
  std::uint32_t expected_;
  std::optional<std::uint32_t> timestamp_;
  std::string received_;
};

class AddressProbe {
 public:
  AddressProbe(std::uint32_t address, std::uint16_t port, const ProbeOptions& options,
               Deadline deadline)
      : address_(address), port_(port), options_(options), deadline_(deadline) {}

  Result<AddressObservation> run() {
    for (const Probe probe : {Probe::kPlain, Probe::kSmc, Probe::kSmcFull, Probe::kUnknown}) {
      if (is_over()) break;
      ProbeResult result{.probe = probe};
      while (result.tries < kMaxTries && result.answer != SynAnswer::kSynAck && !is_over())
        if (auto tried = try_once(result); !tried) return tried.error();
      if (result.tries < kMaxTries && result.answer != SynAnswer::kSynAck) {
        observed_.trouble = "the time was up";
        break;
      }
      observed_.probes.push_back(result);
      if (probe == Probe::kPlain && result.answer != SynAnswer::kSynAck) return observed_;
    }
    if (auto looked = look_whether_gone(); !looked) return looked.error();
    return observed_;
  }

 private:
  bool is_over() const {
    return options_.stop.stop_requested() || steady_clock::now() >= deadline_;
  }

  // A server that has gone away meanwhile is no fault of the path.
  Result<void> look_whether_gone() {
    const bool doubtful = std::ranges::any_of(observed_.probes, [](const ProbeResult& result) {
      return result.answer != SynAnswer::kSynAck;
    });
    if (!doubtful) return {};
    ProbeResult plain = observed_.probes.front();
    plain.answer = SynAnswer::kNone;
    while (plain.tries < kMaxTries && plain.answer != SynAnswer::kSynAck) {
      if (auto tried = try_once(plain); !tried) return tried.error();
      observed_.gone = plain.answer != SynAnswer::kSynAck;
    }
    observed_.probes.front().tries = plain.tries;
    return {};
  }

  // Each SYN has a conversation, and so a port, of its own: nothing late is taken for its answer.
  Result<void> try_once(ProbeResult& result) {
    auto tcp = RawTcp::open(address_, port_);
    if (!tcp) return tcp.error();
    ++result.tries;
    const std::uint32_t first = random_sequence();
    const TcpSegment syn = {.sequence = first,
                            .flags = kTcpSyn,
                            .options = syn_options(result.probe, options_.magic, timestamp_now())};
    if (auto sent = tcp->send(syn); !sent) {
      observed_.trouble = sent.error().text();
      return {};
    }
    const Deadline until = steady_clock::now() + options_.answer_timeout;
    while (true) {
      const auto received = tcp->receive(until);
      if (!received) observed_.trouble = received.error().text();
      if (!received || !*received) return {};
      const TcpSegment& answer = **received;
      if (!has(answer, kTcpAck) || answer.acknowledgment != first + 1) continue;
      if (has(answer, kTcpReset)) {
        result.answer = SynAnswer::kReset;
        return {};
      }
      if (!has(answer, kTcpSyn)) continue;
      take_syn_ack(*tcp, answer, result);
      return {};
    }
  }

  void take_syn_ack(RawTcp& tcp, const TcpSegment& answer, ProbeResult& result) {
    result.answer = SynAnswer::kSynAck;
    result.options = answer.options;
    result.header_cut = answer.header_cut;
    if (observed_.clc == ClcOutcome::kNotAsked && answers_with_smc(result, options_.magic))
      observed_.clc = ClcExchange(tcp, answer).run(steady_clock::now() + options_.clc_timeout);
    else
      reset(tcp, answer.acknowledgment);
  }

  const std::uint32_t address_;
  const std::uint16_t port_;
  const ProbeOptions options_;
  const Deadline deadline_;
  AddressObservation observed_;
};

}  // namespace

Result<AddressObservation> observe_address(std::uint32_t address, std::uint16_t port,
                                           const ProbeOptions& options, Deadline deadline) {
  return AddressProbe(address, port, options, deadline).run();
}

}  // namespace smc::node
