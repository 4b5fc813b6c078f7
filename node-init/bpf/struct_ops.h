// Registers a struct_ops of the kernel's, or of a module's: libbpf looks into modules only since
// 1.4, and here the same code serves every version. For one thread at a time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

struct bpf_object;
struct btf;

namespace smc::node {

// With a hint where a right is missing.
Error bpf_error(std::string what, int code);

// One in the running kernel's BTF.
struct StructOpsType {
  Fd module;  // of the module's BTF; invalid: the kernel itself has it
  int type = 0;
  int value_type = 0;
  std::size_t value_size = 0;
  std::size_t data_offset = 0;  // of the structure in the value
  struct Member {
    int index = 0;
    std::size_t offset = 0;  // in the structure
  };
  std::map<std::string, Member, std::less<>> members;
};

// As `all` has it; ENOENT where it does not. Of a module `all` is its BTF with the kernel's below:
// the structure itself may then stand in the kernel's, which uses it, and only its value in the
// module's. Both numbers count in the module's.
Result<StructOpsType> describe_struct_ops(const btf& all, const std::string& name, Fd module);

// `name`: the structure's; `module`: where it may be besides the kernel. ENOENT where neither has
// it.
Result<StructOpsType> find_struct_ops(const std::string& name, const std::string& module);

using BpfObject = std::unique_ptr<bpf_object, void (*)(bpf_object*)>;

// Loads the programs of an object file, which stand in sections called NAME/MEMBER and are called
// as that member.
Result<BpfObject> load_struct_ops(std::string_view file, const std::string& name,
                                  const StructOpsType& type);

// The map that stands for the struct_ops; not in force yet. `as`: the name by which it will be
// known, at most 15 characters.
Result<Fd> make_struct_ops(const bpf_object& object, const StructOpsType& type,
                           std::string_view as);

// Puts it in force with the object's programs, each as the member that it is called as. It stays so
// until unregister_struct_ops(), whatever is closed.
Result<void> register_struct_ops(const Fd& map, const bpf_object& object, const StructOpsType& type,
                                 std::string_view as);

// Also of another descriptor of the same map.
Result<void> unregister_struct_ops(const Fd& map);

}  // namespace smc::node
