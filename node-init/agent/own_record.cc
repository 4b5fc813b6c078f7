#include "node-init/agent/own_record.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>

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
          {"ueids", record.ueids},
          {"pnetids", std::move(pnetids)}};
}

OwnRecord from_json(const json& document) {
  OwnRecord record;
  record.uninstalled = document.value("uninstalled", false);
  record.ueids = document.at("ueids").get<std::vector<std::string>>();
  for (const json& entry : document.at("pnetids"))
    record.pnetids.push_back({entry.at("device").get<std::string>(), entry.at("port").get<int>(),
                              entry.at("pnetid").get<std::string>()});
  return record;
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
  std::filesystem::create_directories(directory_, failed);
  if (failed) return directory_error("make the directory " + directory_, failed.value());
  const std::string path = directory_ + "/lock";
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return directory_error("open " + path, errno);
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
  const auto text = read_file(path(), kMaxRecordBytes);
  if (!text && text.error().code == ENOENT) return OwnRecord{};
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
