// The configuration file: every key of the contract, and every mistake named with line and key.
#include "webhook/config/config.h"

#include <functional>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/version.h"

namespace smc::webhook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Config good(const std::string& yaml) {
  const ParsedConfig parsed = parse_config(yaml);
  for (const ConfigMistake& mistake : parsed.mistakes) ADD_FAILURE() << mistake.text("config");
  return parsed.config;
}

// The mistakes as a user sees them, without what is allowed.
std::vector<std::string> mistakes(const std::string& yaml) {
  std::vector<std::string> out;
  for (ConfigMistake mistake : parse_config(yaml).mistakes) {
    mistake.allowed.clear();
    out.push_back(mistake.text("f"));
  }
  return out;
}

// "a.b.c" as nested YAML with `value` inside.
std::string at(const std::string& path, const std::string& value) {
  std::string out;
  std::istringstream parts(path);
  std::string indent;
  for (std::string part; std::getline(parts, part, '.'); indent += "  ")
    out += (out.empty() ? "" : "\n") + indent + part + ":";
  return out + " " + value + "\n";
}

TEST(Config, NothingMeansTheDefaultsOfTheContract) {
  for (const char* yaml : {"", "\n", "# only a comment\n", "---\n", "server:\nmesh:\n", "{}"}) {
    const Config config = good(yaml);
    EXPECT_TRUE(config.mesh.smc_enabled);
    EXPECT_THAT(config.injection.excluded_namespaces,
                ElementsAre("kube-system", "kube-public", "kube-node-lease"));
    EXPECT_THAT(config.injection.excluded_runtime_classes,
                ElementsAre("kata*", "gvisor*", "runsc*", "runv*", "rund*"));
    EXPECT_THAT(config.injection.allowed_overrides, ElementsAre(Override::kOnFailure));
    EXPECT_EQ(config.injection.on_failure, OnFailure::kFallback);
    EXPECT_EQ(config.injection.affinity.mode, AffinityMode::kRequired);
    EXPECT_EQ(config.injection.affinity.key, "smc.asm.alibabacloud.com/erdma");
    EXPECT_THAT(config.injection.affinity.values, ElementsAre("true"));
    EXPECT_EQ(config.init_container.name, "smc-init");
    EXPECT_THAT(config.init_container.image, testing::EndsWith(std::string(":") + kVersion));
    EXPECT_EQ(config.init_container.image_pull_policy, "IfNotPresent");
    EXPECT_THAT(config.init_container.image_pull_secrets, IsEmpty());
    EXPECT_THAT(config.init_container.trusted_registries, IsEmpty());
    EXPECT_EQ(config.init_container.mode, std::nullopt);
    EXPECT_EQ(config.init_container.cpu, "50m");
    EXPECT_EQ(config.init_container.memory, "32Mi");
    EXPECT_FALSE(config.init_container.request_erdma);
    EXPECT_EQ(config.server.max_body_bytes, 7u << 20);
    EXPECT_EQ(config.server.max_connections, 4096u);
    EXPECT_EQ(config.server.request_timeout, seconds(10));
    EXPECT_EQ(config.server.idle_timeout, seconds(120));
    EXPECT_EQ(config.server.drain_delay, seconds(5));
    EXPECT_EQ(config.log_level, log::Level::kInfo);
  }
}

