"""Makes many objects at once, in processes of their own: one Python process makes some hundred a second."""

import concurrent.futures
import json
import os

from kubeapi import Api, ApiError

PREFIX = "smc.asm.alibabacloud.com"
WORKERS = 8  # all they do is wait for the API server
api = None


def begin():
    global api
    api = Api()


def path(namespace, name):
    return f"/api/v1/namespaces/{namespace}/pods/{name}"


def create_node(name):
    api.request("POST", "/api/v1/nodes", {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}}})


def create_namespace(name):
    api.request("POST", "/api/v1/namespaces", {
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name, "team": "scale"}}})


def create_pod(pod):
    """pod: (name, node). Annotated, so that it goes through the webhook, and bound already: no scheduler works here.
    Returns its UID."""
    name, node = pod
    made = api.request("POST", "/api/v1/namespaces/apps/pods", {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "scale", "pod-template-hash": "5d59d67564"},
                     "annotations": {f"{PREFIX}/enabled": "true"}},
        "spec": {"nodeName": node, "containers": [{
            "name": "app", "image": "example.test/app:1", "ports": [{"containerPort": 8080}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}]}})[0]
    return made["metadata"]["uid"]


def statuses(state, ready):
    return [{"name": "app", "image": "example.test/app:1", "imageID": "example.test/app@sha256:" + "0" * 64,
             "containerID": "containerd://" + "a" * 64, "ready": ready, "started": ready, "restartCount": 0,
             "state": state}]


STARTED = {"running": {"startedAt": "2020-01-01T00:00:00Z"}}
ENDED = {"terminated": {"exitCode": 0, "finishedAt": "2020-01-01T00:00:00Z", "containerID": "containerd://" + "a" * 64}}
WAITING = {"waiting": {"reason": "PodInitializing"}}


def set_status(name, phase, state, initialized, ready):
    conditions = {"Initialized": initialized, "Ready": ready, "ContainersReady": ready, "PodScheduled": True}
    api.merge_patch(path("apps", name) + "/status", {"status": {
        "phase": phase, "podIP": "10.244.1.2", "hostIP": "10.245.0.11", "startTime": "2020-01-01T00:00:00Z",
        "conditions": [{"type": kind, "status": str(held)} for kind, held in conditions.items()],
        "containerStatuses": statuses(state, ready)}})


def run_pod(pod):
    set_status(pod[0], "Running", STARTED, True, True)


def remove_pod(pod):
    api.request("DELETE", path("apps", pod[0]), {"gracePeriodSeconds": 0})


def come(pod):
    """All that a kubelet writes of a pod that starts."""
    uid = create_pod(pod)
    set_status(pod[0], "Pending", WAITING, False, False)
    set_status(pod[0], "Pending", WAITING, True, False)
    set_status(pod[0], "Running", STARTED, True, False)
    set_status(pod[0], "Running", STARTED, True, True)
    return uid


def go(pod):
    """And of one that ends."""
    api.request("DELETE", path("apps", pod[0]), {"gracePeriodSeconds": 30})
    set_status(pod[0], "Succeeded", ENDED, True, False)
    remove_pod(pod)


def chunk_of(work):
    function, items = work
    return [function(item) for item in items]


def for_all(function, items):
    """What the function returns for each, in their order; the first exception ends it."""
    size = max(1, min(50, len(items) // WORKERS))
    chunks = [(function, items[at:at + size]) for at in range(0, len(items), size)]
    with concurrent.futures.ProcessPoolExecutor(WORKERS, initializer=begin) as pool:
        return [made for chunk in pool.map(chunk_of, chunks) for made in chunk]
