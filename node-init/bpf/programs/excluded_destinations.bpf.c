// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
//
// Leaves the SMC option out of the SYN and SYN-ACK of connections to excluded destinations: the two
// functions of a struct smc_hs_ctrl (Linux 6.19, include/net/smc.h), which the kernel asks in the
// network namespaces whose net.smc.hs_ctrl names it. Only the agent writes the lists.
// clang-format off: the first declares what the others use
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
// clang-format on

// The kernel takes struct_ops programs under the GPL alone.
const char kLicense[] SEC("license") = "GPL";

// Of the kernel's structures what is read here; libbpf finds the fields' places in the running
// kernel's BTF when the program is loaded.
struct net {
  __u64 net_cookie;
} __attribute__((preserve_access_index));

typedef struct {
  struct net* net;
} __attribute__((preserve_access_index)) possible_net_t;

struct sock_common {
  __be32 skc_daddr;
  __be32 skc_rcv_saddr;
  __be16 skc_dport;
  __u16 skc_num;
  possible_net_t skc_net;
} __attribute__((preserve_access_index));

// Both begin with a sock_common. Of a connection over IPv6 its IPv4 addresses are 0 or 127.0.0.6,
// and of one to an IPv4-mapped address they are that address.
struct tcp_sock;
struct inet_request_sock;

// An entry without a port has port 0, and one without an address is the network of all.
struct key {
  __u32 bits;    // that count: 64 + 16 + those of the network
  __u64 cookie;  // of the network namespace
  __be16 port;
  __be32 address;
} __attribute__((packed));

// To the inode of the namespace's /proc/PID/ns/net, by which the agent finds out that it is gone.
// The size: see kMaxListedDestinations.
struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 65536);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct key);
  __type(value, __u64);
} destinations SEC(".maps");

static int is_excluded(__u64 cookie, __be32 address, __be16 port) {
  struct key key = {.bits = 64 + 16 + 32, .cookie = cookie, .port = 0, .address = address};
  if (bpf_map_lookup_elem(&destinations, &key)) return 1;
  key.port = port;
  return bpf_map_lookup_elem(&destinations, &key) != 0;
}

// The client's side: where it connects to.
SEC("smc_hs_ctrl/syn_option")
int BPF_PROG(syn_option, struct tcp_sock* tp) {
  const struct sock_common* sock = (const struct sock_common*)tp;
  return !is_excluded(sock->skc_net.net->net_cookie, sock->skc_daddr, sock->skc_dport);
}

// The server's side: where its client has connected to.
SEC("smc_hs_ctrl/synack_option")
int BPF_PROG(synack_option, const struct tcp_sock* tp, struct inet_request_sock* request) {
  const struct sock_common* listener = (const struct sock_common*)tp;
  const struct sock_common* sock = (const struct sock_common*)request;
  return !is_excluded(listener->skc_net.net->net_cookie, sock->skc_rcv_saddr,
                      bpf_htons(sock->skc_num));
}
