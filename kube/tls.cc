#include "kube/tls.h"

#include <array>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <poll.h>

namespace smc::kube {
namespace {

ApiError unusable(const Error& error, const std::string& origin) {
  return make_error(Failure::kTls, error.text(), "check the credentials in " + origin);
}

Result<void> trust(SSL_CTX* context, const Material& authority) {
  if (authority.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return openssl::openssl_error("read the system's trust store");
  }
  const Result<std::string> pem = authority.read();
  if (!pem) return pem.error();
  const openssl::Bio bio = openssl::view(*pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (const openssl::Certificate certificate = openssl::next_certificate(bio.get())) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1)
      return openssl::openssl_error("add a certificate authority");
    ++count;
  }
  ERR_clear_error();  // the text's end is one
  if (count == 0) return Error{"the certificate authority holds no PEM certificate", 0, {}};
  return {};
}

Result<void> identify(SSL_CTX* context, const Cluster& cluster) {
  if (cluster.client_certificate.empty()) return {};
  const Result<std::string> chain = cluster.client_certificate.read();
  if (!chain) return chain.error();
  const Result<std::string> key_pem = cluster.client_key.read();
  if (!key_pem) return key_pem.error();
  const openssl::Bio bio = openssl::view(*chain);
  const openssl::Certificate own = openssl::next_certificate(bio.get());
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1)
    return openssl::openssl_error("read the client certificate");
  while (const openssl::Certificate next = openssl::next_certificate(bio.get()))
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1)
      return openssl::openssl_error("add to the client certificate's chain");
  ERR_clear_error();
  const Result<openssl::Pkey> key = openssl::parse_key(*key_pem);
  if (!key) return key.error();
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1)
    return openssl::openssl_error("the client key does not belong to the client certificate");
  return {};
}

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

bool expect_name(SSL* session, const std::string& name) {
  X509_VERIFY_PARAM* param = SSL_get0_param(session);
  // RFC 6066, section 3: an address is no server name.
  if (is_address(name)) return X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(session, name.c_str()) == 1;
}

ApiError handshake_error(SSL* session, const Cluster& cluster) {
  const long verdict = SSL_get_verify_result(session);
  if (cluster.insecure_skip_tls_verify || verdict == X509_V_OK)
    return make_error(
        Failure::kTls, openssl::openssl_error("TLS with " + cluster.address()).what,
        "does " + cluster.address() + " speak TLS, and does it accept our client certificate?");
  ERR_clear_error();
  std::string hint = "is the certificate authority in " + cluster.origin + " this server's?";
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
    hint = "its certificate is not for " + cluster.server_name() +
           ": set tls-server-name in the kubeconfig to a name it has";
  if (verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID)
    hint = "is this machine's clock right? otherwise the server's certificate must be renewed";
  return make_error(Failure::kTls,
                    "TLS with " + cluster.address() + ": its certificate is not trusted: " +
                        X509_verify_cert_error_string(verdict),
                    hint);
}

}  // namespace

Outcome<TlsContext> tls_context(const Cluster& cluster) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return unusable(openssl::openssl_error("SSL_CTX_new"), cluster.origin);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (const auto known = identify(context.get(), cluster); !known)
    return unusable(known.error(), cluster.origin);
  if (cluster.insecure_skip_tls_verify) return context;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (const auto trusted = trust(context.get(), cluster.authority); !trusted)
    return unusable(trusted.error(), cluster.origin);
  return context;
}

Outcome<TlsSession> tls_handshake(SSL_CTX* context, int fd, const Cluster& cluster,
                                  const Stop& stop, SteadyTime deadline) {
  ERR_clear_error();
  TlsSession session(SSL_new(context));
  if (!session || SSL_set_fd(session.get(), fd) != 1 ||
      !expect_name(session.get(), cluster.server_name()))
    return unusable(openssl::openssl_error("prepare TLS"), cluster.origin);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(session.get());
    if (result == 1) return session;
    const int wanted = SSL_get_error(session.get(), result);
    if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE)
      return handshake_error(session.get(), cluster);
    const short events = wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    const Readiness readiness = wait_for(fd, events, stop, deadline);
    if (readiness == Readiness::kStopped) return stopped_error();
    if (readiness == Readiness::kTimeout)
      return make_error(Failure::kTls, "TLS with " + cluster.address() + ": no answer in time",
                        "does " + cluster.address() + " speak TLS?");
  }
}

}  // namespace smc::kube
