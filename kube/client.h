// The verbs of the Kubernetes API on JSON objects. A Client holds one connection and is for one
// thread at a time: make one for each thread, they are cheap until used. Nothing is repeated here
// but one request after a 401 with a token file that has changed: loops and their back-off are the
// caller's (kube/watcher.h has one). The process must ignore SIGPIPE.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kube/cluster.h"
#include "kube/connection.h"
#include "kube/error.h"
#include "kube/resource.h"
#include "kube/stop.h"

namespace smc::kube {

enum class PatchType {
  kMerge,      // RFC 7386
  kStrategic,  // lists merge by their key; built-in types only
  kJson,       // RFC 6902
};

// Where the API server reads a list.
enum class ListSource {
  // etcd: as recent as can be, in pages. etcd knows no selectors, so that the server reads every
  // object of the kind, however few are asked for.
  kStorage,
  // The server's watch cache: perhaps a second old, and in one page. What is missing, a watch that
  // goes on from there brings. Pods are kept there by node.
  kCache,
};

struct ClientOptions {
  std::string user_agent;  // "PROGRAM/VERSION"; the API server names the field manager after it
  std::chrono::milliseconds connect_timeout{10'000};
  // kube-apiserver ends a request after 60 s by itself; half of it leaves room for a second try
  // within the same minute.
  std::chrono::milliseconds request_timeout{30'000};
  // A list page below has 50 objects; etcd takes none over 1.5 MiB, and real ones have 2 to 30 KiB.
  std::size_t max_body_bytes = 16 << 20;
  int page_objects = 50;
  // A kubelet runs 110 pods by default and 500 at the most that is tested; other lists of ours have
  // one object.
  std::size_t max_objects = 2000;
  // One event is one object: etcd's 1.5 MiB and the escapes of JSON.
  std::size_t max_event_bytes = 4 << 20;
  // Get, list and watch metadata alone (meta.k8s.io/v1 PartialObjectMetadata).
  bool metadata_only = false;
  // What is kept of each object of a list, before the next page comes. Empty: all of it.
  std::function<void(nlohmann::json& object)> reduce;
};

struct List {
  std::vector<nlohmann::json> items;
  std::string resource_version;  // of the whole list; a watch goes on from here
  std::string next;              // of one page: the token of the next; empty: it was the last
};

// A request outside of the verbs, such as one that the API server passes on to a pod.
struct RawRequest {
  const char* method = "GET";
  std::string path;  // below the API's root, with its query, percent-encoded
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};  // JSON
};

struct RawAnswer {
  int status = 0;
  std::string body;
  std::vector<std::string> warnings;  // of the admission, as a person shall read them
  std::chrono::milliseconds retry_after{0};
};

struct WatchEvent {
  enum class Type { kAdded, kModified, kDeleted, kBookmark };
  Type type;
  std::string resource_version;  // of the object
  const nlohmann::json& object;
};

struct WatchRequest {
  Selector selector;
  std::string resource_version;
  // The server ends the watch after this; a little differently long for each client, so that they
  // do not all return together.
  std::chrono::seconds timeout{300};
  std::function<void()> on_established;  // the server has accepted the watch
  std::function<void(const WatchEvent&)> on_event;
};

class Client {
 public:
  // `stop` must outlive it and ends every call within milliseconds.
  Client(std::shared_ptr<const Cluster> cluster, const Stop& stop, ClientOptions options);
  ~Client();

  Outcome<nlohmann::json> get(const Target& target);
  // The target names the collection.
  Outcome<nlohmann::json> create(const Target& target, const nlohmann::json& object);
  // What `create` would return, without creating it.
  Outcome<nlohmann::json> create_dry_run(const Target& target, const nlohmann::json& object);
  // The whole object. Its metadata.resourceVersion, where it has one, is the optimistic lock.
  Outcome<nlohmann::json> update(const Target& target, const nlohmann::json& object);
  Outcome<nlohmann::json> patch(const Target& target, PatchType type, const nlohmann::json& patch);
  // `options` is a metav1.DeleteOptions (preconditions, propagationPolicy) or null.
  Outcome<nlohmann::json> remove(const Target& target, const nlohmann::json& options);

  // Every object of the collection, fetched in pages of 50. Starts again once where the server
  // forgot the snapshot that it paged through (410).
  Outcome<List> list(const Target& collection, const Selector& selector,
                     ListSource source = ListSource::kStorage);

  // One page of it, for collections that are too large to be kept; `token` is empty for the first.
  Outcome<List> list_page(const Target& collection, const Selector& selector,
                          const std::string& token, ListSource source = ListSource::kStorage);

  // Blocks until the server ends the watch (success), the stream fails, or stop. An ERROR event is
  // returned as the error it carries; 410 Gone means list again.
  Outcome<void> watch(const Target& collection, const WatchRequest& request);

  // Any path below the API's root, such as "/apis/GROUP/VERSION" (discovery) or "/version".
  Outcome<nlohmann::json> get_path(const std::string& path);

  // What came back, whatever its status; an error only where no answer did, or where it is larger
  // than it may be.
  Outcome<RawAnswer> ask(const RawRequest& request);

  // The API server's clock, as of its last answer and the time since then; nothing before the
  // first. It is the one that judges certificates, whatever the clock of this machine does.
  std::optional<std::chrono::system_clock::time_point> server_now() const;

 private:
  struct Call;
  static ApiError prefixed(const Call& call, ApiError error);
  static Outcome<void> deliver(const Call& call, const std::string& line,
                               const WatchRequest& request);
  Outcome<nlohmann::json> request(const Call& call);
  Outcome<void> send(const Call& call, const Exchange& exchange);
  Outcome<void> send_once(const Call& call, const Exchange& wanted);
  Outcome<void> ask_once(const RawRequest& request, RawAnswer& answer);
  Outcome<List> list_once(const Target& collection, const Selector& selector, ListSource source);
  Outcome<void> read_token();

  std::shared_ptr<const Cluster> cluster_;
  ClientOptions options_;
  Connection connection_;
  std::string token_;
  SteadyTime token_read_{};
  std::optional<std::chrono::system_clock::time_point> date_;
  SteadyTime date_read_{};
};

}  // namespace smc::kube
