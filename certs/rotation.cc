#include "certs/rotation.h"

#include <algorithm>
#include <set>

#include "base/openssl.h"
#include "certs/inspect.h"

namespace smc::certs {

using namespace openssl;
namespace {

using std::chrono::milliseconds;
using Kind = Step::Kind;

// Nothing that is waited for is this far away, and no sum with it overflows.
constexpr milliseconds kFarAway = std::chrono::hours(24);

struct Trusted {
  std::string pem;
  CertificateInfo info;
};

// Every certificate of a text, each with its own PEM; none where any of it cannot be read.
std::vector<Trusted> certificates_of(const std::string& pem) {
  const auto infos = read_certificates(pem);
  if (!infos) return {};
  const auto certificates = parse_certificates(pem);
  if (!certificates) return {};
  std::vector<Trusted> out;
  for (std::size_t i = 0; i < certificates->size(); ++i) {
    const auto text = pem_of((*certificates)[i].get());
    if (!text) return {};
    out.push_back({*text, (*infos)[i]});
  }
  return out;
}

std::set<std::string> fingerprints_of(const std::string& pem) {
  std::set<std::string> out;
  for (const Trusted& each : certificates_of(pem)) out.insert(each.info.sha256);
  return out;
}

bool holds(const std::vector<Trusted>& list, const std::string& sha256) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Trusted& each) { return each.info.sha256 == sha256; });
}

// Appends what is a CA within its time and not in `list` yet, up to `most` in all.
void add_valid(std::vector<Trusted>& list, const std::string& pem, Time now, std::size_t most) {
  for (Trusted& each : certificates_of(pem)) {
    const bool valid =
        each.info.is_authority && now >= each.info.not_before && now < each.info.not_after;
    if (valid && list.size() < most && !holds(list, each.info.sha256))
      list.push_back(std::move(each));
  }
}

std::string joined(const std::vector<Trusted>& list) {
  std::string out;
  for (const Trusted& each : list) out += each.pem;
  return out;
}

milliseconds until(Time when, Time now) {
  return std::clamp(std::chrono::ceil<milliseconds>(when - now), milliseconds(0), kFarAway);
}

// The Secret with its parts judged.
struct Judged {
  explicit Judged(const Observed& observed)
      : fault(fault_of(observed.secret.current, observed.now)),
        next_fault(fault_of(observed.secret.next, observed.now)) {
    if (fault.empty()) current = certificates_of(observed.secret.current.certificate_pem).front();
    if (next_fault.empty()) next = certificates_of(observed.secret.next.certificate_pem).front();
    if (fault.empty() && next_fault.empty() && next.info.sha256 == current.info.sha256)
      next_fault = "it is the current one";
    add_valid(previous, observed.secret.previous, observed.now, kMaxPrevious);
  }

  static std::string fault_of(const KeyPair& authority, Time now) {
    const auto checked = check_authority(authority, now);
    return checked ? std::string() : checked.error().text();
  }

  bool usable() const { return fault.empty(); }
  bool has_next() const { return next_fault.empty(); }

  // What caBundle has to hold, the current CA first.
  std::string bundle() const {
    std::vector<Trusted> all = {current};
    if (has_next()) all.push_back(next);
    for (const Trusted& each : previous)
      if (!holds(all, each.info.sha256)) all.push_back(each);
    return joined(all);
  }

  std::string fault;  // why the current CA cannot be used; empty: it can
  std::string next_fault;
  Trusted current;
  Trusted next;
  std::vector<Trusted> previous;
};

bool is_empty(const KeyPair& pair) {
  return pair.certificate_pem.empty() && pair.key_pem.empty();
}

Step issue(const KeyPair& authority, std::string why) {
  Step step{Kind::kIssueLeaf, std::move(why), {}, {}, {}};
  step.authority = authority;
  return step;
}

Step write(Kind kind, std::string why) {
  return {kind, std::move(why), {}, {}, {}};
}

