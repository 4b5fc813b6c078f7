// The part of client-go's kubeconfig format (clientcmd/api/v1) that a daemon can use: everything
// that would start another program or talk to a third party is refused by name.
#include <charconv>
#include <optional>

#include "base/base64.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/yaml_scalar.h"
#include "base/yaml_tree.h"
#include "kube/cluster.h"

namespace smc::kube {
namespace {

using yaml::Node;

constexpr std::size_t kMaxShown = 60;

constexpr char kCompare[] = "kubectl config view --raw shows one that works";

std::string shown(const std::string& text) {
  return '"' + printable(text, kMaxShown) + '"';
}

bool is_null(const Node& node) {
  if (node.is_map() || node.is_list()) return false;
  const auto scalar = yaml::resolve(node);
  return scalar && scalar->type == yaml::ScalarType::kNull;
}

// Reads one kubeconfig; the first thing that is wrong stays in `error_`.
class Reader {
 public:
  Reader(const std::string& origin, std::optional<std::string> directory)
      : origin_(origin), directory_(std::move(directory)) {}

  Result<Cluster> read(std::string_view yaml);

 private:
  bool fail(const std::string& what, const std::string& hint) {
    if (!error_) error_ = Error{origin_ + ": " + what, 0, hint};
    return false;
  }

  std::string text(const Node& map, std::string_view key);
  bool flag(const Node& map, std::string_view key);
  bool refuse(const Node& map, std::string_view key, const std::string& hint);
  Material material(const Node& map, const std::string& data_key, const std::string& file_key);
  const Node* named(const Node& root, const char* list, const char* member,
                    const std::string& name);
  bool server(const std::string& url);
  bool authority(const std::string& host_and_port);
  bool cluster(const Node& node);
  bool user(const Node& node);

