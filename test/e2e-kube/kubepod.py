"""The parts of a pod as kubelet.py runs them: its address, its volumes, its containers."""

import base64
import glob
import http.client
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
RUN_DIR = os.environ["E2E_DIR"]
CLOCKS, CLOCK_MOUNT = f"{RUN_DIR}/clocks", "/run/clock"
# Image name (the path's last part, without tag) to the program that it holds.
PROGRAMS = json.loads(os.environ["PROGRAMS"])
addresses = itertools.count(2)
address_lock = threading.Lock()


def child_of(parent):
    """A child process, or None; /proc has a list of them only where the kernel was built with it."""
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat) as f:
                pid, after = f.read().split(" (", 1)
        except OSError:  # it has ended
            continue
        if int(after.rsplit(") ", 1)[1].split()[1]) == parent:
            return int(pid)
    return None


def pod_ip(node, pod):
    """(address, network namespace): the node's own for a pod with hostNetwork, else a new one on the node's bridge."""
    if pod["spec"].get("hostNetwork"):
        return os.environ["NODE_IP"], "host"
    with address_lock:
        number = next(addresses)
    prefix = os.environ["NODE_PODS"]  # "10.244.1"
    name, ip = f"{node}-{number}", f"{prefix}.{number}"
    subprocess.run(
        f"""ip netns add {name}
        ip link add veth{number} type veth peer name eth0 netns {name}
        ip link set veth{number} master pods up
        ip -n {name} link set lo up
        ip -n {name} link set eth0 up
        ip -n {name} address add {ip}/24 dev eth0
        ip -n {name} route add default via {prefix}.1""",
        shell=True, check=True, executable="/bin/bash",
    )
    return ip, name


class Volumes:
    """Folders for a pod's volumes. Secrets and ConfigMaps follow the API server's state, swapped by a symbolic link
    as the kubelet does it."""

    PERIOD_S = 1

    def __init__(self, api, node, pod):
        self.api, self.pod = api, pod
        self.namespace = pod["metadata"]["namespace"]
        self.dir = f"{RUN_DIR}/pods/{pod['metadata']['uid']}"
        self.paths, self.followed, self.closed = {}, [], threading.Event()
        for volume in pod["spec"].get("volumes", []):
            self.add(volume)
        if self.followed:
            threading.Thread(target=self.follow, daemon=True).start()

    def add(self, volume):
        name = volume["name"]
        path = self.paths[name] = f"{self.dir}/volumes/{name}"
        if "hostPath" in volume:
            self.paths[name] = volume["hostPath"]["path"]
            if volume["hostPath"].get("type") == "DirectoryOrCreate" and not os.path.exists(self.paths[name]):
                if not self.paths[name].startswith("/run/"):  # which is the node's own
                    self.paths[name] = path  # an empty one: the machine that runs the test stays as it is
                os.makedirs(self.paths[name])
            return
        os.makedirs(path, mode=0o755)
        if "emptyDir" in volume:
            os.chmod(path, 0o777)
            return
        projected = volume.get("projected")
        sources = projected["sources"] if projected else [volume]
        self.write(path, sources)
        self.followed.append((path, sources))

    def read(self, source):
        if "serviceAccountToken" in source:
            token = source["serviceAccountToken"]
            account = self.pod["spec"]["serviceAccountName"]
            made = self.api.request(
                "POST",
                f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{account}/token",
                {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                 "spec": {"audiences": [token["audience"]] if "audience" in token else None,
                          "expirationSeconds": token.get("expirationSeconds", 3600),
                          "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": self.pod["metadata"]["name"],
                                             "uid": self.pod["metadata"]["uid"]}}},
            )[0]
            return {token["path"]: made["status"]["token"].encode()}
        if "downwardAPI" in source:
            return {item["path"]: field(self.pod, item["fieldRef"]["fieldPath"]).encode()
                    for item in source["downwardAPI"]["items"]}
        (kind, body), = ((k, v) for k, v in source.items() if k in ("secret", "configMap"))
        name = body.get("secretName") or body["name"]
        try:
            held = self.api.get(f"/api/v1/namespaces/{self.namespace}/{kind.lower()}s/{name}")
        except Exception:
            if body.get("optional"):
                return {}
            raise
        data = {k: base64.b64decode(v) if kind == "secret" else v.encode() for k, v in held.get("data", {}).items()}
        if "items" in body:
            data = {item["path"]: data[item["key"]] for item in body["items"]}
        return data

    def write(self, path, sources):
        data = {}
        for source in sources:
            data |= self.read(source)
        stamp = f"..{time.monotonic_ns()}"
        os.mkdir(f"{path}/{stamp}", mode=0o755)
        for name, content in data.items():
            with open(f"{path}/{stamp}/{name}", "wb") as f:
                f.write(content)
        old = os.readlink(f"{path}/..data") if os.path.islink(f"{path}/..data") else None
        os.symlink(stamp, f"{path}/..data_tmp")
        os.rename(f"{path}/..data_tmp", f"{path}/..data")
        for name in data:
            if not os.path.islink(f"{path}/{name}"):
                os.symlink(f"..data/{name}", f"{path}/{name}")
        if old:
            shutil.rmtree(f"{path}/{old}")

    def follow(self):
        shown = {path: None for path, _ in self.followed}
        while not self.closed.wait(self.PERIOD_S):
            for path, sources in self.followed:
                if any("serviceAccountToken" in source for source in sources):
                    continue  # a token is valid for longer than the test runs
                try:
                    now = [self.read(source) for source in sources]
                    if now != shown[path]:
                        self.write(path, sources)
                        shown[path] = now
                except Exception as error:  # the API server may be away: the old files stay, as a kubelet's do
                    print(f"volume {path}: {error}", flush=True)

    def close(self):
        self.closed.set()


