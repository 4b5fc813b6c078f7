#!/usr/bin/python3
"""random_pods.py COUNT SEED NAMESPACE: random pods through a dry run of the API server, each twice: as it is, which
the API server must accept (or this program is wrong), and with the annotation, which it must accept as well, with our
init container first and nothing changed but what the contract names. Prints one JSON object, exits 1 when one is bad."""

import copy
import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor

from kubeapi import Api, ApiError

PREFIX = "smc.asm.alibabacloud.com/"
KEY = PREFIX + "erdma"


GATES = [{"name": "example.test/gate"}]
IMAGE = {"image": {"reference": "example.test/model:1", "pullPolicy": "Never"}}
POD_RESOURCES = {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "4", "memory": "4Gi"}}


def newer_fields(api, path):
    """Of the fields that Kubernetes 1.20 does not know, those that this API server keeps."""
    made = api.request("POST", path, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "newer"}, "spec": {
        "containers": [{"name": "c", "image": "a.test/b:1"}], "schedulingGates": GATES, "resources": POD_RESOURCES,
        "initContainers": [{"name": "i", "image": "a.test/b:1", "restartPolicy": "Always"}],
        "volumes": [{"name": "v"} | IMAGE]}})[0]["spec"]
    found = {"schedulingGates": made, "resources": made, "restartPolicy": made["initContainers"][0], "image": made["volumes"][0]}
    return sorted(name for name, where in found.items() if name in where)


