// libFuzzer: any bytes are a kubeconfig that names a server, or an error with a hint. One that
// comes from a Secret never names a file.
#include "kube/cluster.h"
#include "test/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smc;
  const auto cluster = kube::cluster_from_bytes(fuzz::text(data, size), "fuzzed");
  if (!cluster) {
    fuzz::require(!cluster.error().what.empty(), "an error that says nothing");
    return 0;
  }
  fuzz::require(!cluster->host.empty(), "a cluster without a host");
  for (const auto* material :
       {&cluster->authority, &cluster->client_certificate, &cluster->client_key, &cluster->token})
    fuzz::require(material->file.empty(), "a file of this machine is read", material->file);
  return 0;
}
