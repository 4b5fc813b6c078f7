// BPF of the running kernel, by libbpf.
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "node-init/bpf/bpf.h"
#include "node-init/bpf/libbpf_messages.h"

namespace smc::node {
namespace {

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
struct CloseLink {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};

Error failed(const std::string& what, int code) {
  const std::string& heard = said_by_libbpf();
  return {what + (heard.empty() ? "" : ": " + heard), code, {}};
}

class RealMap final : public BpfMap {
 public:
  RealMap(Fd fd, std::string pin) : fd_(std::move(fd)), pin_(std::move(pin)) {}

  Result<std::vector<Entry>> entries() override {
    std::vector<Entry> found;
    const std::uint64_t* previous = nullptr;
    Entry entry;
    std::uint64_t last = 0;
    while (bpf_map_get_next_key(fd_.get(), previous, &entry.key) == 0) {
      // One that goes meanwhile is none.
      if (bpf_map_lookup_elem(fd_.get(), &entry.key, &entry.value) == 0) found.push_back(entry);
      last = entry.key;
      previous = &last;
    }
    if (errno != ENOENT) return Error{"read the BPF map " + pin_, errno, {}};
    return found;
  }

  Result<void> put(const Entry& entry) override {
    if (bpf_map_update_elem(fd_.get(), &entry.key, &entry.value, BPF_ANY) == 0) return {};
    return Error{"write into the BPF map " + pin_, errno, {}};
  }

  Result<void> erase(std::uint64_t key) override {
    if (bpf_map_delete_elem(fd_.get(), &key) == 0 || errno == ENOENT) return {};
    return Error{"remove from the BPF map " + pin_, errno, {}};
  }

 private:
  const Fd fd_;
  const std::string pin_;
};

class RealBpf final : public Bpf {
 public:
  Result<bool> is_bpf_filesystem(const std::string& path) override {
    struct statfs status = {};
    if (::statfs(path.c_str(), &status) != 0) return Error{"look at " + path, errno, {}};
    return status.f_type == BPF_FS_MAGIC;
  }

  Result<void> make_directory(const std::string& path) override {
    constexpr mode_t kOwnerAlone = 0700;
    if (::mkdir(path.c_str(), kOwnerAlone) == 0 || errno == EEXIST) return {};
    return Error{"make " + path, errno, {}};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    std::error_code code;
    std::vector<std::string> names;
    std::filesystem::directory_iterator entry(path, code);
    for (; !code && entry != std::filesystem::directory_iterator(); entry.increment(code))
      names.push_back(entry->path().filename().string());
    if (code) return Error{"list " + path, code.value(), {}};
    return names;
  }

  Result<void> remove(const std::string& path) override {
    if (std::remove(path.c_str()) == 0 || errno == ENOENT) return {};
    return Error{"remove " + path, errno, {}};
  }

  Result<void> attach(const BpfProgram& program, const std::string& pin) override {
    const std::string what = "load the BPF program " + program.name;
    listen_to_libbpf();
    const std::unique_ptr<bpf_object, CloseObject> object(
        bpf_object__open_mem(program.object.data(), program.object.size(), nullptr));
    if (!object) return failed(what, errno);
    for (const BpfPinnedMap& map : program.maps) {
      bpf_map* found = bpf_object__find_map_by_name(object.get(), map.name.c_str());
      if (found == nullptr) return failed(what + ": it has no map " + map.name, ENOENT);
      if (bpf_map__set_max_entries(found, map.max_entries) != 0 ||
          bpf_map__set_pin_path(found, map.pin.c_str()) != 0)
        return failed(what + ": pin the map " + map.name, errno);
    }
    const bpf_program* found = bpf_object__find_program_by_name(object.get(), program.name.c_str());
    if (found == nullptr) return failed(what + ": it is not in its object", ENOENT);
    if (bpf_object__load(object.get()) != 0) return failed(what, errno);
    const std::unique_ptr<bpf_link, CloseLink> link(bpf_program__attach(found));
    if (!link) return failed("attach the BPF program " + program.name, errno);
    if (bpf_link__pin(link.get(), pin.c_str()) != 0)
      return failed("pin the BPF program at " + pin, errno);
    return {};
  }

  Result<std::unique_ptr<BpfMap>> open_map(const std::string& pin) override {
    Fd fd(bpf_obj_get(pin.c_str()));
    if (!fd.valid()) return Error{"open the BPF map " + pin, errno, {}};
    bpf_map_info info = {};
    __u32 size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0)
      return Error{"look at the BPF map " + pin, errno, {}};
    if (info.type != BPF_MAP_TYPE_HASH || info.key_size != sizeof(std::uint64_t) ||
        info.value_size != sizeof(std::uint64_t))
      return Error{"the BPF map " + pin + " is not one of this version", EINVAL, {}};
    return std::unique_ptr<BpfMap>(std::make_unique<RealMap>(std::move(fd), pin));
  }
};

}  // namespace

std::unique_ptr<Bpf> make_real_bpf() {
  return std::make_unique<RealBpf>();
}

}  // namespace smc::node
