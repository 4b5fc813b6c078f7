#include "bench/run_result.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace smc::bench {
namespace {

using nlohmann::ordered_json;

// "P99.9" and "P50": percentiles have no more than one decimal.
std::string decimal(double value) {
  const auto tenths = static_cast<long>(std::lround(value * 10));
  std::string out = std::to_string(tenths / 10);
  if (tenths % 10 != 0) out += "." + std::to_string(tenths % 10);
  return out;
}

ordered_json as_json(const Latency& latency) {
  ordered_json out = {{"mean", latency.mean_ms}, {"min", latency.min_ms}, {"max", latency.max_ms}};
  for (const auto& [percent, ms] : latency.percentiles) out[percentile_name(percent)] = ms;
  out["buckets"] = ordered_json::array();
  for (const Bucket& bucket : latency.buckets)
    out["buckets"].push_back(
        {{"from", bucket.from_ms}, {"to", bucket.to_ms}, {"count", bucket.count}});
  return out;
}

ordered_json as_json(const Proof& proof) {
  ordered_json out = {{"mode", proof.mode()},
                      {"samples", proof.samples},
                      {"connections", proof.connections},
                      {"modes", proof.modes},
                      {"smc_bytes", proof.smc_bytes},
                      {"interface", proof.interface},
                      {"interface_bytes", proof.interface_bytes},
                      {"device", proof.device}};
  if (proof.device_packets) out["device_packets"] = *proof.device_packets;
  out["doubts"] = proof.doubts;
  out["fallbacks"] = ordered_json::array();
  for (const FallbackCount& fallback : proof.fallbacks)
    out["fallbacks"].push_back(
        {{"code", fallback.code}, {"reason", fallback.reason}, {"count", fallback.count}});
  return out;
}

// Reads members of one object; the first that is missing or of another type is the error.
class Reader {
 public:
  Reader(const ordered_json& object, std::string place)
      : object_(object), place_(std::move(place)) {}

  template <class T>
  void take(const char* name, T& out) {
    const auto member = object_.find(name);
    if (member == object_.end()) return fail(std::string("no member ") + name);
    if (!fits<T>(*member)) return fail(std::string(name) + " is of the wrong type");
    out = member->template get<T>();
  }

  template <class T>
  void take_if_there(const char* name, std::optional<T>& out) {
    if (object_.contains(name)) take(name, out.emplace());
  }

  template <class Body>
  void each(const char* name, const Body& body) {
    const auto member = object_.find(name);
    if (member == object_.end() || !member->is_array())
      return fail(std::string(name) + " is no array");
    for (const ordered_json& item : *member) {
      Reader reader(item, place_ + ": " + name);
      body(reader);
      if (problem_.empty()) problem_ = reader.problem_;
    }
  }

  // The object of this name, where there is one.
  template <class Body>
  void inside(const char* name, const Body& body) {
    const auto member = object_.find(name);
    if (member == object_.end() || !member->is_object())
      return fail(std::string(name) + " is no object");
    Reader reader(*member, place_ + ": " + name);
    body(reader);
    if (problem_.empty()) problem_ = reader.problem_;
  }

  bool has(const char* name) const { return object_.is_object() && object_.contains(name); }
  const std::string& problem() const { return problem_; }

 private:
  template <class T>
  static bool fits(const ordered_json& value) {
    if constexpr (std::is_same_v<T, std::string>) return value.is_string();
    if constexpr (std::is_same_v<T, double>)
      return value.is_number() && std::isfinite(value.get<double>());
    if constexpr (std::is_same_v<T, std::uint64_t>) return value.is_number_unsigned();
    if constexpr (std::is_same_v<T, int>)
      return value.is_number_integer() && value.get<double>() < 1e9 && value.get<double>() > -1e9;
    if constexpr (std::is_same_v<T, std::map<std::string, std::uint64_t>>)
      return value.is_object() &&
             all_of(value, [](const ordered_json& item) { return item.is_number_unsigned(); });
    if constexpr (std::is_same_v<T, std::vector<std::string>>)
      return value.is_array() &&
             all_of(value, [](const ordered_json& item) { return item.is_string(); });
    return false;
  }

  template <class Check>
  static bool all_of(const ordered_json& value, const Check& check) {
    for (const ordered_json& item : value)
      if (!check(item)) return false;
    return true;
  }

  void fail(const std::string& what) {
    if (problem_.empty()) problem_ = place_ + ": " + what;
  }

