// libFuzzer: any bytes are a manifest that is done or refused with a line. What was injected once
// is read again and needs nothing more, and where nothing was injected, nothing is changed.
#include <algorithm>

#include "test/fuzz/fuzz.h"
#include "webhook/commands/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smc;
  static const webhook::Config kConfig;
  const std::string_view input = fuzz::text(data, size);
  const auto once = webhook::inject_manifest(input, kConfig);
  if (!once) {
    fuzz::require(once.error().line > 0, "a refusal without a line", once.error().what);
    return 0;
  }
  const auto is_injected = [](const webhook::ManifestDecision& made) {
    return made.decision == webhook::Decision::kInjected;
  };
  if (std::ranges::none_of(once->decisions, is_injected))
    fuzz::require(once->text == input, "changed, and nothing was injected", once->text);
  const auto twice = webhook::inject_manifest(once->text, kConfig);
  fuzz::require(twice.ok(), "the injected manifest is refused", once->text);
  fuzz::require(std::ranges::none_of(twice->decisions, is_injected), "injected twice", once->text);
  fuzz::require(twice->text == once->text, "changed by a second injection", once->text);
  return 0;
}
