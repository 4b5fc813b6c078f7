"""The kubelet's HTTPS server, as far as `kubectl logs` needs it: GET /containerLogs/NAMESPACE/POD/CONTAINER with follow,
tailLines and limitBytes. Its certificate is by the run's CA, and so must be whoever asks: the API server."""

import os
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PORT = 10250  # as lib/nodes.sh tells the API server
PERIOD_S = 0.1


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    timeout = 30  # of a client that says nothing

    def do_GET(self):
        try:
            log, query = self.wanted()
        except Refused as refused:
            self.send_response(refused.status)
            self.end_headers()
            self.wfile.write(f"{refused}\n".encode())
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        try:
            self.send(log, query)
        except (BrokenPipeError, ConnectionResetError):
            pass  # who followed has seen enough

    def wanted(self):
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if unknown := set(query) - {"follow", "tailLines", "limitBytes"}:
            raise Refused(400, f"this kubelet does not play {', '.join(sorted(unknown))}")
        parts = [unquote(part) for part in url.path.split("/")]
        if len(parts) != 5 or parts[1] != "containerLogs":
            raise Refused(404, f"this kubelet does not play {url.path}")
        log = self.server.find(*parts[2:])
        if log is None:
            raise Refused(404, f"no container {parts[4]} of pod {parts[2]}/{parts[3]} has been here")
        return log, query

    def send(self, log, query):
        path, begin, ended = log
        left = int(query.get("limitBytes", 1 << 62))
        with open(path, "rb") as file:
            file.seek(begin)
            text = file.read()
            if "tailLines" in query:
                lines = text.splitlines(keepends=True)
                text = b"".join(lines[max(0, len(lines) - int(query["tailLines"])):])
            while True:
                self.wfile.write(text[:left])
                left -= len(text)
                last = query.get("follow") != "true" or ended()
                text = file.read()
                if left <= 0 or (last and not text):
                    return
                if not text:
                    time.sleep(PERIOD_S)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """find(namespace, pod, container): (file, where this container's log begins in it, whether it has ended), or None."""

    daemon_threads = True

    def __init__(self, node, find):
        super().__init__((os.environ["NODE_IP"], PORT), Handler)
        self.find = find
        pki = f"{os.environ['E2E_DIR']}/pki"
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=f"{pki}/ca.crt")
        self.tls.load_cert_chain(f"{pki}/{node}.crt", f"{pki}/{node}.key")
        self.tls.verify_mode = ssl.CERT_REQUIRED
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):  # in the request's own thread: a handshake holds up nobody
        request.settimeout(Handler.timeout)
        try:
            tls = self.tls.wrap_socket(request, server_side=True)
        except OSError as error:
            print(f"log server: {client_address[0]}: {error}", flush=True)
            return
        with tls:
            super().finish_request(tls, client_address)
