#!/usr/bin/python3
"""measure.py FOLDER: one agent, then AGENTS of them, then the webhook with NAMESPACES, against the API server of this
cluster; writes FOLDER/measured.json. Run by scenarios/measure.sh; sizes come from the environment, see run."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import objects
from agents import Agents, children_of, cpu_s, pids_of, rss, scrape, wire_bytes
from api_server import AuditLog, Metrics, by_kind, peak_per_second, quantile, server_state
from kubeapi import Api

FOLDER = sys.argv[1]
PROGRAM = os.environ["ROOT"] + "/build/release/test/smc-node-agent-played"
AGENTS, PODS, NAMESPACES, REST_S = (int(os.environ[name]) for name in ("AGENTS", "PODS", "NAMESPACES", "REST_S"))
POD_LIVES, SCRAPED = 20, (0, 20, 110)
LABEL = "smc.asm.alibabacloud.com/erdma"
LEFT_BYTES = 3 << 30  # for everything else on this machine
MONITOR_BYTES = 3 << 20  # of an agent's `unshare`, and its part in the API server

started = time.monotonic()
audit = AuditLog(os.environ["E2E_DIR"] + "/logs/audit.log", "smc-node-agent")
admin = Api()


def say(text):
    print(f"{time.monotonic() - started:5.0f} s  {text}", flush=True)


def until(seconds, what, reached, every=0.5):
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError(f"waited in vain: {what}")
        time.sleep(every)


def server():
    return Metrics(admin_text("/metrics"))


def admin_text(path):
    connection = admin.connect()
    connection.request("GET", path)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


@contextlib.contextmanager
def window(wire):
    """What goes on meanwhile: the agents' requests, their bytes, and the API server's own state before and after."""
    found = {}
    audit.take()
    bytes_before, before, began = wire_bytes(wire), server_state(server()), time.monotonic()
    yield found
    seconds, requests, bytes_after = time.monotonic() - began, audit.take(), wire_bytes(wire)
    after = server_state(server())
    found.update(
        seconds=seconds, requests=by_kind(requests), peak_per_s=peak_per_second(requests),
        request_s_mean=sum(r.seconds for r in requests) / max(1, len(requests)),
        request_s_p99=quantile([r.seconds for r in requests], 0.99),
        bytes_in=bytes_after[0] - bytes_before[0], bytes_out=bytes_after[1] - bytes_before[1],
        server_cpu_s=after["cpu_s"] - before["cpu_s"], server_rss=[before["rss"], after["rss"]],
        watches=[before["watches"], after["watches"]],
        pod_watch_events=after["pod_watch_events"] - before["pod_watch_events"],
        pod_watch_bytes=after["pod_watch_bytes"] - before["pod_watch_bytes"])
    say(f"{found['requests']}, {found['bytes_in']} bytes in, {found['bytes_out']} out, {seconds:.0f} s")


def labelled():
    """Nodes with the label, as the API server's cache has them, but for those of the webhook's pods."""
    listed = admin.get(f"/api/v1/nodes?labelSelector={LABEL}%3Dtrue&resourceVersion=0")["items"]
    return sum(1 for node in listed if node["metadata"]["name"] not in ("node1", "node2"))


class PodProcesses:
    """A process for each pod, in a network namespace and in the control group that a kubelet would make for it."""

    def __init__(self):
        self.running = []

    def add(self, uid):
        group = f"{os.environ['E2E_CGROUP']}/kubepods/besteffort/pod{uid}/app"
        os.makedirs(group)
        process = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        with open(f"{group}/cgroup.procs", "w") as f:
            f.write(str(process.pid))
        self.running.append(process)

    def end(self):
        for process in self.running:
            process.kill()
            process.wait()


def scrapes():
    """{number of pods: [bytes, series]}, the pods with sockets on SMC as the played kernel counts them."""
    found, processes, pods = {}, PodProcesses(), []
    if not os.environ.get("E2E_CGROUP"):
        say("no control group can be made here: a scrape without pods alone")
        return {0: scrape()[:2]}
    for wanted in SCRAPED:
        new = [(f"scraped-{number}", "solo") for number in range(len(pods), wanted)]
        if new:
            for uid in objects.for_all(objects.come, new):
                processes.add(uid)
        pods += new
        # of every pod, or as many as the agent names
        until(60, f"{wanted} pods in the metrics", lambda: named_pods() >= wanted)
        found[wanted] = scrape()[:2]
        say(f"scrape with {wanted} pods: {found[wanted]}")
    processes.end()
    objects.for_all(objects.remove_pod, pods)
    return found


def named_pods():
    text = scrape()[2]
    return len({part.split('"')[1] for part in text.split("pod_uid=")[1:]} - {""})


def one_agent(agents):
    objects.for_all(objects.create_node, ["solo"])
    found = {}
    with window("solo") as found["start"]:
        agents.start_alone("solo")
        until(60, "the node has its label", lambda: labelled() == 1)
        time.sleep(3)
    pid, = agents.pids()
    cpu_before = cpu_s(pid)
    with window("solo") as found["rest"]:
        time.sleep(REST_S)
    found["rest_cpu_s"] = cpu_s(pid) - cpu_before
    found["rss"] = rss(pid)
    say(f"one agent: {found['rss'] >> 10} KiB, {found['rest_cpu_s']:.2f} s of a processor in {REST_S} s")
    pods = [(f"life-{number}", "solo") for number in range(POD_LIVES)]
    with window("solo") as found["pod_lives"]:
        objects.for_all(objects.come, pods)
        objects.for_all(objects.go, pods)
        time.sleep(2)
    with window("solo") as found["node_changes"]:
        for number in range(10):
            admin.merge_patch("/api/v1/nodes/solo", {"metadata": {"annotations": {"somebody/else": str(number)}}})
        time.sleep(2)
    with window("solo") as found["label_change"]:
        agents.set_device("solo", False)
        found["scrapes"] = scrapes()
        until(90, "the node has its label no longer", lambda: labelled() == 0)
        time.sleep(2)
    found["rss_after"] = rss(pid)
    with window("solo") as found["end"]:
        agents.stop()
    return found


def fitting(one_rss):
    with open("/proc/meminfo") as f:
        free = next(int(line.split()[1]) * 1024 for line in f if line.startswith("MemAvailable"))
    return min(AGENTS, (free - LEFT_BYTES) // (one_rss + MONITOR_BYTES))


def start_of_all(agents, names):
    with window("fleet") as found:
        for number, name in enumerate(names):
            agents.start_one_of_many(name, number)
        found_started = time.monotonic()
        say(f"{len(names)} agents are started")
        until(180, "every node has its label", lambda: labelled() == len(names), 2)
        time.sleep(3)
        found["label_s"] = time.monotonic() - found_started
    return found


def mass_restart(pods):
    """Pods that come all at once and are never set up, since they have no processes: an Event for each, the most there
    can be."""
    found = {"pods": len(pods)}
    with window("fleet") as found["restart"]:
        began = time.monotonic()
        objects.for_all(objects.create_pod, pods)
        found["created_s"] = time.monotonic() - began
        objects.for_all(objects.run_pod, pods)
        found["running_s"] = time.monotonic() - began
        say(f"{len(pods)} pods run")
        until(150, "an Event for each pod", lambda: events() >= len(pods), 3)
        found["events_s"] = time.monotonic() - began
        found["events"] = events()
    found["event_bytes"] = len(json.dumps(
        admin.get("/api/v1/namespaces/apps/events?limit=1")["items"][0], separators=(",", ":")))
    found["lists"] = lists_of_one_node(pods[0][1])
    return found


def events():
    """How many there are in the pods' namespace, as etcd counts them: the page has one."""
    page = admin.get("/api/v1/namespaces/apps/events?limit=1")
    return len(page["items"]) + page["metadata"].get("remainingItemCount", 0)


