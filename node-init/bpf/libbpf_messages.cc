#include "node-init/bpf/libbpf_messages.h"

#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdio>

#include <bpf/libbpf.h>

namespace smc::node {
namespace {

constexpr std::size_t kMostSaid = 600;
thread_local std::string said;

[[gnu::format(printf, 2, 0)]] int listen(libbpf_print_level level, const char* format,
                                         va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  std::array<char, 8192> text{};
  const int length = std::vsnprintf(text.data(), text.size(), format, arguments);
  for (const char* c = text.data(); *c != '\0'; ++c) said += *c == '\n' ? ' ' : *c;
  if (said.size() > kMostSaid) said.erase(0, said.size() - kMostSaid);
  return length;
}

}  // namespace

void listen_to_libbpf() {
  libbpf_set_print(listen);
  said.clear();
}

const std::string& said_by_libbpf() {
  return said;
}

}  // namespace smc::node
