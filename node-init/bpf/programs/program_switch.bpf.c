// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
//
// Makes SMC sockets of the TCP sockets that programs create, in the network namespaces on a list.
// The kernel asks update_socket_protocol() at each socket(2) which protocol to take; whatever is
// not 0 here is its answer (fmod_ret). Only the agent writes the list.
// clang-format off: the first declares what the others use
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
// clang-format on

// bpf_get_current_task_btf() is for programs under the GPL alone.
const char kLicense[] SEC("license") = "GPL";

// Of the kernel's structures what is read here; libbpf finds the fields' places in the running
// kernel's BTF when the program is loaded.
struct net {
  __u64 net_cookie;
} __attribute__((preserve_access_index));

struct nsproxy {
  struct net* net_ns;
} __attribute__((preserve_access_index));

struct task_struct {
  struct nsproxy* nsproxy;
} __attribute__((preserve_access_index));

enum {
  kAfInet = 2,
  kSockStream = 1,
  kSockTypeMask = 0xf,  // the rest are flags: SOCK_NONBLOCK, SOCK_CLOEXEC
  kIpprotoIp = 0,
  kIpprotoTcp = 6,
  kIpprotoSmc = 256,
  kIpprotoMptcp = 262,  // what newer Go programs listen with
};

// Cookie of a network namespace to the inode of /proc/PID/ns/net, by which the agent finds out
// that the namespace is gone. The size: see kMaxSwitchedNamespaces.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 2048);
  __type(key, __u64);
  __type(value, __u64);
} namespaces SEC(".maps");

SEC("fmod_ret/update_socket_protocol")
int BPF_PROG(program_switch, int family, int type, int protocol) {
  if (family != kAfInet || (type & kSockTypeMask) != kSockStream) return 0;
  if (protocol != kIpprotoIp && protocol != kIpprotoTcp && protocol != kIpprotoMptcp) return 0;
  const struct task_struct* task = bpf_get_current_task_btf();
  const __u64 cookie = task->nsproxy->net_ns->net_cookie;
  return bpf_map_lookup_elem(&namespaces, &cookie) ? kIpprotoSmc : 0;
}