TEST(Config, EveryKeyIsRead) {
  const Config config = good(R"(
mesh: {smcEnabled: false}
injection:
  excludedNamespaces: [a, b-1]
  excludedRuntimeClasses: []
  overrides: {allowed: [pnetid, interface, programs, resources, exclude-destinations]}
  onFailure: fail
  excludeDestinations: [10.1.2.0/24, 10.20.0.7:3306, ':6379', ':6379']
  affinity: {mode: none, key: example.org/rdma, values: ["yes", v2]}
initContainer:
  name: init
  image: localhost:5000/x/y:1.0@sha256:)" +
                             std::string(64, 'a') + R"(
  imagePullPolicy: Never
  imagePullSecrets: [registry.a, b]
  trustedRegistries: ["mirror.example:5000/k8s", ghcr.io]
  mode: agent
  resources: {cpu: 1, memory: 64e6}
  requestErdma: true
server:
  maxBodyBytes: 1Mi
  maxConnections: 100
  requestTimeout: 1500ms
  idleTimeout: 2m
  drainDelay: 0s
log: {level: debug}
)");
  EXPECT_FALSE(config.mesh.smc_enabled);
  EXPECT_THAT(config.injection.excluded_namespaces, ElementsAre("a", "b-1"));
  EXPECT_THAT(config.injection.excluded_runtime_classes, IsEmpty());
  EXPECT_THAT(config.injection.allowed_overrides,
              ElementsAre(Override::kPnetid, Override::kInterface, Override::kPrograms,
                          Override::kResources, Override::kExcludeDestinations));
  EXPECT_EQ(text_of(config.injection.exclude_destinations), "10.1.2.0/24,10.20.0.7:3306,:6379");
  EXPECT_EQ(config.injection.on_failure, OnFailure::kFail);
  EXPECT_EQ(config.injection.affinity.mode, AffinityMode::kNone);
  EXPECT_EQ(config.injection.affinity.key, "example.org/rdma");
  EXPECT_THAT(config.injection.affinity.values, ElementsAre("yes", "v2"));
  EXPECT_EQ(config.init_container.name, "init");
  EXPECT_THAT(config.init_container.image, StartsWith("localhost:5000/x/y:1.0@sha256:"));
  EXPECT_EQ(config.init_container.image_pull_policy, "Never");
  EXPECT_THAT(config.init_container.image_pull_secrets, ElementsAre("registry.a", "b"));
  EXPECT_THAT(config.init_container.trusted_registries,
              ElementsAre("mirror.example:5000/k8s", "ghcr.io"));
  EXPECT_EQ(config.init_container.mode, InitMode::kAgent);
  EXPECT_EQ(config.init_container.cpu, "1");
  EXPECT_EQ(config.init_container.memory, "64e6");
  EXPECT_TRUE(config.init_container.request_erdma);
  EXPECT_EQ(config.server.max_body_bytes, 1u << 20);
  EXPECT_EQ(config.server.max_connections, 100u);
  EXPECT_EQ(config.server.request_timeout, milliseconds(1500));
  EXPECT_EQ(config.server.idle_timeout, seconds(120));
  EXPECT_EQ(config.server.drain_delay, seconds(0));
  EXPECT_EQ(config.log_level, log::Level::kDebug);
}

TEST(Config, EveryMistakeIsNamedInTheFilesOrder) {
  EXPECT_THAT(mistakes("mesh:\n"
                       "  smcEnabled: yes\n"
                       "injection:\n"
                       "  excludedNamespaces:\n"
                       "  - Upper\n"
                       "  - 7\n"
                       "  onfailure: fail\n"
                       "extra: 1\n"
                       "server: []\n"),
              ElementsAre("f:2: mesh.smcEnabled: yes (a boolean) is neither",
                          "f:5: injection.excludedNamespaces: \"Upper\" is not valid",
                          "f:6: injection.excludedNamespaces: 7 (a number) is no string",
                          "f:7: injection.onfailure: unknown key", "f:8: extra: unknown key",
                          "f:9: server: a list is no map"));
}

TEST(Config, AMistakeSaysWhatIsAllowed) {
  const auto unknown = parse_config("server: {port: 1}").mistakes;
  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_EQ(unknown[0].allowed,
            "drainDelay, idleTimeout, maxBodyBytes, maxConnections, requestTimeout");
  EXPECT_EQ(unknown[0].text("c.yaml"),
            "c.yaml:1: server.port: unknown key (allowed: " + unknown[0].allowed + ")");
  const auto level = parse_config("log: {level: loud}").mistakes;
  ASSERT_EQ(level.size(), 1u);
  EXPECT_EQ(level[0].allowed, "debug, info, warn, error");
}

