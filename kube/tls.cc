#include "kube/tls.h"

#include <array>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "base/openssl.h"
#include "base/tls_context.h"

namespace smc::kube {
namespace {

ApiError unusable(const Error& error, const std::string& origin) {
  return make_error(Failure::kTls, error.text(), "check the credentials in " + origin);
}

Error prefixed(const char* what, const Error& error) {
  return {what + error.text()};
}

// Where others than Debian keep the authorities that they trust: Fedora and Red Hat, openSUSE,
// Alpine. Debian's OpenSSL, which kubectl-smc takes along as one static file, looks in Debian's
// place alone.
constexpr std::array kBundles{"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                              "/etc/ssl/cert.pem"};

Result<void> trust_system(SSL_CTX* context) {
  if (SSL_CTX_set_default_verify_paths(context) != 1)
    return openssl::queued_error("read the system's trust store");
  if (std::getenv(X509_get_default_cert_file_env()) != nullptr) return {};  // the user has chosen
  for (const char* bundle : kBundles) {
    if (::access(bundle, R_OK) != 0) continue;
    if (SSL_CTX_load_verify_file(context, bundle) == 1) return {};
    return openssl::queued_error(std::string("read ") + bundle);
  }
  return {};
}

Result<void> trust(SSL_CTX* context, const Material& authority) {
  if (authority.empty()) return trust_system(context);
  const Result<std::string> pem = authority.read();
  if (!pem) return pem.error();
  if (const auto trusted = openssl::trust_authorities(context, *pem); !trusted)
    return prefixed("the certificate authority: ", trusted.error());
  return {};
}

Result<void> identify(SSL_CTX* context, const Cluster& cluster) {
  if (cluster.client_certificate.empty()) return {};
  const Result<std::string> chain = cluster.client_certificate.read();
  if (!chain) return chain.error();
  const Result<std::string> key = cluster.client_key.read();
  if (!key) return key.error();
  if (const auto used = openssl::use_key_pair(context, *chain, *key); !used)
    return prefixed("the client certificate and its key: ", used.error());
  return {};
}

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

bool expect_name(SSL_CTX* context, const std::string& name) {
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(context);
  if (is_address(name)) return X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size()) == 1;
}

// OpenSSL's own check, whose verdict is kept: cpp-httplib hands no session out to be asked for it.
int verify(X509_STORE_CTX* store, void* verdict) {
  const int good = X509_verify_cert(store);
  *static_cast<int*>(verdict) = X509_STORE_CTX_get_error(store);
  return good;
}

}  // namespace

Outcome<void> set_up_tls(SSL_CTX* context, const Cluster& cluster, int& verdict) {
  ERR_clear_error();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
    return unusable(openssl::queued_error("set up OpenSSL"), cluster.origin);
  if (const auto known = identify(context, cluster); !known)
    return unusable(known.error(), cluster.origin);
  if (cluster.insecure_skip_tls_verify) return {};
  if (const auto trusted = trust(context, cluster.authority); !trusted)
    return unusable(trusted.error(), cluster.origin);
  if (!expect_name(context, cluster.server_name()))
    return unusable(openssl::queued_error("expect the name " + cluster.server_name()),
                    cluster.origin);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify, &verdict);
  return {};
}

std::string sent_server_name(const Cluster& cluster) {
  return is_address(cluster.server_name()) ? std::string() : cluster.server_name();
}

ApiError handshake_error(const Cluster& cluster, int verdict) {
  const Error reasons = openssl::queued_error("TLS with " + cluster.address());
  if (verdict == X509_V_OK)
    return make_error(
        Failure::kTls, reasons.what,
        "does " + cluster.address() + " speak TLS, and does it accept our client certificate?");
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

}  // namespace smc::kube
