// What the mesh switch comes to, whatever the ASMMeshConfig and the configuration say.
#include "mesh/mesh_switch.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace smc {
namespace {

using nlohmann::json;

TEST(MeshSwitch, IsTheObjectsWhereItSaysOnOrOff) {
  for (const bool configured : {false, true}) {
    EXPECT_TRUE(smc_enabled(configured, MeshConfigState::kOn));
    EXPECT_FALSE(smc_enabled(configured, MeshConfigState::kOff));
  }
}

TEST(MeshSwitch, IsTheConfigurationsWhereTheObjectSaysNothing) {
  for (const MeshConfigState seen :
       {MeshConfigState::kNothing, MeshConfigState::kNoResource, MeshConfigState::kNoObject,
        MeshConfigState::kNoField, MeshConfigState::kNoBoolean, MeshConfigState::kContradictory}) {
    EXPECT_FALSE(decides(seen));
    for (const bool configured : {false, true})
      EXPECT_EQ(smc_enabled(configured, seen), configured) << to_text(seen);
  }
}

TEST(MeshSwitch, ReadsTheFieldAndNothingElse) {
  const std::vector<std::pair<std::string, MeshConfigState>> cases = {
      {R"({"spec": {"smcEnabled": true}})", MeshConfigState::kOn},
      {R"({"spec": {"smcEnabled": false}})", MeshConfigState::kOff},
      {R"({"spec": {"ambientConfiguration": {"smcEnabled": false}, "smcEnabled": true}})",
       MeshConfigState::kOn},
      {R"({"spec": {"smcEnabled": null}})", MeshConfigState::kNoField},
      {R"({"spec": {"cniConfiguration": {"enabled": true}}})", MeshConfigState::kNoField},
      {R"({"spec": null})", MeshConfigState::kNoField},
      {R"({})", MeshConfigState::kNoField},
      {R"({"spec": {"smcEnabled": "true"}})", MeshConfigState::kNoBoolean},
      {R"({"spec": {"smcEnabled": 1}})", MeshConfigState::kNoBoolean},
      {R"({"spec": {"smcEnabled": {}}})", MeshConfigState::kNoBoolean},
      {R"({"spec": [{"smcEnabled": true}]})", MeshConfigState::kNoBoolean},
  };
  for (const auto& [object, expected] : cases)
    EXPECT_EQ(read_mesh_config(json::parse(object)), expected) << object;
}

TEST(MeshSwitch, OfANamespacedKindIsWhatAllSay) {
  EXPECT_EQ(combined({}), MeshConfigState::kNoObject);
  EXPECT_EQ(combined({{"", MeshConfigState::kOff}}), MeshConfigState::kOff);
  EXPECT_EQ(combined({{"a", MeshConfigState::kOn}, {"b", MeshConfigState::kOn}}),
            MeshConfigState::kOn);
  EXPECT_EQ(combined({{"a", MeshConfigState::kOn}, {"b", MeshConfigState::kOff}}),
            MeshConfigState::kContradictory);
}

}  // namespace
}  // namespace smc