TEST(Config, AKeyGivenTwiceIsAMistake) {
  EXPECT_THAT(mistakes("log: {level: info}\nlog: {level: warn}\n"),
              ElementsAre("f:2: log: given twice, first on line 1"));
  EXPECT_THAT(mistakes("mesh:\n  smcEnabled: true\n  smcEnabled: true\n"),
              ElementsAre("f:3: mesh.smcEnabled: given twice, first on line 2"));
}

TEST(Config, ModeIsFixedOrLeftToTheNamespace) {
  const auto mode_of = [](const char* word) {
    return parse_config(at("initContainer.mode", word)).config.init_container.mode;
  };
  EXPECT_EQ(mode_of("privileged"), InitMode::kPrivileged);
  EXPECT_EQ(mode_of("agent"), InitMode::kAgent);
  EXPECT_EQ(mode_of("auto"), std::nullopt);
}

TEST(Config, AValueOfTheWrongKindIsAMistakeUnderEveryKey) {
  for (const char* path : {"mesh.smcEnabled",
                           "injection.excludedNamespaces",
                           "injection.excludedRuntimeClasses",
                           "injection.overrides.allowed",
                           "injection.onFailure",
                           "injection.affinity.mode",
                           "injection.affinity.key",
                           "injection.affinity.values",
                           "initContainer.name",
                           "initContainer.image",
                           "initContainer.imagePullPolicy",
                           "initContainer.imagePullSecrets",
                           "initContainer.trustedRegistries",
                           "initContainer.mode",
                           "initContainer.resources.cpu",
                           "initContainer.resources.memory",
                           "initContainer.requestErdma",
                           "server.maxBodyBytes",
                           "server.maxConnections",
                           "server.requestTimeout",
                           "server.idleTimeout",
                           "server.drainDelay",
                           "log.level"}) {
    for (const char* value :
         {"", "null", "{}", "{a: b}", "[[]]", "[{}]", "\"\"", "\"\\u0007\"", "-1", "0x1F",
          "\"a b\"", "!!binary '*'", "!!int x", "!mine x", ".inf"}) {
      const auto found = parse_config(at(path, value)).mistakes;
      ASSERT_FALSE(found.empty()) << path << ": " << value;
      EXPECT_EQ(found[0].key, path) << value;
      EXPECT_GT(found[0].line, 0);
      EXPECT_FALSE(found[0].allowed.empty());
    }
  }
}

TEST(Config, LimitsHaveEndsAndSayWhy) {
  struct Case {
    const char* path;
    std::vector<const char*> good;
    std::vector<const char*> bad;
    const char* reason;
  };
  const Case cases[] = {
      {"server.idleTimeout", {"91s", "1h", "60m"}, {"90s", "90999ms", "0s", "61m", "2h"}, "90 s"},
      {"server.requestTimeout", {"1s", "1000ms", "30s"}, {"999ms", "31s", "1m"}, "review"},
      {"server.drainDelay", {"0s", "0ms", "5m"}, {"301s", "9999999999s"}, ""},
      {"server.maxBodyBytes", {"64Ki", "65536", "64Mi"}, {"65535", "65Mi", "0"}, "reviews"},
      {"server.maxConnections", {"100", "65536", "1k"}, {"99", "65537"}, "75 connections"},
  };
  for (const Case& limit : cases) {
    for (const char* value : limit.good)
      EXPECT_THAT(mistakes(at(limit.path, value)), IsEmpty()) << limit.path << value;
    for (const char* value : limit.bad)
      EXPECT_EQ(mistakes(at(limit.path, value)).size(), 1u) << limit.path << value;
    EXPECT_THAT(mistakes(at(limit.path, limit.bad[0]))[0], HasSubstr(limit.reason));
  }
}

