// A struct_ops found in BTF: of a kernel that has it built in, and of one whose module has it. What
// is loaded with it is seen on a real kernel alone (test/e2e-kernel).
#include "node-init/bpf/struct_ops.h"

#include <cerrno>
#include <memory>

#include <bpf/btf.h>
#include <gtest/gtest.h>

namespace smc::node {
namespace {

constexpr const char* kName = "smc_hs_ctrl";

class StructOpsTest : public testing::Test {
 protected:
  using Btf = std::unique_ptr<btf, decltype(&btf__free)>;

  // As the kernel's own code uses it: struct smc_hs_ctrl { int (*syn_option)(void); char name[16];
  // }.
  int add_structure(btf* all) {
    const int number = btf__add_int(all, "int", 4, BTF_INT_SIGNED);
    const int letter = btf__add_int(all, "char", 1, BTF_INT_CHAR);
    const int text = btf__add_array(all, number, letter, 16);
    const int function = btf__add_ptr(all, btf__add_func_proto(all, number));
    const int structure = btf__add_struct(all, kName, 24);
    btf__add_field(all, "syn_option", function, 0, 0);
    btf__add_field(all, "name", text, 8 * 8, 0);
    return structure;
  }
  // What its registration makes of it: the kernel's part, and the structure on a cache line.
  int add_value(btf* all, int structure) {
    const int common = btf__add_struct(all, "bpf_struct_ops_common_value", 8);
    const int value = btf__add_struct(all, "bpf_struct_ops_smc_hs_ctrl", 128);
    btf__add_field(all, "common", common, 0, 0);
    btf__add_field(all, "data", structure, 64 * 8, 0);
    return value;
  }

  Btf kernel_{btf__new_empty(), &btf__free};
};

TEST_F(StructOpsTest, OfAKernelThatHasItBuiltIn) {
  const int structure = add_structure(kernel_.get());
  const int value = add_value(kernel_.get(), structure);
  const auto found = describe_struct_ops(*kernel_, kName, Fd());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, structure);
  EXPECT_EQ(found->value_type, value);
  EXPECT_EQ(found->value_size, 128U);
  EXPECT_EQ(found->data_offset, 64U);
  EXPECT_EQ(found->members.at("syn_option").index, 0);
  EXPECT_EQ(found->members.at("name").offset, 8U);
}

// The kernel's TCP calls the structure's functions, so it is in the kernel's BTF and not again in
// the module's, which has the value.
TEST_F(StructOpsTest, OfAModuleWhoseStructureStandsInTheKernelsBtf) {
  const int structure = add_structure(kernel_.get());
  const auto by_kernel = describe_struct_ops(*kernel_, kName, Fd());
  ASSERT_FALSE(by_kernel);
  EXPECT_EQ(by_kernel.error().code, ENOENT);
  const Btf module(btf__new_empty_split(kernel_.get()), &btf__free);
  const int value = add_value(module.get(), structure);
  EXPECT_GE(value, static_cast<int>(btf__type_cnt(kernel_.get())));
  const auto found = describe_struct_ops(*module, kName, Fd());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, structure);
  EXPECT_EQ(found->value_type, value);
  EXPECT_EQ(found->data_offset, 64U);
  EXPECT_EQ(found->members.at("name").index, 1);
}

TEST_F(StructOpsTest, OfAModuleThatHasAllOfIt) {
  btf__add_int(kernel_.get(), "long", 8, BTF_INT_SIGNED);
  const Btf module(btf__new_empty_split(kernel_.get()), &btf__free);
  const int structure = add_structure(module.get());
  add_value(module.get(), structure);
  const auto found = describe_struct_ops(*module, kName, Fd());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, structure);
}

TEST_F(StructOpsTest, AValueThatDoesNotHoldTheStructureIsRefused) {
  const int structure = add_structure(kernel_.get());
  btf__add_struct(kernel_.get(), "bpf_struct_ops_smc_hs_ctrl", 128);
  ASSERT_GT(structure, 0);
  const auto found = describe_struct_ops(*kernel_, kName, Fd());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, EBADMSG);
}

}  // namespace
}  // namespace smc::node
