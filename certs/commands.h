// The commands of smc-certs: the library on files. Each returns the exit code: 0 done, 2 not
// possible here. One thread.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace smc::certs {

// A file larger than this holds no certificates of ours: a system's whole trust store has 250 KiB.
inline constexpr std::size_t kMaxPemBytes = 4 << 20;

struct IssueOptions {
  std::string directory = ".";   // made if it is not there
  std::vector<std::string> dns;  // as a user typed them
  std::vector<std::string> ips;
  bool new_authority = false;  // even where a good one is there
};

// Writes tls.crt and tls.key for the names into the directory, signed by its ca.crt and ca.key,
// which are made where they are missing or expired. Existing authority files that cannot be used
// stay as they are, and the command fails. Two at the same time take turns.
int issue_command(const IssueOptions& options, std::ostream& out, std::ostream& err);

struct ShowOptions {
  std::vector<std::string> files;
  bool json = false;
};

// Describes every certificate of every file. Files that cannot be read are named, the others shown.
int show_command(const ShowOptions& options, std::ostream& out, std::ostream& err);

}  // namespace smc::certs
