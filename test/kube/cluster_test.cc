#include "kube/cluster.h"

#include <cstdlib>
#include <filesystem>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/file.h"
#include "test/support/temporary_directory.h"

namespace smc::kube {
namespace {

using testing::HasSubstr;

// A kubeconfig with these members in its one cluster and its one user.
std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
         "contexts: [{name: other, context: {cluster: x, user: y}},\n"
         "           {name: here, context: {cluster: c, user: u, namespace: mesh}}]\n"
         "clusters: [{name: c, cluster: {" +
         cluster +
         "}}]\n"
         "users: [{name: u, user: {" +
         user + "}}]\n";
}

Result<Cluster> read(const std::string& cluster, const std::string& user) {
  return cluster_from_bytes(kubeconfig(cluster, user), "secret mesh/kubeconfig");
}

const char kServer[] = "server: 'https://10.0.0.1:6443'";
const char kToken[] = "token: abc";

// A temporary directory whose files are written in one call.
class Directory : public test::TemporaryDirectory {
 public:
  std::string write(const std::string& name, const std::string& content) const {
    EXPECT_TRUE(write_file_atomic(file(name), content, 0600));
    return file(name);
  }
};

TEST(Kubeconfig, FollowsTheCurrentContext) {
  const Result<Cluster> cluster = read(
      std::string(kServer) +
          ", tls-server-name: kube.internal, certificate-authority-data: " + base64_encode("CA"),
      kToken);
  ASSERT_TRUE(cluster) << cluster.error().what;
  EXPECT_EQ(cluster->host, "10.0.0.1");
  EXPECT_EQ(cluster->port, 6443);
  EXPECT_EQ(cluster->server_name(), "kube.internal");
  EXPECT_EQ(*cluster->authority.read(), "CA");
  EXPECT_EQ(*cluster->token.read(), "abc");
  EXPECT_EQ(cluster->ns, "mesh");
  EXPECT_FALSE(cluster->insecure_skip_tls_verify);
}

struct Url {
  const char* text;
  const char* host;
  int port;
  const char* base_path;
  bool tls;
};

TEST(Kubeconfig, ReadsTheServersAddressInItsForms) {
  for (const Url& url : {Url{"https://api.example.com", "api.example.com", 443, "", true},
                         Url{"https://[fd00::1]:6443/", "fd00::1", 6443, "", true},
                         Url{"https://[::1]", "::1", 443, "", true},
                         Url{"https://h:1/k8s/clusters/c1/", "h", 1, "/k8s/clusters/c1", true},
                         Url{"http://127.0.0.1:8001", "127.0.0.1", 8001, "", false}}) {
    const Result<Cluster> cluster = read("server: '" + std::string(url.text) + "'", kToken);
    ASSERT_TRUE(cluster) << url.text << ": " << cluster.error().what;
    EXPECT_EQ(cluster->host, url.host) << url.text;
    EXPECT_EQ(cluster->port, url.port) << url.text;
    EXPECT_EQ(cluster->base_path, url.base_path) << url.text;
    EXPECT_EQ(cluster->tls, url.tls) << url.text;
  }
}

TEST(Kubeconfig, RefusesAnAddressThatIsNone) {
  for (const char* url : {"", "10.0.0.1:6443", "ftp://h", "https://", "https://h:0",
                          "https://h:99999", "https://h:x", "https://h:", "https://user@h",
                          "https://[::1", "https://h/a?b", "http://api.example.com"}) {
    const Result<Cluster> cluster = read("server: '" + std::string(url) + "'", kToken);
    ASSERT_FALSE(cluster) << url;
    EXPECT_THAT(cluster.error().what, HasSubstr("secret mesh/kubeconfig: server is")) << url;
    EXPECT_FALSE(cluster.error().hint.empty());
  }
}

TEST(Kubeconfig, NamesWhatItDoesNotSupport) {
  for (const char* user : {"exec: {command: aws}", "auth-provider: {name: gcp}",
                           "username: a, password: b", "token: abc, as: admin"}) {
    const Result<Cluster> cluster = read(kServer, user);
    ASSERT_FALSE(cluster) << user;
    EXPECT_THAT(cluster.error().what, HasSubstr("is not supported")) << user;
    EXPECT_THAT(cluster.error().hint, HasSubstr("use token")) << user;
  }
  EXPECT_THAT(read(kServer, "exec: {command: aws}").error().what, HasSubstr("exec"));
  EXPECT_THAT(read(std::string(kServer) + ", proxy-url: 'http://p'", kToken).error().what,
              HasSubstr("proxy-url"));
}

TEST(Kubeconfig, RefusesCredentialsThatAreNotThereOrHalfThere) {
  EXPECT_THAT(read(kServer, "").error().what, HasSubstr("no credentials"));
  EXPECT_THAT(read(kServer, "client-certificate-data: Zm9v").error().what,
              HasSubstr("needs its key"));
  EXPECT_THAT(read(kServer, "client-certificate-data: '!', client-key-data: Zm9v").error().what,
              HasSubstr("client-certificate-data is not base64"));
}

TEST(Kubeconfig, RefusesToSkipVerificationWithAnAuthorityGiven) {
  const auto cluster = read(
      std::string(kServer) + ", insecure-skip-tls-verify: true, certificate-authority-data: Zm9v",
      kToken);
  ASSERT_FALSE(cluster);
  EXPECT_THAT(cluster.error().what, HasSubstr("insecure-skip-tls-verify"));
}

TEST(Kubeconfig, ReportsAContextClusterOrUserThatIsMissing) {
  EXPECT_THAT(cluster_from_bytes("a: b", "x").error().what,
              HasSubstr("current-context is not set"));
  EXPECT_THAT(cluster_from_bytes("current-context: gone", "x").error().what,
              HasSubstr("contexts has no entry \"gone\""));
  EXPECT_THAT(
      cluster_from_bytes("{current-context: a, contexts: [{name: a, context: {cluster: b}}]}", "x")
          .error()
          .what,
      HasSubstr("clusters has no entry \"b\""));
}

TEST(Kubeconfig, IsNeverCrashedByMalformedText) {
  for (const char* text :
       {"", "[]", "just text", "{", "a: [", "- - - -", "\x00\x01", "current-context: []",
        "{current-context: a, contexts: {a: b}}", "{current-context: a, contexts: [1, [], {}]}"}) {
    const Result<Cluster> cluster = cluster_from_bytes(text, "x");
    ASSERT_FALSE(cluster) << text;
    EXPECT_EQ(cluster.error().what.rfind("x: ", 0), 0U) << cluster.error().what;
  }
  EXPECT_FALSE(cluster_from_bytes(std::string(kMaxKubeconfigBytes + 1, ' '), "x"));
}

// Each line means nine of the one before: a gigabyte from 200 bytes.
TEST(Kubeconfig, IsBoundedInDepthAndSizeWhateverItsAliasesSay) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    std::string items = last;
    for (int j = 1; j < 9; ++j) items += "," + last;
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + items + "]\n";
  }
  for (const std::string& text : {bomb, std::string(1000, '['), std::string(1000, '-') + " a"})
    EXPECT_FALSE(cluster_from_bytes(text, "x"));
}

