// An API server with an ASMMeshConfig: whether it serves the kind and how, what the object says,
// and what it refuses. Every function is safe on any thread.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/kube/fake_api.h"

namespace smc {

class FakeMesh {
 public:
  FakeMesh();

  std::shared_ptr<const kube::Cluster> cluster() const { return api_.cluster(); }
  std::vector<std::string> requests() const { return api_.requests(); }
  int count(const std::string& prefix) const;  // requests that begin so

  void serve(bool namespaced = false);  // install the kind
  void remove_kind();                   // with its objects
  // Puts `spec` into the object of that namespace; watches are told.
  void put(const nlohmann::json& spec, const std::string& ns = "");
  void remove(const std::string& ns = "");
  // Answers every request of this verb (discover, list, watch) so until allow(). 0: drops it.
  void refuse(const std::string& verb, int status, const std::string& body = "{}");
  void allow(const std::string& verb);
  // Ends every watch and forgets the changes so far: the next one from an old version gets 410.
  void compact();
  void cut();  // ends every watch in the middle of a line

 private:
  struct State;
  void handle(const kube::ApiRequest& request, kube::ApiResponse& response);
  void watch(const kube::ApiRequest& request, kube::ApiResponse& response);
  void add(const std::string& type, const nlohmann::json& object);

  std::shared_ptr<State> state_;
  kube::FakeApi api_;  // last: it calls handle()
};

}  // namespace smc
