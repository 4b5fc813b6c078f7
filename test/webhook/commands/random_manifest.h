// Random manifests of annotated pods, and one value written in many styles: block and flow, several
// indentations, JSON in a line and over lines, comments, CR LF, quotes of each kind. The same seed
// gives the same text.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "test/support/random_json.h"

namespace smc::webhook::test {

enum class YamlStyle { kBlock, kMixed, kJsonLine, kJsonLines };

struct StyledYaml {
  YamlStyle style = YamlStyle::kBlock;
  std::size_t step = 2;
  std::size_t list_offset = 0;
  bool comments = false;
  std::string line_break = "\n";
  bool last_line_break = true;
};

StyledYaml random_style(smc::test::RandomJson& random);

std::string styled(const nlohmann::ordered_json& value, const StyledYaml& style,
                   smc::test::RandomJson& random);

// Objects that the webhook patches: a Pod or a StatefulSet with the annotation, with and without
// each part that the patch touches.
class RandomManifest {
 public:
  explicit RandomManifest(std::uint32_t seed) : random(seed) {}

  nlohmann::ordered_json object();

  smc::test::RandomJson random;

 private:
  bool one_of(std::size_t count) { return random.pick(count) == 0; }
  void fill(nlohmann::ordered_json& pod);
  nlohmann::ordered_json spec();
  nlohmann::ordered_json init_containers();
  nlohmann::ordered_json affinity();
};

}  // namespace smc::webhook::test
