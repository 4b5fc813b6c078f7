#include "test/node-init/bpf/fake_bpf.h"

#include <cerrno>

namespace smc::node::test {
namespace {

constexpr const char* kMount = "/sys/fs/bpf";
constexpr const char* kDirectory = "/sys/fs/bpf/smc-node-agent";

}  // namespace

class FakeBpf::Map final : public BpfMap {
 public:
  Map(FakeBpf& bpf, std::shared_ptr<Table> table) : bpf_(bpf), table_(std::move(table)) {}

  Result<std::vector<Entry>> entries() override {
    std::vector<Entry> all;
    for (const auto& [key, value] : table_->entries) all.push_back({key, value});
    return all;
  }
  Result<void> put(const Entry& entry) override {
    return bpf_.write("put " + std::to_string(entry.key), [&]() -> Result<void> {
      if (!table_->entries.contains(entry.key) && table_->entries.size() >= table_->max_entries)
        return Error{"write into the BPF map", E2BIG, {}};
      table_->entries[entry.key] = entry.value;
      return {};
    });
  }
  Result<void> erase(std::uint64_t key) override {
    return bpf_.write("erase " + std::to_string(key), [&]() -> Result<void> {
      table_->entries.erase(key);
      return {};
    });
  }

 private:
  FakeBpf& bpf_;
  const std::shared_ptr<Table> table_;
};

Result<void> FakeBpf::write(const std::string& text, const std::function<Result<void>()>& change) {
  if (static_cast<int>(writes.size()) == kill_at_) {
    kill_at_ = -1;
    throw BpfKilled();
  }
  writes.push_back(text);
  for (const auto& [prefix, error] : faults_)
    if (text.starts_with(prefix)) return error;
  auto done = change();
  if (after_write) after_write();
  return done;
}

void FakeBpf::add_version(const std::string& link_pin, const std::string& map_pin,
                          const std::set<std::uint64_t>& cookies) {
  has_directory = true;
  auto& map = maps[map_pin];
  if (!map) map = std::make_shared<Table>(Table{{}, 4'096, true});
  for (const std::uint64_t cookie : cookies) map->entries[cookie] = cookie + 1'000;
  links[link_pin] = map;
}

Result<bool> FakeBpf::is_bpf_filesystem(const std::string& path) {
  if (path != kMount) return Error{"look at " + path, ENOENT, {}};
  return mounted;
}

Result<void> FakeBpf::make_directory(const std::string& path) {
  if (has_directory) return {};
  return write("mkdir " + path, [&]() -> Result<void> {
    has_directory = true;
    return {};
  });
}

Result<std::vector<std::string>> FakeBpf::list(const std::string& path) {
  if (path != kDirectory || !has_directory) return Error{"list " + path, ENOENT, {}};
  std::vector<std::string> names;
  const auto add = [&](const auto& pins) {
    for (const auto& [pin, what] : pins) names.push_back(pin.substr(path.size() + 1));
  };
  add(maps);
  add(links);
  return names;
}

Result<void> FakeBpf::remove(const std::string& path) {
  return write("remove " + path, [&]() -> Result<void> {
    if (path == kDirectory && !(maps.empty() && links.empty()))
      return Error{"remove " + path, ENOTEMPTY, {}};
    if (path == kDirectory) has_directory = false;
    maps.erase(path);
    links.erase(path);
    return {};
  });
}

Result<void> FakeBpf::attach(const BpfProgram& program, const std::string& pin) {
  const BpfPinnedMap& wanted = program.maps.at(0);
  return write("attach " + program.name + " at " + pin, [&]() -> Result<void> {
    if (links.contains(pin)) return Error{"pin the BPF program at " + pin, EEXIST, {}};
    auto& map = maps[wanted.pin];
    if (!map) map = std::make_shared<Table>(Table{{}, wanted.max_entries, true});
    links[pin] = map;
    return {};
  });
}

Result<std::unique_ptr<BpfMap>> FakeBpf::open_map(const std::string& pin) {
  const auto found = maps.find(pin);
  if (found == maps.end()) return Error{"open the BPF map " + pin, ENOENT, {}};
  if (!found->second->readable) return Error{"the BPF map " + pin, EINVAL, {}};
  return std::unique_ptr<BpfMap>(std::make_unique<Map>(*this, found->second));
}

}  // namespace smc::node::test
