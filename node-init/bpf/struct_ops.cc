#include "node-init/bpf/struct_ops.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node-init/bpf/libbpf_messages.h"

namespace smc::node {
namespace {

using Btf = std::unique_ptr<btf, decltype(&btf__free)>;

Btf owned(btf* read) {
  return {read, &btf__free};
}

// The BTF of a loaded module; an invalid descriptor where there is none.
Result<Fd> find_module_btf(const std::string& name, __u32& id) {
  id = 0;
  while (bpf_btf_get_next_id(id, &id) == 0) {
    Fd fd(bpf_btf_get_fd_by_id(id));
    if (!fd.valid() && errno == ENOENT) continue;  // unloaded meanwhile
    if (!fd.valid()) return bpf_error("open the BTF of a kernel module", errno);
    char text[64] = {};
    bpf_btf_info info = {};
    info.name = reinterpret_cast<std::uintptr_t>(text);
    info.name_len = sizeof text;
    __u32 size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0)
      return bpf_error("read about the BTF of a kernel module", errno);
    if (info.kernel_btf != 0 && name == text) return fd;
  }
  return Fd();
}

// Where the structure of that name is in its value: behind what is the kernel's own.
std::size_t offset_in_value(const btf& all, int value_type, int type) {
  const btf_type* value = btf__type_by_id(&all, static_cast<__u32>(value_type));
  for (int i = 0; i < btf_vlen(value); ++i)
    if (btf_members(value)[i].type == static_cast<__u32>(type))
      return btf_member_bit_offset(value, static_cast<__u32>(i)) / 8;
  return 0;
}

// What libbpf calls for each program of the section.
int set_target(bpf_program* program, bpf_prog_load_opts* options, long cookie) {
  const auto& type = *std::bit_cast<const StructOpsType*>(cookie);
  const auto member = type.members.find(std::string_view(bpf_program__name(program)));
  if (member == type.members.end()) return -ENOENT;
  options->attach_btf_id = static_cast<__u32>(type.type);
  options->attach_btf_obj_fd = type.module.valid() ? static_cast<__u32>(type.module.get()) : 0;
  options->expected_attach_type = static_cast<bpf_attach_type>(member->second.index);
  return 0;
}

// BPF_MAP_CREATE's part of union bpf_attr as Linux 6.9 has it; Debian 12's headers end before it.
struct CreateMap {
  __u32 map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node;
  char map_name[16];
  __u32 map_ifindex, btf_fd, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
  alignas(8) __u64 map_extra;
  __s32 value_type_btf_obj_fd, map_token_fd;
};
constexpr __u32 kValueTypeOfModule = 1U << 15;  // BPF_F_VTYPE_BTF_OBJ_FD

}  // namespace

Error bpf_error(std::string what, int code) {
  return {std::move(what), code,
          code == EPERM || code == EACCES
              ? "the agent needs CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON"
              : ""};
}

Result<StructOpsType> describe_struct_ops(const btf& all, const std::string& name, Fd module) {
  StructOpsType found;
  found.module = std::move(module);
  found.type = btf__find_by_name_kind(&all, name.c_str(), BTF_KIND_STRUCT);
  found.value_type =
      btf__find_by_name_kind(&all, ("bpf_struct_ops_" + name).c_str(), BTF_KIND_STRUCT);
  if (found.type < 0 || found.value_type < 0)
    return Error{"find struct " + name + " in the kernel's BTF", ENOENT, {}};
  const btf_type* type = btf__type_by_id(&all, static_cast<__u32>(found.type));
  for (int i = 0; i < btf_vlen(type); ++i)
    found.members[btf__name_by_offset(&all, btf_members(type)[i].name_off)] = {
        i, btf_member_bit_offset(type, static_cast<__u32>(i)) / 8};
  found.value_size = btf__type_by_id(&all, static_cast<__u32>(found.value_type))->size;
  found.data_offset = offset_in_value(all, found.value_type, found.type);
  if (found.data_offset == 0)
    return Error{"the kernel's struct bpf_struct_ops_" + name + " is not as known", EBADMSG, {}};
  return found;
}

