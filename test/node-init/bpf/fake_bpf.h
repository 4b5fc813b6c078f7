// BPF made of tables: pins in a played /sys/fs/bpf, programs that are attached as long as their
// pin is there, lists. Records every change in order and lets each fail, or the process die before
// it. For one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node-init/bpf/bpf.h"

namespace smc::node::test {

// Thrown where kill_at() says.
struct BpfKilled {};

class FakeBpf final : public Bpf {
 public:
  struct Table {
    std::map<std::uint64_t, std::uint64_t> entries;
    std::uint32_t max_entries = 0;
    bool readable = true;  // false: keys or values of another size
  };

  // --- the machine
  bool mounted = true;
  bool has_directory = false;
  std::map<std::string, std::shared_ptr<Table>> maps;   // by pin
  std::map<std::string, std::shared_ptr<Table>> links;  // by pin, the list that each program reads

  // Whether a socket of the namespace with this cookie becomes SMC's.
  bool switched(std::uint64_t cookie) const {
    for (const auto& [pin, list] : links)
      if (list->entries.contains(cookie)) return true;
    return false;
  }
  // Another version's, with a list of its own at `map_pin`, or the one that is there.
  void add_version(const std::string& link_pin, const std::string& map_pin,
                   const std::set<std::uint64_t>& cookies);

  // --- the record: "attach program_switch at …", "remove …", "put 7", …
  std::vector<std::string> writes;
  // Called after each change; for what has to hold at any time.
  std::function<void()> after_write;

  // --- faults; `prefix` is matched against `writes`
  void fail(const std::string& prefix, Error error) { faults_[prefix] = std::move(error); }
  void kill_at(int write_number) { kill_at_ = write_number; }

  // --- Bpf
  Result<bool> is_bpf_filesystem(const std::string& path) override;
  Result<void> make_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<void> remove(const std::string& path) override;
  Result<void> attach(const BpfProgram& program, const std::string& pin) override;
  Result<std::unique_ptr<BpfMap>> open_map(const std::string& pin) override;

 private:
  class Map;

  Result<void> write(const std::string& text, const std::function<Result<void>()>& change);

  std::map<std::string, Error> faults_;
  int kill_at_ = -1;
};

}  // namespace smc::node::test
