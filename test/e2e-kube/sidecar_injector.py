#!/usr/bin/python3
"""sidecar_injector.py PORT CERTIFICATE KEY: a second mutating webhook that behaves like istio's. POST /STYLE/MARK puts
an init container and a sidecar into every pod: STYLE append behind the others, prepend in front of them, host-network
behind them, and the pod goes into the node's network. Called again for a pod that it has injected, it puts its
containers back to their place, as istio does. MARK goes into an annotation, so that the test knows which registration
answered."""

import base64
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

INIT = {"name": "istio-init", "image": "istio/proxyv2:1.22", "args": ["istio-iptables"],
        "securityContext": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]}}}
PROXY = {"name": "istio-proxy", "image": "istio/proxyv2:1.22", "args": ["proxy", "sidecar"]}


def placed(containers, own, style):
    ours = [c for c in containers if c["name"] == own["name"]] or [own]
    others = [c for c in containers if c["name"] != own["name"]]
    return ours + others if style == "prepend" else others + ours


def patch(pod, style, mark):
    spec, meta = pod["spec"], pod["metadata"]
    wanted = {
        "/spec/initContainers": placed(spec.get("initContainers") or [], INIT, style),
        "/spec/containers": placed(spec["containers"], PROXY, style),
        "/metadata/annotations": {**(meta.get("annotations") or {}), "sidecar.istio.io/status": "{}", "e2e/mark": mark},
    }
    have = {"/spec/initContainers": spec.get("initContainers"), "/spec/containers": spec["containers"],
            "/metadata/annotations": meta.get("annotations")}
    if style == "host-network":
        wanted["/spec/hostNetwork"], have["/spec/hostNetwork"] = True, spec.get("hostNetwork")
    return [{"op": "add", "path": path, "value": value} for path, value in wanted.items() if value != have[path]]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        style, mark = self.path.split("?")[0].strip("/").split("/")
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        response = {"uid": review["request"]["uid"], "allowed": True}
        if operations := patch(review["request"]["object"], style, mark):
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(operations).encode()).decode()}
        answer = json.dumps({**{k: review[k] for k in ("apiVersion", "kind")}, "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main():
    port, certificate, key = sys.argv[1:]
    server = ThreadingHTTPServer(("0.0.0.0", int(port)), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


main()
