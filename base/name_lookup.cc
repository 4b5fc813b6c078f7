#include "base/name_lookup.h"

#include <nss.h>

namespace smc {

void look_names_up_in_hosts_and_dns() {
  ::__nss_configure_lookup("hosts", "files dns");  // fails for lack of memory alone
}

}  // namespace smc
