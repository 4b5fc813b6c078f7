#include "kube/client.h"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/json_value.h"

namespace smc::kube {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr char kJsonType[] = "application/json";
constexpr char kMetadataType[] =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
constexpr char kMetadataListType[] =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

// A metav1.Status has some hundred bytes; of anything else the first words are enough.
constexpr std::size_t kMaxRefusalBytes = 64 << 10;

// client-go reads a token file anew after the same time; a kubelet rotates it long before its end.
constexpr std::chrono::minutes kTokenAge{1};

// After the server should have ended a watch by itself, this long for its last bytes.
constexpr std::chrono::seconds kWatchGrace{30};

const char* content_type(PatchType type) {
  switch (type) {
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kStrategic:
      return "application/strategic-merge-patch+json";
    case PatchType::kJson:
      return "application/json-patch+json";
  }
  return "";
}

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7; the obsolete forms are not read).
std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

// RFC 6750, section 2.1, and a little more: what cannot be a header would be left out, and the
// request would be one of nobody's.
bool is_token(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// Cuts a watch's stream into its lines, one event each.
class Lines {
 public:
  explicit Lines(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // False once a line is too long or `on_line` returns false.
  template <class OnLine>
  bool feed(std::string_view data, OnLine on_line) {
    for (std::size_t end = data.find('\n'); end != std::string_view::npos; end = data.find('\n')) {
      if (!append(data.substr(0, end))) return false;
      const std::string line = std::exchange(partial_, {});
      if (!line.empty() && !on_line(line)) return false;
      data.remove_prefix(end + 1);
    }
    return append(data);
  }

  bool partial() const { return !partial_.empty(); }

 private:
  bool append(std::string_view part) {
    if (partial_.size() + part.size() > max_bytes_) return false;
    partial_ += part;
    return true;
  }

  std::size_t max_bytes_;
  std::string partial_;
};

Outcome<WatchEvent::Type> event_type(const std::string& name) {
  if (name == "ADDED") return WatchEvent::Type::kAdded;
  if (name == "MODIFIED") return WatchEvent::Type::kModified;
  if (name == "DELETED") return WatchEvent::Type::kDeleted;
  if (name == "BOOKMARK") return WatchEvent::Type::kBookmark;
  return make_error(Failure::kAnswer, "an event of an unknown type");
}

}  // namespace

struct Client::Call {
  const char* verb;  // as RBAC names it
  const char* method;
  Target target;
  std::string path;
  std::string body = {};
  std::string content_type = {};
};

// The error with what was tried before it.
ApiError Client::prefixed(const Call& call, ApiError error) {
  error.what = std::string(call.verb) + " " + call.target.text() + ": " + error.what;
  return error;
}

Client::Client(std::shared_ptr<const Cluster> cluster, const Stop& stop, ClientOptions options)
    : cluster_(cluster), options_(std::move(options)), connection_(std::move(cluster), stop) {}

Client::~Client() = default;

std::optional<std::chrono::system_clock::time_point> Client::server_now() const {
  if (!date_) return std::nullopt;
  return *date_ + (steady_clock::now() - date_read_);
}

Outcome<void> Client::read_token() {
  if (cluster_->token.empty()) return {};  // a client certificate speaks for itself
  const auto unusable = [this](const std::string& why) {
    return make_error(Failure::kConnect, "read the token: " + why,
                      "check the credentials in " + cluster_->origin);
  };
  Result<std::string> read = cluster_->token.read();
  if (!read) return unusable(read.error().text());
  while (!read->empty() && (read->back() == '\n' || read->back() == '\r' || read->back() == ' '))
    read->pop_back();
  if (read->empty()) return unusable("it is empty");
  if (!is_token(*read)) return unusable("it holds characters that no token has");
  token_ = *read;
  token_read_ = steady_clock::now();
  return {};
}

// An answer that is no success is collected and returned as the error.
Outcome<void> Client::send_once(const Call& call, const Exchange& wanted) {
  const char* accept = kJsonType;
  if (options_.metadata_only)
    accept = std::string_view(call.verb) == "list" ? kMetadataListType : kMetadataType;
  HttpRequest request{call.method, call.path, {{"Accept", accept}}, call.body};
  request.headers.emplace_back("User-Agent", options_.user_agent);
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", call.content_type);

  HttpHead head;
  std::string refusal;
  const auto success = [&head] { return head.status >= 200 && head.status < 300; };
  Exchange exchange = wanted;
  exchange.connect = options_.connect_timeout;
  exchange.answer = options_.request_timeout;
  exchange.on_head = [&](const HttpHead& received) {
    head = received;
    if (const auto date = parse_http_date(received.date)) {
      date_ = date;
      date_read_ = steady_clock::now();
    }
    if (success() && wanted.on_head) wanted.on_head(received);
  };
  exchange.on_data = [&](std::string_view data) {
    if (success()) return wanted.on_data(data);
    refusal += data.substr(0, kMaxRefusalBytes - std::min(refusal.size(), kMaxRefusalBytes));
    return true;
  };
  Outcome<void> done = connection_.exchange(request, exchange);
  if (!done) return done;
  if (!success())
    return status_error(call.verb, call.target, head.status, refusal, head.retry_after);
  return {};
}

Outcome<void> Client::send(const Call& call, const Exchange& exchange) {
  const bool stale = token_read_ == SteadyTime() || steady_clock::now() - token_read_ > kTokenAge;
  if (stale)
    if (Outcome<void> read = read_token(); !read) return prefixed(call, read.error());
  Outcome<void> sent = send_once(call, exchange);
  if (!sent && sent.error().status == 401) {
    const std::string refused = token_;
    if (read_token() && token_ != refused) sent = send_once(call, exchange);
  }
  return sent || sent.error().failure == Failure::kStatus ? sent : prefixed(call, sent.error());
}

Outcome<json> Client::request(const Call& call) {
  std::string body;
  bool too_large = false;
  Exchange exchange;
  exchange.on_data = [&](std::string_view data) {
    too_large = body.size() + data.size() > options_.max_body_bytes;
    if (!too_large) body += data;
    return !too_large;
  };
  const Outcome<void> sent = send(call, exchange);
  if (too_large)
    return prefixed(
        call, make_error(Failure::kAnswer, "the answer is larger than " +
                                               std::to_string(options_.max_body_bytes) + " bytes"));
  if (!sent) return sent.error();
  json answer = json::parse(body, nullptr, false);
  if (answer.is_object()) return answer;
  return prefixed(call, make_error(Failure::kAnswer, "the answer is no JSON object",
                                   "is " + cluster_->address() + " an API server?"));
}

Outcome<json> Client::get(const Target& target) {
  return request({"get", "GET", target, target.path()});
}

Outcome<json> Client::get_path(const std::string& path) {
  Target target;
  target.resource.plural = path;  // only for messages
  target.resource.namespaced = false;
  return request({"get", "GET", target, path});
}

// Bytes over the limit end the exchange, which is then the caller's to say.
Outcome<void> Client::ask_once(const RawRequest& wanted, RawAnswer& answer) {
  HttpRequest request{wanted.method, wanted.path, wanted.headers, wanted.body};
  request.headers.emplace_back("Accept", kJsonType);
  request.headers.emplace_back("User-Agent", options_.user_agent);
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
  if (!wanted.body.empty()) request.headers.emplace_back("Content-Type", kJsonType);
  Exchange exchange;
  exchange.connect = options_.connect_timeout;
  exchange.answer = options_.request_timeout;
  exchange.on_head = [&](const HttpHead& head) {
    answer = {head.status, {}, head.warnings, head.retry_after};
  };
  exchange.on_data = [&](std::string_view data) {
    answer.body += data;
    return answer.body.size() <= options_.max_body_bytes;
  };
  return connection_.exchange(request, exchange);
}

Outcome<RawAnswer> Client::ask(const RawRequest& request) {
  Target target;
  target.resource.plural = request.path.substr(0, request.path.find('?'));  // only for messages
  target.resource.namespaced = false;
  const Call call{request.method, request.method, target, request.path};
  if (token_read_ == SteadyTime() || steady_clock::now() - token_read_ > kTokenAge)
    if (Outcome<void> read = read_token(); !read) return prefixed(call, read.error());
  RawAnswer answer;
  const Outcome<void> sent = ask_once(request, answer);
  if (answer.body.size() > options_.max_body_bytes)
    return prefixed(
        call, make_error(Failure::kAnswer, "the answer is larger than " +
                                               std::to_string(options_.max_body_bytes) + " bytes"));
  if (!sent) return prefixed(call, sent.error());
  return answer;
}

Outcome<json> Client::create(const Target& target, const json& object) {
  return request({"create", "POST", target, target.path(), object.dump(), kJsonType});
}

Outcome<json> Client::create_dry_run(const Target& target, const json& object) {
  return request(
      {"create", "POST", target, target.path() + "?dryRun=All", object.dump(), kJsonType});
}

Outcome<json> Client::update(const Target& target, const json& object) {
  return request({"update", "PUT", target, target.path(), object.dump(), kJsonType});
}

Outcome<json> Client::patch(const Target& target, PatchType type, const json& patch) {
  return request({"patch", "PATCH", target, target.path(), patch.dump(), content_type(type)});
}

Outcome<json> Client::remove(const Target& target, const json& options) {
  return request({"delete", "DELETE", target, target.path(),
                  options.is_null() ? std::string() : options.dump(), kJsonType});
}

Outcome<List> Client::list_page(const Target& collection, const Selector& selector,
                                const std::string& token, ListSource source) {
  std::string path =
      collection.path() + "?limit=" + std::to_string(options_.page_objects) + selector.query();
  // The limit holds where the server has no such cache.
  if (!token.empty())
    path += "&continue=" + percent_encode(token);
  else if (source == ListSource::kCache)
    path += "&resourceVersion=0";
  Outcome<json> page = request({"list", "GET", collection, path});
  if (!page) return page.error();
  List out;
  auto items = page->find("items");
  if (items != page->end() && items->is_array())
    for (json& item : *items) out.items.push_back(std::move(item));
  out.resource_version = text_at(*page, "/metadata/resourceVersion");
  out.next = text_at(*page, "/metadata/continue");
  return out;
}

Outcome<List> Client::list_once(const Target& collection, const Selector& selector,
                                ListSource source) {
  const auto refuse = [&](std::string why) {
    return prefixed({"list", "GET", collection, {}}, make_error(Failure::kAnswer, std::move(why)));
  };
  List out;
  do {
    Outcome<List> page = list_page(collection, selector, out.next, source);
    if (!page) return page.error();
    if (options_.reduce) std::ranges::for_each(page->items, options_.reduce);
    std::move(page->items.begin(), page->items.end(), std::back_inserter(out.items));
    if (out.items.size() > options_.max_objects)
      return refuse("more than " + std::to_string(options_.max_objects) + " objects");
    out.resource_version = page->resource_version;
    out.next = page->next;
  } while (!out.next.empty());
  if (out.resource_version.empty()) return refuse("the list has no resourceVersion");
  return out;
}

Outcome<List> Client::list(const Target& collection, const Selector& selector, ListSource source) {
  Outcome<List> all = list_once(collection, selector, source);
  if (!all && all.error().gone()) return list_once(collection, selector, source);
  return all;
}

// One line of a watch. The error of an ERROR event is the Status in it.
Outcome<void> Client::deliver(const Call& call, const std::string& line,
                              const WatchRequest& request) {
  const json event = json::parse(line, nullptr, false);
  const auto object = event.is_object() ? event.find("object") : event.end();
  if (!event.is_object() || object == event.end() || !object->is_object())
    return make_error(Failure::kAnswer, "an event that is no JSON object with an object in it");
  const std::string name = text_at(event, "/type");
  if (name == "ERROR") {
    const auto code = object->find("code");
    const bool known = code != object->end() && code->is_number_integer();
    return status_error(call.verb, call.target, known ? code->get<int>() : 500, object->dump(),
                        milliseconds{0});
  }
  const Outcome<WatchEvent::Type> type = event_type(name);
  if (!type) return type.error();
  request.on_event({*type, text_at(*object, "/metadata/resourceVersion"), *object});
  return {};
}

Outcome<void> Client::watch(const Target& collection, const WatchRequest& request) {
  const Call call{"watch", "GET", collection,
                  collection.path() + "?watch=1&allowWatchBookmarks=true&resourceVersion=" +
                      percent_encode(request.resource_version) + "&timeoutSeconds=" +
                      std::to_string(request.timeout.count()) + request.selector.query()};
  Lines lines(options_.max_event_bytes);
  Outcome<void> delivered;
  bool too_long = false;
  Exchange exchange;
  exchange.silence = request.timeout + kWatchGrace;
  exchange.on_head = [&](const HttpHead&) {
    if (request.on_established) request.on_established();
  };
  exchange.on_data = [&](std::string_view data) {
    const bool more = lines.feed(data, [&](const std::string& line) {
      delivered = deliver(call, line, request);
      return delivered.ok();
    });
    too_long = !more && delivered.ok();
    return more;
  };
  Outcome<void> sent = send(call, exchange);
  if (!delivered && delivered.error().failure == Failure::kStatus) return delivered;
  if (!delivered) return prefixed(call, delivered.error());
  if (too_long)
    return prefixed(call, make_error(Failure::kAnswer,
                                     "an event larger than " +
                                         std::to_string(options_.max_event_bytes) + " bytes"));
  if (sent && lines.partial())
    return prefixed(call,
                    make_error(Failure::kStream, "the stream ended in the middle of an event"));
  return sent;
}

}  // namespace smc::kube
