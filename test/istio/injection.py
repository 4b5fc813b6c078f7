#!/usr/bin/env python3
"""injection.py SMC-WEBHOOK FOLDER [ISTIO-INJECT...]: pods that istio's injector and ours have both seen, in either order.

FOLDER has istio's own cases as they lie in its repository (pkg/kube/inject/testdata/inject): manifests (*.yaml) and
what its injector makes of them (*.injected). ISTIO-INJECT is a program of istio's injector, which reads a manifest from
standard input and writes it injected; without it only what is in the folder is looked at.

Of every pod, with our annotation added:
- after istio: ours is the first of the init containers, and nothing but what we add is different;
- before istio, and called once more after it, as the API server does: the same pod comes out as after istio alone.
Exits 1 when a pod is not so, or none was injected."""

import collections
import copy
import glob
import subprocess
import sys

import yaml

PREFIX = "smc.asm.alibabacloud.com"
OURS = "smc-init"


def pods_of(document):
    """The pods of a manifest: themselves, or a workload's template."""
    if not isinstance(document, dict):
        return
    if "items" in document:
        for item in document["items"] or []:
            yield from pods_of(item)
    elif document.get("kind") == "Pod":
        yield document
    elif document.get("kind") == "CronJob":
        yield document["spec"]["jobTemplate"]["spec"]["template"]
    elif isinstance(document.get("spec"), dict) and "template" in document["spec"]:
        yield document["spec"]["template"]


def read(text):
    return [document for document in yaml.safe_load_all(text) if document]


def ask_for_smc(documents):
    for document in documents:
        for pod in pods_of(document):
            metadata = pod["metadata"] = pod.get("metadata") or {}
            metadata["annotations"] = {**(metadata.get("annotations") or {}), f"{PREFIX}/enabled": "true"}
    return documents


def through(command, documents):
    """What the program makes of them, and what it says of them."""
    ran = subprocess.run(command, input=yaml.safe_dump_all(documents, sort_keys=False), capture_output=True, text=True,
                         timeout=60, check=False)
    if ran.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {ran.returncode}: {ran.stderr}")
    return read(ran.stdout), ran.stderr


def without_ours(pod):
    """The pod as it was before, and whether ours was the first of its init containers. A list that we made is gone
    again; the affinity is the golden reviews' matter."""
    pod = copy.deepcopy(pod)
    spec = pod["spec"]
    init = spec.get("initContainers") or []
    first = bool(init) and init[0]["name"] == OURS
    others = [container for container in init if container["name"] != OURS]
    for key, value in (("initContainers", others), ("affinity", None)):
        if value or key not in spec:
            continue
        del spec[key]
    if others:
        spec["initContainers"] = others
    pod["metadata"]["annotations"].pop(f"{PREFIX}/status", None)
    return pod, first, len(init) - len(others)


class Report:
    def __init__(self):
        self.counts = collections.Counter()
        self.wrong = []

    def compare(self, name, documents, patched):
        """`patched` is what ours made of `documents`, which may have seen ours before."""
        before = [pod for document in documents for pod in pods_of(document)]
        after = [pod for document in patched for pod in pods_of(document)]
        if len(before) != len(after):
            self.wrong.append(f"{name}: {len(before)} pods before, {len(after)} after")
        for old, new in zip(before, after):
            (theirs, _, _), (rest, first, ours) = without_ours(old), without_ours(new)
            if theirs != rest:
                self.wrong.append(f"{name}: changed beside what is ours")
            if ours == 0:
                self.counts["left alone"] += 1
            elif ours > 1 or not first:
                self.wrong.append(f"{name}: {ours} of {OURS}, first: {first}")
            else:
                self.counts["injected"] += 1


def after_istio(report, webhook, folder):
    for path in sorted(glob.glob(f"{folder}/*.injected")):
        with open(path, encoding="utf-8") as file:
            documents = ask_for_smc(read(file.read()))
        patched, said = through(webhook, documents)
        report.compare(path, documents, patched)
        report.counts["warned of the redirect"] += said.count("istio tells its sidecar's connections by user id")


def normalized(pod):
    """What istio writes of its own work: the order in which it saw containers."""
    pod = copy.deepcopy(pod)
    pod["metadata"].get("annotations", {}).pop("sidecar.istio.io/status", None)
    return pod


def both_orders(report, webhook, folder, istio):
    for path in sorted(glob.glob(f"{folder}/*.yaml")):
        with open(path, encoding="utf-8") as file:
            documents = ask_for_smc(read(file.read()))
        try:
            theirs_alone, _ = through(istio, documents)
        except RuntimeError:
            report.counts["refused by istio"] += 1  # its folder has bad manifests, too
            continue
        theirs_first, _ = through(webhook, theirs_alone)
        ours_first, _ = through(webhook, documents)
        theirs_second, _ = through(istio, ours_first)
        again, _ = through(webhook, theirs_second)
        report.compare(path, theirs_alone, theirs_first)
        report.compare(path, theirs_second, again)
        one, other = ([normalized(pod) for document in side for pod in pods_of(document)]
                      for side in (theirs_first, again))
        if one != other:
            report.wrong.append(f"{path}: the two orders give different pods")
        report.counts["both orders"] += len(one)


def main():
    webhook, folder, *istio = sys.argv[1:]
    command = [webhook, "inject", "--filename", "-"]
    report = Report()
    after_istio(report, command, folder)
    if istio:
        both_orders(report, command, folder, istio)
    print(", ".join(f"{count} {what}" for what, count in report.counts.items()))
    for line in report.wrong:
        print(f"wrong: {line}")
    sys.exit(1 if report.wrong or not report.counts["injected"] else 0)


main()
