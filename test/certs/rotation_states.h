// The states between which a rotation goes, and what comes next in each. For tests.
#pragma once

#include <chrono>
#include <initializer_list>
#include <ostream>
#include <set>
#include <string>

#include "certs/rotation.h"
#include "test/certs/fixed_time.h"

namespace smc::certs {

void PrintTo(const Step::Kind& kind, std::ostream* out);

namespace test {

inline const RotationWaits kWaits{std::chrono::seconds(60), std::chrono::hours(1)};
inline constexpr std::chrono::hours kDay{24};

// One of four. Made once: every case wants some, and a key takes time.
const KeyPair& ca(int number);
std::string crt(int number);
ServedLeaf leaf_of(const KeyPair& authority, Time issued);

// Fingerprints: of the certificates in a bundle, of our authorities.
std::set<std::string> members(const std::string& pem);
std::set<std::string> authorities(std::initializer_list<int> numbers);

// CA 0 current, published and served; nothing to do.
Observed settled();
// CA 0 current, CA 1 published beside it.
Observed published();
// CA 1 current and served, CA 0 still trusted.
Observed switched();

Step next(const Observed& observed);
Step::Kind kind(const Observed& observed);

}  // namespace test
}  // namespace smc::certs