TEST(Config, DurationsHaveOneNumberAndOneUnit) {
  for (const char* value : {"10", "s", "10 s", "1m30s", "-5s", "+5s", "1.5s", "5S", "5sec", "0x5s"})
    EXPECT_EQ(mistakes(at("server.drainDelay", value)).size(), 1u) << value;
}

TEST(Config, AffinityNeedsAValueBecauseTheApiServerRefusesNone) {
  EXPECT_THAT(mistakes(at("injection.affinity.values", "[]")),
              ElementsAre("f:3: injection.affinity.values: the list is too short"));
}

TEST(Config, RuntimeClassesAreNamesOrTheirBeginnings) {
  const std::string key = "injection.excludedRuntimeClasses";
  EXPECT_THAT(mistakes(at(key, "[kata, \"kata-*\", \"*\", a.b]")), IsEmpty());
  EXPECT_THAT(mistakes(at(key, "[\"*kata\", \"ka*ta\", Kata, \"kata**\"]")),
              ElementsAre("f:2: " + key + ": \"*kata\" is not valid",
                          "f:2: " + key + ": \"ka*ta\" is not valid",
                          "f:2: " + key + ": \"Kata\" is not valid",
                          "f:2: " + key + ": \"kata**\" is not valid"));
}

TEST(Config, EachDestinationThatIsNoneIsNamedWithItsReason) {
  const std::string key = "injection.excludeDestinations";
  const std::string list = "\n    - 10.1.2.3/24\n    - fd00::/8\n    - 6379\n    - ':6379'\n";
  EXPECT_THAT(
      mistakes(at(key, list)),
      ElementsAre("f:3: " + key +
                      ": \"10.1.2.3/24\" has bits behind its prefix: the network is 10.1.2.0/24",
                  "f:4: " + key + ": \"fd00::/8\" is IPv6, and SMC carries IPv4 alone",
                  "f:5: " + key + ": 6379 (a number) is no string"));
  EXPECT_THAT(mistakes(at(key, "':6379'")), ElementsAre("f:2: " + key + ": \":6379\" is no list"));
}

TEST(Config, DestinationsAre32AtMost) {
  const auto ports = [](int count) {
    std::string list = "[";
    for (int port = 1; port <= count; ++port) list += "':" + std::to_string(port) + "', ";
    return list + "':1']";
  };
  const std::string key = "injection.excludeDestinations";
  EXPECT_THAT(mistakes(at(key, ports(32))), IsEmpty());
  const auto over = parse_config(at(key, ports(33))).mistakes;
  ASSERT_EQ(over.size(), 1u);
  EXPECT_EQ(over[0].text("f"), "f:2: " + key +
                                   ": these are 33 entries (allowed: a list of at most 32 of IPv4 "
                                   "CIDR, ADDRESS:PORT, :PORT)");
}

TEST(Config, TrustedRegistriesAreNoImages) {
  const std::string key = "initContainer.trustedRegistries";
  EXPECT_THAT(mistakes(at(key, "[\"https://a.example\", a.example/x:1, a.example/, \"*\"]")),
              ElementsAre("f:2: " + key + ": \"https://a.example\" is not valid",
                          "f:2: " + key + ": \"a.example/x:1\" is not valid",
                          "f:2: " + key + ": \"a.example/\" is not valid",
                          "f:2: " + key + ": \"*\" is not valid"));
}

TEST(Config, MemoryIsWholeBytes) {
  EXPECT_THAT(mistakes(at("initContainer.resources.memory", "32m")),
              ElementsAre("f:3: initContainer.resources.memory: \"32m\" is not valid"));
  EXPECT_THAT(mistakes(at("initContainer.resources.cpu", "32m")), IsEmpty());
}

