#include "webhook/review/json_reader.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <span>

namespace smc::webhook {
namespace {

template <class T>
std::optional<T> typed(JsonReader& reader, const Member& member, const Path& parent,
                       std::string_view expected) {
  if (!member.value) return {};
  T value;
  if (member.value->get(value) == simdjson::SUCCESS) return value;
  reader.refuse(Path{&parent, member.name}, expected);
  return {};
}

// Finds a member by its name: of a review's many members most are nobody's, and the others are
// looked for among more than a dozen.
class MemberTable {
 public:
  explicit MemberTable(std::span<Member* const> wanted) : wanted_(wanted) {
    assert(wanted.size() <= next_.size());
    std::uint8_t number = 0;
    for (const Member* const each : wanted) {
      std::uint8_t& first = first_[each->slot];
      next_[number] = first;
      first = ++number;
    }
  }

  // Calls `visit(Member&)` for each that has the name.
  template <class Visit>
  void each(std::string_view name, Visit visit) const {
    for (std::uint8_t number = first_[member_slot(name)]; number != 0; number = next_[number - 1])
      if (member(number).name == name) visit(member(number));
  }

 private:
  Member& member(std::uint8_t number) const { return *wanted_[number - 1]; }

  std::span<Member* const> wanted_;
  // Members are counted from 1; 0 is none.
  std::array<std::uint8_t, kMemberSlots> first_{};
  std::array<std::uint8_t, 32> next_;  // the next one in the same slot
};

}  // namespace

std::string Path::text() const {
  if (parent == nullptr) return std::string(key);
  std::string text = parent->text();
  if (key.empty()) return text + '[' + std::to_string(index) + ']';
  if (!text.empty()) text += '.';
  return text += key;
}

void JsonReader::refuse(const Path& path, std::string_view problem) {
  if (!ok()) return;
  problem_ = path.text();
  if (problem_.empty()) problem_ = "document";
  problem_ += ": ";
  problem_ += problem;
}

void JsonReader::members(JsonObject object, const Path& path,
                         std::initializer_list<Member*> wanted) {
  if (!ok()) return;
  const MemberTable table({wanted.begin(), wanted.size()});
  for (const auto& [key, value] : object) {
    const Json found = value;
    table.each(key, [&](Member& member) {
      if (member.seen) refuse(Path{&path, member.name}, "the key stands here twice");
      member.seen = true;
      if (!found.is_null()) member.value = found;
    });
  }
}

void JsonReader::members(const std::optional<Json>& object, const Path& path,
                         std::initializer_list<Member*> wanted) {
  if (!object) return;
  JsonObject found;
  if (object->get(found) != simdjson::SUCCESS) return refuse(path, "an object is expected");
  members(found, path, wanted);
}

std::string_view JsonReader::text(const Member& member, const Path& parent) {
  return optional_text(member, parent).value_or(std::string_view());
}

std::optional<std::string_view> JsonReader::optional_text(const Member& member,
                                                          const Path& parent) {
  return typed<std::string_view>(*this, member, parent, "a string is expected");
}

bool JsonReader::flag(const Member& member, const Path& parent, bool otherwise) {
  return optional_flag(member, parent).value_or(otherwise);
}

std::optional<bool> JsonReader::optional_flag(const Member& member, const Path& parent) {
  return typed<bool>(*this, member, parent, "true or false is expected");
}

std::optional<std::int64_t> JsonReader::integer(const Member& member, const Path& parent) {
  return typed<std::int64_t>(*this, member, parent, "an integer is expected");
}

std::optional<JsonArray> JsonReader::list(const Member& member, const Path& parent) {
  return typed<JsonArray>(*this, member, parent, "an array is expected");
}

std::optional<JsonArray> JsonReader::texts(const Member& member, const Path& parent) {
  const std::optional<JsonArray> found = list(member, parent);
  if (!found) return found;
  const Path path{&parent, member.name};
  std::size_t index = 0;
  for (const Json element : *found) {
    if (!element.is_string()) refuse({&path, {}, index}, "a string is expected");
    ++index;
  }
  return found;
}

std::optional<JsonObject> JsonReader::object(const Member& member, const Path& parent) {
  return typed<JsonObject>(*this, member, parent, "an object is expected");
}

std::string_view other_member(JsonObject object, std::initializer_list<const Member*> known) {
  for (const auto& [key, value] : object) {
    const std::string_view name = key;
    const bool is_known = std::any_of(known.begin(), known.end(),
                                      [&](const Member* member) { return member->name == name; });
    if (!is_known && !value.is_null()) return name;
  }
  return {};
}

}  // namespace smc::webhook