  const ordered_json& object_;
  const std::string place_;
  std::string problem_;
};

void read_latency(Reader& reader, Latency& out) {
  reader.take("mean", out.mean_ms);
  reader.take("min", out.min_ms);
  reader.take("max", out.max_ms);
  for (const double percent : kPercentiles)
    reader.take(percentile_name(percent).c_str(), out.percentiles[percent]);
  reader.each("buckets", [&](Reader& item) {
    Bucket& bucket = out.buckets.emplace_back();
    item.take("from", bucket.from_ms);
    item.take("to", bucket.to_ms);
    item.take("count", bucket.count);
  });
}

void read_proof(Reader& reader, Proof& out) {
  reader.take("samples", out.samples);
  reader.take("connections", out.connections);
  reader.take("modes", out.modes);
  reader.take("smc_bytes", out.smc_bytes);
  reader.take("interface", out.interface);
  reader.take("interface_bytes", out.interface_bytes);
  reader.take("device", out.device);
  reader.take_if_there("device_packets", out.device_packets);
  reader.take("doubts", out.doubts);
  reader.each("fallbacks", [&](Reader& item) {
    FallbackCount& fallback = out.fallbacks.emplace_back();
    item.take("code", fallback.code);
    item.take("reason", fallback.reason);
    item.take("count", fallback.count);
  });
}

void read_ours(Reader& reader, RunResult& out) {
  reader.take("program", out.program);
  reader.take("version", out.version);
  reader.take("target", out.target);
  reader.take("started", out.started);
  reader.take("asked_rate", out.asked_rate);
  reader.take("seconds", out.seconds);
  reader.take("connections", out.connections);
  reader.take("payload", out.payload);
  reader.take("rate", out.rate);
  reader.take("requests", out.requests);
  reader.take("errors", out.errors);
  reader.take("cpu_seconds", out.cpu_seconds);
  reader.inside("latency_ms", [&](Reader& inner) { read_latency(inner, out.latency); });
  reader.inside("service_ms", [&](Reader& inner) { read_latency(inner, out.service); });
  reader.each("course", [&](Reader& item) {
    Second& second = out.course.emplace_back();
    item.take("at", second.at);
    item.take("requests", second.requests);
    item.take("errors", second.errors);
    item.take("fallbacks", second.fallbacks);
  });
  if (reader.has("expected")) reader.take("expected", out.expected);
  if (reader.has("proof"))
    reader.inside("proof", [&](Reader& inner) { read_proof(inner, out.proof.emplace()); });
}

// fortio's times are in seconds, its duration in nanoseconds; it measures from when a request was
// sent. Its percentiles are those that were asked for with -p, so they are taken from its buckets
// where one of ours is missing.
void read_fortio_latency(Reader& reader, Latency& out) {
  double time_s = 0;
  reader.take("Avg", time_s);
  out.mean_ms = time_s * 1000;
  reader.take("Min", time_s);
  out.min_ms = time_s * 1000;
  reader.take("Max", time_s);
  out.max_ms = time_s * 1000;
  reader.each("Data", [&](Reader& item) {
    Bucket& bucket = out.buckets.emplace_back();
    item.take("Start", bucket.from_ms);
    item.take("End", bucket.to_ms);
    item.take("Count", bucket.count);
    bucket.from_ms *= 1000;
    bucket.to_ms *= 1000;
  });
  for (const double percent : kPercentiles)
    out.percentiles[percent] = percentile_ms(out.buckets, percent);
  if (!reader.has("Percentiles")) return;
  reader.each("Percentiles", [&](Reader& item) {
    double percent = 0;
    double value = 0;
    item.take("Percentile", percent);
    item.take("Value", value);
    if (out.percentiles.contains(percent)) out.percentiles[percent] = value * 1000;
  });
}

// fortio's histogram has the requests that failed among all; ErrorsDurationHistogram, where there
// are some, has them alone. Each of its buckets lies within one of the other's.
void leave_out(const Latency& failed, std::uint64_t count_failed, std::uint64_t count_all,
               Latency& all) {
  for (const Bucket& bucket : failed.buckets)
    for (Bucket& whole : all.buckets)
      if (whole.from_ms <= bucket.from_ms && bucket.to_ms <= whole.to_ms) {
        whole.count -= std::min(whole.count, bucket.count);
        break;
      }
  std::erase_if(all.buckets, [](const Bucket& bucket) { return bucket.count == 0; });
  for (auto& [percent, ms] : all.percentiles) ms = percentile_ms(all.buckets, percent);
  const auto left = static_cast<double>(count_all - std::min(count_all, count_failed));
  if (left > 0)
    all.mean_ms = (all.mean_ms * static_cast<double>(count_all) -
                   failed.mean_ms * static_cast<double>(count_failed)) /
                  left;
}

void read_fortio_durations(Reader& reader, Latency& out) {
  std::uint64_t all = 0;
  reader.inside("DurationHistogram", [&](Reader& inner) {
    inner.take("Count", all);
    read_fortio_latency(inner, out);
  });
  if (!reader.has("ErrorsDurationHistogram")) return;  // of versions before 1.39
  reader.inside("ErrorsDurationHistogram", [&](Reader& inner) {
    std::uint64_t count = 0;
    inner.take("Count", count);
    if (count == 0) return;  // its buckets are null then
    Latency failed;
    read_fortio_latency(inner, failed);
    leave_out(failed, count, all, out);
  });
}

// "200" and "-1" (the connection) are its codes.
void read_fortio_codes(const std::map<std::string, std::uint64_t>& codes, RunResult& out) {
  for (const auto& [code, count] : codes) {
    if (code == "200")
      out.requests = count;
    else
      out.errors[code == "-1" ? "connection" : "status " + code] = count;
  }
}

void read_fortio(Reader& reader, RunResult& out) {
  out.program = "fortio";
  double duration_ns = 0;
  std::string asked;
  std::map<std::string, std::uint64_t> codes;
  if (reader.has("Version")) reader.take("Version", out.version);
  reader.take("StartTime", out.started);
  reader.take("RequestedQPS", asked);  // "100000" or "max"
  reader.take("ActualQPS", out.rate);
  reader.take("ActualDuration", duration_ns);
  reader.take("NumThreads", out.connections);
  if (reader.has("URL")) reader.take("URL", out.target);
  reader.take("RetCodes", codes);
  read_fortio_durations(reader, out.service);
  out.latency = out.service;
  out.seconds = duration_ns / 1e9;
  out.asked_rate = asked == "max" ? 0 : std::atof(asked.c_str());
  read_fortio_codes(codes, out);
  // What it calls its rate has the failed requests among the others.
  if (!out.errors.empty() && out.seconds > 0)
    out.rate = static_cast<double>(out.requests) / out.seconds;
}

}  // namespace

