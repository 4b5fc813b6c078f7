# (d) What is stale is corrected, what another program set up is kept, what someone removed comes back.
# shellcheck shell=bash disable=SC2154 # variables of lib/

node_up
pod_up A
set_up_node

pod_command() { in_pod A smc-node-init pod "$asking" --termination-log /tmp/summary "$@"; }

stale_entry() {
  in_pod A smc-look pnet-add OLDNET eth0
  exits 0 pod_command
  says OLDNET
  holds ". == [{\"pnetid\":\"$pnetid\",\"eth\":\"eth0\",\"ib\":\"n/a\"}]" in_pod A smc-look pnets
}

# Entries for other interfaces are nobody's business.
other_entries_stay() {
  forget_pod A
  in_pod A smc-look pnet-add OLDNET eth0
  in_pod A smc-look pnet-add OLDNET eth1
  exits 0 pod_command --self-test=off
  holds "map(\"\(.eth) \(.pnetid)\") | sort == [\"eth0 $pnetid\", \"eth1 OLDNET\"]" in_pod A smc-look pnets
}

foreign_entry() {
  ip link add dummy1 type dummy
  ip link set dummy1 up
  rdma link add rxe1 type rxe netdev dummy1
  smc-look pnet-add OTHERNET - rxe1 1
  forget_pod A
  in_pod A smc-look pnet-add OTHERNET eth0
  exits 0 pod_command --pnetid "$pnetid" --self-test=off
  says OTHERNET
  says "another program"
  holds '. == [{"pnetid":"OTHERNET","eth":"eth0","ib":"n/a"}]' in_pod A smc-look pnets
  rdma link del rxe1
  ip link del dummy1
  smc-look pnet-del OTHERNET
}

row "a stale pnetid is corrected, and said" stale_entry
row "entries for other interfaces stay" other_entries_stay
row "an entry of another program that leads to a device is adopted" foreign_entry

node_down
