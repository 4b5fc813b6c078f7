#include "webhook/review/warnings.h"

#include <utility>

#include "base/json_text.h"

namespace smc::webhook {
namespace {

constexpr std::string_view kSpeaker = "SMC: ";

// Room for the last warning, which counts the rest.
constexpr std::size_t kNoteBytes = 64;

// At most `max_bytes`, cut between two characters of UTF-8.
void cut(std::string& text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
}

}  // namespace

std::string shown(std::string_view value) {
  return '"' + printable(value, kMaxShownCharacters) + '"';
}

void Warnings::add(std::string_view sentence) {
  std::string text(kSpeaker);
  text += sentence;
  cut(text, kMaxWarningBytes);
  if (left_out_ > 0 || bytes_ + text.size() > kMaxWarningsBytes - kNoteBytes) {
    ++left_out_;
    return;
  }
  bytes_ += text.size();
  texts_.push_back(std::move(text));
}

std::vector<std::string> Warnings::take() {
  if (left_out_ > 0)
    texts_.push_back(std::string(kSpeaker) + "and " + std::to_string(left_out_) + " more warnings");
  left_out_ = 0;
  bytes_ = 0;
  return std::exchange(texts_, {});
}

}  // namespace smc::webhook