Result<StructOpsType> find_struct_ops(const std::string& name, const std::string& module) {
  const Btf kernel = owned(btf__load_vmlinux_btf());
  if (!kernel) return bpf_error("read the kernel's BTF", errno);
  if (auto found = describe_struct_ops(*kernel, name, Fd()); found || found.error().code != ENOENT)
    return found;
  __u32 id = 0;
  auto fd = find_module_btf(module, id);
  if (!fd) return fd.error();
  if (!fd->valid()) return Error{"find struct " + name + " in the kernel's BTF", ENOENT, {}};
  const Btf split = owned(btf__load_from_kernel_by_id_split(id, kernel.get()));
  if (!split) return bpf_error("read the BTF of the module " + module, errno);
  return describe_struct_ops(*split, name, std::move(*fd));
}

Result<BpfObject> load_struct_ops(std::string_view file, const std::string& name,
                                  const StructOpsType& type) {
  listen_to_libbpf();
  BpfObject object(nullptr, &bpf_object__close);
  libbpf_prog_handler_opts handler = {};
  handler.sz = sizeof handler;
  handler.cookie = std::bit_cast<long>(&type);
  handler.prog_prepare_load_fn = &set_target;
  const int id = libbpf_register_prog_handler((name + "+").c_str(), BPF_PROG_TYPE_STRUCT_OPS,
                                              static_cast<bpf_attach_type>(0), &handler);
  if (id < 0) return bpf_error("tell libbpf about struct_ops", -id);
  object.reset(bpf_object__open_mem(file.data(), file.size(), nullptr));
  const int opened = object ? 0 : errno;
  const int loaded = object ? -bpf_object__load(object.get()) : 0;
  libbpf_unregister_prog_handler(id);
  const std::string heard = said_by_libbpf().empty() ? "" : ": " + said_by_libbpf();
  if (opened != 0) return bpf_error("open the BPF programs of " + name + heard, opened);
  if (loaded != 0) return bpf_error("load the BPF programs of " + name + heard, loaded);
  return object;
}

Result<Fd> make_struct_ops(const bpf_object& object, const StructOpsType& type,
                           std::string_view as) {
  CreateMap create = {};
  create.map_type = BPF_MAP_TYPE_STRUCT_OPS;
  create.key_size = sizeof(__u32);
  create.value_size = static_cast<__u32>(type.value_size);
  create.max_entries = 1;
  as.substr(0, sizeof create.map_name - 1).copy(create.map_name, sizeof create.map_name - 1);
  create.btf_fd = static_cast<__u32>(bpf_object__btf_fd(&object));
  create.btf_vmlinux_value_type_id = static_cast<__u32>(type.value_type);
  std::size_t size = offsetof(CreateMap, value_type_btf_obj_fd);
  if (type.module.valid()) {
    create.map_flags = kValueTypeOfModule;
    create.value_type_btf_obj_fd = type.module.get();
    size = sizeof create;
  }
  Fd map(static_cast<int>(::syscall(SYS_bpf, BPF_MAP_CREATE, &create, size)));
  if (!map.valid()) return bpf_error("make the map of the struct_ops " + std::string(as), errno);
  return map;
}

Result<void> register_struct_ops(const Fd& map, const bpf_object& object, const StructOpsType& type,
                                 std::string_view as) {
  std::vector<char> value(type.value_size);
  char* data = value.data() + type.data_offset;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, &object) {
    const auto member = type.members.find(std::string_view(bpf_program__name(program)));
    if (member == type.members.end())
      return Error{"the kernel has no " + std::string(bpf_program__name(program)), ENOENT, {}};
    const auto fd = static_cast<unsigned long>(bpf_program__fd(program));
    std::memcpy(data + member->second.offset, &fd, sizeof fd);
  }
  const auto name = type.members.find("name");
  if (name == type.members.end()) return Error{"the kernel's struct has no name", ENOENT, {}};
  as.copy(data + name->second.offset, as.size());
  const __u32 key = 0;
  if (bpf_map_update_elem(map.get(), &key, value.data(), BPF_ANY) != 0)
    return bpf_error("register " + std::string(as), errno);
  return {};
}

Result<void> unregister_struct_ops(const Fd& map) {
  const __u32 key = 0;
  if (bpf_map_delete_elem(map.get(), &key) != 0 && errno != ENOENT && errno != EINPROGRESS)
    return bpf_error("unregister struct_ops", errno);
  return {};
}

}  // namespace smc::node
