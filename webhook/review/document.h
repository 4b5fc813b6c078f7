// Parses one untrusted JSON document, the whole of it validated, within bounds on memory and depth.
// A Document belongs to one thread; it keeps its buffers from one document to the next, so that a
// small review costs no allocation.
#pragma once

#include <cstddef>
#include <string>

#include <simdjson.h>

#include "base/result.h"

namespace smc::webhook {

// Objects and arrays inside one another. Kubernetes' own types stay below 30; Go's decoder, which
// the API server uses, gives up at 10,000.
inline constexpr std::size_t kMaxDepth = 1000;

// What parsing may take beyond the body. simdjson writes two 8-byte words for a number and 4 bytes
// for each structural character, 12 bytes for each byte of "1,1,1,…": 84 MiB for the 7 MiB that a
// body may have. An object that etcd stores has at most 1.5 MiB (etcd's --max-request-bytes).
inline constexpr std::size_t kMaxParserBytes = 60 << 20;

class Document {
 public:
  // The root, valid until the next call of parse() or shrink(). `body` is grown by the parser's
  // padding, its content stays. Throws std::bad_alloc where memory is short.
  Result<simdjson::dom::element> parse(std::string& body);

  // Gives memory back after a large document.
  void shrink();

 private:
  simdjson::error_code run(std::string& text, std::size_t max_depth);

  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
  std::string rewritten_;  // the body with its very large numbers replaced; see document.cc
};

}  // namespace smc::webhook
