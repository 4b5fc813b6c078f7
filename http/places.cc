#include "http/places.h"

#include <algorithm>

namespace smc::http {
namespace {

template <class Bytes>
Origin first_bytes(const Bytes& bytes, std::size_t count) {
  Origin origin = 0;
  for (std::size_t i = 0; i < count; ++i) origin = origin << 8 | bytes[i];
  return origin;
}

}  // namespace

Origin origin_of(const net::ip::address& address) {
  if (address.is_v4()) return first_bytes(address.to_v4().to_bytes(), 4);
  const auto bytes = address.to_v6().to_bytes();
  if (!address.to_v6().is_v4_mapped()) return first_bytes(bytes, 8);
  return Origin{bytes[12]} << 24 | Origin{bytes[13]} << 16 | Origin{bytes[14]} << 8 | bytes[15];
}

void Places::give_back(Origin origin) {
  const auto found = held_.find(origin);
  if (found != held_.end() && --found->second == 0) held_.erase(found);
}

std::size_t Places::held_by(Origin origin) const {
  const auto found = held_.find(origin);
  return found == held_.end() ? 0 : found->second;
}

std::optional<Origin> Places::above(std::size_t share) const {
  const auto found = std::find_if(held_.begin(), held_.end(),
                                  [share](const auto& each) { return each.second > share; });
  return found == held_.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace smc::http
