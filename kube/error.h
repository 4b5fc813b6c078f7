// Why a call to the API server failed: what was asked, what came back, and what the reader can do.
// Values, safe on any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/resource.h"

namespace smc::kube {

enum class Failure {
  kStopped,  // the caller's Stop; nothing is wrong
  kConnect,  // no connection: name, address, refusal, time-out
  kTls,      // no TLS session: the server or we are not trusted
  kStream,   // the connection broke or went silent before the answer's end
  kAnswer,   // an answer that cannot be read or is over a limit
  kStatus,   // the API server's answer is a refusal: see `status` and `reason`
};

struct ApiError {
  Failure failure = Failure::kAnswer;
  int status = 0;      // HTTP status with kStatus, otherwise 0
  std::string reason;  // the answer's Status.reason, such as "NotFound"; may be empty
  std::string cause;   // the first of its causes, such as "NamespaceTerminating"; mostly empty
  std::string what;    // one line: verb, resource, and why it failed
  std::string hint;    // may be empty
  std::chrono::milliseconds retry_after{0};  // what the server asked for; 0: nothing

  bool stopped() const { return failure == Failure::kStopped; }
  bool not_found() const { return status == 404; }
  // Somebody else changed or made the object first: read it again.
  bool conflict() const { return status == 409; }
  // The resourceVersion is too old to watch from: list again.
  bool gone() const { return status == 410; }
  // The same request may work later: the API server is away, busy or broken, or does not know this
  // client yet.
  bool passing() const {
    return failure != Failure::kStatus || status == 401 || status == 429 || status >= 500;
  }
  // Somebody may still grant it. A namespace that is being deleted refuses new objects with the
  // same status, whoever asks.
  bool lacks_right() const { return status == 403 && cause != "NamespaceTerminating"; }

  Error plain() const { return {what, 0, hint}; }
};

template <class T>
using Outcome = Result<T, ApiError>;

// A failure that is no answer of the API server. `what` says why; the client puts verb and resource
// before it.
ApiError make_error(Failure failure, std::string what, std::string hint = {});

ApiError stopped_error();

// A refusal: `body` is the answer's body, a metav1.Status or anything else. The hint of a 403 names
// the RBAC rule that is missing.
ApiError status_error(std::string_view verb, const Target& target, int status,
                      std::string_view body, std::chrono::milliseconds retry_after);

}  // namespace smc::kube