  std::string origin_;
  std::optional<std::string> directory_;  // nothing: paths are refused
  Cluster out_;
  std::optional<Error> error_;
};

// A missing value and a null are none.
std::string Reader::text(const Node& map, std::string_view key) {
  const Node* value = map.find(key);
  if (value == nullptr || is_null(*value)) return {};
  if (value->is_scalar()) return value->text;
  fail(std::string(key) + " is not a string", kCompare);
  return {};
}

bool Reader::flag(const Node& map, std::string_view key) {
  const std::string value = text(map, key);
  if (!value.empty() && value != "true" && value != "false")
    fail(std::string(key) + " is " + shown(value), "it must be true or false");
  return value == "true";
}

bool Reader::refuse(const Node& map, std::string_view key, const std::string& hint) {
  const Node* value = map.find(key);
  if (value == nullptr || is_null(*value)) return true;
  return fail(std::string(key) + " is not supported", hint);
}

Material Reader::material(const Node& map, const std::string& data_key,
                          const std::string& file_key) {
  Material out;
  const std::string encoded = text(map, data_key);
  const std::string file = text(map, file_key);
  if (!encoded.empty()) {
    const std::optional<std::string> decoded = base64_decode(encoded);
    if (!decoded) fail(data_key + " is not base64", "base64 -w0 FILE makes it from a PEM file");
    out.data = decoded.value_or("");
  } else if (!file.empty() && !directory_) {
    fail(file_key + " names a file",
         "a kubeconfig that is read from a Secret must hold " + data_key + " itself");
  } else if (!file.empty()) {
    out.file = file.front() == '/' ? file : *directory_ + "/" + file;
  }
  return out;
}

// The map `member` of the entry called `name` of the list of that kind; null where an error says
// why.
const Node* Reader::named(const Node& root, const char* list, const char* member,
                          const std::string& name) {
  const Node* entries = root.find(list);
  if (entries != nullptr && entries->is_list())
    for (const Node& entry : entries->children) {
      const Node* found = entry.find(member);
      if (found != nullptr && found->is_map() && text(entry, "name") == name) return found;
    }
  fail(std::string(list) + " has no entry " + shown(name) + " with a " + member, kCompare);
  return nullptr;
}

bool Reader::authority(const std::string& host_and_port) {
  std::string host = host_and_port;
  std::string port;
  const std::size_t bracket = host.find(']');
  if (host.starts_with('[') && bracket != std::string::npos) {
    port = host.substr(bracket + 1);
    host = host.substr(1, bracket - 1);
  } else if (const std::size_t colon = host.find(':'); colon != std::string::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (host.empty() || host.find_first_of("[]@") != std::string::npos) return false;
  out_.host = host;
  out_.port = out_.tls ? 443 : 80;
  if (port.empty()) return true;
  const char* end = port.data() + port.size();
  const auto [stopped, bad] = std::from_chars(port.data() + 1, end, out_.port);
  return port.front() == ':' && bad == std::errc() && stopped == end && out_.port != 0;
}

bool Reader::server(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::string kind = url.substr(0, scheme);
  if (scheme == std::string::npos || (kind != "https" && kind != "http"))
    return fail("server is " + shown(url), "it must be https://HOST[:PORT][/PATH]");
  out_.tls = kind == "https";
  const std::string rest = url.substr(scheme + 3);
  const std::size_t slash = rest.find('/');
  if (!authority(rest.substr(0, slash)))
    return fail("server is " + shown(url), "it must be https://HOST[:PORT][/PATH]");
  if (slash != std::string::npos) out_.base_path = rest.substr(slash);
  while (!out_.base_path.empty() && out_.base_path.back() == '/') out_.base_path.pop_back();
  if (out_.base_path.find_first_of("?#\r\n ") != std::string::npos)
    return fail("server is " + shown(url), "its path must have no query");
  const bool loopback =
      out_.host == "localhost" || out_.host == "::1" || out_.host.starts_with("127.");
  if (!out_.tls && !loopback)
    return fail("server is " + shown(url),
                "http is for a proxy on this machine alone: the token would travel in the clear");
  return true;
}

bool Reader::cluster(const Node& node) {
  if (!server(text(node, "server")) ||
      !refuse(node, "proxy-url", "the API server must be reachable without a proxy"))
    return false;
  out_.tls_server_name = text(node, "tls-server-name");
  out_.insecure_skip_tls_verify = flag(node, "insecure-skip-tls-verify");
  out_.authority = material(node, "certificate-authority-data", "certificate-authority");
  if (out_.insecure_skip_tls_verify && !out_.authority.empty())
    fail("insecure-skip-tls-verify together with a certificate-authority",
         "leave out one of the two");
  return !error_;
}

bool Reader::user(const Node& node) {
  const std::string use = "use token, tokenFile or client-certificate-data with client-key-data";
  for (const char* key : {"exec", "auth-provider", "username", "password", "as", "as-uid",
                          "as-groups", "as-user-extra"})
    if (!refuse(node, key, use)) return false;
  out_.client_certificate = material(node, "client-certificate-data", "client-certificate");
  out_.client_key = material(node, "client-key-data", "client-key");
  if (out_.client_certificate.empty() != out_.client_key.empty())
    fail("a client certificate needs its key and the other way round", use);
  out_.token.data = text(node, "token");
  // client-go: tokenFile wins where both are given.
  const std::string file = text(node, "tokenFile");
  if (!file.empty() && !directory_)
    fail("tokenFile names a file", "a kubeconfig that is read from a Secret must hold the token");
  else if (!file.empty())
    out_.token = {{}, file.front() == '/' ? file : *directory_ + "/" + file};
  if (out_.token.empty() && out_.client_certificate.empty())
    fail("the user of the current context has no credentials", use);
  return !error_;
}

Result<Cluster> Reader::read(std::string_view yaml) {
  const auto documents = yaml::parse(yaml);
  if (!documents) {
    fail("line " + std::to_string(documents.error().line) + ": not YAML: " + documents.error().what,
         "expected a kubeconfig");
    return *error_;
  }
  if (documents->size() != 1 || !documents->front().is_map()) {
    fail("not a kubeconfig", "expected one YAML map with clusters, users and contexts");
    return *error_;
  }
  const Node& root = documents->front();
  const std::string current = text(root, "current-context");
  if (current.empty())
    fail("current-context is not set", "set it: kubectl config use-context NAME");
  const Node* context = error_ ? nullptr : named(root, "contexts", "context", current);
  if (error_) return *error_;
  out_.origin = origin_;
  out_.ns = text(*context, "namespace");
  const Node* its_cluster = named(root, "clusters", "cluster", text(*context, "cluster"));
  if (error_ || !cluster(*its_cluster)) return *error_;
  const Node* its_user = named(root, "users", "user", text(*context, "user"));
  if (error_ || !user(*its_user)) return *error_;
  return out_;
}

Result<Cluster> read_kubeconfig(std::string_view yaml, const std::string& origin,
                                std::optional<std::string> directory) {
  if (yaml.size() > kMaxKubeconfigBytes)
    return Error{origin + " is larger than a kubeconfig can be", 0, kCompare};
  return Reader(origin, std::move(directory)).read(yaml);
}

}  // namespace

Result<Cluster> cluster_from_bytes(std::string_view yaml, const std::string& origin) {
  return read_kubeconfig(yaml, origin, std::nullopt);
}

Result<Cluster> cluster_from_file(const std::string& path) {
  const Result<std::string> yaml = read_file(path, kMaxKubeconfigBytes);
  if (!yaml) return Error{yaml.error().what, yaml.error().code, "--kubeconfig names this file"};
  const std::size_t slash = path.rfind('/');
  return read_kubeconfig(*yaml, path, slash == std::string::npos ? "." : path.substr(0, slash));
}

}  // namespace smc::kube
