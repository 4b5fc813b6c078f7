#!/usr/bin/python3
"""load.py --rate N --namespace NS [--seconds S | --until FILE] [--container NAME]: creates annotated pods at a fixed
rate and looks at each answer: was the pod created, does it carry our init container first? Prints one JSON object.
A request keeps its place in the timetable however long the others take; when all workers are busy, the rate falls, and
`rate` says so. The pods name a scheduler that does not exist, so nothing but admission and storage is at work."""

import argparse
import itertools
import json
import os
import threading
import time

from kubeapi import Api


def pod(number):
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": f"load-{os.getpid()}-{number}", "labels": {"app": "load"},
                     "annotations": {"smc.asm.alibabacloud.com/enabled": "true"}},
        "spec": {"schedulerName": "nobody", "containers": [{"name": "app", "image": "example.test/app:1"}],
                 "automountServiceAccountToken": False},
    }


class Load:
    def __init__(self, arguments):
        self.arguments, self.api = arguments, Api()
        self.numbers, self.lock = itertools.count(), threading.Lock()
        self.took, self.failures, self.uninjected = [], [], []
        self.started = time.monotonic()

    def over(self):
        a = self.arguments
        return time.monotonic() - self.started > a.seconds or (a.until and os.path.exists(a.until))

    def worker(self):
        path = f"/api/v1/namespaces/{self.arguments.namespace}/pods"
        while not self.over():
            with self.lock:
                number = next(self.numbers)
            time.sleep(max(0, self.started + number / self.arguments.rate - time.monotonic()))
            begun = time.monotonic()
            try:
                made, headers = self.api.request("POST", path, pod(number))
            except Exception as error:  # whatever it is, this pod was not created
                self.failures.append(str(error))
                continue
            self.took.append(time.monotonic() - begun)
            first = (made["spec"].get("initContainers") or [{}])[0]
            if first.get("name") != self.arguments.container:
                self.uninjected.append((made["metadata"]["name"], headers.get("Warning", "")))

    def run(self):
        workers = [threading.Thread(target=self.worker) for _ in range(self.arguments.workers)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        took = sorted(self.took) or [0]
        print(json.dumps({
            "requests": len(self.took) + len(self.failures), "failed": len(self.failures),
            "uninjected": len(self.uninjected),
            "rate": round((len(self.took) + len(self.failures)) / (time.monotonic() - self.started)),
            "p50_ms": round(took[len(took) // 2] * 1000, 1), "p99_ms": round(took[len(took) * 99 // 100] * 1000, 1),
            "examples": (self.failures + [str(u) for u in self.uninjected])[:5],
        }))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--until")
    parser.add_argument("--container", default="smc-init")
    parser.add_argument("--workers", type=int, default=16)
    Load(parser.parse_args()).run()


main()
