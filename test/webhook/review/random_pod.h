// Annotated pods of every shape that the injector tells apart, and much that it must not touch.
// The same seed gives the same pods.
#pragma once

#include <cstdint>
#include <random>

#include <nlohmann/json.hpp>

namespace smc::webhook::test {

class RandomPods {
 public:
  explicit RandomPods(std::uint64_t seed) : random_(seed) {}

  nlohmann::json pod();
  nlohmann::json container(const char* prefix);
  // Labels of a node, our own among them or not.
  nlohmann::json node_labels();

 private:
  using Json = nlohmann::json;

  std::size_t below(std::size_t bound);
  bool one_in(std::size_t chances) { return below(chances) == 0; }
  Json any_value(int depth);
  Json strings(std::size_t most);
  Json expression();
  Json expressions();
  Json term();
  Json required();
  Json affinity();
  Json init_containers();
  Json metadata();
  // Sets `key` to `value`, to null, or not at all.
  void maybe(Json& object, const char* key, const Json& value);

  std::mt19937_64 random_;
};

}  // namespace smc::webhook::test
