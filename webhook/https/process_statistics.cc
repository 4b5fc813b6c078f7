#include "webhook/https/process_statistics.h"

#include <filesystem>
#include <sstream>

#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"

namespace smc::webhook {
namespace {

constexpr std::size_t kMaxProcBytes = 64 << 10;

// From field 3 ("state") of /proc/PID/stat on; proc(5) counts from 1, and field 2 may hold spaces.
std::vector<std::string> stat_fields() {
  std::vector<std::string> fields;
  const auto stat = read_file("/proc/self/stat", kMaxProcBytes);
  if (!stat) return fields;
  std::istringstream rest(stat->substr(stat->rfind(')') + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

// Seconds since the epoch at which the machine started.
double boot_time() {
  const auto stat = read_file("/proc/stat", kMaxProcBytes * 16);
  if (!stat) return 0;
  const std::size_t at = stat->find("\nbtime ");
  return at == std::string::npos ? 0 : std::strtod(stat->c_str() + at + 7, nullptr);
}

void append_stat(std::vector<ProcessStatistic>& statistics) {
  const auto fields = stat_fields();
  if (fields.size() < 22) return;
  const auto field = [&fields](std::size_t number) {
    return std::strtod(fields[number - 3].c_str(), nullptr);
  };
  const auto tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  statistics.push_back({"process_cpu_seconds_total", "User and system CPU time, in seconds.", true,
                        (field(14) + field(15)) / tick});
  statistics.push_back({"process_threads", "Threads.", false, field(20)});
  statistics.push_back({"process_start_time_seconds", "Start of the process, in Unix seconds.",
                        false, boot_time() + field(22) / tick});
  statistics.push_back(
      {"process_virtual_memory_bytes", "Virtual memory, in bytes.", false, field(23)});
  statistics.push_back(
      {"process_resident_memory_bytes", "Resident memory, in bytes.", false, field(24) * page});
}

}  // namespace

std::vector<ProcessStatistic> process_statistics() {
  std::vector<ProcessStatistic> statistics;
  append_stat(statistics);

  std::error_code failed;
  double open = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", failed), end; !failed && at != end;
       at.increment(failed))
    ++open;
  if (!failed) statistics.push_back({"process_open_fds", "Open file descriptors.", false, open});

  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    statistics.push_back({"process_max_fds", "Limit of open file descriptors.", false,
                          static_cast<double>(limit.rlim_cur)});
  return statistics;
}

}  // namespace smc::webhook
