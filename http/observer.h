// What a server tells of its connections and requests, for metrics. Called on the server's thread,
// once or twice a request.
#pragma once

#include "http/rules.h"

namespace smc::http {

// Why a connection ended without an answer.
enum class Cut {
  kHandshake,         // TLS did not come about
  kHandshakeTimeout,  // past the deadline of a phase
  kHeaderTimeout,
  kBodyTimeout,
  kAnswerTimeout,
  kDisconnect,  // the peer went in the middle of a request
  kUnserved,    // closed when it came: no descriptor or memory for it
  kGaveWay,     // without a request yet, in favour of another
};

class Observer {
 public:
  virtual void refused(Refusal refusal) = 0;
  virtual void cut(Cut reason) = 0;
  virtual void in_flight(int change) = 0;  // requests from their first byte to their answer
  virtual void connections(int change) = 0;

 protected:
  ~Observer() = default;
};

}  // namespace smc::http