def lists_of_one_node(node):
    """What the list of a node's pods costs the API server: read from etcd, and from its watch cache."""
    found = {}
    for source, query in {"etcd": "limit=50", "watch cache": "limit=50&resourceVersion=0"}.items():
        before, began, rounds = server_state(server())["cpu_s"], time.monotonic(), 10
        for _ in range(rounds):
            listed = admin.get(f"/api/v1/pods?{query}&fieldSelector=spec.nodeName%3D{node}")
        found[source] = {"seconds": (time.monotonic() - began) / rounds, "pods": len(listed["items"]),
                         "server_cpu_s": (server_state(server())["cpu_s"] - before) / rounds}
        say(f"list from {source}: {found[source]}")
    return found


def many_agents(agents, one_rss):
    count = fitting(one_rss)
    names = [f"played-{number}" for number in range(count)]
    objects.for_all(objects.create_node, names)
    say(f"{count} Nodes")
    found = {"agents": count, "start": start_of_all(agents, names)}
    with window("fleet") as found["rest"]:
        time.sleep(REST_S)
    found["rss"] = sorted(rss(pid) for pid in agents.pids())[count // 2]
    pods = [(f"mass-{number}", names[number % count]) for number in range(PODS)]
    found["mass"] = mass_restart(pods)
    found["rss_after"] = sorted(rss(pid) for pid in agents.pids())[count // 2]
    with window("fleet") as found["removal"]:
        objects.for_all(objects.remove_pod, pods)
        time.sleep(2)
    with window("fleet") as found["end"]:
        for monitor in agents.running:  # `unshare` does not pass a signal on
            for pid in children_of(monitor.pid):
                os.kill(pid, signal.SIGTERM)
        until(60, "the agents have ended", lambda: not agents.pids())
        agents.stop()
    return found


def webhook():
    """Its processes with few namespaces and with many. What the watch brings is counted by the API server."""
    pids = pids_of("smc-webhook")
    found = {"namespaces": NAMESPACES, "rss": max(map(rss, pids))}
    before = server_state(server())
    objects.for_all(objects.create_namespace, [f"team-{number:05}" for number in range(NAMESPACES)])
    time.sleep(3)
    after = server_state(server())
    found["rss_after"] = max(map(rss, pids))
    found["watch_events"] = after["namespace_watch_events"] - before["namespace_watch_events"]
    found["watch_bytes"] = after["namespace_watch_bytes"] - before["namespace_watch_bytes"]
    say(f"webhook: {found}")
    return found


def stop_controllers():
    """They would look at every object here; what is measured is the API server with the project's programs."""
    for name in ("kube-controller-manager", "kube-scheduler"):
        for pid in pids_of(name):
            os.kill(pid, signal.SIGTERM)


def main():
    os.makedirs(f"{FOLDER}/empty")
    stop_controllers()
    measured = {"version": admin.get("/version")["gitVersion"], "pod_lives": POD_LIVES}
    measured["webhook_rss_at_start"] = max(map(rss, pids_of("smc-webhook")))
    agents = Agents(FOLDER, PROGRAM)
    try:
        measured["one"] = one_agent(agents)
        measured["many"] = many_agents(agents, measured["one"]["rss"])
        measured["webhook"] = webhook()
    finally:
        with open(f"{FOLDER}/measured.json", "w") as f:
            json.dump(measured, f, indent=1)


main()
