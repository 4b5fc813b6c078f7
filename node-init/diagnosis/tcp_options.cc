#include "node-init/diagnosis/tcp_options.h"

namespace smc::node {
namespace {

// Ethernet's 1500 bytes without the headers of IPv4 and TCP.
constexpr std::uint16_t kMaxSegmentSize = 1460;

std::string usual_options(std::uint32_t timestamp) {
  std::string options("\x02\x04", 2);  // maximum segment size
  append_u16(options, kMaxSegmentSize);
  options.append("\x04\x02\x08\x0a", 4);  // SACK permitted; timestamps
  append_u32(options, timestamp);
  append_u32(options, 0);
  options.append("\x01\x03\x03\x07", 4);  // window scale
  return options;
}

// Two NOPs before it, as the kernel aligns it.
std::string experiment_option(std::uint32_t magic) {
  std::string option("\x01\x01\xfe\x06", 4);
  append_u32(option, magic);
  return option;
}

}  // namespace

std::string_view probe_name(Probe probe) {
  switch (probe) {
    case Probe::kPlain:
      return "plain";
    case Probe::kSmc:
      return "smc";
    case Probe::kSmcFull:
      return "smc_full";
    case Probe::kUnknown:
      break;
  }
  return "unknown";
}

std::optional<std::uint32_t> probe_magic(Probe probe, std::uint32_t smc_magic) {
  if (probe == Probe::kPlain) return std::nullopt;
  return probe == Probe::kUnknown ? kUnusedMagic : smc_magic;
}

std::string syn_options(Probe probe, std::uint32_t smc_magic, std::uint32_t timestamp) {
  std::string options = usual_options(timestamp);
  const auto magic = probe_magic(probe, smc_magic);
  if (!magic) return options;
  const std::string experiment = experiment_option(*magic);
  if (probe == Probe::kSmcFull)
    options.append(kMaxTcpOptionBytes - options.size() - experiment.size(), kNoOperation);
  return options + experiment;
}

std::string timestamp_options(std::uint32_t timestamp, std::uint32_t echoed) {
  std::string options("\x01\x01\x08\x0a", 4);
  append_u32(options, timestamp);
  append_u32(options, echoed);
  return options;
}

std::string TcpOption::bytes() const {
  std::string all(1, static_cast<char>(kind));
  all += static_cast<char>(body.size() + 2);
  return all + body;
}

const TcpOption* TcpOptions::find(std::uint8_t kind) const {
  for (const TcpOption& option : list)
    if (option.kind == kind) return &option;
  return nullptr;
}

TcpOptions parse_tcp_options(std::string_view bytes) {
  TcpOptions options;
  while (!bytes.empty()) {
    const auto kind = static_cast<std::uint8_t>(bytes[0]);
    if (kind == kEndOfOptions) break;
    if (kind == kNoOperation) {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t length = bytes.size() < 2 ? 0 : static_cast<std::uint8_t>(bytes[1]);
    if (length < 2 || length > bytes.size()) {
      options.cut = true;
      break;
    }
    options.list.push_back({kind, std::string(bytes.substr(2, length - 2))});
    bytes.remove_prefix(length);
  }
  return options;
}

bool carries_magic(const TcpOption& option, std::uint32_t magic) {
  return option.kind == kExperimentKind && option.body.size() == 4 &&
         u32_at(option.body, 0) == magic;
}

void append_u16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

void append_u32(std::string& out, std::uint32_t value) {
  append_u16(out, static_cast<std::uint16_t>(value >> 16));
  append_u16(out, static_cast<std::uint16_t>(value));
}

std::uint16_t u16_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[at]) << 8 |
                                    static_cast<std::uint8_t>(bytes[at + 1]));
}

std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(u16_at(bytes, at)) << 16 | u16_at(bytes, at + 2);
}

}  // namespace smc::node
