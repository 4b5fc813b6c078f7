// What holds for every pod, tried on random ones. SMC_SEED repeats a run.
#include <cstdlib>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "test/webhook/review/random_pod.h"
#include "test/webhook/review/reviews.h"

namespace smc::webhook {
namespace {

using nlohmann::literals::operator""_json_pointer;
using test::ask;
using test::Json;
using test::patched;
using test::RandomPods;
using test::Reply;

constexpr int kPods = 1500;
constexpr const char* kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr const char* kStatus = "smc.asm.alibabacloud.com/status";

std::uint64_t seed() {
  static const std::uint64_t kSeed = [] {
    const char* given = std::getenv("SMC_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  }();
  return kSeed;
}

// null and absent are the same.
Json at_or_null(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) ? object.at(key) : Json();
}

Json list_or_empty(const Json& object, const char* key) {
  const Json value = at_or_null(object, key);
  return value.is_array() ? value : Json::array();
}

Json required_of(const Json& pod) {
  const Json affinity = at_or_null(pod.at("spec"), "affinity");
  return at_or_null(at_or_null(affinity, "nodeAffinity"), kRequired);
}

// Whether a node with these labels meets an expression, as the scheduler decides it
// (k8s.io/apimachinery/pkg/labels, Requirement.Matches).
bool meets(const Json& expression, const Json& labels) {
  const std::string op = expression.at("operator");
  const std::string key = expression.at("key");
  const bool has = labels.contains(key);
  const Json values = list_or_empty(expression, "values");
  const auto listed = [&] {
    return values.end() != std::find(values.begin(), values.end(), labels.at(key));
  };
  if (op == "In") return has && listed();
  if (op == "NotIn") return !has || !listed();
  if (op == "Exists") return has;
  if (op == "DoesNotExist") return !has;
  const std::string label = has ? labels.at(key).get<std::string>() : std::string();
  if (label != "7") return false;  // the only number among the values of random_pod.cc
  const int bound = std::stoi(values.at(0).get<std::string>());
  return op == "Gt" ? 7 > bound : 7 < bound;
}

// Whether a node that is not called node-7 meets the requirements of a term's matchFields.
bool meets_fields(const Json& fields) {
  for (const Json& field : fields)
    if (field.at("key") != "metadata.name" || field.at("operator") != "NotIn") return false;
  return true;
}

// Whether the pod's required node affinity lets it onto the node, which is not called node-7.
bool may_run_on(const Json& pod, const Json& labels) {
  const Json required = required_of(pod);
  if (required.is_null()) return true;
  for (const Json& term : list_or_empty(required, "nodeSelectorTerms")) {
    const Json expressions = list_or_empty(term, "matchExpressions");
    const Json fields = list_or_empty(term, "matchFields");
    if (expressions.empty() && fields.empty()) continue;
    bool all = meets_fields(fields);
    for (const Json& expression : expressions) all = all && meets(expression, labels);
    if (all) return true;
  }
  return false;
}

// What the API server does to a pod between two calls, as far as it reaches our container.
Json defaulted(Json pod) {
  for (const char* list : {"initContainers", "containers"}) {
    if (list_or_empty(pod["spec"], list).empty()) continue;
    for (Json& container : pod["spec"][list]) {
      container["terminationMessagePath"] = "/dev/termination-log";
      if (!container["volumeMounts"].is_array()) container["volumeMounts"] = Json::array();
      container["volumeMounts"].push_back(
          {{"name", "kube-api-access-4xk2p"},
           {"readOnly", true},
           {"mountPath", "/var/run/secrets/kubernetes.io/serviceaccount"}});
      for (Json& variable : container["env"])
        if (variable.contains("valueFrom")) variable["valueFrom"]["fieldRef"]["apiVersion"] = "v1";
      if (container["env"].is_null()) container.erase("env");
    }
  }
  pod["spec"]["restartPolicy"] = "Always";
  return pod;
}

// Every path to a value that is no object or array.
std::vector<std::string> leaves(const Json& value) {
  std::vector<std::string> pointers;
  const Json flat = value.flatten();
  for (const auto& [pointer, leaf] : flat.items()) pointers.push_back(pointer);
  return pointers;
}

class EveryPod : public testing::Test {
 protected:
  EveryPod() : pods_(seed()) { RecordProperty("seed", std::to_string(seed())); }

  // Calls `check` with random pods, and stops at the first for which it fails.
  template <class Check>
  void for_each_pod(Check check) {
    int injected = 0;
    for (int i = 0; i < kPods && !HasFailure(); ++i) {
      const Json pod = pods_.pod();
      const Reply reply = ask(pod);
      SCOPED_TRACE("SMC_SEED=" + std::to_string(seed()) + ", pod " + pod.dump());
      ASSERT_EQ(reply.status, 200) << reply.refusal;
      check(pod, reply);
      injected += reply.decision == Decision::kInjected ? 1 : 0;
    }
    if (!HasFailure()) {
      EXPECT_GT(injected, kPods / 3) << "the pods no longer try what they should";
    }
  }

  RandomPods pods_;
};

TEST_F(EveryPod, IsPatchedIfAndOnlyIfItIsInjected) {
  for_each_pod([](const Json& pod, const Reply& reply) {
    EXPECT_EQ(reply.has_patch, reply.decision == Decision::kInjected);
    EXPECT_EQ(reply.response.at("allowed"), true);
    EXPECT_NO_THROW(patched(pod, reply));
  });
}

TEST_F(EveryPod, GetsOurContainerFirstAndKeepsTheOthersAsTheyWere) {
  for_each_pod([](const Json& pod, const Reply& reply) {
    if (!reply.has_patch) return;
    Json inits = patched(pod, reply).at("spec").at("initContainers");
    EXPECT_EQ(inits.at(0).at("name"), "smc-init");
    inits.erase(0);
    EXPECT_EQ(inits, list_or_empty(pod.at("spec"), "initContainers"));
  });
}

TEST_F(EveryPod, KeepsEverythingElse) {
  for_each_pod([](const Json& pod, const Reply& reply) {
    Json before = pod;
    Json after = patched(pod, reply);
    after["metadata"]["annotations"].erase(kStatus);
    for (Json* one : {&before, &after}) {
      Json& affinity = (*one)["spec"]["affinity"];
      if (affinity.is_null()) affinity = Json::object();
      Json& node_affinity = affinity["nodeAffinity"];
      if (node_affinity.is_null()) node_affinity = Json::object();
      node_affinity.erase(kRequired);
      (*one)["spec"].erase("initContainers");
    }
    EXPECT_EQ(before, after);
  });
}

TEST_F(EveryPod, KeepsItsTermsAndTheirExpressionsInPlace) {
  for_each_pod([](const Json& pod, const Reply& reply) {
    const Json before = list_or_empty(required_of(pod), "nodeSelectorTerms");
    Json after = list_or_empty(required_of(patched(pod, reply)), "nodeSelectorTerms");
    if (required_of(pod).is_null()) return;
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(at_or_null(before[i], "matchFields"), at_or_null(after[i], "matchFields"));
      const Json old = list_or_empty(before[i], "matchExpressions");
      Json now = list_or_empty(after[i], "matchExpressions");
      if (now.size() == old.size() + 1) now.erase(old.size());
      EXPECT_EQ(old, now);
    }
  });
}

TEST_F(EveryPod, MayRunWhereItMightBeforeAndOurLabelIs) {
  for_each_pod([&](const Json& pod, const Reply& reply) {
    if (!reply.has_patch) return;
    const Json after = patched(pod, reply);
    const bool bound = reply.response.dump().find("gets no node affinity") != std::string::npos;
    for (int i = 0; i < 20; ++i) {
      const Json labels = pods_.node_labels();
      const bool ours = labels.value("smc.asm.alibabacloud.com/erdma", "") == "true";
      EXPECT_EQ(may_run_on(after, labels), may_run_on(pod, labels) && (bound || ours)) << labels;
    }
  });
}

TEST_F(EveryPod, IsLeftAloneInASecondCall) {
  for_each_pod([](const Json& pod, const Reply& reply) {
    if (!reply.has_patch) return;
    const Reply second = ask(patched(pod, reply));
    EXPECT_EQ(second.decision, Decision::kAlreadyInjected) << second.patch;
    EXPECT_FALSE(second.has_patch);
    EXPECT_FALSE(second.response.contains("auditAnnotations"));
  });
}

TEST_F(EveryPod, IsLeftAloneAfterTheApiServersDefaults) {
  for_each_pod([](const Json& pod, const Reply& reply) {
    if (!reply.has_patch) return;
    const Reply second = ask(defaulted(patched(pod, reply)));
    EXPECT_EQ(second.decision, Decision::kAlreadyInjected) << second.patch;
  });
}

TEST_F(EveryPod, GetsOurContainerBackToTheFrontAfterAnotherInjector) {
  for_each_pod([&](const Json& pod, const Reply& reply) {
    if (!reply.has_patch) return;
    Json after_istio = defaulted(patched(pod, reply));
    Json& inits = after_istio["spec"]["initContainers"];
    inits.insert(inits.begin(), pods_.container("istio-"));
    const Reply second = ask(after_istio);
    ASSERT_EQ(second.decision, Decision::kInjected);
    EXPECT_EQ(second.patch, Json::parse(R"([{"op":"move","path":"/spec/initContainers/0",
                                             "from":"/spec/initContainers/1"}])"));
    EXPECT_FALSE(second.response.contains("auditAnnotations"));
    EXPECT_EQ(ask(patched(after_istio, second)).decision, Decision::kAlreadyInjected);
  });
}

TEST(OurContainer, IsPutBackWhicheverOfItsFieldsIsAnotherOrGone) {
  const Json before = test::annotated_pod();
  const Json good = patched(before, ask(before));
  const Json container = good.at("/spec/initContainers/0"_json_pointer);
  for (const std::string& pointer : leaves(container)) {
    if (pointer == "/name") continue;  // then it is not ours
    const Json::json_pointer at("/spec/initContainers/0" + pointer);
    Json other = good;
    Json& field = other[at];
    if (field.is_string())
      field = field.get<std::string>() + "1";
    else if (field.is_boolean())
      field = !field.get<bool>();
    else
      field = field.get<int>() + 1;
    Json without = good;
    without[at] = nullptr;
    for (const Json& pod : {other, without}) {
      const Reply reply = ask(pod);
      if (reply.status == 400) continue;  // no string where one must be
      EXPECT_EQ(reply.decision, Decision::kInjected) << pointer;
      EXPECT_EQ(patched(pod, reply), good) << pointer;
      ASSERT_EQ(reply.warnings().size(), 1u) << pointer;
      const std::string field_name = pointer.substr(1, pointer.find('/', 1) - 1);
      EXPECT_NE(reply.warnings()[0].find('(' + field_name + ')'), std::string::npos)
          << reply.warnings()[0];
    }
  }
}

TEST_F(EveryPod, IsWarnedWithinTheApiServersLimits) {
  for_each_pod([](const Json&, const Reply& reply) {
    std::size_t all = 0;
    for (const std::string& warning : reply.warnings()) {
      EXPECT_LE(warning.size(), 256u) << warning;
      all += warning.size();
    }
    EXPECT_LE(all, 4096u);
    if (info(reply.decision).warns) {
      EXPECT_EQ(reply.warnings().size(), 1u);
    }
  });
}

}  // namespace
}  // namespace smc::webhook
