#include "webhook/daemon/serve_files.h"

#include <utility>
#include <vector>

#include "webhook/config/config.h"

namespace smc::webhook {
namespace {

// A certificate file with its chain, a key or a list of authorities has some KiB.
constexpr std::size_t kMaxPemBytes = 1 << 20;

}  // namespace

bool self_managed(const ServeOptions& options) {
  return !options.self_managed.secret.empty();
}

FileSet config_files(const ServeOptions& options) {
  std::vector<std::string> paths;
  if (!options.config.empty()) paths.push_back(options.config);
  return {std::move(paths), kMaxConfigBytes};
}

FileSet tls_files(const ServeOptions& options) {
  std::vector<std::string> paths;
  if (!self_managed(options)) paths = {options.tls_cert, options.tls_key};
  if (!options.client_ca.empty()) paths.push_back(options.client_ca);
  return {std::move(paths), kMaxPemBytes};
}

DirectoryWatch watch_files(const ServeOptions& options) {
  std::vector<std::string> paths = config_files(options).paths();
  const FileSet tls = tls_files(options);
  paths.insert(paths.end(), tls.paths().begin(), tls.paths().end());
  return DirectoryWatch(paths);
}

Result<TlsContext> read_tls(const Result<FileSet::Contents>& contents) {
  if (!contents) {
    Error failed = contents.error();
    failed.hint = "--tls-cert and --tls-key name the files (make a pair with smc-certs issue)";
    return failed;
  }
  TlsTexts texts{(*contents)[0], (*contents)[1], std::nullopt};
  if (contents->size() > 2) texts.client_ca = (*contents)[2];
  return make_tls_context(texts);
}

Result<std::optional<std::string>> read_client_ca(const Result<FileSet::Contents>& contents) {
  if (contents)
    return contents->empty() ? std::optional<std::string>() : std::optional(contents->front());
  Error failed = contents.error();
  failed.hint = "--client-ca names the file";
  return failed;
}

}  // namespace smc::webhook
