// What the agent does with BPF, as few narrow operations, so that unit tests can play it: programs
// are loaded and pinned, and lists are kept in pinned maps. The agent alone is linked with the real
// one (libbpf). A Bpf may be used from any thread, as may a BpfMap.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smc::node {

// One of a program's maps, found under its pin or made there.
struct BpfPinnedMap {
  std::string name;  // in the object
  std::string pin;   // a path
  std::uint32_t max_entries = 0;
};

struct BpfProgram {
  std::string_view object;  // an ELF file's bytes
  std::string name;         // of the function in it
  std::vector<BpfPinnedMap> maps;
};

// A hash table of 64-bit numbers.
class BpfMap {
 public:
  struct Entry {
    std::uint64_t key = 0;
    std::uint64_t value = 0;

    bool operator==(const Entry&) const = default;
  };

  virtual ~BpfMap() = default;

  virtual Result<std::vector<Entry>> entries() = 0;
  // E2BIG where the map is full.
  virtual Result<void> put(const Entry& entry) = 0;
  // No error where there is none.
  virtual Result<void> erase(std::uint64_t key) = 0;
};

class Bpf {
 public:
  virtual ~Bpf() = default;

  // ENOENT where there is no such folder.
  virtual Result<bool> is_bpf_filesystem(const std::string& path) = 0;
  virtual Result<void> make_directory(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  // A pin, or an empty directory. What is pinned goes with its last pin and user.
  virtual Result<void> remove(const std::string& path) = 0;

  // Loads the program and attaches it; its link is pinned at `pin` and outlives the process. What
  // the verifier says is in the error's text.
  virtual Result<void> attach(const BpfProgram& program, const std::string& pin) = 0;

  // ENOENT where there is no such pin, EINVAL where its keys or values are of another size.
  virtual Result<std::unique_ptr<BpfMap>> open_map(const std::string& pin) = 0;
};

std::unique_ptr<Bpf> make_real_bpf();

}  // namespace smc::node
