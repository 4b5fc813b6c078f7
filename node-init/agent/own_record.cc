#include "node-init/agent/own_record.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace smc::node {
namespace {

using nlohmann::json;

// Two devices and four UEIDs make 300 bytes.
constexpr std::size_t kMaxRecordBytes = 64 << 10;

constexpr std::chrono::milliseconds kLockPoll{20};

Error directory_error(const std::string& what, int code) {
  return {what, code, "choose a directory that the agent may write with --state-dir"};
}

json to_json(const OwnRecord& record, const std::string& boot_id) {
  json pnetids = json::array();
  for (const OwnPnetid& entry : record.pnetids)
    pnetids.push_back({{"device", entry.device}, {"port", entry.port}, {"pnetid", entry.pnetid}});
  return {{"bootId", boot_id},
          {"uninstalled", record.uninstalled},
          {"hadRdma", record.had_rdma},
          {"ueids", record.ueids},
          {"pnetids", std::move(pnetids)}};
}

OwnRecord from_json(const json& document) {
  OwnRecord record;
  record.had_rdma = document.value("hadRdma", false);
  record.uninstalled = document.value("uninstalled", false);
  record.ueids = document.at("ueids").get<std::vector<std::string>>();
  for (const json& entry : document.at("pnetids"))
    record.pnetids.push_back({entry.at("device").get<std::string>(), entry.at("port").get<int>(),
                              entry.at("pnetid").get<std::string>()});
  return record;
}

// A file of the state directory, not through a link and never waiting for a FIFO's other end.
// EBADMSG for whatever is no file of this user alone.
Result<Fd> open_own(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  if (!fd.valid() && errno != ELOOP) return directory_error("open " + path, errno);
  struct stat about{};
  if (fd.valid() && ::fstat(fd.get(), &about) != 0)
    return directory_error("look at " + path, errno);
  const bool own =
      fd.valid() && S_ISREG(about.st_mode) && about.st_nlink == 1 && about.st_uid == ::geteuid();
  if (own) return fd;
  return Error{path + " is a link, or no regular file of this user", EBADMSG,
               "remove it, or choose another directory with --state-dir"};
}

// Others that may write there could put a link or another record in our file's place.
Result<void> check_directory(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC));
  struct stat about{};
  if (!fd.valid() || ::fstat(fd.get(), &about) != 0)
    return directory_error("open the directory " + path, errno);
  constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;
  if (about.st_uid == ::geteuid() && (about.st_mode & kWritableByOthers) == 0) return {};
  return directory_error("others may write into the directory " + path, EPERM);
}

}  // namespace

bool OwnRecord::owns_ueid(const std::string& ueid) const {
  return std::ranges::find(ueids, ueid) != ueids.end();
}

bool OwnRecord::owns_pnetid(const OwnPnetid& entry) const {
  return std::ranges::find(pnetids, entry) != pnetids.end();
}

void OwnRecord::add_pnetid(const OwnPnetid& entry) {
  if (!owns_pnetid(entry)) pnetids.push_back(entry);
}

void OwnRecord::settle_pnetid(const OwnPnetid& entry) {
  std::erase_if(pnetids, [&](const OwnPnetid& old) {
    return old.device == entry.device && old.port == entry.port && old.pnetid != entry.pnetid;
  });
}

Result<Fd> OwnRecordFile::lock(System& system, std::chrono::milliseconds timeout) const {
  std::error_code failed;
  // Whatever the umask: what is made here passes the check below.
  if (std::filesystem::create_directories(directory_, failed))
    std::filesystem::permissions(directory_, std::filesystem::perms(0755), failed);
  if (failed) return directory_error("make the directory " + directory_, failed.value());
  if (auto checked = check_directory(directory_); !checked) return checked.error();
  const std::string path = directory_ + "/lock";
  auto opened = open_own(path, O_RDWR | O_CREAT);
  if (!opened) return opened.error();
  Fd fd = std::move(*opened);
  const auto deadline = system.now() + timeout;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return directory_error("lock " + path, errno);
    if (system.now() >= deadline)
      return Error{"lock " + path, EBUSY, "another smc-node-agent is at work on this node"};
    system.sleep_for(kLockPoll);
  }
  return fd;
}

Result<OwnRecord> OwnRecordFile::load() const {
  const auto fd = open_own(path(), O_RDONLY);
  if (!fd && fd.error().code == ENOENT) return OwnRecord{};
  if (!fd) return fd.error();
  const auto text = read_all(fd->get(), path(), kMaxRecordBytes);
  if (!text) return text.error();
  try {
    const json document = json::parse(*text);
    if (document.at("bootId") != boot_id_) return OwnRecord{};
    return from_json(document);
  } catch (const json::exception& problem) {
    return Error{path() + " is not a record of this agent: " + problem.what(), EBADMSG,
                 "remove the file; what it named then counts as another program's"};
  }
}

Result<void> OwnRecordFile::set_aside() const {
  std::error_code failed;
  std::filesystem::rename(path(), path() + ".bad", failed);
  if (failed) return directory_error("rename " + path(), failed.value());
  return {};
}

Result<void> OwnRecordFile::save(const OwnRecord& record) const {
  auto saved = write_file_atomic(path(), to_json(record, boot_id_).dump() + "\n", 0600);
  if (!saved) saved.error().hint = directory_error("", 0).hint;
  return saved;
}

}  // namespace smc::node
