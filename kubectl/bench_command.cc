#include <cstdio>
#include <iostream>

#include "base/error_text.h"
#include "base/file.h"
#include "base/json_value.h"
#include "bench/comparison.h"
#include "bench/report.h"
#include "kubectl/agents.h"
#include "kubectl/bench.h"
#include "kubectl/commands.h"
#include "kubectl/objects.h"
#include "kubectl/pod_finder.h"
#include "kubectl/text.h"

namespace smc::kubectl {
namespace {

using kube::Outcome;
using nlohmann::json;

constexpr std::chrono::seconds kTimeToClean{20};

Outcome<std::string> image_of(kube::Client& client, const CommonOptions& options,
                              const BenchOptions& bench) {
  if (!bench.image.empty()) return bench.image;
  const auto pods =
      client.list({kube::kPods, options.release_namespace, "", ""}, {std::string(kPartOf), ""});
  if (!pods) return pods.error();
  for (const json& pod : pods->items) {
    const json spec = pod.value("spec", json::object());
    for (const json& container : items_of(spec, "containers"))
      if (auto image = bench_image(text_at(container, "/image"))) return *image;
  }
  return kube::make_error(kube::Failure::kAnswer,
                          "no agent is there whose image would name a registry",
                          "name the image of smc-bench with --image");
}

Outcome<BenchResults> measured(Bench& bench, kube::Client& client, const std::string& ns,
                               const BenchOptions& options, const std::string& image) {
  if (options.workload.empty()) return bench.run_pair(image, ns);
  const auto choice = parse_pod_choice(options.workload);
  if (!choice)
    return kube::make_error(kube::Failure::kAnswer, choice.error().what, choice.error().hint);
  const auto pods = find_pods(client, ns, *choice);
  if (!pods) return pods.error();
  return bench.run_beside(image, *pods);
}

Result<void> write_reports(const BenchOptions& options, const bench::Comparison& comparison) {
  if (!options.html.empty())
    if (auto written = write_file_atomic(options.html, bench::html_report(comparison), 0644);
        !written)
      return written;
  if (!options.markdown.empty())
    return write_file_atomic(options.markdown, bench::markdown_report(comparison), 0644);
  return {};
}

json as_json(const BenchResults& results) {
  json out = {{"before", json::array()}, {"after", json::array()}};
  for (const auto& run : results.before) out["before"].push_back(json::parse(bench::to_json(run)));
  for (const auto& run : results.after) out["after"].push_back(json::parse(bench::to_json(run)));
  return out;
}

// What was to be SMC was, and what was to be TCP, too. `shown`: the proof has been printed.
ExitCode judge(const BenchResults& results, bool shown) {
  const auto check = [shown](const bench::RunResult& run, const char* wanted) {
    if (run.proof && run.proof->mode() == wanted) return true;
    print_error(kProgram, {"a run that was to be over " + std::string(wanted) + " was over " +
                               (run.proof ? run.proof->mode() : "what nobody watched"),
                           0, "kubectl smc check"});
    if (run.proof && !shown) std::cerr << bench::proof_text(run) << "\n";
    return false;
  };
  bool all = true;
  for (const auto& run : results.before) all = check(run, "tcp") && all;
  for (const auto& run : results.after) all = check(run, "smc-r") && all;
  return all ? ExitCode::kDone : ExitCode::kFellBack;
}

ExitCode report(const CommonOptions& options, const BenchOptions& bench,
                const BenchResults& results) {
  json document = as_json(results);
  if (!results.before.empty()) {
    const bench::Comparison comparison = bench::compare(results.before, results.after);
    if (const auto written = write_reports(bench, comparison); !written)
      return say(written.error());
    document["verdict"] = bench::verdict_text(comparison);
    if (!options.json) std::cout << bench::terminal_report(comparison);
  } else if (!options.json) {
    for (const auto& run : results.after)
      std::cout << bench::number_text(run.rate) << " requests/s; " << bench::proof_text(run)
                << "\n";
  }
  if (options.json) std::cout << document.dump(2) << "\n";
  return judge(results, !options.json);
}

}  // namespace

ExitCode run_bench(const CommonOptions& options, const BenchOptions& bench_options,
                   const kube::Stop& stop) {
  const Result<Session> session = Session::open(options.connect, stop);
  if (!session) return say(session.error());
  kube::Client client = session->client();
  const auto image = image_of(client, options, bench_options);
  if (!image) return say(image.error());
  Progress progress(!options.json);
  Bench bench(
      client, stop, bench_options, [&](const std::string& what) { progress.show(what); },
      [&](const std::string& what) {
        progress.clear();
        std::cerr << kProgram << ": " << what << "\n";
      });
  const auto results = measured(bench, client, session->ns(), bench_options, *image);
  progress.show("removing what was made");
  const kube::Stop not_interrupted;
  kube::ClientOptions limits;
  limits.request_timeout = kTimeToClean;
  kube::Client cleaner = session->client(limits, not_interrupted);
  const auto cleaned = bench.clean(cleaner);
  progress.clear();
  if (!cleaned) say(cleaned.error());
  if (!results) return say(results.error());
  const ExitCode code = report(options, bench_options, *results);
  return code == ExitCode::kDone && !cleaned ? ExitCode::kRefused : code;
}

}  // namespace smc::kubectl
