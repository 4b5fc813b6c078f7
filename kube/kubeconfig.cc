// The part of client-go's kubeconfig format (clientcmd/api/v1) that we can use. For a daemon,
// everything that would start another program or talk to a third party is refused by name.
#include "kube/kubeconfig.h"

#include <cerrno>
#include <charconv>
#include <optional>
#include <set>

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
constexpr std::size_t kMaxNamesShown = 10;

constexpr char kCompare[] = "kubectl config view --raw shows one that works";

std::string shown(const std::string& text) {
  return '"' + printable(text, kMaxShown) + '"';
}

bool is_null(const Node& node) {
  if (node.is_map() || node.is_list()) return false;
  const auto scalar = yaml::resolve(node);
  return scalar && scalar->type == yaml::ScalarType::kNull;
}

// One file, or bytes that came through the API.
struct Source {
  std::string origin;
  std::optional<std::string> directory;  // nothing: paths are refused
  Node root = {};
};

// Reads the choice out of kubeconfigs, of which the first that has an entry or value gives it; the
// first thing that is wrong stays in `error_`.
class Reader {
 public:
  Reader(std::vector<Source> sources, bool takes_exec)
      : sources_(std::move(sources)), takes_exec_(takes_exec) {}

  Result<UserConfig> read(const KubeconfigChoice& choice);

 private:
  bool fail(const std::string& what, const std::string& hint) {
    if (!error_) error_ = Error{origin() + ": " + what, 0, hint};
    return false;
  }

  std::string origin() const;
  std::string path(const std::string& file) const {
    return file.front() == '/' ? file : *at_->directory + "/" + file;
  }

  std::string text(const Node& map, std::string_view key);
  bool flag(const Node& map, std::string_view key);
  bool refuse(const Node& map, std::string_view key, const std::string& hint);
  Material material(const Node& map, const std::string& data_key, const std::string& file_key);
  const Node* named(const char* list, const char* member, const std::string& name);
  const Node* context(const KubeconfigChoice& choice);
  bool server(const std::string& url);
  bool authority(const std::string& host_and_port);
  bool cluster(const Node& node);
  bool user(const Node& node);
  bool exec(const Node& node);
  void exec_environment(const Node& node, ExecPlugin& plugin);

  std::vector<Source> sources_;
  bool takes_exec_;
  const Source* at_ = nullptr;  // where the entry is that is being read; null: in none yet
  Cluster out_;
  std::string context_;
  std::optional<ExecPlugin> exec_;
  std::optional<Error> error_;
};

std::string Reader::origin() const {
  if (at_ != nullptr) return at_->origin;
  std::string all;
  for (const Source& source : sources_) all += (all.empty() ? "" : ":") + source.origin;
  return all;
}

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
  } else if (!file.empty() && !at_->directory) {
    fail(file_key + " names a file",
         "a kubeconfig that is read from a Secret must hold " + data_key + " itself");
  } else if (!file.empty()) {
    out.file = path(file);
  }
  return out;
}

// The map `member` of the entry called `name` of the list of that kind, in the first file that has
// one; null where an error says why.
const Node* Reader::named(const char* list, const char* member, const std::string& name) {
  std::set<std::string> names;
  for (const Source& source : sources_) {
    const Node* entries = source.root.find(list);
    if (entries == nullptr || !entries->is_list()) continue;
    at_ = &source;
    for (const Node& entry : entries->children) {
      const Node* found = entry.find(member);
      if (found == nullptr || !found->is_map()) continue;
      const std::string its_name = text(entry, "name");
      if (its_name == name) return found;
      if (names.size() < kMaxNamesShown) names.insert(its_name);
    }
  }
  at_ = nullptr;
  std::string there;
  for (const std::string& each : names) there += (there.empty() ? "" : ", ") + shown(each);
  fail(std::string(list) + " has no entry " + shown(name) + " with a " + member,
       there.empty() ? kCompare : "there are " + there);
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
  if (!takes_exec_ && !refuse(node, "exec", use)) return false;
  for (const char* key :
       {"auth-provider", "username", "password", "as", "as-uid", "as-groups", "as-user-extra"})
    if (!refuse(node, key, use)) return false;
  out_.client_certificate = material(node, "client-certificate-data", "client-certificate");
  out_.client_key = material(node, "client-key-data", "client-key");
  if (out_.client_certificate.empty() != out_.client_key.empty())
    fail("a client certificate needs its key and the other way round", use);
  out_.token.data = text(node, "token");
  // client-go: tokenFile wins where both are given.
  const std::string file = text(node, "tokenFile");
  if (!file.empty() && !at_->directory)
    fail("tokenFile names a file", "a kubeconfig that is read from a Secret must hold the token");
  else if (!file.empty())
    out_.token = {{}, path(file)};
  const Node* plugin = node.find("exec");
  // client-go: a token passes the plug-in by.
  if (plugin != nullptr && !is_null(*plugin) && out_.token.empty()) return exec(*plugin);
  if (out_.token.empty() && out_.client_certificate.empty())
    fail("the user of the current context has no credentials", use);
  return !error_;
}

