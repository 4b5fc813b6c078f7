// What both ends of TLS load into an SSL_CTX: a certificate chain with its key, and authorities. A
// text of which only a part can be read is refused as a whole. For .cc files alone; each call has a
// context of its own.
#pragma once

#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "base/openssl.h"
#include "base/result.h"

namespace smc::openssl {

// The chain begins with the certificate whose key it is.
Result<void> use_key_pair(SSL_CTX* context, std::string_view chain_pem, std::string_view key_pem);

// Adds the certificates to those that the peer's may be signed by, and returns them.
Result<std::vector<Certificate>> trust_authorities(SSL_CTX* context, std::string_view pem);

}  // namespace smc::openssl
