#include "node-init/kernel/kernel_release.h"

#include <charconv>

#include "node-init/kernel/sysctl.h"

namespace smc::node {
namespace {

// Takes a number off the front of `text`; nothing, and `text` as it was, if there is none.
std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || text.front() == '-') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// ".12": the same after a dot.
std::optional<int> take_part(std::string_view& text) {
  if (!text.starts_with('.')) return std::nullopt;
  std::string_view rest = text.substr(1);
  const auto number = take_number(rest);
  if (number) text = rest;
  return number;
}

// Takes the version off the front.
std::optional<KernelVersion> take_version(std::string_view& text) {
  const auto major = take_number(text);
  const auto minor = major ? take_part(text) : std::nullopt;
  if (!minor) return std::nullopt;
  return KernelVersion{*major, *minor, take_part(text).value_or(0)};
}

}  // namespace

std::string KernelVersion::text() const {
  const std::string series = std::to_string(major) + "." + std::to_string(minor);
  return patch == 0 ? series : series + "." + std::to_string(patch);
}

Result<std::string> kernel_release(System& system) {
  const auto release = read_sysctl(system, "/proc/sys/kernel/osrelease");
  if (!release) return release.error();
  return release->value_or("");
}

std::optional<KernelVersion> kernel_version(std::string_view release) {
  return take_version(release);
}

std::optional<KernelVersion> mainline_version(std::string_view release) {
  const auto version = take_version(release);
  // "+" stands for a tree with changes on top of the release.
  return release.empty() ? version : std::nullopt;
}

}  // namespace smc::node
