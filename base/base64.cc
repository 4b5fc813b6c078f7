#include "base/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include <endian.h>

namespace smc {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The two characters of each 12 bits: half the work of one at a time, on the way of every patch.
constexpr std::array<char, 2 * 4096> make_pairs() {
  std::array<char, 2 * 4096> pairs{};
  for (std::size_t bits = 0; bits < 4096; ++bits) {
    pairs[2 * bits] = kAlphabet[bits >> 6];
    pairs[2 * bits + 1] = kAlphabet[bits & 63];
  }
  return pairs;
}

constexpr std::array<char, 2 * 4096> kPairs = make_pairs();

std::uint64_t load_big_endian(const unsigned char* from) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return be64toh(value);
}

constexpr std::array<std::int16_t, 256> make_values() {
  std::array<std::int16_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 64; ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int16_t>(i);
  return values;
}

constexpr std::array<std::int16_t, 256> kValues = make_values();

// `bytes` is whole groups.
void append_groups(std::string& out, std::string_view bytes) {
  const std::size_t start = out.size();
  out.resize(start + bytes.size() / 3 * 4);
  char* to = out.data() + start;
  const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= sizeof(std::uint64_t); left -= 6, from += 6, to += 8) {
    const std::uint64_t eight = load_big_endian(from);
    std::memcpy(to, &kPairs[2 * (eight >> 52)], 2);
    std::memcpy(to + 2, &kPairs[2 * (eight >> 40 & 4095)], 2);
    std::memcpy(to + 4, &kPairs[2 * (eight >> 28 & 4095)], 2);
    std::memcpy(to + 6, &kPairs[2 * (eight >> 16 & 4095)], 2);
  }
  for (; left >= 3; left -= 3, from += 3, to += 4) {
    const std::uint32_t group = std::uint32_t{from[0]} << 16 | from[1] << 8 | from[2];
    std::memcpy(to, &kPairs[2 * (group >> 12)], 2);
    std::memcpy(to + 2, &kPairs[2 * (group & 4095)], 2);
  }
}

// The last one or two bytes, with their padding.
void append_rest(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const std::uint32_t group = std::uint32_t{byte(0)} << 16 | (bytes.size() == 2 ? byte(1) << 8 : 0);
  out += kAlphabet[group >> 18];
  out += kAlphabet[group >> 12 & 63];
  out += bytes.size() == 2 ? kAlphabet[group >> 6 & 63] : '=';
  out += '=';
}

std::size_t whole_groups(std::size_t bytes) {
  return bytes - bytes % 3;
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t whole = whole_groups(bytes.size());
  append_groups(out, bytes.substr(0, whole));
  append_rest(out, bytes.substr(whole));
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned characters = 0;  // of the alphabet
  unsigned padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int value = kValues[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (++characters % 4 != 1)
      out += static_cast<char>(bits >> (8 - characters % 4 * 2) % 8 & 0xFF);
  }
  const unsigned left = characters % 4;
  if (left == 1 || padding != (4 - left) % 4) return std::nullopt;
  const std::uint32_t unused = left == 2 ? 0xF : left == 3 ? 0x3 : 0;
  if ((bits & unused) != 0) return std::nullopt;
  return out;
}

Base64Fragment::Base64Fragment(std::string bytes) : bytes_(std::move(bytes)) {
  for (std::size_t begin = 0; begin < encoded_.size() && begin <= bytes_.size(); ++begin) {
    const std::string_view rest = std::string_view(bytes_).substr(begin);
    append_groups(encoded_[begin], rest.substr(0, whole_groups(rest.size())));
  }
}

std::size_t Base64Writer::complete_group(std::string_view bytes) {
  if (held_ == 0) return 0;
  const std::size_t taken = std::min(group_.size() - held_, bytes.size());
  bytes.copy(group_.data() + held_, taken);
  held_ += taken;
  if (held_ == group_.size()) write_group();
  return taken;
}

void Base64Writer::write_group() {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(group_[at]); };
  const std::uint32_t group = std::uint32_t{byte(0)} << 16 | byte(1) << 8 | byte(2);
  std::array<char, 4> encoded;
  std::memcpy(encoded.data(), &kPairs[2 * (group >> 12)], 2);
  std::memcpy(encoded.data() + 2, &kPairs[2 * (group & 4095)], 2);
  out_.append(encoded.data(), encoded.size());
  held_ = 0;
}

void Base64Writer::write(char byte) {
  group_[held_++] = byte;
  if (held_ == group_.size()) write_group();
}

void Base64Writer::keep(std::string_view bytes) {
  held_ += bytes.copy(group_.data() + held_, bytes.size());
}

void Base64Writer::write(std::string_view bytes) {
  bytes.remove_prefix(complete_group(bytes));
  const std::size_t whole = whole_groups(bytes.size());
  append_groups(out_, bytes.substr(0, whole));
  keep(bytes.substr(whole));
}

void Base64Writer::write(const Base64Fragment& fragment) {
  const std::size_t begin = complete_group(fragment.bytes_);
  const std::string& encoded = fragment.encoded_[begin];
  out_ += encoded;
  keep(std::string_view(fragment.bytes_).substr(begin + encoded.size() / 4 * 3));
}

void Base64Writer::finish() {
  append_rest(out_, {group_.data(), held_});
  held_ = 0;
}

}  // namespace smc
