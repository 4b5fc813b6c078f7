// Reads a parsed JSON document the way the Kubernetes API means it: each object in one pass over
// its members that finds duplicates, null as absent, a wrong type refused with its path. The first
// problem sticks; after it every read returns an empty value, so a reader is checked once, at the
// end. A JsonReader belongs to one review on one thread; views point into the parser's document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace smc::webhook {

using Json = simdjson::dom::element;
using JsonArray = simdjson::dom::array;
using JsonObject = simdjson::dom::object;

// Where in the document a value stands; written out only for a message.
struct Path {
  const Path* parent = nullptr;
  std::string_view key = {};  // of a member; empty for an element of an array
  std::size_t index = 0;      // of an element

  std::string text() const;  // "request.object.spec.containers[3].name"
};

// Where a name stands in the table by which members are found: for most names another place.
inline constexpr std::size_t kMemberSlots = 64;
constexpr std::uint8_t member_slot(std::string_view name) {
  if (name.empty()) return 0;
  return static_cast<std::uint8_t>((name.size() + 5 * static_cast<unsigned char>(name[0])) %
                                   kMemberSlots);
}

// One member that is looked for.
struct Member {
  std::string_view name;
  std::uint8_t slot = member_slot(name);
  std::optional<Json> value = {};  // empty where it is absent or null
  bool seen = false;               // also where it is null
};

class JsonReader {
 public:
  bool ok() const { return problem_.empty(); }
  const std::string& problem() const { return problem_; }

  // "PATH: PROBLEM", unless something was refused before.
  void refuse(const Path& path, std::string_view problem);

  // Finds `wanted` among the members of `object` in one pass; refuses a second one of the same
  // name. Members nobody asked for are not looked at; two that are wanted may have one name.
  void members(JsonObject object, const Path& path, std::initializer_list<Member*> wanted);
  // The same for a value that must be an object; absent has no members.
  void members(const std::optional<Json>& object, const Path& path,
               std::initializer_list<Member*> wanted);

  // A member's value in its type; absent gives the empty value of the type, or `otherwise`.
  std::string_view text(const Member& member, const Path& parent);
  std::optional<std::string_view> optional_text(const Member& member, const Path& parent);
  bool flag(const Member& member, const Path& parent, bool otherwise);
  std::optional<bool> optional_flag(const Member& member, const Path& parent);
  std::optional<std::int64_t> integer(const Member& member, const Path& parent);
  std::optional<JsonArray> list(const Member& member, const Path& parent);
  std::optional<JsonArray> texts(const Member& member, const Path& parent);  // all are strings
  std::optional<JsonObject> object(const Member& member, const Path& parent);

  // Calls `visit(JsonObject, Path)` for each element that is not null; each must be an object.
  template <class Visit>
  void each_object(const std::optional<JsonArray>& array, const Path& path, Visit visit) {
    if (!array) return;
    std::size_t index = 0;
    for (const Json element : *array) {
      const Path here{&path, {}, index++};
      JsonObject object;
      if (element.is_null()) continue;
      if (element.get(object) != simdjson::SUCCESS) refuse(here, "an object is expected");
      if (!ok()) return;
      visit(object, here);
    }
  }

 private:
  std::string problem_;
};

// The name of a member that is not null and none of `known`; empty where there is none.
std::string_view other_member(JsonObject object, std::initializer_list<const Member*> known);

}  // namespace smc::webhook