TEST(Config, AnchorsAndMergeKeysKeepTheirMeaning) {
  const Config config = good(
      "injection:\n  excludedNamespaces: &list [a]\n  excludedRuntimeClasses: *list\n"
      "server: {<<: {drainDelay: 1s, idleTimeout: 100s}, drainDelay: 2s}\n");
  EXPECT_THAT(config.injection.excluded_runtime_classes, ElementsAre("a"));
  EXPECT_EQ(config.server.drain_delay, seconds(2));
  EXPECT_EQ(config.server.idle_timeout, seconds(100));
}

TEST(Config, TextThatIsNoYamlIsOneMistakeWithItsLine) {
  struct Case {
    std::string yaml;
    int line;
    const char* what;
  };
  const Case cases[] = {
      {"log:\n  level: [info\n", 3, ""},
      {"log: {}\n---\nlog: {}\n", 3, "second document"},
      {"log: {}\n# \xff\n", 2, "not UTF-8"},
      {std::string("a\0b", 3), 1, "control character"},
      {"\xff\xfel\0o\0", 1, "not UTF-8"},
      {"a: *none\n", 1, ""},
      {"a: &a [*a]\n", 1, "within what it names"},
      {"a: &a {b: *a}\n", 1, "within what it names"},
      {"log\n", 1, "no map"},
      {"[]\n", 1, "no map"},
      {"<<: 3\n", 1, "<<"},
      {"a: " + std::string(1000, '['), 1, "nested deeper"},
      {std::string(5000, '['), 1, "nested deeper"},
  };
  for (const Case& wrong : cases) {
    const auto found = parse_config(wrong.yaml).mistakes;
    ASSERT_EQ(found.size(), 1u) << wrong.yaml.substr(0, 40);
    EXPECT_EQ(found[0].line, wrong.line) << wrong.yaml.substr(0, 40);
    EXPECT_THAT(found[0].problem, HasSubstr(wrong.what));
  }
}

TEST(Config, AliasesThatMultiplyAreCutOff) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int k = 0; k < 9; ++k) yaml += ", " + last;
    yaml += "]\n";
  }
  EXPECT_THAT(mistakes(yaml), ElementsAre(HasSubstr("values in one text, aliases included")));
}

TEST(Config, AnchorsAroundOneAnotherAreCutOff) {
  std::string inner = "x";
  for (int i = 0; i < 200'000; ++i) inner += ",x";
  std::string yaml = inner;
  for (int i = 0; i < 380; ++i) yaml = "&a" + std::to_string(i) + " [" + yaml + "]";
  EXPECT_THAT(mistakes(yaml), ElementsAre(HasSubstr("values in one text, aliases included")));
}

TEST(Config, ManyDocumentsCountTogether) {
  std::string document = "a: &a [x";
  for (int i = 0; i < 1000; ++i) document += ",x";
  document += "]\nb: [*a";
  for (int i = 0; i < 50; ++i) document += ",*a";
  document += "]\n---\n";
  std::string yaml;
  for (int i = 0; i < 200; ++i) yaml += document;
  EXPECT_THAT(mistakes(yaml), ElementsAre(HasSubstr("values in one text, aliases included")));
}

TEST(Config, AliasesThatDeepenAreCutOff) {
  std::string yaml = "a0: &a0 [x]\n";
  for (int i = 1; i < 1000; ++i) {
    const std::string number = std::to_string(i);
    yaml += "a" + number + ": &a" + number + " [*a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_THAT(mistakes(yaml), ElementsAre(HasSubstr("nested deeper")));
}

TEST(Config, KeysAndValuesOfOthersAreShownShortAndPrintable) {
  const auto found = mistakes("\"a\\x07" + std::string(900, 'b') + "\": 1\n" +
                              at("log.level", "\"\\e[31m" + std::string(5000, 'x') + "\""));
  ASSERT_EQ(found.size(), 2u);
  for (const std::string& text : found) {
    EXPECT_LT(text.size(), 200u);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace smc::webhook
