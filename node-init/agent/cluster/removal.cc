#include "node-init/agent/cluster/removal.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "node-init/agent/cluster/node_keeper.h"

namespace smc::node {
namespace {

using nlohmann::json;

const kube::Resource kDaemonSets{"apps", "v1", "daemonsets", true};

// Between two looks at a DaemonSet whose pods are ending.
constexpr std::chrono::milliseconds kLook{500};

kube::Target target(const ObjectName& daemonset) {
  return {kDaemonSets, daemonset.ns, daemonset.name, ""};
}

}  // namespace

Removal::Removal(System& system, std::shared_ptr<const kube::Cluster> cluster,
                 RemovalOptions options)
    : system_(system),
      options_(std::move(options)),
      client_(std::move(cluster), stop_, options_.client),
      deadline_(system_.now() + options_.timeout) {}

template <class T>
kube::Outcome<T> Removal::retry(const std::function<kube::Outcome<T>()>& attempt) {
  kube::Backoff backoff(options_.backoff, kube::system_random());
  while (true) {
    kube::Outcome<T> result = attempt();
    if (result || !(result.error().passing() || result.error().conflict())) return result;
    const auto pause = std::max(backoff.next(), result.error().retry_after);
    if (system_.now() + pause > deadline_) return result;
    system_.sleep_for(pause);
  }
}

// A Node that is gone has no labels by which to judge.
kube::Outcome<bool> Removal::chooses(const json& daemonset, const std::string& node) {
  static const json::json_pointer kSelector("/spec/template/spec/nodeSelector");
  if (!daemonset.contains(kSelector)) return true;
  const auto found = client_.get(node_target(node));
  if (!found && found.error().not_found()) return true;
  if (!found) return found.error();
  const json labels = found->at("metadata").value("labels", json::object());
  for (const auto& [key, value] : daemonset.at(kSelector).items())
    if (!labels.contains(key) || labels.at(key) != value) return false;
  return true;
}

kube::Outcome<bool> Removal::is_being_removed(const ObjectName& daemonset,
                                              const std::string& node) {
  return retry<bool>([&]() -> kube::Outcome<bool> {
    const auto found = client_.get(target(daemonset));
    if (!found && found.error().not_found()) return true;
    if (!found) return found.error();
    if (found->at("metadata").contains("deletionTimestamp")) return true;
    const auto chosen = chooses(*found, node);
    if (!chosen) return chosen.error();
    return !*chosen;
  });
}

kube::Outcome<bool> Removal::clear(const std::string& node) {
  return retry<bool>([&]() -> kube::Outcome<bool> {
    const auto found = client_.get(node_target(node));
    if (found) return clear_node(client_, *found, options_.label);
    if (found.error().not_found()) return false;
    return found.error();
  });
}

kube::Outcome<void> Removal::delete_daemonset(const ObjectName& daemonset) {
  // Foreground: the DaemonSet stays, marked as deleted, until its last pod is gone, so that agents
  // see the mark and no right to list pods is needed here.
  const json options = {
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Foreground"}};
  const auto deleted = retry<bool>([&]() -> kube::Outcome<bool> {
    const auto answer = client_.remove(target(daemonset), options);
    if (answer || answer.error().not_found()) return true;
    return answer.error();
  });
  if (!deleted) return deleted.error();
  while (true) {
    const auto gone = retry<bool>([&]() -> kube::Outcome<bool> {
      const auto found = client_.get(target(daemonset));
      if (found) return false;
      if (found.error().not_found()) return true;
      return found.error();
    });
    if (!gone) return gone.error();
    if (*gone) return {};
    if (system_.now() + kLook > deadline_)
      return kube::make_error(
          kube::Failure::kAnswer,
          "DaemonSet " + daemonset.ns + "/" + daemonset.name + " still has pods that are ending",
          "kubectl -n " + daemonset.ns +
              " get pods -o wide: a node that does not answer keeps its "
              "own; delete that Node, or give more time with --timeout");
    system_.sleep_for(kLook);
  }
}

// The page of this token; `token` becomes that of the next one.
kube::Outcome<std::size_t> Removal::clear_page(std::string& token) {
  const auto page = client_.list_page({kube::kNodes, "", "", ""}, {}, token);
  if (!page) return page.error();
  std::size_t cleared = 0;
  for (const json& node : page->items) {
    const auto done = clear_node(client_, node, options_.label);
    if (done) cleared += *done ? 1 : 0;
    // A Node that went away meanwhile has nothing.
    if (!done && !done.error().not_found()) return done.error();
  }
  token = page->next;
  return cleared;
}

kube::Outcome<std::size_t> Removal::clear_all() {
  std::size_t cleared = 0;
  // A page that fails is asked for again: what it cleared already has nothing left to clear. A
  // token that the server no longer keeps (410) starts from the front for the same reason.
  std::string token;
  do {
    const auto page = retry<std::size_t>([&] {
      auto done = clear_page(token);
      if (!done && done.error().gone() && !std::exchange(token, {}).empty())
        done = clear_page(token);
      return done;
    });
    if (!page) return page.error();
    cleared += *page;
  } while (!token.empty());
  return cleared;
}

}  // namespace smc::node