void Reader::exec_environment(const Node& node, ExecPlugin& plugin) {
  const Node* variables = node.find("env");
  if (variables == nullptr || is_null(*variables)) return;
  for (const Node& variable : variables->children) {
    const std::string name = text(variable, "name");
    if (name.empty() || name.find('=') != std::string::npos)
      fail("exec.env has no variable name", kCompare);
    plugin.environment.emplace_back(name, text(variable, "value"));
  }
}

bool Reader::exec(const Node& node) {
  ExecPlugin plugin;
  plugin.api_version = text(node, "apiVersion");
  if (plugin.api_version != kExecV1 && plugin.api_version != kExecV1Beta1)
    return fail("exec.apiVersion is " + shown(plugin.api_version),
                "let the provider's tool write the kubeconfig anew, with " + std::string(kExecV1));
  plugin.command = text(node, "command");
  if (plugin.command.empty()) return fail("exec has no command", kCompare);
  // As kubectl: a path counts from the file's directory, a bare name is looked for in PATH.
  if (plugin.command.find('/') != std::string::npos) plugin.command = path(plugin.command);
  const Node* arguments = node.find("args");
  if (arguments != nullptr && arguments->is_list())
    for (const Node& argument : arguments->children) plugin.arguments.push_back(argument.text);
  exec_environment(node, plugin);
  plugin.install_hint = text(node, "installHint");
  plugin.wants_cluster = flag(node, "provideClusterInfo");
  const std::string mode = text(node, "interactiveMode");
  if (mode == "Never")
    plugin.mode = InteractiveMode::kNever;
  else if (mode == "Always")
    plugin.mode = InteractiveMode::kAlways;
  else if (mode != "IfAvailable" && (!mode.empty() || plugin.api_version == kExecV1))
    fail("exec.interactiveMode is " + shown(mode), "it must be Never, IfAvailable or Always");
  plugin.origin = origin();
  exec_ = std::move(plugin);
  return !error_;
}

// The context that is chosen, or the current one.
const Node* Reader::context(const KubeconfigChoice& choice) {
  context_ = choice.context;
  for (const Source& source : sources_)
    if (context_.empty()) context_ = text(source.root, "current-context");
  if (!context_.empty()) return error_ ? nullptr : named("contexts", "context", context_);
  fail("current-context is not set", "set it: kubectl config use-context NAME");
  return nullptr;
}

Result<UserConfig> Reader::read(const KubeconfigChoice& choice) {
  out_.origin = origin();
  const Node* its_context = context(choice);
  if (error_) return *error_;
  out_.ns = text(*its_context, "namespace");
  const auto chosen = [&](const std::string& choice_of, const char* key) {
    return choice_of.empty() ? text(*its_context, key) : choice_of;
  };
  const std::string cluster_name = chosen(choice.cluster, "cluster");
  const std::string user_name = chosen(choice.user, "user");
  const Node* its_cluster = named("clusters", "cluster", cluster_name);
  if (error_ || !cluster(*its_cluster)) return *error_;
  const Node* its_user = named("users", "user", user_name);
  if (error_ || !user(*its_user)) return *error_;
  return UserConfig{out_, context_, exec_};
}

Result<Source> parse_source(std::string_view yaml, const std::string& origin,
                            std::optional<std::string> directory) {
  if (yaml.size() > kMaxKubeconfigBytes)
    return Error{origin + " is larger than a kubeconfig can be", 0, kCompare};
  auto documents = yaml::parse(yaml);
  if (!documents)
    return Error{origin + ": line " + std::to_string(documents.error().line) +
                     ": not YAML: " + documents.error().what,
                 0, "expected a kubeconfig"};
  if (documents->size() != 1 || !documents->front().is_map())
    return Error{origin + ": not a kubeconfig", 0,
                 "expected one YAML map with clusters, users and contexts"};
  return Source{origin, std::move(directory), std::move(documents->front())};
}

Result<Source> source_from_file(const std::string& path) {
  const Result<std::string> yaml = read_file(path, kMaxKubeconfigBytes);
  if (!yaml) return Error{yaml.error().what, yaml.error().code, "--kubeconfig names this file"};
  const std::size_t slash = path.rfind('/');
  return parse_source(*yaml, path, slash == std::string::npos ? "." : path.substr(0, slash));
}

Result<Cluster> current_cluster(Result<Source> source) {
  if (!source) return source.error();
  const Result<UserConfig> config = Reader({std::move(*source)}, false).read({});
  if (!config) return config.error();
  return config->cluster;
}

}  // namespace

Result<Cluster> cluster_from_bytes(std::string_view yaml, const std::string& origin) {
  return current_cluster(parse_source(yaml, origin, std::nullopt));
}

Result<Cluster> cluster_from_file(const std::string& path) {
  return current_cluster(source_from_file(path));
}

Result<UserConfig> read_user_config(const std::vector<std::string>& files,
                                    const KubeconfigChoice& choice) {
  std::vector<Source> sources;
  for (const std::string& file : files) {
    Result<Source> source = source_from_file(file);
    if (source)
      sources.push_back(std::move(*source));
    else if (files.size() == 1 || source.error().code != ENOENT)
      return source.error();
  }
  if (sources.empty())
    return Error{"none of the files that KUBECONFIG names is there", 0,
                 "set KUBECONFIG to your cluster's file, or give --kubeconfig FILE"};
  return Reader(std::move(sources), true).read(choice);
}

}  // namespace smc::kube