class Maker:
    """Valid pods, from one seed: of Kubernetes 1.20, and with the newer fields that are named."""

    def __init__(self, seed, newer):
        self.random, self.newer = random.Random(seed), newer

    def maybe(self, chance=0.5):
        return self.random.random() < chance

    def pick(self, *choices):
        return self.random.choice(choices)

    def some(self, make, most):
        return [make(i) for i in range(self.random.randint(0, most))]

    def drop_some(self, fields, chance=0.4):
        return {name: make() for name, make in fields.items() if self.maybe(chance)}

    def label_key(self):
        return self.pick("app", "tier", "example.test/zone", KEY, "topology.kubernetes.io/zone")

    def expression(self, _=0):
        operator = self.pick("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
        values = {"In": ["true", "x"], "NotIn": ["false"], "Gt": ["5"], "Lt": ["7"]}.get(operator)
        return {"key": self.label_key(), "operator": operator} | ({"values": values} if values else {})

    def term(self, _=0):
        term = {}
        if self.maybe(0.7):
            term["matchExpressions"] = [self.expression() for _ in range(self.random.randint(1, 3))]
        if self.maybe(0.2):
            term["matchFields"] = [{"key": "metadata.name", "operator": "In", "values": ["node1"]}]
        return term

    def affinity(self):
        node = self.drop_some({
            "requiredDuringSchedulingIgnoredDuringExecution":
                lambda: {"nodeSelectorTerms": [self.term() for _ in range(self.random.randint(1, 4))]},
            "preferredDuringSchedulingIgnoredDuringExecution":
                lambda: [{"weight": self.random.randint(1, 100), "preference": {"matchExpressions": [self.expression()]}}],
        }, 0.6)
        return self.drop_some({
            "nodeAffinity": lambda: node,
            "podAntiAffinity": lambda: {"requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "x"}}}]},
        }, 0.7)

    def security(self):
        return self.drop_some({
            "runAsUser": lambda: self.random.randint(0, 70000), "runAsNonRoot": lambda: False,
            "readOnlyRootFilesystem": lambda: self.maybe(), "privileged": lambda: self.maybe(0.3),
            "capabilities": lambda: {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
            "seccompProfile": lambda: {"type": self.pick("RuntimeDefault", "Unconfined")},
        }, 0.3)

    def probe(self):
        how = self.pick({"httpGet": {"path": "/~0/\"é", "port": 8080}}, {"tcpSocket": {"port": "web"}},
                        {"exec": {"command": ["sh", "-c", "test \"$A\" = '\n'"]}})
        return how | {"periodSeconds": self.random.randint(1, 60)}

    def environment(self, number):
        return self.pick(
            {"name": f"V{number}", "value": self.pick("", "1", "true", "null", "1e3", "ü \u2028 \t", "$(V0)")},
            {"name": f"V{number}", "valueFrom": {"fieldRef": {"fieldPath": self.pick("metadata.name", "status.podIP")}}},
            {"name": f"V{number}", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
        )

    def container(self, name, volumes, init=False):
        container = {"name": name, "image": self.pick("a.test/b:1", "x@sha256:" + "0" * 64)}
        container |= self.drop_some({
            "command": lambda: ["sh", "-c", "echo \\ \" é"], "args": lambda: ["--x=1", ""],
            "env": lambda: self.some(self.environment, 4),
            "resources": lambda: {"requests": {"cpu": "10m", "memory": "1Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
            "securityContext": self.security, "workingDir": lambda: "/tmp",
            "terminationMessagePolicy": lambda: "FallbackToLogsOnError", "tty": lambda: True,
            "imagePullPolicy": lambda: self.pick("Always", "Never"),
            "envFrom": lambda: [{"configMapRef": {"name": "c", "optional": True}}],
        }, 0.35)
        if volumes:
            container["volumeMounts"] = [{"name": v["name"], "mountPath": f"/m/{i}"} for i, v in enumerate(volumes)
                                         if self.maybe()]
        if init and "restartPolicy" in self.newer and self.maybe(0.3):
            container["restartPolicy"] = "Always"
        if not init:
            container["ports"] = [{"name": "web", "containerPort": self.pick(80, 8080, 65505)}]
            container |= self.drop_some({"livenessProbe": self.probe, "readinessProbe": self.probe,
                                         "lifecycle": lambda: {"preStop": {"exec": {"command": ["true"]}}}}, 0.3)
        return container

    def volume(self, number):
        return {"name": f"v{number}"} | self.pick(
            {"emptyDir": {}}, {"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}, {"hostPath": {"path": "/x"}},
            {"configMap": {"name": "c", "optional": True, "items": [{"key": "a", "path": "b/c"}]}},
            {"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
            *([IMAGE] if "image" in self.newer else []),
        )

    def pod(self, number):
        volumes = self.some(self.volume, 3)
        spec = {"containers": [self.container(f"c{i}", volumes) for i in range(self.random.randint(1, 3))]}
        for i, container in enumerate(spec["containers"]):  # one port may be named and taken once in a pod
            container["ports"][0]["containerPort"] += i
        if volumes:
            spec["volumes"] = volumes
        spec |= self.drop_some({
            "initContainers": lambda: self.some(lambda i: self.container(f"i{i}", volumes, init=True), 3) or None,
            "affinity": self.affinity, "nodeSelector": lambda: {self.label_key(): "x"},
            "securityContext": lambda: self.drop_some({
                "runAsUser": lambda: 1000, "fsGroup": lambda: 2000, "supplementalGroups": lambda: [1, 2],
                "sysctls": lambda: [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]}),
            "tolerations": lambda: [{"operator": "Exists"}], "hostAliases": lambda: [{"ip": "10.0.0.1", "hostnames": ["h"]}],
            "dnsConfig": lambda: {"options": [{"name": "ndots", "value": "2"}]}, "shareProcessNamespace": lambda: True,
            "terminationGracePeriodSeconds": lambda: 0, "automountServiceAccountToken": lambda: self.maybe(),
            "topologySpreadConstraints": lambda: [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
            "readinessGates": lambda: [{"conditionType": "example.test/ready"}], "nodeName": lambda: "node1",
            "restartPolicy": lambda: self.pick("Never", "OnFailure"), "enableServiceLinks": lambda: False,
        }, 0.25)
        if "schedulingGates" in self.newer and "nodeName" not in spec and self.maybe(0.2):
            spec["schedulingGates"] = GATES
        if "resources" in self.newer and self.maybe(0.2):
            spec["resources"] = POD_RESOURCES
        annotations = self.drop_some({
            "example.test/a_b": lambda: "~0~1 \"\\", PREFIX + "on-failure": lambda: self.pick("fail", "fallback", "maybe"),
            PREFIX + "pnetid": lambda: "ABC", "sidecar.istio.io/inject": lambda: "true",
        }, 0.3)
        meta = self.pick({"name": f"random-{number}"}, {"generateName": "random-"}) | {"labels": {"app": "x"}}
        if annotations or self.maybe():
            meta["annotations"] = annotations
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def without_volatile(pod):
    """What two dry runs of one pod have in common: names and times that the API server makes up are taken out."""
    pod = copy.deepcopy(pod)
    for name in ("name", "uid", "creationTimestamp", "managedFields", "generateName"):
        pod["metadata"].pop(name, None)
    for condition in pod["status"].get("conditions", []):
        condition.pop("lastTransitionTime", None)
    text = json.dumps(pod)
    for volume in pod["spec"].get("volumes", []):
        if volume["name"].startswith("kube-api-access-"):
            text = text.replace(volume["name"], "kube-api-access")
    return json.loads(text)


def injected_only(before, after):
    """Why `after` differs from `before` by more than the contract allows; None when it does not."""
    before, after = without_volatile(before), without_volatile(after)
    # Our container has requests and limits, equal ones: only a pod without any gets into another class.
    was, now = before["status"].pop("qosClass"), after["status"].pop("qosClass")
    if now != ("Burstable" if was == "BestEffort" else was):
        return f"its quality of service was {was} and became {now}"
    init = after["spec"]["initContainers"].pop(0)
    if init["name"] != "smc-init" or init["args"][0] != "pod":
        return f"the first init container is {init['name']}"
    if not after["spec"]["initContainers"] and "initContainers" not in before["spec"]:
        del after["spec"]["initContainers"]
    for name in ("enabled", "status"):
        if after["metadata"]["annotations"].pop(PREFIX + name, None) is None:
            return f"annotation {name} is missing"
    for pod in (before, after):
        pod["metadata"].setdefault("annotations", {})
        affinity = pod["spec"].setdefault("affinity", {})
        node = affinity.get("nodeAffinity") or {}
        required = node.get("requiredDuringSchedulingIgnoredDuringExecution") or {"nodeSelectorTerms": []}
        ours = {"key": KEY, "operator": "In", "values": ["true"]}
        for term in required["nodeSelectorTerms"]:
            term["matchExpressions"] = [e for e in term.get("matchExpressions", []) if e != ours]
        required["nodeSelectorTerms"] = [t for t in required["nodeSelectorTerms"] if any(t.values())]
        affinity["nodeAffinity"] = {k: v for k, v in node.items() if v != {"nodeSelectorTerms": []}}
    return None if before == after else "it differs: " + first_difference(before, after)


def first_difference(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            if a.get(key) != b.get(key):
                return first_difference(a.get(key), b.get(key), f"{path}/{key}")
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            if x != y:
                return first_difference(x, y, f"{path}/{i}")
    return f"{path}: {json.dumps(a)} became {json.dumps(b)}"


def main():
    count, seed, namespace = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    api, path = Api(), f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    newer = newer_fields(api, path)
    maker = Maker(seed, newer)
    pods = [maker.pod(number) for number in range(count)]

    def check(plain):
        annotated = copy.deepcopy(plain)
        annotated["metadata"].setdefault("annotations", {})[PREFIX + "enabled"] = "true"
        try:
            before = api.request("POST", path, plain)[0]
        except ApiError as error:
            return f"no valid pod to begin with: {error}"
        try:
            after = api.request("POST", path, annotated)[0]
        except ApiError as error:
            return f"refused after mutation: {error}"
        if not after["spec"].get("initContainers"):
            return "not injected"
        return injected_only(before, after)

    with ThreadPoolExecutor(8) as pool:
        problems = [(pod, problem) for pod, problem in zip(pods, pool.map(check, pods)) if problem]
    print(json.dumps({"pods": count, "seed": seed, "newer": newer, "bad": len(problems),
                      "examples": [{"problem": problem, "pod": pod} for pod, problem in problems[:2]]}))
    sys.exit(1 if problems else 0)


main()
