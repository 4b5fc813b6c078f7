// Events of the core API, which every server since 1.20 takes with two verbs: what one looks like,
// how it is made and counted up, and how many a client may send. When which is worth an Event, and
// what waits meanwhile, is the caller's. Values and functions, safe on any thread; an EventShare is
// for one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "kube/client.h"
#include "kube/stop.h"

namespace smc::kube {

// The object that an Event is about.
struct ObjectReference {
  std::string api_version, kind;
  std::string ns;  // empty: cluster-scoped
  std::string name, uid;
};

struct Event {
  std::string name;
  ObjectReference about;
  bool warning = false;
  std::string reason;   // one word
  std::string message;  // a sentence
  std::string component;
  std::string host = {};  // where the component runs, if that matters
  std::chrono::system_clock::time_point first, last;
  std::uint64_t count = 1;

  // Kubernetes keeps the Events of cluster-scoped objects in "default".
  std::string ns() const { return about.ns.empty() ? "default" : about.ns; }
};

// Names begin with that of the object they are about. A new one each time, and always the same one
// for the same `identity`.
std::string new_event_name(const std::string& about, std::chrono::system_clock::time_point now);
std::string lasting_event_name(const std::string& about, const std::string& identity);

Outcome<void> create_event(Client& client, const Event& event);
// That it has happened so often, the last time then.
Outcome<void> count_event(Client& client, const std::string& ns, const std::string& name,
                          std::uint64_t count, std::chrono::system_clock::time_point last);

// A client's share of an API server: `burst` Events at once, then one each `period`.
class EventShare {
 public:
  EventShare(double burst, std::chrono::duration<double> period)
      : burst_(burst), period_(period), left_(burst) {}

  // When the next one may be sent: `now` or later.
  SteadyTime due(SteadyTime now) const;
  void spend(SteadyTime now);

 private:
  double left_at(SteadyTime now) const;

  double burst_;
  std::chrono::duration<double> period_;
  double left_;         // at spent_
  SteadyTime spent_{};  // before the first: all of it is left
};

}  // namespace smc::kube
