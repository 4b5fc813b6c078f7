#!/usr/bin/python3
"""paper.py MEASURED.JSON: what the measured figures come to in a cluster of 5,000 nodes and 100,000 pods, against known
limits. The first limit that is met is the one of which the largest share is used. Pure functions but for main()."""

import collections
import json
import sys

NODES, PODS, RESTARTED = 5_000, 100_000, 10_000
PODS_PER_NODE = PODS // NODES
ROLLOUT_SHARE = 0.1  # agent.updateStrategy of the chart
SCRAPE_S = 30  # interval of the chart's ServiceMonitor
KUBELET_START_S = 60  # within which kubelets that all start at once have their agents running

# kube-apiserver's --max-requests-inflight and --max-mutating-requests-inflight (its reference), which API Priority and
# Fairness shares out: "workload-low", where service accounts are, has 100 of 245 shares.
READS_IN_FLIGHT, WRITES_IN_FLIGHT = 400, 200
SERVICE_ACCOUNT_SEATS = (READS_IN_FLIGHT + WRITES_IN_FLIGHT) * 100 / 245
ETCD_BYTES = 2 << 30  # etcd's --quota-backend-bytes by default; 8 GiB is the most that it recommends
AGENT_BYTES = 128 << 20  # agent.resources.limits of the chart
WEBHOOK_BYTES = 256 << 20  # resources.limits of the chart
# robustperception.io, "How much RAM does Prometheus 2.x need for cardinality and ingestion?": a million series take
# around 2 GiB for their labels; as much again for the samples
PROMETHEUS_BYTES_PER_SERIES = 4 << 10
PROMETHEUS_BYTES = 16 << 30  # of a large one; it has no limit of its own

Row = collections.namedtuple("Row", "what value unit limit source")


def share(row):
    return row.value / row.limit if row.limit else 0


def answered(requests):
    """Requests but for those that come again; that there is no such thing (404) is an answer."""
    return sum(count for kind, count in requests.items() if not kind.endswith("(429)"))


def per_second_at_rest(one):
    return NODES * answered(one["rest"]["requests"]) / one["rest"]["seconds"]


def scaled_linearly(points, wanted):
    """Through the first and the last of [(x, y)]."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    return y0 + (y1 - y0) * (wanted - x0) / (x1 - x0) if x1 != x0 else y0


def scrape_at(one, pods):
    """(bytes, series) of one node's metrics."""
    points = sorted((int(count), size) for count, size in one["scrapes"].items())
    return tuple(scaled_linearly([(count, size[i]) for count, size in points], pods) for i in (0, 1))


def list_cpu_s(many, source):
    """The API server's time for one node's pods; one from etcd grows with all pods of the cluster."""
    measured = many["mass"]["lists"][source]["server_cpu_s"]
    return measured * PODS / many["mass"]["pods"] if source == "etcd" else measured


def rows(measured):
    one, many, webhook = measured["one"], measured["many"], measured["webhook"]
    rest = per_second_at_rest(one)
    start_cpu = NODES * many["start"]["server_cpu_s"] / many["agents"]
    event_bytes = many["mass"]["event_bytes"]
    life = one["pod_lives"]
    scrape_bytes, series = scrape_at(one, PODS_PER_NODE)
    apiserver = "--max-requests-inflight"
    return [
        Row("requests at rest", rest, "/s", 0, ""),
        Row("of these in flight at a time", rest * many["rest"]["request_s_mean"], "", READS_IN_FLIGHT, apiserver),
        Row("watches held", NODES * watches(many), "", 0, ""),
        Row("the API server's memory for them", NODES * rss_of_one(many) / (1 << 20), "MiB", 0, ""),
        Row("its processor time while all agents start", start_cpu, "s", 0, ""),
        Row("of it in flight, agents all started within a minute",
            start_cpu / KUBELET_START_S, "", SERVICE_ACCOUNT_SEATS, "API Priority and Fairness, workload-low"),
        Row("its processor time for the lists of pods, from the watch cache", NODES * list_cpu_s(many, "watch cache"),
            "s", 0, ""),
        Row("the same, were they read from etcd", NODES * list_cpu_s(many, "etcd"), "s", 0, ""),
        Row("bytes of watch to the agents, 10,000 pods restarted",
            RESTARTED * life["bytes_in"] / measured["pod_lives"] / (1 << 20), "MiB", 0, ""),
        Row("Events in etcd, none of 10,000 restarted pods set up", RESTARTED * event_bytes / (1 << 20), "MiB",
            ETCD_BYTES >> 20, "etcd --quota-backend-bytes"),
        Row("Events in etcd, none of 100,000 pods set up", PODS * event_bytes / (1 << 20), "MiB", ETCD_BYTES >> 20,
            "etcd --quota-backend-bytes"),
        Row("an agent's memory, 110 pods", one["rss_after"] / (1 << 20), "MiB", AGENT_BYTES >> 20,
            "agent.resources.limits"),
        Row("a webhook replica's memory, %d namespaces" % webhook["namespaces"], webhook["rss_after"] / (1 << 20),
            "MiB", WEBHOOK_BYTES >> 20, "resources.limits"),
        Row("scrapes, every 30 s", NODES * scrape_bytes / SCRAPE_S / (1 << 20), "MiB/s", 0, ""),
        Row("series in Prometheus", NODES * series / 1e6, "million", PROMETHEUS_BYTES / PROMETHEUS_BYTES_PER_SERIES / 1e6,
            "16 GiB of Prometheus, 4 KiB a series"),
    ]


