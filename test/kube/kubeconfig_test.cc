// A person's kubeconfig: several files, a choice of context, credential plug-ins.
#include "kube/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "test/support/temporary_directory.h"

namespace smc::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class Kubeconfigs : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content) const {
    EXPECT_TRUE(write_file_atomic(directory_.file(name), content, 0600));
    return directory_.file(name);
  }

  // One with a cluster, a user and a context of this name.
  std::string file_of(const std::string& name, const std::string& user = "token: abc") const {
    return write(name, "current-context: " + name + "\n" + "contexts: [{name: " + name +
                           ", context: {cluster: " + name + ", user: " + name + "}}]\n" +
                           "clusters: [{name: " + name + ", cluster: {server: 'https://" + name +
                           ":6443'}}]\n" + "users: [{name: " + name + ", user: {" + user + "}}]\n");
  }

  test::TemporaryDirectory directory_;
};

TEST_F(Kubeconfigs, TheFirstFileThatHasAnEntryGivesIt) {
  const std::string first = file_of("one");
  const std::string second = file_of("two");
  const auto current = read_user_config({first, second}, {});
  ASSERT_TRUE(current) << current.error().what;
  EXPECT_EQ(current->cluster.host, "one");
  EXPECT_EQ(current->context, "one");
  EXPECT_EQ(read_user_config({first, second}, {"two", "", ""})->cluster.host, "two");
  EXPECT_EQ(read_user_config({first, second}, {"", "two", ""})->cluster.host, "two");
}

TEST_F(Kubeconfigs, AMissingFileIsPassedOverUnlessItIsTheOnlyOne) {
  const std::string there = file_of("one");
  EXPECT_TRUE(read_user_config({directory_.file("gone"), there}, {}));
  EXPECT_THAT(read_user_config({directory_.file("gone")}, {}).error().text(),
              HasSubstr("No such file"));
  EXPECT_THAT(read_user_config({directory_.file("a"), directory_.file("b")}, {}).error().what,
              HasSubstr("none of the files"));
}

TEST_F(Kubeconfigs, PathsCountFromTheFileThatHoldsThem) {
  const std::string file = file_of("one", "tokenFile: secrets/token");
  EXPECT_EQ(read_user_config({file}, {})->cluster.token.file, directory_.file("secrets/token"));
}

TEST_F(Kubeconfigs, AWrongContextIsAnsweredWithThoseThatThereAre) {
  const auto wrong = read_user_config({file_of("one"), file_of("two")}, {"three", "", ""});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().what, HasSubstr("contexts has no entry \"three\""));
  EXPECT_EQ(wrong.error().hint, "there are \"one\", \"two\"");
}

TEST_F(Kubeconfigs, ACredentialPluginIsTakenAsItIsWritten) {
  const auto config = read_user_config(
      {file_of("one",
               "exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/login, "
               "args: [get-token, --cluster, c], env: [{name: PROFILE, value: prod}], "
               "provideClusterInfo: true, interactiveMode: Never, installHint: get it}")},
      {});
  ASSERT_TRUE(config) << config.error().what;
  ASSERT_TRUE(config->exec);
  EXPECT_EQ(config->exec->command, directory_.file("bin/login"));
  EXPECT_THAT(config->exec->arguments, ElementsAre("get-token", "--cluster", "c"));
  EXPECT_THAT(config->exec->environment, ElementsAre(Pair("PROFILE", "prod")));
  EXPECT_TRUE(config->exec->wants_cluster);
  EXPECT_EQ(config->exec->mode, InteractiveMode::kNever);
  EXPECT_EQ(config->exec->install_hint, "get it");
}

TEST_F(Kubeconfigs, ABareCommandIsLookedForInPath) {
  // What `aws eks update-kubeconfig` writes.
  const auto config = read_user_config(
      {file_of("one",
               "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, "
               "args: [eks, get-token], env: null}")},
      {});
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->exec->command, "aws");
  EXPECT_EQ(config->exec->mode, InteractiveMode::kIfAvailable);
}

TEST_F(Kubeconfigs, ATokenPassesThePluginBy) {
  const auto config =
      read_user_config({file_of("one", "token: abc, exec: {apiVersion: nothing, command: x}")}, {});
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_FALSE(config->exec);
}

TEST_F(Kubeconfigs, APluginThatCannotBeUsedIsNamed) {
  const auto error_of = [&](const std::string& exec) {
    const auto config = read_user_config({file_of("one", "exec: {" + exec + "}")}, {});
    EXPECT_FALSE(config) << exec;
    return config ? "" : config.error().what;
  };
  EXPECT_THAT(error_of("apiVersion: client.authentication.k8s.io/v1alpha1, command: x"),
              HasSubstr("exec.apiVersion is \"client.authentication.k8s.io/v1alpha1\""));
  EXPECT_THAT(error_of("apiVersion: client.authentication.k8s.io/v1beta1"),
              HasSubstr("exec has no command"));
  EXPECT_THAT(error_of("apiVersion: client.authentication.k8s.io/v1, command: x"),
              HasSubstr("exec.interactiveMode is \"\""));
  EXPECT_THAT(error_of("apiVersion: client.authentication.k8s.io/v1, command: x, "
                       "interactiveMode: Never, env: [{value: x}]"),
              HasSubstr("exec.env has no variable name"));
}

TEST_F(Kubeconfigs, ADaemonTakesNoPlugin) {
  const auto refused = cluster_from_file(
      file_of("one", "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws}"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("exec is not supported"));
}

}  // namespace
}  // namespace smc::kube
