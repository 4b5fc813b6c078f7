#include "webhook/commands/review_command.h"

#include <cstdio>
#include <string>

#include "base/file.h"
#include "webhook/review/answer.h"

namespace smc::webhook {
namespace {

int refuse(std::string_view problem) {
  std::fprintf(stderr, "smc-webhook: %.*s\n", static_cast<int>(problem.size()), problem.data());
  return 2;
}

}  // namespace

int review_command(int input, int output, const Config& config) {
  Result<std::string> body = read_all(input, "the review", config.server.max_body_bytes);
  if (!body) return refuse(body.error().text());
  Answer answer = answer_review(*body, config);
  if (answer.status != 200) return refuse(answer.body);
  answer.body += '\n';
  const Result<void> written = write_all(output, "the answer", answer.body);
  return written ? 0 : refuse(written.error().text());
}

}  // namespace smc::webhook