def watches(many):
    before, after = many["start"]["watches"]
    return (after - before) / many["agents"]


def rss_of_one(many):
    return (many["rest"]["server_rss"][1] - many["start"]["server_rss"][0]) / many["agents"]


def first_limit(table):
    return max(table, key=share)


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def kinds(requests):
    return ", ".join(f"{count} {kind}" for kind, count in requests.items()) or "none"


def measured_lines(measured):
    one, many, webhook = measured["one"], measured["many"], measured["webhook"]
    life, lives = one["pod_lives"], measured["pod_lives"]
    yield f"Kubernetes {measured['version']}"
    yield f"one agent, start: {kinds(one['start']['requests'])}; {one['start']['bytes_in']} bytes in, {one['start']['bytes_out']} out"
    yield (f"one agent, at rest for {one['rest']['seconds']:.0f} s: {kinds(one['rest']['requests'])}; {one['rest']['bytes_in']} bytes in, "
           f"{one['rest']['bytes_out']} out; {one['rss'] >> 10} KiB, {one['rest_cpu_s']:.2f} s of a processor")
    yield (f"a pod that comes and goes: {kinds(life['requests'])} for {lives}; "
           f"{life['bytes_in'] / lives:.0f} bytes in, {life['bytes_out'] / lives:.0f} out")
    yield f"10 changes of the Node by others: {kinds(one['node_changes']['requests'])}; {one['node_changes']['bytes_in']} bytes in"
    yield f"the node is ready no longer: {kinds(one['label_change']['requests'])}"
    yield f"the agent's end: {kinds(one['end']['requests'])}"
    for pods, (size, series) in one["scrapes"].items():
        yield f"a scrape with {pods} pods: {size} bytes, {series} series"
    for name in ("start", "rest"):
        window = many[name]
        yield (f"{many['agents']} agents, {name}: {kinds(window['requests'])} in {window['seconds']:.0f} s, at most "
               f"{window['peak_per_s']} in one second, 99 % within {window['request_s_p99'] * 1000:.0f} ms; "
               f"{window['bytes_in'] >> 10} KiB in; API server {window['server_cpu_s']:.1f} s of a processor, "
               f"{window['server_rss'][0] >> 20} to {window['server_rss'][1] >> 20} MiB")
    mass = many["mass"]
    window = mass["restart"]
    yield (f"{mass['pods']} pods at once, none set up: created in {mass['created_s']:.0f} s, all run after "
           f"{mass['running_s']:.0f} s, {mass['events']} Events after {mass['events_s']:.0f} s: {kinds(window['requests'])}, at most "
           f"{window['peak_per_s']} in one second; {mass['event_bytes']} bytes an Event; watches {window['pod_watch_bytes'] / 1e6:.0f} MB; "
           f"API server {window['server_cpu_s']:.0f} s of a processor, {window['server_rss'][1] >> 20} MiB")
    for source, cost in mass["lists"].items():
        yield (f"list of one node's {cost['pods']} of {mass['pods']} pods from {source}: {cost['seconds'] * 1000:.0f} ms, "
               f"{cost['server_cpu_s'] * 1000:.1f} ms of a processor")
    yield (f"a webhook replica: {measured['webhook_rss_at_start'] >> 10} KiB at start, {webhook['rss'] >> 10} after the pods, "
           f"{webhook['rss_after'] >> 10} with {webhook['namespaces']} more namespaces; {webhook['watch_events']:.0f} watch events")


def main():
    with open(sys.argv[1]) as f:
        measured = json.load(f)
    print("\n".join(measured_lines(measured)))
    print(f"\n{NODES:,} nodes, {PODS:,} pods")
    table = rows(measured)
    for row in table:
        held = f"{100 * share(row):.2g} % of {number(row.limit)} ({row.source})" if row.limit else ""
        print(f"  {row.what:<64} {number(row.value):>8} {row.unit:<8} {held}")
    first = first_limit(table)
    print(f"first limit met: {first.what}, at {1 / share(first):.1f} times this size")


if __name__ == "__main__":
    main()
