#include <cerrno>
#include <chrono>
#include <ostream>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/exit_code.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/utc_text.h"
#include "certs/authority.h"
#include "certs/commands.h"
#include "certs/inspect.h"

namespace smc::certs {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOwnerOnlyDirectory = 0700;

// Where a pair of files is kept.
struct PairPath {
  std::string certificate;
  std::string key;
};

// The authority to sign with, and whether it has just been made (and is not yet on disk).
struct Authority {
  KeyPair pair;
  bool is_new = false;
};

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// Holds the directory's lock until it is closed; the kernel releases it if the program dies.
Result<Fd> lock_directory(const std::string& directory) {
  if (::mkdir(directory.c_str(), kOwnerOnlyDirectory) != 0 && errno != EEXIST)
    return Error{"make the directory " + directory, errno, {}};
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Error{"open the directory " + directory, errno, {}};
  int failed = 0;
  do failed = ::flock(fd.get(), LOCK_EX) == 0 ? 0 : errno;
  while (failed == EINTR);
  if (failed != 0) return Error{"lock the directory " + directory, failed, {}};
  return fd;
}

// The key goes first: whoever watches for the certificate then finds the key that belongs to it.
Result<void> write_pair(const PairPath& path, const KeyPair& pair) {
  if (Result<void> written = write_file_atomic(path.key, pair.key_pem, kOwnerOnly); !written)
    return written.error();
  return write_file_atomic(path.certificate, pair.certificate_pem, kOwnerOnly);
}

Result<KeyPair> read_pair(const PairPath& path) {
  Result<std::string> certificate = read_file(path.certificate, kMaxPemBytes);
  if (!certificate) return certificate.error();
  Result<std::string> key = read_file(path.key, kMaxPemBytes);
  if (!key) return key.error();
  return KeyPair{std::move(*certificate), std::move(*key)};
}

Result<Authority> new_authority(Time now) {
  Result<KeyPair> made = make_authority(now);
  if (!made) return made.error();
  return Authority{std::move(*made), true};
}

bool is_expired(const KeyPair& pair, Time now) {
  const auto infos = read_certificates(pair.certificate_pem);
  return infos && now >= infos->front().not_after;
}

// What is on disk if it can be used, a new one if nothing is there or its time is over. Anything
// else might still be trusted by somebody, so it is left for a person to decide.
Result<Authority> find_authority(const PairPath& path, bool replace, Time now) {
  if (replace || (!exists(path.certificate) && !exists(path.key))) return new_authority(now);
  Result<KeyPair> found = read_pair(path);
  if (found && is_expired(*found, now)) return new_authority(now);
  Result<void> usable = found ? check_authority(*found, now) : Result<void>(found.error());
  if (usable) return Authority{std::move(*found), false};
  return Error{"the authority in " + path.certificate + " and " + path.key +
                   " cannot be used: " + usable.error().text(),
               0, "put the right files there, or replace both with --new-ca"};
}

std::string joined(const SubjectNames& names) {
  std::string out;
  for (const auto* list : {&names.dns, &names.ips})
    for (const std::string& name : *list) out += (out.empty() ? "" : ", ") + name;
  return out;
}

Result<void> issue(const IssueOptions& options, std::ostream& out) {
  const Result<SubjectNames> names = parse_names(options.dns, options.ips);
  if (!names) return names.error();
  const Result<Fd> lock = lock_directory(options.directory);
  if (!lock) return lock.error();

  const Time now = std::chrono::system_clock::now();
  const std::string prefix = options.directory + "/";
  const PairPath authority_path{prefix + "ca.crt", prefix + "ca.key"};
  const PairPath serving_path{prefix + "tls.crt", prefix + "tls.key"};
  const Result<Authority> authority = find_authority(authority_path, options.new_authority, now);
  if (!authority) return authority.error();
  const Result<KeyPair> serving = issue_serving(authority->pair, *names, now);
  if (!serving) return serving.error();

  if (authority->is_new)
    if (Result<void> written = write_pair(authority_path, authority->pair); !written)
      return written.error();
  if (Result<void> written = write_pair(serving_path, *serving); !written) return written.error();

  const auto signer = read_certificates(authority->pair.certificate_pem);
  const auto leaf = read_certificates(serving->certificate_pem);
  if (!signer || !leaf) return signer ? leaf.error() : signer.error();
  out << authority_path.certificate << ": " << signer->front().subject << ", "
      << (authority->is_new ? "new" : "kept") << ", until " << utc_text(signer->front().not_after)
      << "\n"
      << serving_path.certificate << ": " << joined(*names) << ", until "
      << utc_text(leaf->front().not_after) << ", renew at " << utc_text(leaf->front().renew_at())
      << "\n";
  return {};
}

}  // namespace

int issue_command(const IssueOptions& options, std::ostream& out, std::ostream& err) {
  const Result<void> issued = issue(options, out);
  if (issued) return exit_status(ExitCode::kDone);
  err << error_text("smc-certs", issued.error());
  return exit_status(ExitCode::kNotPossible);
}

}  // namespace smc::certs
