#!/usr/bin/python3
"""kubelet.py NODE: plays the kubelet of one node. Debian has no kubelet that runs without a container engine, and what
this test needs of one is small: the pods that the scheduler places on NODE become processes, each container with the
root, volumes, environment, user and capabilities that its spec asks for, probes decide readiness, SIGTERM and the grace
period end it, the API server gets their logs, and the status goes back to it. Programs of the project run for real (PROGRAMS: image name
to program), any other image is a process that sleeps, but for those of the registry unreachable.test: they cannot be pulled.

It runs as root in the node's own network, mount and PID namespaces, which lib/nodes.sh makes, and takes its processes
with it when it ends. What it does not know of a spec it refuses loudly: a test must not pass because a field was
ignored."""

import os
import subprocess
import sys
import threading
import time
import traceback

from kubeapi import Api, ApiError
from kubelet_logs import Server
from kubepod import Container, Volumes, pod_ip


def log(text):
    print(time.strftime("%H:%M:%S ", time.gmtime()) + text, flush=True)


class Pod:
    """One pod and the thread that carries it from its first sight to its end."""

    def __init__(self, api, node, spec):
        self.api, self.node, self.object = api, node, spec
        meta = spec["metadata"]
        self.path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        self.name = f"{meta['namespace']}/{meta['name']}"
        self.ending = threading.Event()
        self.statuses = {"initContainerStatuses": [], "containerStatuses": []}
        self.started = {}  # name to Container, init containers as well
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            self.live()
        except Exception:  # the harness's own mistake: visible in the log and as a pod that never gets ready
            log(f"{self.name}: {traceback.format_exc()}")
            self.report("Failed", reason="HarnessError")

    def live(self):
        spec = self.object["spec"]
        log(f"{self.name}: seen")
        self.ip, self.netns = pod_ip(self.node, self.object)
        self.volumes = Volumes(self.api, self.node, self.object)
        for container in spec.get("initContainers", []):
            code = self.run_init(container)
            if code != 0:
                self.report("Failed", reason="InitError")
                break
        else:
            self.run_containers(spec)
        self.ending.wait()
        self.remove()

    def run_init(self, spec):
        container = Container(self, spec)
        container.start()
        while container.exit_code() is None:
            if self.ending.wait(0.02):
                container.kill()
                return -1
        self.statuses["initContainerStatuses"].append(container.status(ready=container.exit_code() == 0))
        return container.exit_code()

    def run_containers(self, spec):
        if lacking := [c for c in spec["containers"] if c["image"].startswith("unreachable.test/")]:
            return self.pull_in_vain(lacking)
        self.containers = [Container(self, c) for c in spec["containers"]]
        for container in self.containers:
            container.start()
        log(f"{self.name}: started")
        before = None
        while not self.ending.wait(0.1):
            if spec["restartPolicy"] != "Always" and all(c.exit_code() is not None for c in self.containers):
                self.collect()
                good = all(c.exit_code() == 0 for c in self.containers)
                return self.report("Succeeded" if good else "Failed")
            for container in self.containers:
                container.keep_alive(spec["restartPolicy"])
            now = [(c.ready(), c.restarts, c.exit_code()) for c in self.containers]
            if now != before:
                self.collect()
                self.report("Running", ready=all(ready for ready, _, _ in now))
                log(f"{self.name}: (ready, restarts, exit code) of its containers: {now}")
                before = now
        grace = self.object["metadata"].get("deletionGracePeriodSeconds", 30)
        log(f"{self.name}: to be terminated")
        for container in self.containers:
            container.terminate()
        end = time.monotonic() + grace
        while time.monotonic() < end and any(c.exit_code() is None for c in self.containers):
            time.sleep(0.05)
        for container in self.containers:
            if container.exit_code() is None:
                log(f"{self.name}: {container.name} outlived its grace period of {grace} s")
                container.kill()

    def pull_in_vain(self, containers):
        waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "the registry is not there"}}
        self.statuses["containerStatuses"] = [
            {"name": c["name"], "image": c["image"], "imageID": "", "ready": False, "restartCount": 0, "state": waiting}
            for c in containers
        ]
        self.report("Pending")

    def collect(self):
        self.statuses["containerStatuses"] = [c.status(c.ready()) for c in self.containers]

    def report(self, phase, ready=False, reason=None):
        flag = "True" if ready else "False"
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        conditions = [
            {"type": kind, "status": value, "lastTransitionTime": now}
            for kind, value in (("Initialized", "True"), ("PodScheduled", "True"), ("ContainersReady", flag), ("Ready", flag))
        ]
        status = {"phase": phase, "conditions": conditions, "startTime": now, "reason": reason, **self.statuses}
        if ip := getattr(self, "ip", None):
            status |= {"podIP": ip, "podIPs": [{"ip": ip}], "hostIP": os.environ["NODE_IP"]}
        try:
            self.object = self.api.merge_patch(self.path + "/status", {"status": status})
        except ApiError as error:
            if error.status != 404:
                raise

    def remove(self):
        self.volumes.close()
        if self.netns != "host":
            subprocess.run(["ip", "netns", "delete", self.netns], check=True)
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.object["metadata"]["uid"]}}
        try:
            self.api.request("DELETE", self.path, body)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
        log(f"{self.name}: gone")


def log_of(pods, namespace, name, container):
    """As kubelet_logs.Server wants it: of the newest pod of that name."""
    for pod in reversed(list(pods.values())):
        if pod.name == f"{namespace}/{name}":
            found = pod.started.get(container)
            return found and (found.log.name, found.log_begin, lambda: found.exit_code() is not None)
    return None


def main():
    node, api, pods = sys.argv[1], Api(), {}
    Server(node, lambda *names: log_of(pods, *names))
    while True:
        seen = set()
        try:
            for kind, spec in api.watch(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}"):
                uid = spec["metadata"]["uid"]
                seen.add(uid)
                if kind != "DELETED" and uid not in pods and "deletionTimestamp" not in spec["metadata"]:
                    pods[uid] = Pod(api, node, spec)
                if uid in pods and (kind == "DELETED" or "deletionTimestamp" in spec["metadata"]):
                    pods[uid].object["metadata"] |= {
                        k: v for k, v in spec["metadata"].items() if k == "deletionGracePeriodSeconds"
                    }
                    pods[uid].ending.set()
        except (OSError, ApiError) as error:  # the API server is away, as some scenarios want it: ask again
            log(f"watch: {error}")
            time.sleep(0.2)


main()
