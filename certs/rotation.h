// How the replicas of a webhook keep one certificate authority: what the Secret and the webhook
// object hold, and the one step that comes next. Pure functions, safe on any thread;
// certs/cluster_authority.h carries the steps out.
//
// A rotation: the next CA is published beside the current one; once caBundle has held both for long
// enough, the next one becomes the current one and replicas issue their leaves anew; the previous
// one stays in caBundle until every replica has had the time for that. Whoever comes first takes a
// step, under the Secret's resourceVersion; a replica that dies leaves nothing behind that the
// others do not see in the Secret. No time is ever written down: each replica measures the waits
// itself, on a clock that does not jump, and a new one measures them from the start.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "certs/authority.h"

namespace smc::certs {

// What the Secret holds, PEM; empty where it has none. All of it is somebody else's text.
struct SharedAuthorities {
  KeyPair current;       // signs
  KeyPair next;          // trusted, does not sign yet
  std::string previous;  // certificates alone: trusted still, sign no more
  std::string rotate;    // asks for a rotation where it is new: any text
  std::string rotated;   // that of the last rotation
};

// What this replica serves.
struct ServedLeaf {
  std::string authority;  // SHA-256 of the certificate that signed it
  Time not_before;
  Time not_after;
  Time renew_at;
};

struct Observed {
  Time now;  // the API server's clock: it judges the certificates
  SharedAuthorities secret;
  bool no_secret = false;            // it is not there: a step that changes it makes it
  std::vector<std::string> bundles;  // caBundle of each webhook, PEM or empty; no webhook: empty
  std::optional<ServedLeaf> leaf;
  KeyPair remembered;  // the current CA when it was last usable; empty before
  // How long this replica has seen the Secret and the webhook object as they are.
  std::chrono::milliseconds unchanged{0};
};

struct RotationWaits {
  // For API servers to hear of a caBundle: milliseconds, as their watches go, or a reconnection.
  std::chrono::milliseconds settle{std::chrono::minutes(1)};
  // For replicas to hear of a new current CA, those included that have just lost the API server.
  std::chrono::milliseconds retain{std::chrono::hours(1)};
};

struct Step {
  enum class Kind {
    kNone,       // wait
    kIssueLeaf,  // serve a new leaf of `authority`
    kCreate,     // write a new CA into the Secret: nothing there can be used, or there is none
    kRestore,    // write the remembered CA back
    kPublish,    // write a next CA beside the current one
    kSwitch,     // make the next CA the current one
    kPrune,      // drop the previous CA
    kSetBundle,  // set `bundle` as caBundle of every webhook
  };
  Kind kind = Kind::kNone;
  std::string why;     // for the log
  KeyPair authority;   // kIssueLeaf
  std::string bundle;  // kSetBundle, PEM
  // kNone: nothing falls due before, as long as nobody changes anything.
  std::chrono::milliseconds wait{0};
};

Step next_step(const Observed& observed, const RotationWaits& waits);

// "publish", for logs and metrics.
const char* step_name(Step::Kind kind);

// Whether the step needs a new CA, and whether it changes the Secret.
bool needs_authority(Step::Kind kind);
bool writes_secret(Step::Kind kind);

// The Secret after a step that changes it. `fresh` is the new CA where one is needed.
SharedAuthorities after_step(Step::Kind kind, const Observed& observed, const KeyPair& fresh);

// Whether every bundle holds the CA with this SHA-256; false where there is no bundle.
bool all_trust(const std::vector<std::string>& bundles, const std::string& authority);

// SHA-256 of the first certificate.
Result<std::string> fingerprint(const std::string& certificate_pem);

// More than this in `previous` would mean as many CAs lost within one `retain`.
inline constexpr std::size_t kMaxPrevious = 3;

}  // namespace smc::certs
