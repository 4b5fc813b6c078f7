// libFuzzer: any bytes are certificates, an authority, a key, or errors. Only what is both may
// sign.
#include <chrono>

#include "base/openssl.h"
#include "certs/authority.h"
#include "certs/inspect.h"
#include "test/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smc;
  const std::string input(fuzz::text(data, size));
  const auto found = certs::read_certificates(input);
  if (found) fuzz::require(!found->empty(), "no certificate, and no error");
  (void)openssl::parse_certificate(input);
  (void)openssl::parse_key(input);
  const auto now = std::chrono::system_clock::from_time_t(1'800'000'000);
  const auto usable = certs::check_authority({input, input}, now);
  if (usable) fuzz::require(found.ok(), "an authority that cannot be read");
  return 0;
}
