#include "webhook/commands/review_command.h"

#include <string>

#include "base/error_text.h"
#include "base/file.h"
#include "webhook/review/answer.h"

namespace smc::webhook {
namespace {

// One line, without a hint: the caller's program reads it.
int refuse(const Error& error) {
  print_error("smc-webhook", {error.what, error.code});
  return 2;
}

}  // namespace

int review_command(int input, int output, const Config& config) {
  Result<std::string> body = read_all(input, "the review", config.server.max_body_bytes);
  if (!body) return refuse(body.error());
  Answer answer = answer_review(*body, config);
  if (answer.status != 200) return refuse({answer.body});
  answer.body += '\n';
  const Result<void> written = write_all(output, "the answer", answer.body);
  return written ? 0 : refuse(written.error());
}

}  // namespace smc::webhook
