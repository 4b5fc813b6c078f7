#include "kube/error.h"

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/json_value.h"

namespace smc::kube {
namespace {

// Enough for any message of an API server, little enough for a log line.
constexpr std::size_t kMaxMessageCharacters = 400;

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string missing_rule(std::string_view verb, const Target& target) {
  const Resource& resource = target.resource;
  if (resource.plural.starts_with('/'))
    return std::string("RBAC must grant this client the verb ") + in_quotes(verb) +
           " on the non-resource URL " + in_quotes(resource.plural);
  std::string plural = resource.plural;
  if (!target.subresource.empty()) plural += "/" + target.subresource;
  const bool in_namespace = resource.namespaced && !target.ns.empty();
  return std::string("RBAC must grant this client the verb ") + in_quotes(verb) + " on resource " +
         in_quotes(plural) + " of API group " + in_quotes(resource.group) +
         (in_namespace ? " in namespace " + in_quotes(target.ns) : " cluster-wide");
}

std::string hint_for(std::string_view verb, const Target& target, const ApiError& error) {
  switch (error.status) {
    case 401:
      return "the token or client certificate is expired, or belongs to another cluster";
    case 403:
      return error.lacks_right() ? missing_rule(verb, target)
                                 : "nothing new is made in a namespace that is being deleted";
    case 404:
      return target.name.empty() ? "the API server does not serve this resource" : "";
    case 409:
      return "somebody else changed the object first: read it again and repeat";
    case 410:
      return "the resourceVersion is no longer kept: list again";
    case 429:
    case 503:
      return "the API server is overloaded or starting: wait and repeat";
    default:
      return "";
  }
}

}  // namespace

ApiError make_error(Failure failure, std::string what, std::string hint) {
  ApiError error;
  error.failure = failure;
  error.what = std::move(what);
  error.hint = std::move(hint);
  return error;
}

ApiError stopped_error() {
  return make_error(Failure::kStopped, "stopped");
}

ApiError status_error(std::string_view verb, const Target& target, int status,
                      std::string_view body, std::chrono::milliseconds retry_after) {
  ApiError error;
  error.failure = Failure::kStatus;
  error.status = status;
  error.retry_after = retry_after;
  std::string message(body);
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  if (answer.is_object()) {
    error.reason = printable(text_at(answer, "/reason"), kMaxMessageCharacters);
    error.cause = printable(text_at(answer, "/details/causes/0/reason"), kMaxMessageCharacters);
    message = text_at(answer, "/message");
  }
  // Answers that are no Status are lines of text.
  message.erase(message.find_last_not_of(" \r\n") + 1);
  error.what = std::string(verb) + " " + target.text() + ": " + std::to_string(status);
  if (!error.reason.empty()) error.what += " " + error.reason;
  if (!message.empty()) error.what += ": " + printable(message, kMaxMessageCharacters);
  error.hint = hint_for(verb, target, error);
  return error;
}

}  // namespace smc::kube