def field(pod, path):
    if match := re.fullmatch(r"metadata\.(annotations|labels)\['(.*)'\]", path):
        return pod["metadata"].get(match[1], {}).get(match[2], "")
    value = pod
    for part in path.split("."):
        value = value[part]
    return value


class Container:
    """One container: a chain of nsenter, unshare and the script `container`, whose last child is the program."""

    def __init__(self, pod, spec):
        self.pod, self.spec, self.name = pod, spec, spec["name"]
        self.dir = f"{pod.volumes.dir}/{self.name}"
        self.process, self.restarts, self.is_ready, self.started_at = None, 0, False, None
        image = spec["image"].rsplit("/", 1)[-1].split("@")[0].split(":")[0]
        self.program = PROGRAMS.get(image)

    def start(self):
        os.makedirs(self.dir, exist_ok=True)
        self.message = f"{self.dir}/termination-log"
        open(self.message, "w").close()
        os.chmod(self.message, 0o666)  # as the kubelet does: the container may run as anybody
        self.write_binds()
        self.write_setpriv()
        security = self.spec.get("securityContext", {})
        pod_spec = self.pod.object["spec"]
        net = [] if self.pod.netns == "host" else ["nsenter", f"--net=/run/netns/{self.pod.netns}"]
        pid = ["--mount"] if pod_spec.get("hostPID") else ["--mount", "--pid", "--fork", "--kill-child"]
        environment = self.environment() | {
            "CONTAINER_CGROUP": self.cgroup(),
            "CONTAINER_READ_ONLY": str(int(security.get("readOnlyRootFilesystem", False))),
            "CONTAINER_PRIVILEGED": str(int(security.get("privileged", False))),
        }
        self.log = open(f"{RUN_DIR}/logs/{self.pod.name.replace('/', '_')}_{self.name}.log", "ab")
        self.log_begin = self.log.tell()  # what is before is of an earlier one of that name
        self.process = subprocess.Popen(
            [*net, "unshare", *pid, f"{HERE}/container", self.dir, *self.command(environment)],
            env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True,
        )
        self.pod.started[self.name] = self
        self.started_at = time.monotonic()
        self.is_ready = False
        if self.probe_specs():
            threading.Thread(target=self.probe, args=(self.process,), daemon=True).start()

    def command(self, environment):
        if not self.program:
            return ["/bin/sleep", "infinity"]
        command = self.spec.get("command") or [self.program["path"]]
        return [*self.clock(), *(expand(part, environment) for part in [*command, *self.spec.get("args", [])])]

    def clock(self):
        """What gives the program the node's own clock, where a scenario has made one (CLOCKS/NODE/now: how far off it
        is). Steady clocks and the times of files stay as they are: those do not jump."""
        if not os.path.isdir(f"{CLOCKS}/{self.pod.node}"):
            return []
        return ["/usr/bin/env", "LD_PRELOAD=" + glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0],
                f"FAKETIME_TIMESTAMP_FILE={CLOCK_MOUNT}/now", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                "NO_FAKE_STAT=1"]

    def environment(self):
        pod = dict(self.pod.object)
        pod["status"] = {**pod.get("status", {}), "podIP": self.pod.ip, "hostIP": os.environ["NODE_IP"]}
        values = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "KUBERNETES_SERVICE_HOST": os.environ["API_HOST"], "KUBERNETES_SERVICE_PORT": os.environ["API_PORT"],
        }
        for variable in self.spec.get("env", []):
            if "valueFrom" in variable:
                values[variable["name"]] = field(pod, variable["valueFrom"]["fieldRef"]["fieldPath"])
            else:
                values[variable["name"]] = expand(variable.get("value", ""), values)
        return values

    def write_binds(self):
        lines = [f"{self.message}\t{self.spec.get('terminationMessagePath', '/dev/termination-log')}\trw"]
        if self.program:
            for program in (self.program, *self.program.get("also", [])):
                lines.append(f"{program['file']}\t{program['path']}\tro")
            if self.clock():
                lines.append(f"{CLOCKS}/{self.pod.node}\t{CLOCK_MOUNT}\tro")
        for mount in self.spec.get("volumeMounts", []):
            if "subPath" in mount:
                raise ValueError(f"{self.name}: subPath is not played")
            mode = "ro" if mount.get("readOnly") else "rw"
            lines.append(f"{self.pod.volumes.paths[mount['name']]}\t{mount['mountPath']}\t{mode}")
        with open(f"{self.dir}/binds", "w") as f:
            f.write("".join(line.replace("\t/var/run/", "\t/run/") + "\n" for line in lines))

    def write_setpriv(self):
        pod = self.pod.object["spec"].get("securityContext", {})
        security = pod | self.spec.get("securityContext", {})
        user, group = security.get("runAsUser", 0), security.get("runAsGroup", 0)
        if security.get("runAsNonRoot") and user == 0:
            raise ValueError(f"{self.name}: runAsNonRoot, and the user is 0")
        lines = [f"--reuid={user}", f"--regid={group}"]
        lines.append(f"--groups={pod['fsGroup']}" if "fsGroup" in pod else "--clear-groups")
        if not security.get("privileged"):
            capabilities = security.get("capabilities", {})
            if self.program and "ALL" not in capabilities.get("drop", []):
                raise ValueError(f"{self.name}: a program of the project drops ALL capabilities")
            kept = "".join(f",+{c.lower()}" for c in capabilities.get("add", []))
            lines += [f"--bounding-set=-all{kept}", "--inh-caps=-all"]
        if security.get("allowPrivilegeEscalation") is False:
            lines.append("--no-new-privs")
        with open(f"{self.dir}/setpriv", "w") as f:
            f.write("\n".join(lines) + "\n")

    def cgroup(self):
        if not (root := os.environ.get("E2E_CGROUP")):
            return ""
        path = f"{root}/kubepods/besteffort/pod{self.pod.object['metadata']['uid']}/{self.name}"
        os.makedirs(path, exist_ok=True)
        return path

    def probe_specs(self):
        return [self.spec[k] for k in ("startupProbe", "readinessProbe") if k in self.spec]

    def probe(self, process):
        ports = {p["name"]: p["containerPort"] for p in self.spec.get("ports", []) if "name" in p}
        for spec in self.probe_specs():
            get, failures = spec["httpGet"], 0
            port = ports.get(get["port"], get["port"])
            last = spec is self.probe_specs()[-1]
            while process.poll() is None:
                good = answers(get.get("host", self.pod.ip), port, get["path"])
                failures = 0 if good else failures + 1
                if good and not last:
                    break
                if last:
                    self.is_ready = good or (self.is_ready and failures < spec.get("failureThreshold", 3))
                time.sleep(spec.get("periodSeconds", 10) if good else 0.2)

    def ready(self):
        return self.exit_code() is None and (self.is_ready or not self.probe_specs())

    def exit_code(self):
        return self.process.poll()

    def keep_alive(self, policy):
        if self.exit_code() is None or policy == "Never" or (policy == "OnFailure" and self.exit_code() == 0):
            return
        if time.monotonic() - self.started_at > 1:  # a kubelet backs off for longer
            self.restarts += 1
            self.start()

    def signal(self, number):
        """To the program itself, which is the only child of unshare, or has taken its place."""
        pid = self.process.pid
        if not self.pod.object["spec"].get("hostPID"):
            pid = child_of(pid) or pid
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def terminate(self):
        self.signal(signal.SIGTERM if self.program else signal.SIGKILL)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def status(self, ready):
        code = self.exit_code()
        status = {
            "name": self.name, "image": self.spec["image"], "imageID": "", "ready": ready,
            "restartCount": self.restarts, "started": code is None,
            # a resize in place is refused where the node does not tell what is in force
            "resources": self.spec.get("resources", {}),
            "state": {"running": {}} if code is None else {"terminated": {"exitCode": code, "message": self.last_words()}},
        }
        return status

    def last_words(self):
        with open(self.message, errors="replace") as f:
            message = f.read(4096)
        if not message and self.exit_code() and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            with open(self.log.name, errors="replace") as f:
                message = f.read()[-2048:]
        return message


def expand(text, environment):
    return re.sub(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", lambda m: environment.get(m[1], m[0]), text)


def answers(host, port, path):
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, socket.timeout, http.client.HTTPException):
        return False
    finally:
        connection.close()