std::string percentile_name(double percent) {
  return "P" + decimal(percent);
}

Latency latency_of(const Histogram& histogram) {
  Latency out{histogram.mean_ms(), histogram.min_ms(), histogram.max_ms(), {}, histogram.buckets()};
  for (const double percent : kPercentiles)
    out.percentiles[percent] = percentile_ms(out.buckets, percent);
  return out;
}

std::uint64_t RunResult::error_count() const {
  std::uint64_t all = 0;
  for (const auto& [kind, count] : errors) all += count;
  return all;
}

double RunResult::cpu_us_per_request() const {
  return requests == 0 ? 0 : cpu_seconds * 1e6 / static_cast<double>(requests);
}

std::string to_json(const RunResult& result) {
  ordered_json out = {{"program", result.program},
                      {"version", result.version},
                      {"target", result.target},
                      {"started", result.started},
                      {"asked_rate", result.asked_rate},
                      {"seconds", result.seconds},
                      {"connections", result.connections},
                      {"payload", result.payload},
                      {"rate", result.rate},
                      {"requests", result.requests},
                      {"errors", result.errors},
                      {"cpu_seconds", result.cpu_seconds},
                      {"latency_ms", as_json(result.latency)},
                      {"service_ms", as_json(result.service)}};
  out["course"] = ordered_json::array();
  for (const Second& second : result.course)
    out["course"].push_back({{"at", second.at},
                             {"requests", second.requests},
                             {"errors", second.errors},
                             {"fallbacks", second.fallbacks}});
  if (!result.expected.empty()) out["expected"] = result.expected;
  if (result.proof) out["proof"] = as_json(*result.proof);
  return out.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string to_json(const Proof& proof) {
  return as_json(proof).dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<Proof> parse_proof(std::string_view text, const std::string& origin) {
  const auto document = ordered_json::parse(text, nullptr, false);
  const Error none{origin + " is no JSON of `smc-bench witness`", 0, ""};
  if (!document.is_object()) return none;
  Proof out;
  Reader reader(document, origin);
  read_proof(reader, out);
  if (!reader.problem().empty()) return Error{reader.problem(), 0, none.hint};
  return out;
}

Result<std::vector<RunResult>> parse_results(std::string_view text, const std::string& origin) {
  const auto hint = "give the JSON that `smc-bench load --out` or `fortio load -json` wrote";
  const auto document = ordered_json::parse(text, nullptr, false);
  if (document.is_discarded()) return Error{origin + " is no JSON", 0, hint};
  const auto runs = document.is_array() ? document : ordered_json::array({document});
  if (runs.empty()) return Error{origin + " holds no run", 0, hint};
  std::vector<RunResult> out;
  for (const ordered_json& run : runs) {
    Reader reader(run, origin);
    RunResult& result = out.emplace_back();
    if (reader.has("DurationHistogram"))
      read_fortio(reader, result);
    else
      read_ours(reader, result);
    if (!reader.problem().empty()) return Error{reader.problem(), 0, hint};
    if (result.seconds <= 0) return Error{origin + ": a run without a duration", 0, hint};
  }
  return out;
}

}  // namespace smc::bench
