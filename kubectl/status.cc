#include "kubectl/status.h"

#include <algorithm>
#include <charconv>

#include "base/json_text.h"
#include "base/json_value.h"
#include "kubectl/objects.h"
#include "kubectl/text.h"
#include "node-init/kernel/fallback_codes.h"

namespace smc::kubectl {
namespace {

using nlohmann::json;

std::uint64_t number(const json& object, const char* place) {
  const json::json_pointer at(place);
  if (!object.contains(at) || !object[at].is_number_integer()) return 0;
  return object[at].get<std::uint64_t>();
}

bool is_set_up(const json& answer) {
  return flag_of(answer, "setUp");
}

std::string mode_counts(const json& answer) {
  std::string out;
  for (const char* mode : {"smc-r", "smc-d", "tcp"})
    out += (out.empty() ? "" : ", ") + std::string(mode) + " " +
           std::to_string(number(answer, ("/connections/" + std::string(mode)).c_str()));
  return out;
}

// The words of our own table, where the agent's version has none for it.
const node::FallbackCode* known_code(const std::string& code) {
  std::uint32_t value = 0;
  const auto [end, bad] = std::from_chars(code.data(), code.data() + code.size(), value, 16);
  return bad == std::errc() && end == code.data() + code.size() ? node::find_fallback_code(value)
                                                                : nullptr;
}

std::uint64_t fallbacks_of(const json& answer) {
  std::uint64_t sum = 0;
  for (const json& each : items_of(answer, "fallbacks")) sum += number(each, "/count");
  return sum;
}

std::vector<std::string> row_of(const PodStatus& pod) {
  const json& answer = pod.answer;
  if (!answer.is_object())
    return {pod.ns, pod.name, pod.node.empty() ? "-" : pod.node, "?", "-", "-", "-", "-", "-", "-"};
  return {pod.ns,
          pod.name,
          pod.node,
          is_set_up(answer) ? "yes" : "no",
          shown_at(answer, "/switch"),
          std::to_string(number(answer, "/connections/smc-r")),
          std::to_string(number(answer, "/connections/smc-d")),
          std::to_string(number(answer, "/connections/tcp")),
          std::to_string(fallbacks_of(answer)),
          bytes_text(number(answer, "/bytes/sent") + number(answer, "/bytes/received"))};
}

std::string finding_lines(const std::string& about, const json& answer) {
  std::string out;
  for (const json& finding : items_of(answer, "findings"))
    out += "‼ " + about + shown_at(finding, "/message") + "\n" +
           hint_line(shown_at(finding, "/hint"), 2);
  return out;
}

std::string problem_lines(const PodStatus& pod, const std::string& about) {
  if (pod.problem.empty()) return {};
  return "‼ " + about + pod.problem + "\n" + hint_line(pod.hint, 2);
}

std::string peer_of(const json& socket, const Names& names) {
  const std::string peer = shown_at(socket, "/peer");
  const std::string name = names.find(address_of(peer));
  return name.empty() ? peer : peer + " (" + name + ")";
}

// Of a socket that listens.
std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string sockets_text(const json& answer, const Names& names) {
  Table table{{"LOCAL", "PEER", "MODE", "STATE", "REASON"}, {}};
  for (const json& socket : items_of(answer, "sockets")) {
    const std::string code = shown_at(socket, "/code");
    std::string reason = code;
    if (const std::string words = shown_at(socket, "/reason"); !words.empty())
      reason += " " + words;
    table.rows.push_back({shown_at(socket, "/local"), or_dash(peer_of(socket, names)),
                          or_dash(shown_at(socket, "/mode")), shown_at(socket, "/state"), reason});
  }
  return table.rows.empty() ? "no SMC sockets\n" : table.text();
}

}  // namespace

std::string fallback_words(const json& fallback) {
  const std::string code = shown_at(fallback, "/code");
  const auto* known = known_code(code);
  std::string words = shown_at(fallback, "/reason");
  if (known != nullptr) words = known->meaning;
  std::string out =
      code + " " + std::to_string(number(fallback, "/count")) + " times: " + words + "\n";
  return known == nullptr ? out : out + hint_line(known->hint, 4);
}

std::string pods_text(const std::vector<PodStatus>& pods) {
  Table table{{"NAMESPACE", "POD", "NODE", "SET UP", "SWITCH", "SMC-R", "SMC-D", "TCP", "FALLBACKS",
               "SMC BYTES"},
              {}};
  std::string amiss;
  for (const PodStatus& pod : pods) {
    table.rows.push_back(row_of(pod));
    const std::string about = pod.ns + "/" + pod.name + ": ";
    amiss += problem_lines(pod, about) + finding_lines(about, pod.answer);
  }
  return table.text() + amiss;
}

std::string pod_text(const PodStatus& pod, const Names& names) {
  const json& answer = pod.answer;
  std::string out = "pod          " + pod.ns + "/" + pod.name + " on node " + pod.node + "\n";
  out += problem_lines(pod, "");
  if (!answer.is_object()) return out;
  const std::string result = shown_at(answer, "/result");
  out += std::string("set up       ") + (is_set_up(answer) ? "yes" : "no") +
         (result.empty() ? "" : " (" + result + ")") + "\n";
  out += "switch       " + shown_at(answer, "/switch") + "\n";
  out += "connections  " + mode_counts(answer) + "\n";
  out += "SMC bytes    sent " + bytes_text(number(answer, "/bytes/sent")) + ", received " +
         bytes_text(number(answer, "/bytes/received")) + "\n";
  out += finding_lines("", answer);
  const json& fallbacks = items_of(answer, "fallbacks");
  if (!fallbacks.empty()) out += "fallbacks to TCP\n";
  for (const json& fallback : fallbacks) out += "  " + fallback_words(fallback);
  return out + "\n" + sockets_text(answer, names);
}

std::string pods_json(const std::vector<PodStatus>& pods, const Names& names) {
  json out = {{"pods", json::array()}};
  for (const PodStatus& pod : pods) {
    json each = pod.answer.is_object() ? pod.answer : json::object();
    each["namespace"] = pod.ns;
    each["name"] = pod.name;
    each["node"] = pod.node;
    if (!pod.problem.empty()) each["error"] = pod.problem;
    if (!pod.hint.empty()) each["hint"] = pod.hint;
    if (each.contains("sockets") && each["sockets"].is_array())
      for (json& socket : each["sockets"])
        if (const auto name = names.find(address_of(text_at(socket, "/peer"))); !name.empty())
          socket["peerName"] = name;
    out["pods"].push_back(std::move(each));
  }
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string nodes_text(const std::vector<json>& statuses) {
  Table table{{"NODE", "READY", "SWITCH", "PODS", "AGENT"}, {}};
  std::string amiss;
  for (const json& status : statuses) {
    const std::string node = shown_at(status, "/node");
    const bool ready = flag_of(status, "ready");
    table.rows.push_back({node, ready ? "yes" : "no", shown_at(status, "/switch"),
                          std::to_string(items_of(status, "pods").size()),
                          shown_at(status, "/version")});
    for (const json& check : items_of(status, "checks")) {
      const std::string verdict = shown_at(check, "/verdict");
      if (verdict == "pass") continue;
      amiss += std::string(verdict == "fail" ? "× " : "‼ ") + node + ": " +
               shown_at(check, "/name") + ": " + shown_at(check, "/detail") + "\n" +
               hint_line(shown_at(check, "/hint"), 2);
    }
  }
  return table.text() + amiss;
}

bool all_well(const std::vector<PodStatus>& pods) {
  return std::ranges::all_of(pods, [](const PodStatus& pod) {
    return pod.problem.empty() && is_set_up(pod.answer) && items_of(pod.answer, "findings").empty();
  });
}

}  // namespace smc::kubectl
