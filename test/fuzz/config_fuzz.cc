// libFuzzer: any bytes are a configuration, or mistakes that each say what is wrong.
#include "test/fuzz/fuzz.h"
#include "webhook/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smc;
  const webhook::ParsedConfig parsed = webhook::parse_config(fuzz::text(data, size));
  for (const auto& mistake : parsed.mistakes) {
    fuzz::require(!mistake.problem.empty(), "a mistake that says nothing");
    fuzz::require(mistake.line >= 0, "a line below 0", mistake.problem);
    fuzz::require(mistake.text("config.yaml").find('\n') == std::string::npos,
                  "a mistake of more than a line", mistake.problem);
  }
  if (!parsed.mistakes.empty()) return 0;
  // what the API server would refuse must not be taken here
  fuzz::require(!parsed.config.init_container.image.empty(), "no image");
  fuzz::require(!parsed.config.init_container.name.empty(), "no name");
  fuzz::require(!parsed.config.injection.affinity.values.empty(), "an affinity without values");
  fuzz::require(parsed.config.server.max_connections > 0, "no connection at all");
  return 0;
}
