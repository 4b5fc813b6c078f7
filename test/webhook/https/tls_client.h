// A TLS client with its hands on the wire: what OpenSSL encrypts is sent when and in what pieces
// the test says. Blocking, every wait ends after kPatience.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "base/fd.h"
#include "certs/authority.h"

namespace smc::webhook {

// Longer than anything here takes on a busy machine under a sanitizer.
inline constexpr std::chrono::seconds kPatience{30};

struct ClientOptions {
  std::string authority{};  // PEM of the CA that the server must prove; empty: not verified
  int max_version = 0;      // TLS1_2_VERSION …; 0: any
  int min_version = 0;
  const certs::KeyPair* certificate = nullptr;  // shown to the server
  SSL_SESSION* resume = nullptr;
  std::string protocol{};            // offered by ALPN
  int receive_buffer = 0;            // SO_RCVBUF; 0: the system's
  const char* source = "127.0.0.1";  // an address of loopback
};

// A TCP connection to loopback; not valid where nobody listens.
Fd connect_to(std::uint16_t port, int receive_buffer = 0, const char* source = "127.0.0.1");

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;
};

// Of an answer's status line and fields.
HttpAnswer parse_head(std::string_view head);

class TlsClient {
 public:
  // Connects over TCP; no byte is sent.
  explicit TlsClient(std::uint16_t port, const ClientOptions& options = {});

  bool handshake();

  // Encrypts and sends.
  void send(std::string_view plain);
  // Encrypts; the bytes are for send_raw.
  std::string seal(std::string_view plain);
  // The ClientHello, not sent yet.
  std::string client_hello();
  // As much as the socket takes at once; false when the server has gone.
  bool send_raw(std::string_view bytes);

  // The next whole answer, or nothing when the connection ended before. That to a HEAD has no body.
  std::optional<HttpAnswer> answer(bool has_body = true);
  std::optional<HttpAnswer> exchange(std::string_view request) {
    send(request);
    return answer();
  }

  // Reads on until the server ends the connection; false when it has not after `limit`.
  bool ended_within(std::chrono::milliseconds limit);
  // Whether the end came with TLS' close_notify.
  bool said_goodbye() const;

  SSL* tls() { return tls_.get(); }
  int fd() const { return socket_.get(); }

 private:
  struct FreeTls {
    void operator()(SSL* tls) const { SSL_free(tls); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  std::string take_sealed();
  void send_all(std::string_view bytes);
  bool receive(std::chrono::milliseconds limit);

  std::unique_ptr<SSL_CTX, FreeTls> context_;
  std::unique_ptr<SSL, FreeTls> tls_;
  Fd socket_;
  std::string plain_;
};

// A POST to /mutate with `body`; `fields` are added.
std::string post_request(std::string_view body, std::string_view fields = "");

}  // namespace smc::webhook
