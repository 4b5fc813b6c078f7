// What the mesh switch comes to, whatever the ASMMeshConfig and the configuration say.
#include "webhook/cluster/mesh_switch.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace smc::webhook {
namespace {

using nlohmann::json;

TEST(MeshSwitch, IsTheObjectsWhereItSaysOnOrOff) {
  for (const bool configured : {false, true}) {
    EXPECT_TRUE(smc_enabled(configured, MeshSeen::kOn));
    EXPECT_FALSE(smc_enabled(configured, MeshSeen::kOff));
  }
}

TEST(MeshSwitch, IsTheConfigurationsWhereTheObjectSaysNothing) {
  for (const MeshSeen seen : {MeshSeen::kNothing, MeshSeen::kNoResource, MeshSeen::kNoObject,
                              MeshSeen::kNoField, MeshSeen::kNoBoolean, MeshSeen::kContradictory}) {
    EXPECT_FALSE(decides(seen));
    for (const bool configured : {false, true})
      EXPECT_EQ(smc_enabled(configured, seen), configured) << to_text(seen);
  }
}

TEST(MeshSwitch, ReadsTheFieldAndNothingElse) {
  const std::vector<std::pair<std::string, MeshSeen>> cases = {
      {R"({"spec": {"smcEnabled": true}})", MeshSeen::kOn},
      {R"({"spec": {"smcEnabled": false}})", MeshSeen::kOff},
      {R"({"spec": {"ambientConfiguration": {"smcEnabled": false}, "smcEnabled": true}})",
       MeshSeen::kOn},
      {R"({"spec": {"smcEnabled": null}})", MeshSeen::kNoField},
      {R"({"spec": {"cniConfiguration": {"enabled": true}}})", MeshSeen::kNoField},
      {R"({"spec": null})", MeshSeen::kNoField},
      {R"({})", MeshSeen::kNoField},
      {R"({"spec": {"smcEnabled": "true"}})", MeshSeen::kNoBoolean},
      {R"({"spec": {"smcEnabled": 1}})", MeshSeen::kNoBoolean},
      {R"({"spec": {"smcEnabled": {}}})", MeshSeen::kNoBoolean},
      {R"({"spec": [{"smcEnabled": true}]})", MeshSeen::kNoBoolean},
  };
  for (const auto& [object, expected] : cases)
    EXPECT_EQ(read_mesh_config(json::parse(object)), expected) << object;
}

TEST(MeshSwitch, OfANamespacedKindIsWhatAllSay) {
  EXPECT_EQ(combined({}), MeshSeen::kNoObject);
  EXPECT_EQ(combined({{"", MeshSeen::kOff}}), MeshSeen::kOff);
  EXPECT_EQ(combined({{"a", MeshSeen::kOn}, {"b", MeshSeen::kOn}}), MeshSeen::kOn);
  EXPECT_EQ(combined({{"a", MeshSeen::kOn}, {"b", MeshSeen::kOff}}), MeshSeen::kContradictory);
}

}  // namespace
}  // namespace smc::webhook
