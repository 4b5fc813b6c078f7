"""Agents as processes of this machine, each with the name, the token and the command line that its DaemonSet gives it.
The kernel is played (test/e2e-kube/played_kernel.cc): every node has an RDMA device. One thread."""

import json
import os
import signal
import subprocess
import urllib.request

from kubeapi import Api

SYSTEM, RELEASE = "smc-system", "smc-smc-webhook"
ADDRESS, PORT = "10.245.0.201", 9465  # of the one agent, see scenarios/measure.sh


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(child) for child in f.read().split()]


def pids_of(program):
    """Processes that run this file."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.path.basename(os.readlink(f"/proc/{name}/exe")) == program:
                found.append(int(name))
        except OSError:
            continue  # it has ended, or is the kernel's
    return found


def rss(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wire_bytes(wire):
    """(received, sent) by those on the other end of this wire."""
    with open("/proc/self/net/dev") as f:
        numbers = next(line.split(":")[1].split() for line in f if line.strip().startswith(wire + ":"))
    return int(numbers[8]), int(numbers[0])


class Agents:
    def __init__(self, folder, program):
        self.folder, self.program = folder, program
        self.kernel = os.environ["KERNEL_DIR"]
        api = Api()
        self.kubeconfig = f"{folder}/agent.json"
        with open(os.environ["KUBECONFIG"]) as f:
            config = json.load(f)
        token = api.request("POST", f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/{RELEASE}-agent/token", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}})[0]
        config["users"][0]["user"] = {"token": token["status"]["token"]}
        with open(self.kubeconfig, "w") as f:
            json.dump(config, f)
        daemonset = api.get(f"/apis/apps/v1/namespaces/{SYSTEM}/daemonsets/{RELEASE}-agent")
        given = daemonset["spec"]["template"]["spec"]["containers"][0]["args"]
        # the file of the token of kubectl smc is a Secret's
        self.arguments = [a for a in given if not a.startswith(("--listen=", "--host-root=", "--access-token-file="))]
        self.running = []

    def set_device(self, node, there):
        with open(f"{self.kernel}/{node}.new", "w") as f:
            json.dump({"device": there, "switch": True}, f)
        os.rename(f"{self.kernel}/{node}.new", f"{self.kernel}/{node}.json")

    def start(self, node, network, listen, host_root, enter=()):
        self.set_device(node, True)
        state = f"{self.folder}/state/{node}"
        os.makedirs(state)
        # what the chart gives through environment variables stands in its arguments as $(NAME)
        command = ["nsenter", f"--net=/run/netns/{network}", *enter, self.program, *self.arguments,
                   f"--listen={listen}", f"--host-root={host_root}", f"--state-dir={state}",
                   f"--kubeconfig={self.kubeconfig}"]
        with open(f"{state}/log", "w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                       env={**os.environ, "NODE_NAME": node, "SMC_PLAYED_KERNEL": self.kernel})
        self.running.append(process)
        return process

    def start_alone(self, node):
        """It sees this machine's processes and control groups, as on a node."""
        return self.start(node, "solo", f"{ADDRESS}:{PORT}", "/")

    def start_one_of_many(self, node, number):
        """Sees no processes but itself, and no control groups: a machine has few inotify instances for so many, and so
        each looks at its processes every second. Hence the niceness: else the API server waits for all of them."""
        return self.start(node, "fleet", f"127.0.0.1:{20000 + number}", f"{self.folder}/empty",
                          ("nice", "-n", "19", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"))

    def stop(self):
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            process.wait(timeout=60)
        self.running = []

    def pids(self):
        return pids_of(os.path.basename(self.program))


def scrape():
    """(bytes, series) of the one agent's metrics, and the text."""
    with urllib.request.urlopen(f"http://{ADDRESS}:{PORT}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return len(text), sum(1 for line in text.splitlines() if line and not line.startswith("#")), text