// What is read through the API is written by whoever may write the Secret.
TEST(Kubeconfig, WithAnyByteChangedIsReadOrRefusedWithAHint) {
  const std::string good = kubeconfig(
      std::string(kServer) + ", certificate-authority-data: " + base64_encode("CA"), kToken);
  std::mt19937 random(1);
  for (int round = 0; round < 5000; ++round) {
    std::string text = good;
    for (int changes = 1 + static_cast<int>(random() % 4); changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, random() % 20);
      else if (random() % 2 == 0)
        text.insert(at, 1, "[]{}:,&*!|>'\"%@`#-?\n\t \x7f\xff"[random() % 24]);
      else
        text[at] = static_cast<char>(random());
      if (text.empty()) break;
    }
    const Result<Cluster> cluster = cluster_from_bytes(text, "x");
    if (cluster) {
      EXPECT_FALSE(cluster->host.empty()) << text;
      EXPECT_TRUE(cluster->token.file.empty()) << text;
    } else {
      EXPECT_TRUE(cluster.error().what.starts_with("x: ")) << cluster.error().what;
      EXPECT_FALSE(cluster.error().hint.empty()) << text;
    }
  }
}

TEST(Kubeconfig, IsOneDocument) {
  const std::string one = kubeconfig(kServer, kToken);
  EXPECT_TRUE(cluster_from_bytes("---\n" + one, "x"));
  EXPECT_THAT(cluster_from_bytes(one + "---\n" + one, "x").error().what,
              HasSubstr("not a kubeconfig"));
}

