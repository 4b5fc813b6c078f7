// Where the documents of a YAML stream begin and end in its text. Pure, safe on any thread.
#pragma once

#include <string_view>
#include <vector>

namespace smc::webhook {

// One part of a stream; the parts together are the whole text. It holds one document, or only
// blank lines and comments; more than one only where JSON texts follow each other.
struct ManifestPart {
  std::string_view text;
  int first_line = 1;  // counted from 1
};

std::vector<ManifestPart> split_manifest(std::string_view text);

}  // namespace smc::webhook