Step wait_for(milliseconds wait) {
  Step step;
  step.wait = wait;
  return step;
}

// A leaf never outlives its CA, so that a new one gains nothing once the CA's end is its own.
bool renewal_gains(const ServedLeaf& leaf, const CertificateInfo& authority) {
  return authority.not_after > leaf.not_after;
}

// The leaf comes before everything else: it needs no API server.
std::optional<Step> leaf_step(const Observed& observed, const Judged& judged) {
  const bool remembers = Judged::fault_of(observed.remembered, observed.now).empty();
  if (!judged.usable() && !remembers) return std::nullopt;
  const KeyPair& authority = judged.usable() ? observed.secret.current : observed.remembered;
  if (!observed.leaf) return issue(authority, "the first of this replica");
  const ServedLeaf& leaf = *observed.leaf;
  if (observed.now < leaf.not_before) return issue(authority, "its time has not begun");
  if (observed.now >= leaf.not_after) return issue(authority, "its time is over");

  const CertificateInfo info =
      judged.usable() ? judged.current.info
                      : certificates_of(observed.remembered.certificate_pem).front().info;
  if (leaf.authority == info.sha256) {
    if (observed.now >= leaf.renew_at && renewal_gains(leaf, info))
      return issue(authority, "two thirds of its life are over");
    return std::nullopt;
  }
  // Another CA is the current one: not before the API server trusts that, unless it does not trust
  // what is served either.
  if (all_trust(observed.bundles, info.sha256) || !all_trust(observed.bundles, leaf.authority))
    return issue(authority, "the CA has changed");
  return std::nullopt;
}

// The current CA cannot be used.
Step repair_step(const Observed& observed, const Judged& judged) {
  std::string why = judged.fault;
  if (is_empty(observed.secret.current)) why = "the Secret is empty";
  if (observed.no_secret) why = "there is no Secret";
  if (Judged::fault_of(observed.remembered, observed.now).empty())
    return write(Kind::kRestore, why);
  if (judged.has_next()) return write(Kind::kSwitch, why);
  return write(Kind::kCreate, why);
}

// Why a rotation should begin; empty: it should not.
std::string rotation_due(const Observed& observed, const Judged& judged) {
  const SharedAuthorities& secret = observed.secret;
  if (!secret.rotate.empty() && secret.rotate != secret.rotated) return "asked for by annotation";
  if (observed.now >= judged.current.info.renew_at()) return "two thirds of the CA's life are over";
  return {};
}

bool all_are(const std::vector<std::string>& bundles, const std::string& wanted) {
  const std::set<std::string> fingerprints = fingerprints_of(wanted);
  return std::all_of(bundles.begin(), bundles.end(), [&](const std::string& bundle) {
    return fingerprints_of(bundle) == fingerprints;
  });
}

// The previous CAs once `current` stands in for what could not be used: those of the Secret, and
// all that the API server trusts today, since replicas may serve leaves of them until they have
// seen the new Secret.
std::string still_trusted(const Observed& observed, const KeyPair& current) {
  std::vector<Trusted> all = certificates_of(current.certificate_pem);
  const auto own = static_cast<std::ptrdiff_t>(all.size());
  const std::size_t most = all.size() + kMaxPrevious;
  add_valid(all, observed.secret.previous, observed.now, most);
  for (const std::string& bundle : observed.bundles) add_valid(all, bundle, observed.now, most);
  all.erase(all.begin(), all.begin() + own);
  return joined(all);
}

milliseconds until_next(const Observed& observed, const Judged& judged) {
  milliseconds wait = until(judged.current.info.renew_at(), observed.now);
  if (observed.leaf && renewal_gains(*observed.leaf, judged.current.info))
    wait = std::min(wait, until(observed.leaf->renew_at, observed.now));
  return wait;
}

}  // namespace

