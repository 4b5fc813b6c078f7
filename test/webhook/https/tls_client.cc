#include "test/webhook/https/tls_client.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/openssl.h"

namespace smc::webhook {
namespace {

using Clock = std::chrono::steady_clock;

void use_certificate(SSL* tls, const certs::KeyPair& pair) {
  const auto certificate = openssl::parse_certificate(pair.certificate_pem);
  const auto key = openssl::parse_key(pair.key_pem);
  SSL_use_certificate(tls, certificate->get());
  SSL_use_PrivateKey(tls, key->get());
}

}  // namespace

Fd connect_to(std::uint16_t port, int receive_buffer, const char* source) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer != 0)
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int yes = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, source, &address.sin_addr);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return fd;
}

HttpAnswer parse_head(std::string_view head) {
  HttpAnswer parsed;
  parsed.status = std::stoi(std::string(head.substr(head.find(' ') + 1, 3)));
  for (std::size_t at = head.find("\r\n"); at + 2 < head.size();) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string_view line = head.substr(at + 2, end - at - 2);
    std::string name(line.substr(0, line.find(':')));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!name.empty()) parsed.fields[name] = line.substr(name.size() + 2);
    at = end;
  }
  return parsed;
}

TlsClient::TlsClient(std::uint16_t port, const ClientOptions& options)
    : context_(SSL_CTX_new(TLS_client_method())),
      socket_(connect_to(port, options.receive_buffer, options.source)) {
  // what the server must refuse must not be refused here already
  SSL_CTX_set_security_level(context_.get(), 0);
  if (!options.authority.empty()) {
    const auto authority = openssl::parse_certificate(options.authority);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority->get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  }
  tls_.reset(SSL_new(context_.get()));
  SSL_set_min_proto_version(tls_.get(), options.min_version);
  SSL_set_max_proto_version(tls_.get(), options.max_version);
  SSL_set1_host(tls_.get(), "localhost");
  if (options.certificate != nullptr) use_certificate(tls_.get(), *options.certificate);
  if (options.resume != nullptr) SSL_set_session(tls_.get(), options.resume);
  if (!options.protocol.empty()) {
    const std::string list = static_cast<char>(options.protocol.size()) + options.protocol;
    SSL_set_alpn_protos(tls_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
  }
  SSL_set_bio(tls_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(tls_.get());
}

std::string TlsClient::take_sealed() {
  BIO* out = SSL_get_wbio(tls_.get());
  std::string bytes(BIO_ctrl_pending(out), '\0');
  if (!bytes.empty()) BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

bool TlsClient::send_raw(std::string_view bytes) {
  return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
}

void TlsClient::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return;  // gone; the answer may still be there
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    pollfd writable{socket_.get(), POLLOUT, 0};
    if (n < 0 && ::poll(&writable, 1, 30'000) != 1) return;
  }
}

// Waits for bytes and hands them to OpenSSL; false at the connection's end or when time is up.
bool TlsClient::receive(std::chrono::milliseconds limit) {
  pollfd readable{socket_.get(), POLLIN, 0};
  if (::poll(&readable, 1, static_cast<int>(limit.count())) != 1) return false;
  std::array<char, 16384> bytes{};
  const ssize_t n = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (n <= 0) return false;
  BIO_write(SSL_get_rbio(tls_.get()), bytes.data(), static_cast<int>(n));
  return true;
}

bool TlsClient::handshake() {
  if (!socket_.valid()) return false;
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(tls_.get());
    send_all(take_sealed());
    if (done == 1) return true;
    if (SSL_get_error(tls_.get(), done) != SSL_ERROR_WANT_READ || !receive(kPatience)) return false;
  }
}

std::string TlsClient::client_hello() {
  SSL_do_handshake(tls_.get());
  return take_sealed();
}

std::string TlsClient::seal(std::string_view plain) {
  for (std::string_view rest = plain; !rest.empty();) {
    const int n = SSL_write(tls_.get(), rest.data(), static_cast<int>(rest.size()));
    if (n <= 0) return {};
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return take_sealed();
}

void TlsClient::send(std::string_view plain) {
  send_all(seal(plain));
}

std::optional<HttpAnswer> TlsClient::answer(bool has_body) {
  std::size_t head_end = std::string::npos;
  std::size_t length = 0;
  HttpAnswer parsed;
  for (;;) {
    if (head_end == std::string::npos &&
        (head_end = plain_.find("\r\n\r\n")) != std::string::npos) {
      parsed = parse_head(std::string_view(plain_).substr(0, head_end + 2));
      const auto field = parsed.fields.find("content-length");
      length = !has_body || field == parsed.fields.end() ? 0 : std::stoul(field->second);
    }
    if (head_end != std::string::npos && plain_.size() >= head_end + 4 + length) break;
    std::array<char, 16384> bytes{};
    ERR_clear_error();
    const int n = SSL_read(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (n > 0) {
      plain_.append(bytes.data(), static_cast<std::size_t>(n));
      continue;
    }
    send_all(take_sealed());
    if (SSL_get_error(tls_.get(), n) != SSL_ERROR_WANT_READ || !receive(kPatience))
      return std::nullopt;
  }
  parsed.body = plain_.substr(head_end + 4, length);
  plain_.erase(0, head_end + 4 + length);
  return parsed;
}

bool TlsClient::ended_within(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd readable{socket_.get(), POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(left.count())) != 1) return false;
    std::array<char, 16384> bytes{};
    const ssize_t n = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (n > 0)
      BIO_write(SSL_get_rbio(tls_.get()), bytes.data(), static_cast<int>(n));
    else
      SSL_read(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (n <= 0) return true;
    while (SSL_read(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0) {
    }
  }
}

bool TlsClient::said_goodbye() const {
  return (SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

std::string post_request(std::string_view body, std::string_view fields) {
  return std::string("POST /mutate?timeout=5s HTTP/1.1\r\nHost: localhost\r\n")
      .append("Content-Type: application/json\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n")
      .append(fields)
      .append("\r\n")
      .append(body);
}

}  // namespace smc::webhook
