// An API server with Namespaces: lists them in pages and tells watches of changes. Every function
// is safe on any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "test/kube/fake_api.h"

namespace smc::webhook {

class FakeNamespaces {
 public:
  FakeNamespaces();

  std::shared_ptr<const kube::Cluster> cluster() const { return api_.cluster(); }
  std::vector<std::string> requests() const { return api_.requests(); }
  // What the requests accepted, without a type twice in a row.
  std::vector<std::string> accepted() const;

  // Makes it, or changes its label pod-security.kubernetes.io/enforce; "" takes that off.
  void put(const std::string& name, const std::string& enforce = "");
  void remove(const std::string& name);
  // Answers every request so until allow(), and ends the watches.
  void refuse(int status);
  void allow();

 private:
  struct State;
  void handle(const kube::ApiRequest& request, kube::ApiResponse& response);
  void list(const kube::ApiRequest& request, kube::ApiResponse& response);
  void watch(const kube::ApiRequest& request, kube::ApiResponse& response);

  std::shared_ptr<State> state_;
  kube::FakeApi api_;  // last: it calls handle()
};

}  // namespace smc::webhook
