#include "kube/events.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include <nlohmann/json.hpp>

#include "base/utc_text.h"

namespace smc::kube {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

// An object's name has at most 253 characters (RFC 1123 subdomain).
constexpr std::size_t kMaxName = 253;

std::string hexadecimal(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

// Cut where it must be, and never behind a character that a part of a name may not end with.
std::string name_with(std::string about, const std::string& end) {
  about.resize(std::min(about.size(), kMaxName - end.size()));
  while (about.ends_with('.') || about.ends_with('-')) about.pop_back();
  return about + end;
}

json involved_object(const ObjectReference& about) {
  json out = {{"apiVersion", about.api_version},
              {"kind", about.kind},
              {"name", about.name},
              {"uid", about.uid}};
  if (!about.ns.empty()) out["namespace"] = about.ns;
  return out;
}

json event_object(const Event& event) {
  json out = {{"apiVersion", "v1"},
              {"kind", "Event"},
              {"metadata", {{"name", event.name}, {"namespace", event.ns()}}},
              {"involvedObject", involved_object(event.about)},
              {"type", event.warning ? "Warning" : "Normal"},
              {"reason", event.reason},
              {"message", event.message},
              {"source", {{"component", event.component}}},
              {"firstTimestamp", utc_text(event.first)},
              {"lastTimestamp", utc_text(event.last)},
              {"count", event.count}};
  if (event.host.empty()) return out;
  out["source"]["host"] = event.host;
  out["reportingComponent"] = event.component;
  out["reportingInstance"] = event.host;
  return out;
}

Outcome<void> done(const Outcome<json>& answer) {
  if (!answer) return answer.error();
  return {};
}

}  // namespace

std::string new_event_name(const std::string& about, system_clock::time_point now) {
  const auto nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  return name_with(about, "." + hexadecimal(static_cast<std::uint64_t>(nanoseconds)));
}

std::string lasting_event_name(const std::string& about, const std::string& identity) {
  return name_with(about, ".smc-" + hexadecimal(std::hash<std::string>()(identity)));
}

Outcome<void> create_event(Client& client, const Event& event) {
  return done(client.create({kEvents, event.ns(), "", ""}, event_object(event)));
}

Outcome<void> count_event(Client& client, const std::string& ns, const std::string& name,
                          std::uint64_t count, system_clock::time_point last) {
  return done(client.patch({kEvents, ns, name, ""}, PatchType::kMerge,
                           {{"count", count}, {"lastTimestamp", utc_text(last)}}));
}

double EventShare::left_at(SteadyTime now) const {
  return std::min(burst_, left_ + (now - spent_) / period_);
}

SteadyTime EventShare::due(SteadyTime now) const {
  const double missing = 1 - left_at(now);
  if (missing <= 0) return now;
  return now + std::chrono::ceil<SteadyTime::duration>(missing * period_);
}

void EventShare::spend(SteadyTime now) {
  left_ = left_at(now) - 1;
  spent_ = now;
}

}  // namespace smc::kube
