#include "kube/resource.h"

#include <gtest/gtest.h>

#include "kube/error.h"

namespace smc::kube {
namespace {

using std::chrono::milliseconds;

TEST(Target, CoreAndGroupedResourcesHaveTheirOwnRoots) {
  EXPECT_EQ((Target{kSecrets, "ns", "name", ""}.path()), "/api/v1/namespaces/ns/secrets/name");
  EXPECT_EQ((Target{kMutatingWebhooks, "", "w", ""}.path()),
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/w");
}

TEST(Target, WithoutANameItIsTheCollectionAndWithoutANamespaceAllOfThem) {
  EXPECT_EQ((Target{kPods, "ns", "", ""}.path()), "/api/v1/namespaces/ns/pods");
  EXPECT_EQ((Target{kPods, "", "", ""}.path()), "/api/v1/pods");
}

TEST(Target, AClusterScopedResourceIgnoresANamespace) {
  EXPECT_EQ((Target{kNodes, "ns", "n", "status"}.path()), "/api/v1/nodes/n/status");
}

TEST(Target, NothingInANameCanChangeThePath) {
  EXPECT_EQ((Target{kPods, "a/../b", "x?y#z%", ""}.path()),
            "/api/v1/namespaces/a%2F..%2Fb/pods/x%3Fy%23z%25");
}

TEST(Selector, IsPercentEncoded) {
  EXPECT_EQ((Selector{"a in (b,c)", "metadata.name=default"}.query()),
            "&labelSelector=a%20in%20%28b%2Cc%29&fieldSelector=metadata.name%3Ddefault");
  EXPECT_EQ(Selector{}.query(), "");
}

constexpr char kForbidden[] =
    R"({"kind":"Status","status":"Failure","message":"secrets \"x\" is forbidden","reason":"Forbidden","code":403})";

TEST(StatusError, CarriesVerbResourceStatusReasonAndMessage) {
  const ApiError error =
      status_error("get", {kSecrets, "ns", "x", ""}, 403, kForbidden, milliseconds(0));
  EXPECT_EQ(error.failure, Failure::kStatus);
  EXPECT_EQ(error.status, 403);
  EXPECT_EQ(error.reason, "Forbidden");
  EXPECT_EQ(error.what, R"(get secrets ns/x: 403 Forbidden: secrets "x" is forbidden)");
}

TEST(StatusError, OfATextEndsWithTheText) {
  EXPECT_EQ(status_error("get", {kPods, "", "", ""}, 404, "404 page not found\n", {}).what,
            "get pods: 404: 404 page not found");
  EXPECT_EQ(status_error("get", {kPods, "", "", ""}, 503, " \r\n", {}).what, "get pods: 503");
}

TEST(StatusError, PassesWhereTheServerIsAwayBusyOrBrokenOrDoesNotKnowUsYet) {
  for (const int status : {401, 429, 500, 503})
    EXPECT_TRUE(status_error("get", {kPods, "", "", ""}, status, "", {}).passing()) << status;
  for (const int status : {400, 403, 404, 409, 410, 422})
    EXPECT_FALSE(status_error("get", {kPods, "", "", ""}, status, "", {}).passing()) << status;
  EXPECT_TRUE(make_error(Failure::kConnect, "refused").passing());
}

TEST(StatusError, AMissingPermissionNamesTheRuleToGrant) {
  EXPECT_EQ(
      status_error("get", {kSecrets, "ns", "x", ""}, 403, kForbidden, {}).hint,
      R"(RBAC must grant this client the verb "get" on resource "secrets" of API group "" in namespace "ns")");
  EXPECT_EQ(
      status_error("patch", {kMutatingWebhooks, "", "x", ""}, 403, "", {}).hint,
      R"(RBAC must grant this client the verb "patch" on resource "mutatingwebhookconfigurations" of API group "admissionregistration.k8s.io" cluster-wide)");
  EXPECT_EQ(
      status_error("update", {kNodes, "", "x", "status"}, 403, "", {}).hint,
      R"(RBAC must grant this client the verb "update" on resource "nodes/status" of API group "" cluster-wide)");
  EXPECT_EQ(
      status_error("get", {{"", "", "/apis/apps/v1", false}, "", "", ""}, 403, "", {}).hint,
      R"(RBAC must grant this client the verb "get" on the non-resource URL "/apis/apps/v1")");
}

// As a 1.20 API server answered the creation of an event.
constexpr char kTerminating[] =
    R"({"kind":"Status","status":"Failure","message":"events \"x\" is forbidden: unable to create new content in namespace ns because it is being terminated","reason":"Forbidden","details":{"name":"x","kind":"events","causes":[{"reason":"NamespaceTerminating","message":"namespace ns is being terminated","field":"metadata.namespace"}]},"code":403})";

TEST(StatusError, ANamespaceThatIsBeingDeletedIsNoMissingPermission) {
  EXPECT_TRUE(status_error("get", {kSecrets, "ns", "x", ""}, 403, kForbidden, {}).lacks_right());
  const ApiError error = status_error("create", {kEvents, "ns", "", ""}, 403, kTerminating, {});
  EXPECT_EQ(error.cause, "NamespaceTerminating");
  EXPECT_FALSE(error.lacks_right());
  EXPECT_EQ(error.hint, "nothing new is made in a namespace that is being deleted");
  for (const char* causes : {"[]", "[1]", "{}", "1", R"([{"reason":1}])"}) {
    const std::string body = std::string(R"({"details":{"causes":)") + causes + "}}";
    EXPECT_TRUE(status_error("create", {kEvents, "ns", "", ""}, 403, body, {}).lacks_right());
  }
}

TEST(StatusError, ABodyThatIsNoStatusIsShownPrintableAndShort) {
  const ApiError error = status_error("list", {kPods, "", "", ""}, 502,
                                      "<html>\n\x01" + std::string(5000, 'x'), milliseconds(0));
  EXPECT_EQ(error.what.rfind("list pods: 502: <html>??xxx", 0), 0U) << error.what;
  EXPECT_LT(error.what.size(), 500U);
}

}  // namespace
}  // namespace smc::kube
