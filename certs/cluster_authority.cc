#include "certs/cluster_authority.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <poll.h>

#include "base/log.h"
#include "base/utc_text.h"
#include "certs/authority_objects.h"
#include "certs/inspect.h"

namespace smc::certs {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Kind = Step::Kind;

namespace {

// A rotation writes five times. More within a minute means that somebody else insists on another
// content; then writes are spaced out, however fast the other is.
constexpr unsigned kBurst = 10;
constexpr std::chrono::minutes kBurstWindow{1};

Error with_context(const char* what, const Error& error) {
  return {what + (": " + error.text()), 0, error.hint};
}

// One error of two requests; the same reason is named once.
kube::ApiError both(kube::ApiError first, const kube::ApiError& second) {
  first.what += "; " + second.what;
  if (!second.hint.empty() && second.hint != first.hint)
    first.hint += (first.hint.empty() ? "" : "; ") + second.hint;
  first.retry_after = std::max(first.retry_after, second.retry_after);
  return first;
}

}  // namespace

ClusterAuthority::ClusterAuthority(std::shared_ptr<const kube::Cluster> cluster,
                                   ClusterAuthorityOptions options,
                                   ClusterAuthorityHandlers handlers)
    : options_(std::move(options)),
      handlers_(std::move(handlers)),
      client_(cluster, stop_, options_.client),
      backoff_(options_.backoff, kube::system_random()),
      pacing_(options_.backoff, kube::system_random()) {
  const auto watch = [&](const kube::Target& object, ApiUse use, const char* name) {
    kube::WatchHandlers on;
    on.on_list = [this](const std::vector<json>&) { wake(); };
    on.on_change = [this](const kube::WatchEvent&) { wake(); };
    on.on_lost = [this, use, name](const kube::ApiError& error) {
      log::error("certificates: changes are noticed late", with_context(name, error.plain()));
      handlers_.api_failed();
      set_failing(use, true);
    };
    on.on_recovered = [this, use, name] {
      log::info("certificates: changes are noticed again", {{"watch", name}});
      set_failing(use, false);
    };
    kube::WatcherOptions watcher;
    watcher.client = options_.client;
    watcher.backoff = options_.backoff;
    kube::Target collection = object;
    collection.name.clear();
    return std::make_unique<kube::Watcher>(
        cluster, collection, kube::Selector{"", "metadata.name=" + object.name}, on, watcher);
  };
  secret_watch_ = watch(secret(), kSecretWatch, "the CA's Secret");
  configuration_watch_ = watch(configuration(), kConfigurationWatch, "the webhook object");
  thread_ = std::thread([this] { run(); });
}

ClusterAuthority::~ClusterAuthority() {
  stop_.request();
  thread_.join();
}

void ClusterAuthority::wake() const {
  wake_.raise();
}

void ClusterAuthority::set_failing(ApiUse use, bool there) {
  const unsigned before = there ? failing_.fetch_or(use) : failing_.fetch_and(~unsigned{use});
  const unsigned after = there ? before | use : before & ~unsigned{use};
  if ((before == 0) != (after == 0)) handlers_.api_up(after == 0);
}

void ClusterAuthority::run() {
  while (!stop_.requested()) {
    const Pause pause = round();
    report_readiness();
    const auto end = steady_clock::now() + pause.length;
    if (!stop_.sleep(pause.shortest)) return;
    kube::wait_for(wake_.fd(), POLLIN, stop_, end);
    wake_.take();
  }
}

Time ClusterAuthority::now() const {
  return client_.server_now().value_or(std::chrono::system_clock::now());
}

ClusterAuthority::Pause ClusterAuthority::uncut(milliseconds length) {
  return {length, length};
}

// After a failure: a watch that comes back, or whoever mends the objects, need not wait for the
// rest of a long pause. Other people's changes make no more than five attempts a second.
ClusterAuthority::Pause ClusterAuthority::cut_by_a_change(milliseconds length) {
  return {length, std::min(length, milliseconds(200))};
}

// One look, and what it asks for.
ClusterAuthority::Pause ClusterAuthority::round() {
  const kube::Outcome<void> seen = observe();
  observed_.now = now();
  if (secret_.is_null()) return failed(seen.error());

  observed_.unchanged =
      std::chrono::duration_cast<milliseconds>(steady_clock::now() - state_since_);
  Step step = next_step(observed_, options_.waits);
  if (step.kind == Kind::kIssueLeaf) {  // needs no API server
    const Result<void> issued = issue(step);
    handlers_.stepped(step.kind, issued ? StepResult::kDone : StepResult::kFailed);
    if (!issued) {
      log::error("certificates: no serving certificate", issued.error());
      return uncut(backoff_.next());
    }
    step = next_step(observed_, options_.waits);
  }
  if (!seen) return failed(seen.error());
  if (step.kind != Kind::kNone) return carry_out(step);
  answered();
  backoff_.reset();
  return {std::min(step.wait + milliseconds(1), options_.resync), milliseconds(0)};
}

// The webhook object first: the Secret is then as new at the least, so that a caBundle is never set
// back to what an older Secret said.
kube::Outcome<void> ClusterAuthority::observe() {
  kube::Outcome<json> configuration_read = client_.get(configuration());
  kube::Outcome<json> secret_read = client_.get(secret());
  if (secret_read)
    take_secret(std::move(*secret_read));
  else if (secret_read.error().not_found())
    take_no_secret();
  if (configuration_read)
    take_configuration(std::move(*configuration_read));
  else if (configuration_read.error().not_found())
    take_configuration(json::object());
  else if (!secret_read && !secret_read.error().not_found())
    return both(configuration_read.error(), secret_read.error());
  else
    return configuration_read.error();
  if (!secret_read && !secret_read.error().not_found()) return secret_read.error();

  const std::string state = state_key(observed_.secret, configuration_);
  if (state != std::exchange(state_, state)) state_since_ = steady_clock::now();
  return {};
}

void ClusterAuthority::take_secret(json object) {
  secret_ = std::move(object);
  observed_.no_secret = false;
  observed_.secret = authorities_of(secret_);
  if (!check_authority(observed_.secret.current, now())) return;
  observed_.remembered = observed_.secret.current;
  if (const auto infos = read_certificates(observed_.secret.current.certificate_pem))
    handlers_.authority_expires(infos->front().not_after);
}

void ClusterAuthority::take_no_secret() {
  secret_ = json::object();
  observed_.no_secret = true;
  observed_.secret = {};
}

void ClusterAuthority::take_configuration(json object) {
  configuration_ = std::move(object);
  observed_.bundles = bundles_of(configuration_);
}

Result<void> ClusterAuthority::issue(const Step& step) {
  const Result<KeyPair> leaf = issue_serving(step.authority, options_.names, observed_.now);
  if (!leaf) return leaf.error();
  const Result<std::string> authority = fingerprint(step.authority.certificate_pem);
  if (!authority) return authority.error();
  const auto infos = read_certificates(leaf->certificate_pem);
  if (!infos) return infos.error();
  if (Result<void> served = handlers_.serve(*leaf); !served) return served.error();
  const CertificateInfo& info = infos->front();
  observed_.leaf = {*authority, info.not_before, info.not_after, info.renew_at()};
  log::info("serving certificate issued", {{"why", step.why},
                                           {"authority", info.issuer},
                                           {"serial", info.serial},
                                           {"not_after", utc_text(info.not_after)}});
  return {};
}

ClusterAuthority::Pause ClusterAuthority::carry_out(const Step& step) {
  const kube::Outcome<json> written = write(step);
  if (!written && written.error().stopped()) return uncut(milliseconds(0));
  // 409 says so for a change and for a Secret that is there already.
  const bool conflict = !written && written.error().conflict();
  handlers_.stepped(step.kind, written    ? StepResult::kDone
                               : conflict ? StepResult::kConflict
                                          : StepResult::kFailed);
  if (conflict) return cut_by_a_change(backoff_.next());
  if (!written) return failed(written.error());
  answered();
  log::info("certificates", {{"step", step_name(step.kind)}, {"why", step.why}});
  return paced();
}

kube::Outcome<json> ClusterAuthority::write(const Step& step) {
  if (step.kind == Kind::kSetBundle)
    return client_.patch(configuration(), kube::PatchType::kJson,
                         bundle_patch(configuration_, step.bundle));
  KeyPair fresh;
  if (needs_authority(step.kind)) {
    Result<KeyPair> made = make_authority(observed_.now);
    if (!made) return kube::make_error(kube::Failure::kAnswer, "make a CA: " + made.error().text());
    fresh = std::move(*made);
  }
  return write_secret(after_step(step.kind, observed_, fresh));
}

kube::Outcome<json> ClusterAuthority::write_secret(const SharedAuthorities& authorities) {
  if (!observed_.no_secret) return client_.update(secret(), with_authorities(secret_, authorities));
  kube::Target collection = secret();
  collection.name.clear();
  const json empty = new_secret(options_.ns, options_.secret, options_.marks, configuration_);
  kube::Outcome<json> created = client_.create(collection, with_authorities(empty, authorities));
  if (!created && created.error().status == 403)
    created.error().hint +=
        "; or helm upgrade puts the Secret back, empty, and the webhook fills it";
  return created;
}

// All that this round asked for was answered and done.
void ClusterAuthority::answered() {
  if (!std::exchange(last_failure_, {}).empty())
    log::info("certificates: the API server does what is needed again");
  set_failing(kReading, false);
}

// After a write: look again at once, unless there have been too many.
ClusterAuthority::Pause ClusterAuthority::paced() {
  const auto at = steady_clock::now();
  if (at - std::exchange(last_write_, at) > kBurstWindow) {
    writes_ = 0;
    pacing_.reset();
  }
  if (++writes_ <= kBurst) return uncut(milliseconds(0));
  if (writes_ == kBurst + 1)
    log::warn("certificates: somebody else keeps changing the Secret or caBundle",
              {{"hint", "metadata.managedFields of " + secret().text() + " and of " +
                            configuration().text() + " names who"}});
  return uncut(pacing_.next());
}

ClusterAuthority::Pause ClusterAuthority::failed(const kube::ApiError& error) {
  if (error.stopped()) return uncut(milliseconds(0));
  handlers_.api_failed();
  set_failing(kReading, true);
  if (error.what != std::exchange(last_failure_, error.what))
    log::error("certificates: the API server does not do what is needed", error.plain());
  const milliseconds pause = backoff_.next();
  // A server that is busy said itself when to come again.
  return error.retry_after > pause ? uncut(error.retry_after) : cut_by_a_change(pause);
}

void ClusterAuthority::report_readiness() {
  if (stop_.requested()) return;
  std::string why = why_not_ready();
  if (!why.empty() && !last_failure_.empty()) why += " (" + last_failure_ + ")";
  if (why == std::exchange(reported_, why)) return;
  handlers_.not_ready(why);
}

std::string ClusterAuthority::why_not_ready() const {
  if (!observed_.leaf && observed_.no_secret && observed_.bundles.empty())
    return "there is none yet: " + secret().text() + " is not there, nor is " +
           configuration().text() + ", without which none is made";
  if (!observed_.leaf) return "there is none yet: it waits for the CA in " + secret().text();
  if (observed_.now >= observed_.leaf->not_after) return "its time is over";
  if (all_trust(observed_.bundles, observed_.leaf->authority)) return {};
  if (observed_.bundles.empty()) return configuration().text() + " is not there";
  return "caBundle of " + configuration().text() + " does not trust it";
}

}  // namespace smc::certs