bool all_trust(const std::vector<std::string>& bundles, const std::string& authority) {
  return !bundles.empty() &&
         std::all_of(bundles.begin(), bundles.end(), [&](const std::string& bundle) {
           return fingerprints_of(bundle).count(authority) != 0;
         });
}

Result<std::string> fingerprint(const std::string& certificate_pem) {
  const auto infos = read_certificates(certificate_pem);
  if (!infos) return infos.error();
  return infos->front().sha256;
}

const char* step_name(Kind kind) {
  switch (kind) {
    case Kind::kNone:
      return "none";
    case Kind::kIssueLeaf:
      return "issue";
    case Kind::kCreate:
      return "create";
    case Kind::kRestore:
      return "restore";
    case Kind::kPublish:
      return "publish";
    case Kind::kSwitch:
      return "switch";
    case Kind::kPrune:
      return "prune";
    case Kind::kSetBundle:
      return "bundle";
  }
  return "";
}

bool needs_authority(Kind kind) {
  return kind == Kind::kCreate || kind == Kind::kPublish;
}

bool writes_secret(Kind kind) {
  return needs_authority(kind) || kind == Kind::kRestore || kind == Kind::kSwitch ||
         kind == Kind::kPrune;
}

Step next_step(const Observed& observed, const RotationWaits& waits) {
  const Judged judged(observed);
  if (auto step = leaf_step(observed, judged)) return *step;
  if (!judged.usable()) {
    // Nobody would trust a CA without the webhook object; and whoever removes that removes the
    // Secret too: it must not come back.
    if (observed.no_secret && observed.bundles.empty()) return wait_for(kFarAway);
    return repair_step(observed, judged);
  }

  const bool next_is_unusable = !judged.has_next() && !is_empty(observed.secret.next);
  if (next_is_unusable)
    return write(Kind::kPublish, "the next CA cannot be used: " + judged.next_fault);
  const std::string bundle = judged.bundle();
  if (!all_are(observed.bundles, bundle)) {
    Step step = write(Kind::kSetBundle, "caBundle is not what it should be");
    step.bundle = bundle;
    return step;
  }
  if (observed.bundles.empty()) return wait_for(until_next(observed, judged));

  if (judged.has_next()) {
    if (observed.unchanged < waits.settle) return wait_for(waits.settle - observed.unchanged);
    return write(Kind::kSwitch, "caBundle has held both CAs for long enough");
  }
  if (const std::string why = rotation_due(observed, judged); !why.empty())
    return write(Kind::kPublish, why);
  if (!observed.secret.previous.empty()) {
    if (judged.previous.empty()) return write(Kind::kPrune, "the previous CA cannot be used");
    if (observed.unchanged >= waits.retain)
      return write(Kind::kPrune, "every replica has had the time to leave it");
    return wait_for(std::min(waits.retain - observed.unchanged, until_next(observed, judged)));
  }
  return wait_for(until_next(observed, judged));
}

SharedAuthorities after_step(Kind kind, const Observed& observed, const KeyPair& fresh) {
  SharedAuthorities secret = observed.secret;
  std::vector<Trusted> previous;
  switch (kind) {
    case Kind::kCreate:
      return {fresh, {}, still_trusted(observed, fresh), secret.rotate, secret.rotate};
    case Kind::kRestore:
      secret.current = observed.remembered;
      secret.previous = still_trusted(observed, observed.remembered);
      return secret;
    case Kind::kPublish:
      secret.next = fresh;
      secret.rotated = secret.rotate;
      return secret;
    case Kind::kSwitch:
      add_valid(previous, secret.current.certificate_pem, observed.now, kMaxPrevious);
      add_valid(previous, secret.previous, observed.now, kMaxPrevious);
      secret.previous = joined(previous);
      secret.current = secret.next;
      secret.next = {};
      return secret;
    case Kind::kPrune:
      secret.previous.clear();
      return secret;
    case Kind::kNone:
    case Kind::kIssueLeaf:
    case Kind::kSetBundle:
      break;
  }
  return secret;
}

}  // namespace smc::certs
