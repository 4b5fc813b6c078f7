# shellcheck shell=bash
# Sourced in a node that is a virtual machine: its addresses, and where soft-RoCE finds what it sends to.

# For SMC's look-ups the pods' addresses have to be local, for everybody else they are behind the bridge: so the rule
# about pods comes before the one about local addresses.
node_network() { # N
  local n=$1
  node_addresses "$n" ip
  ip route add "$API_HOST" via 10.245.0.1
  ip route add local "10.244.$n.0/24" dev lo table local
  ip route add "10.244.$n.0/24" dev pods src "10.244.$n.1" table 500
  ip route add throw "10.244.$n.1" table 500
  ip rule add pref 50 to "10.244.$n.0/24" lookup 500
  ip rule add pref 100 lookup local
  ip rule del pref 0
  sysctl -qw net.ipv4.conf.pods.arp_ignore=1 net.ipv4.ip_forward=1
}

# rdma_across N OTHER: soft-RoCE on eth0, where it reaches node OTHER, and itself by own_address. SMC takes a device
# whose interface has an address of the pods' network.
rdma_across() {
  local n=$1 other=$2
  ip address add "10.244.0.$((240 + n))/16" dev eth0 noprefixroute
  own_address "10.245.0.$((10 + n))"
  ip route add "10.244.$other.0/24" via "10.245.0.$((10 + other))"
  rdma link add "$DEVICE" type rxe netdev eth0
}

# own_address ADDRESS: makes soft-RoCE on eth0 reach this address of its own, by the wire and back (the port's hairpin
# mode): what goes there by lo it would not take for its own. Only for what this machine itself sends (iif lo).
own_address() {
  ip rule add pref 60 iif lo to "$1" lookup 501
  ip route add "$1" dev eth0 table 501
  ip neigh replace "$1" lladdr "$(cat /sys/class/net/eth0/address)" dev eth0 nud permanent
  sysctl -qw net.ipv4.conf.eth0.accept_local=1 net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.all.rp_filter=0
}
