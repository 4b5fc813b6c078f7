// What holds for every pod, tried on random ones. SMC_SEED repeats a run.
#include <algorithm>
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

constexpr int kPods = 750;  // in each mode
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

Config in_mode(InitMode mode) {
  Config config;
  config.init_container.mode = mode;
  config.injection.allowed_overrides.push_back(Override::kExcludeDestinations);
  config.injection.exclude_destinations = {{0x0A000000, 8, 0}};
  return config;
}

std::string name_of_mode(const testing::TestParamInfo<InitMode>& mode) {
  return std::string(name_of(mode.param));
}

const auto kModes = testing::Values(InitMode::kPrivileged, InitMode::kAgent);

class EveryPod : public testing::TestWithParam<InitMode> {
 protected:
  EveryPod() : pods_(seed()) { RecordProperty("seed", std::to_string(seed())); }

  // Calls `check` with random pods, and stops at the first for which it fails.
  template <class Check>
  void for_each_pod(Check check) {
    int injected = 0;
    for (int i = 0; i < kPods && !HasFailure(); ++i) {
      const Json pod = pods_.pod();
      const Reply reply = ask(pod, in_mode(GetParam()));
      SCOPED_TRACE("SMC_SEED=" + std::to_string(seed()) + ", pod " + pod.dump());
      ASSERT_EQ(reply.status, 200) << reply.refusal;
      check(pod, reply);
      injected += reply.decision == Decision::kInjected ? 1 : 0;
    }
    if (!HasFailure()) {
      EXPECT_GT(injected, kPods / 3) << "the pods no longer try what they should";
    }
  }

  static Reply ask_again(const Json& pod) { return ask(pod, in_mode(GetParam())); }

  RandomPods pods_;
};

INSTANTIATE_TEST_SUITE_P(InMode, EveryPod, kModes, name_of_mode);

TEST_P(EveryPod, IsPatchedIfAndOnlyIfItIsInjected) {
  for_each_pod([](const Json& pod, const Reply& reply) {
    EXPECT_EQ(reply.has_patch, reply.decision == Decision::kInjected);
    EXPECT_EQ(reply.response.at("allowed"), true);
    EXPECT_NO_THROW(patched(pod, reply));
  });
}

TEST_P(EveryPod, GetsOurContainerFirstAndKeepsTheOthersAsTheyWere) {
  for_each_pod([](const Json& pod, const Reply& reply) {
    if (!reply.has_patch) return;
    Json inits = patched(pod, reply).at("spec").at("initContainers");
    EXPECT_EQ(inits.at(0).at("name"), "smc-init");
    inits.erase(0);
    EXPECT_EQ(inits, list_or_empty(pod.at("spec"), "initContainers"));
  });
}

TEST_P(EveryPod, KeepsEverythingElse) {
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

TEST_P(EveryPod, KeepsItsTermsAndTheirExpressionsInPlace) {
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

TEST_P(EveryPod, MayRunWhereItMightBeforeAndOurLabelIs) {
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

TEST_P(EveryPod, IsLeftAloneInASecondCall) {
  for_each_pod([](const Json& pod, const Reply& reply) {
    if (!reply.has_patch) return;
    const Reply second = ask_again(patched(pod, reply));
    EXPECT_EQ(second.decision, Decision::kAlreadyInjected) << second.patch;
    EXPECT_FALSE(second.has_patch);
    EXPECT_FALSE(second.response.contains("auditAnnotations"));
  });
}

TEST_P(EveryPod, IsLeftAloneAfterTheApiServersDefaults) {
  for_each_pod([](const Json& pod, const Reply& reply) {
    if (!reply.has_patch) return;
    const Reply second = ask_again(defaulted(patched(pod, reply)));
    EXPECT_EQ(second.decision, Decision::kAlreadyInjected) << second.patch;
  });
}

// A namespace may become known, or be labelled, between two calls.
TEST_P(EveryPod, HasTheModeOfTheLastCall) {
  const InitMode other = GetParam() == InitMode::kAgent ? InitMode::kPrivileged : InitMode::kAgent;
  for_each_pod([&](const Json& pod, const Reply& reply) {
    if (!reply.has_patch) return;
    const Json before = patched(pod, reply);
    const Reply changed = ask(defaulted(before), in_mode(other));
    if (changed.decision == Decision::kUserNamespace) {
      EXPECT_EQ(GetParam(), InitMode::kAgent);  // and there it stays
      return;
    }
    ASSERT_EQ(changed.decision, Decision::kInjected);
    EXPECT_FALSE(changed.response.contains("auditAnnotations"));
    const std::string replaced = "SMC: container \"smc-init\" of mode " +
                                 std::string(name_of(GetParam())) + " is replaced by one of mode " +
                                 std::string(name_of(other));
    EXPECT_EQ(std::ranges::count(changed.warnings(), replaced), 1);
    const Json after = patched(defaulted(before), changed);
    const Json expected = patched(pod, ask(pod, in_mode(other)));
    EXPECT_EQ(after["spec"]["initContainers"][0], expected["spec"]["initContainers"][0]);
    EXPECT_EQ(after["metadata"], expected["metadata"]);
    EXPECT_EQ(ask(after, in_mode(other)).decision, Decision::kAlreadyInjected);
  });
}

TEST_P(EveryPod, GetsOurContainerBackToTheFrontAfterAnotherInjector) {
  for_each_pod([&](const Json& pod, const Reply& reply) {
    if (!reply.has_patch) return;
    Json after_istio = defaulted(patched(pod, reply));
    Json& inits = after_istio["spec"]["initContainers"];
    inits.insert(inits.begin(), pods_.container("istio-"));
    const Reply second = ask_again(after_istio);
    ASSERT_EQ(second.decision, Decision::kInjected);
    EXPECT_EQ(second.patch, Json::parse(R"([{"op":"move","path":"/spec/initContainers/0",
                                             "from":"/spec/initContainers/1"}])"));
    EXPECT_FALSE(second.response.contains("auditAnnotations"));
    EXPECT_EQ(ask_again(patched(after_istio, second)).decision, Decision::kAlreadyInjected);
  });
}

class OurContainer : public testing::TestWithParam<InitMode> {};

INSTANTIATE_TEST_SUITE_P(InMode, OurContainer, kModes, name_of_mode);

TEST_P(OurContainer, IsPutBackWhicheverOfItsFieldsIsAnotherOrGone) {
  const Config config = in_mode(GetParam());
  const Json before = test::annotated_pod();
  const Json good = patched(before, ask(before, config));
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
      const Reply reply = ask(pod, config);
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

TEST_P(EveryPod, IsWarnedWithinTheApiServersLimits) {
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