TEST(Kubeconfig, EveryMistakeInItHasAHint) {
  const std::string server(kServer);
  std::vector<Result<Cluster>> mistakes;
  for (const char* text : {"", "[]", "{", "a: b", "current-context: []", "current-context: gone"})
    mistakes.push_back(cluster_from_bytes(text, "x"));
  mistakes.push_back(cluster_from_bytes(std::string(kMaxKubeconfigBytes + 1, ' '), "x"));
  mistakes.push_back(read("server: [1]", kToken));
  mistakes.push_back(read(server + ", certificate-authority-data: '!'", kToken));
  mistakes.push_back(read(server + ", insecure-skip-tls-verify: perhaps", kToken));
  mistakes.push_back(read(kServer, "token: [1]"));
  mistakes.push_back(cluster_from_file("/nonexistent/config"));
  mistakes.push_back(cluster_from_file("/"));
  for (const auto& mistake : mistakes) {
    ASSERT_FALSE(mistake);
    EXPECT_FALSE(mistake.error().hint.empty()) << mistake.error().what;
  }
}

TEST(Kubeconfig, FromASecretMustNotNameFiles) {
  for (const char* user :
       {"tokenFile: /etc/shadow", "client-certificate: /etc/shadow, client-key: /etc/shadow"}) {
    const Result<Cluster> cluster = read(kServer, user);
    ASSERT_FALSE(cluster) << user;
    EXPECT_THAT(cluster.error().what, HasSubstr("names a file"));
  }
  EXPECT_FALSE(read(std::string(kServer) + ", certificate-authority: /ca", kToken));
}

TEST(Kubeconfig, FromAFileCountsPathsFromItsDirectoryAndReadsThemAnewEachTime) {
  const Directory directory;
  directory.write("token", "first");
  const std::string path =
      directory.write("config", kubeconfig(kServer, "token: ignored, tokenFile: token"));
  const Result<Cluster> cluster = cluster_from_file(path);
  ASSERT_TRUE(cluster) << cluster.error().what;
  EXPECT_EQ(*cluster->token.read(), "first");
  directory.write("token", "second");
  EXPECT_EQ(*cluster->token.read(), "second");
}

TEST(Kubeconfig, ThatCannotBeReadNamesTheFile) {
  const Result<Cluster> cluster = cluster_from_file("/nonexistent/config");
  ASSERT_FALSE(cluster);
  EXPECT_THAT(cluster.error().text(), HasSubstr("/nonexistent/config: No such file"));
}

// Nobody writes into it: a read would wait for ever, and the caller with it.
TEST(Kubeconfig, ThatIsNoRegularFileIsRefusedAtOnceAndSoIsItsToken) {
  const Directory directory;
  ASSERT_EQ(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
  EXPECT_THAT(cluster_from_file(directory.file("fifo")).error().what, HasSubstr("no regular file"));
  const std::string path = directory.write("config", kubeconfig(kServer, "tokenFile: fifo"));
  const Result<Cluster> cluster = cluster_from_file(path);
  ASSERT_TRUE(cluster) << cluster.error().what;
  EXPECT_THAT(cluster->token.read().error().what, HasSubstr("no regular file"));
}

class InCluster : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    directory_.write("token", "abc\n");
    directory_.write("ca.crt", "CA");
    directory_.write("namespace", "smc-system\n");
  }
  void TearDown() override {
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    ::unsetenv("KUBERNETES_SERVICE_PORT");
  }
  Directory directory_;
};

TEST_F(InCluster, ReadsTheServiceAccount) {
  const Result<Cluster> cluster = in_cluster(directory_.path());
  ASSERT_TRUE(cluster) << cluster.error().what;
  EXPECT_EQ(cluster->address(), "[fd00::1]:443");
  EXPECT_EQ(cluster->ns, "smc-system");
  EXPECT_EQ(cluster->token.file, directory_.path() + "/token");
  EXPECT_EQ(*cluster->authority.read(), "CA");
}

TEST_F(InCluster, SaysWhenThisIsNoPod) {
  ::unsetenv("KUBERNETES_SERVICE_HOST");
  const Result<Cluster> cluster = in_cluster(directory_.path());
  ASSERT_FALSE(cluster);
  EXPECT_THAT(cluster.error().hint, HasSubstr("--kubeconfig"));
}

TEST_F(InCluster, SaysWhenTheTokenIsNotMounted) {
  std::filesystem::remove(directory_.path() + "/token");
  const Result<Cluster> cluster = in_cluster(directory_.path());
  ASSERT_FALSE(cluster);
  EXPECT_THAT(cluster.error().hint, HasSubstr("automountServiceAccountToken"));
}

TEST_F(InCluster, RefusesAPortThatIsNone) {
  for (const char* port : {"0", "x", "443x", "70000"}) {
    ::setenv("KUBERNETES_SERVICE_PORT", port, 1);
    EXPECT_FALSE(in_cluster(directory_.path())) << port;
  }
}

}  // namespace
}  // namespace smc::kube
