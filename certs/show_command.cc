#include <chrono>
#include <ostream>

#include <nlohmann/json.hpp>

#include "base/error_text.h"
#include "base/exit_code.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/utc_text.h"
#include "certs/authority.h"
#include "certs/commands.h"
#include "certs/inspect.h"

namespace smc::certs {
namespace {

constexpr std::size_t kShown = 253;  // characters of a name, which may hold any bytes

// Whole days until `end`, negative when it is over.
long days_left(Time end, Time now) {
  return std::chrono::duration_cast<std::chrono::duration<long, std::ratio<86400>>>(end - now)
      .count();
}

std::string time_left(const CertificateInfo& info, Time now) {
  if (now < info.not_before) return "NOT YET VALID";
  if (now >= info.not_after) return "EXPIRED";
  const std::string left = std::to_string(days_left(info.not_after, now)) + " days left";
  return now >= info.renew_at() ? left + ", RENEWAL DUE" : left;
}

void print_text(std::ostream& out, const std::string& file, const CertificateInfo& info, Time now) {
  std::string names;
  for (const std::string& name : info.names.dns) names += " DNS:" + printable(name, kShown);
  for (const std::string& address : info.names.ips) names += " IP:" + address;
  out << file << "\n  subject  " << info.subject << (info.is_authority ? " (authority)" : "")
      << "\n  issuer   " << info.issuer << "\n  names   " << (names.empty() ? " none" : names)
      << "\n  valid    " << utc_text(info.not_before) << " to " << utc_text(info.not_after) << ", "
      << time_left(info, now) << "\n  renew at " << utc_text(info.renew_at()) << "\n  key      "
      << info.key << "\n  serial   " << info.serial << "\n  sha256   " << info.sha256 << "\n";
}

nlohmann::ordered_json as_json(const std::string& file, const CertificateInfo& info, Time now) {
  return {{"file", file},
          {"subject", info.subject},
          {"issuer", info.issuer},
          {"authority", info.is_authority},
          {"dns", info.names.dns},
          {"ips", info.names.ips},
          {"notBefore", utc_text(info.not_before)},
          {"notAfter", utc_text(info.not_after)},
          {"renewAt", utc_text(info.renew_at())},
          {"daysLeft", days_left(info.not_after, now)},
          {"expired", now >= info.not_after},
          {"key", info.key},
          {"serial", info.serial},
          {"sha256", info.sha256}};
}

Result<std::vector<CertificateInfo>> certificates_of(const std::string& file) {
  const Result<std::string> pem = read_stream(file, kMaxPemBytes);
  if (!pem) return pem.error();
  Result<std::vector<CertificateInfo>> infos = read_certificates(*pem);
  if (!infos) infos.error().what = file + ": " + infos.error().what;
  return infos;
}

}  // namespace

int show_command(const ShowOptions& options, std::ostream& out, std::ostream& err) {
  const Time now = std::chrono::system_clock::now();
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  ExitCode code = ExitCode::kDone;
  for (const std::string& file : options.files) {
    const Result<std::vector<CertificateInfo>> infos = certificates_of(file);
    if (!infos) {
      err << error_text("smc-certs", infos.error());
      code = ExitCode::kNotPossible;
      continue;
    }
    for (const CertificateInfo& info : *infos) {
      if (options.json)
        all.push_back(as_json(file, info, now));
      else
        print_text(out, file, info, now);
    }
  }
  // names in a certificate may be any bytes
  if (options.json)
    out << all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  return exit_status(code);
}

}  // namespace smc::certs
