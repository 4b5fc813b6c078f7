"""What the API server says of itself: its audit log (who asked for what, when, and how it ended) and its metrics.
Functions of text apart from those that read, so that they are tested without a server. One thread."""

import collections
import datetime
import json
import re

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Request = collections.namedtuple("Request", "verb resource code began seconds")


def parse_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def read_request(line):
    """Of a line of the audit log; None for a watch, which some versions tell of at its end alone: the metrics have it."""
    entry = json.loads(line)
    if entry["verb"] == "watch" or entry["stage"] != "ResponseComplete":
        return None
    about = entry.get("objectRef", {})
    resource = about.get("resource") or entry["requestURI"].split("?")[0]
    if about.get("subresource"):
        resource += "/" + about["subresource"]
    began = parse_time(entry["requestReceivedTimestamp"])
    return Request(entry["verb"], resource, entry.get("responseStatus", {}).get("code", 0), began,
                   parse_time(entry["stageTimestamp"]) - began)


class AuditLog:
    """Requests of one program, by its User-Agent, since the last look."""

    def __init__(self, path, program):
        self.path, self.mark = path, f'"userAgent":"{program}/'
        self.offset = 0
        self.take()

    def take(self):
        with open(self.path, "rb") as log:
            log.seek(self.offset)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self.offset += len(whole)
        lines = (line for line in whole.decode().splitlines() if self.mark in line)
        return [request for line in lines if (request := read_request(line))]


def by_kind(requests):
    """How many of each, as {"get nodes": 3}; one that was refused is a kind of its own."""
    kinds = collections.Counter(
        f"{r.verb} {r.resource}" + (f" ({r.code})" if r.code >= 400 else "") for r in requests)
    return dict(sorted(kinds.items()))


def peak_per_second(requests):
    return max(collections.Counter(int(r.began) for r in requests).values(), default=0)


def quantile(values, share):
    ordered = sorted(values) or [0]
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Metrics:
    """One look at a server's metrics."""

    def __init__(self, text):
        self.samples = collections.defaultdict(list)
        for line in text.splitlines():
            if not line.startswith("#") and (found := SAMPLE.match(line)):
                self.samples[found[1]].append((dict(LABEL.findall(found[2] or "")), float(found[3])))

    def total(self, *names, **labels):
        """Over all series of the first of these names that is there: names change from version to version."""
        for name in names:
            if name in self.samples:
                return sum(value for have, value in self.samples[name]
                           if all(have.get(key) == wanted for key, wanted in labels.items()))
        return 0.0


def server_state(metrics):
    """What of a look is compared with that of another."""
    return {
        "cpu_s": metrics.total("process_cpu_seconds_total"),
        "rss": int(metrics.total("process_resident_memory_bytes")),
        "watches": metrics.total("apiserver_longrunning_requests", "apiserver_longrunning_gauge", verb="WATCH"),
        "pod_watch_events": metrics.total("apiserver_watch_events_total", kind="Pod"),
        "pod_watch_bytes": metrics.total("apiserver_watch_events_sizes_sum", kind="Pod"),
        "namespace_watch_events": metrics.total("apiserver_watch_events_total", kind="Namespace"),
        "namespace_watch_bytes": metrics.total("apiserver_watch_events_sizes_sum", kind="Namespace"),
        "answer_bytes": metrics.total("apiserver_response_sizes_sum"),
    }
