#include "webhook/review/json_reader.h"

namespace smc::webhook {
namespace {

template <class T>
std::optional<T> typed(Reader& reader, const Member& member, const Path& parent,
                       std::string_view expected) {
  if (!member.value) return {};
  T value;
  if (member.value->get(value) == simdjson::SUCCESS) return value;
  reader.refuse(Path{&parent, member.name}, expected);
  return {};
}

}  // namespace

std::string Path::text() const {
  if (parent == nullptr) return std::string(key);
  std::string text = parent->text();
  if (key.empty()) return text + '[' + std::to_string(index) + ']';
  if (!text.empty()) text += '.';
  return text += key;
}

void Reader::refuse(const Path& path, std::string_view problem) {
  if (!ok()) return;
  problem_ = path.text();
  if (problem_.empty()) problem_ = "document";
  problem_ += ": ";
  problem_ += problem;
}

void Reader::members(JsonObject object, const Path& path, std::initializer_list<Member*> wanted) {
  if (!ok()) return;
  for (const auto& [key, value] : object) {
    for (Member* member : wanted) {
      if (member->name != key) continue;
      if (member->seen) return refuse(Path{&path, member->name}, "the key stands here twice");
      member->seen = true;
      if (!value.is_null()) member->value = value;
      break;
    }
  }
}

void Reader::members(const std::optional<Json>& object, const Path& path,
                     std::initializer_list<Member*> wanted) {
  if (!object) return;
  JsonObject found;
  if (object->get(found) != simdjson::SUCCESS) return refuse(path, "an object is expected");
  members(found, path, wanted);
}

std::string_view Reader::text(const Member& member, const Path& parent) {
  return optional_text(member, parent).value_or(std::string_view());
}

std::optional<std::string_view> Reader::optional_text(const Member& member, const Path& parent) {
  return typed<std::string_view>(*this, member, parent, "a string is expected");
}

bool Reader::flag(const Member& member, const Path& parent, bool otherwise) {
  return typed<bool>(*this, member, parent, "true or false is expected").value_or(otherwise);
}

std::optional<std::int64_t> Reader::integer(const Member& member, const Path& parent) {
  return typed<std::int64_t>(*this, member, parent, "an integer is expected");
}

std::optional<JsonArray> Reader::list(const Member& member, const Path& parent) {
  return typed<JsonArray>(*this, member, parent, "an array is expected");
}

std::optional<JsonObject> Reader::object(const Member& member, const Path& parent) {
  return typed<JsonObject>(*this, member, parent, "an object is expected");
}

}  // namespace smc::webhook
