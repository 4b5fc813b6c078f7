#include "test/webhook/review/random_pod.h"

#include <string>

namespace smc::webhook::test {
namespace {

const char* const kKeys[] = {"smc.asm.alibabacloud.com/erdma", "zone", "disk"};
const char* const kValues[] = {"true", "false", "a", "7"};
const char* const kOperators[] = {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"};

}  // namespace

std::size_t RandomPods::below(std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
}

void RandomPods::maybe(Json& object, const char* key, const Json& value) {
  const std::size_t choice = below(5);
  if (choice == 0) object[key] = nullptr;
  if (choice > 1) object[key] = value;
}

RandomPods::Json RandomPods::any_value(int depth) {
  switch (below(depth > 0 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return one_in(2);
    case 2:
      return std::uint64_t{random_()};
    case 3:
      return 1.5e300 / static_cast<double>(1 + below(1000));
    case 4:
      return "/~\"\\\xC3\xA9\n" + std::to_string(below(100));
    case 5:
      return "";
    case 6: {
      Json list = Json::array();
      for (std::size_t i = below(4); i > 0; --i) list.push_back(any_value(depth - 1));
      return list;
    }
    default: {
      Json object = Json::object();
      for (std::size_t i = below(4); i > 0; --i)
        object["x/~" + std::to_string(i)] = any_value(depth - 1);
      return object;
    }
  }
}

RandomPods::Json RandomPods::strings(std::size_t most) {
  Json list = Json::array();
  for (std::size_t i = below(most + 1); i > 0; --i) list.push_back(kValues[below(4)]);
  return list;
}

RandomPods::Json RandomPods::expression() {
  Json made = {{"key", kKeys[below(3)]}, {"operator", kOperators[below(6)]}};
  const std::string op = made["operator"];
  if (op == "Gt" || op == "Lt")
    made["values"] = {"5"};
  else if (op == "In" || op == "NotIn")
    made["values"] = strings(3);
  else
    maybe(made, "values", Json::array());
  return made;
}

RandomPods::Json RandomPods::expressions() {
  Json list = Json::array();
  for (std::size_t i = below(4); i > 0; --i) list.push_back(expression());
  return list;
}

RandomPods::Json RandomPods::term() {
  if (one_in(8)) return nullptr;
  Json made = Json::object();
  maybe(made, "matchExpressions", expressions());
  Json fields = Json::array();
  if (one_in(4))
    fields.push_back({{"key", one_in(3) ? "metadata.name" : "metadata.other"},
                      {"operator", one_in(3) ? "NotIn" : "In"},
                      {"values", {"node-7"}}});
  maybe(made, "matchFields", fields);
  return made;
}

RandomPods::Json RandomPods::required() {
  Json terms = Json::array();
  for (std::size_t i = below(4); i > 0; --i) terms.push_back(term());
  Json made = Json::object();
  maybe(made, "nodeSelectorTerms", terms);
  return made;
}

RandomPods::Json RandomPods::affinity() {
  Json node = Json::object();
  maybe(node, "requiredDuringSchedulingIgnoredDuringExecution", required());
  maybe(node, "preferredDuringSchedulingIgnoredDuringExecution",
        Json::array({{{"weight", 1}, {"preference", {{"matchExpressions", {expression()}}}}}}));
  Json made = Json::object();
  maybe(made, "nodeAffinity", node);
  maybe(made, "podAntiAffinity", any_value(2));
  return made;
}

nlohmann::json RandomPods::container(const char* prefix) {
  Json made = {{"name", prefix + std::to_string(below(1'000'000))}, {"image", "example.com/x:1"}};
  Json ports = Json::array();
  for (std::size_t i = below(3); i > 0; --i)
    ports.push_back({{"containerPort", 65490 + below(40)}, {"protocol", "TCP"}});
  maybe(made, "ports", ports);
  maybe(made, "env", Json::array({{{"name", "A"}, {"value", "b"}}}));
  maybe(made, "x-unknown", any_value(3));
  return made;
}

RandomPods::Json RandomPods::init_containers() {
  Json list = Json::array();
  for (std::size_t i = below(4); i > 0; --i) {
    list.push_back(container("init-"));
    maybe(list.back(), "restartPolicy", "Always");
  }
  return list;
}

RandomPods::Json RandomPods::metadata() {
  Json annotations = {{"smc.asm.alibabacloud.com/enabled", "true"}, {"a/b~c", "d"}};
  maybe(annotations, "smc.asm.alibabacloud.com/on-failure",
        one_in(2) ? "fail" : "\xE2\x82\xAC bad \x1b value");
  maybe(annotations, "smc.asm.alibabacloud.com/pnetid", "P1");
  maybe(annotations, "smc.asm.alibabacloud.com/exclude-destinations",
        one_in(2) ? "10.1.2.0/24, :6379" : "fd00::/8, \xE2\x82\xAC");
  maybe(annotations, "network.alibabacloud.com/erdma-smcr", "true");
  maybe(annotations, "sidecar.istio.io/status", R"({"initContainers":["istio-init"]})");
  Json made = {{"annotations", annotations}};
  maybe(made, "name", "web-1");
  maybe(made, "generateName", "web-");
  maybe(made, "labels", {{"app", "web"}});
  maybe(made, "managedFields", any_value(4));
  maybe(made, "ownerReferences",
        Json::array({{{"kind", one_in(5) ? "DaemonSet" : "ReplicaSet"},
                      {"name", "web"},
                      {"controller", true}}}));
  return made;
}

nlohmann::json RandomPods::pod() {
  Json spec = {{"containers", {container("web-")}}};
  maybe(spec, "initContainers", init_containers());
  maybe(spec, "affinity", affinity());
  maybe(spec, "hostNetwork", one_in(20));
  maybe(spec, "hostUsers", !one_in(20));
  maybe(spec, "nodeName", one_in(10) ? "node-7" : "");
  maybe(spec, "nodeSelector", {{kKeys[below(3)], kValues[below(4)]}});
  maybe(spec, "runtimeClassName", one_in(20) ? "kata" : "runc");
  maybe(spec, "tolerations",
        Json::array({{{"key", "virtual-kubelet.io/provider"}, {"operator", "Exists"}}}));
  maybe(spec, "resources",
        {{"limits", {{"cpu", one_in(2) ? "20m" : "2"}}}, {"requests", {{"memory", "16Mi"}}}});
  maybe(spec, "os", {{"name", one_in(20) ? "windows" : "linux"}});
  maybe(spec, "securityContext", {{"runAsNonRoot", true}, {"runAsUser", 1000}});
  maybe(spec, "x-unknown", any_value(4));
  return {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata()}, {"spec", spec}};
}

nlohmann::json RandomPods::node_labels() {
  Json labels = Json::object();
  for (const char* key : kKeys)
    if (!one_in(3)) labels[key] = kValues[below(4)];
  return labels;
}

}  // namespace smc::webhook::test
