// How a program resolves names of hosts that runs on machines of whatever distribution, as one
// static file. For main(), before anything is looked up.
#pragma once

namespace smc {

// From now on /etc/hosts and DNS (/etc/resolv.conf) say what address a name has, whatever
// /etc/nsswitch.conf says: so do programs in Go, kubectl among them. The C library has both within
// itself; for anything else it would load the machine's modules, which are made for another version
// of it.
void look_names_up_in_hosts_and_dns();

}  // namespace smc
