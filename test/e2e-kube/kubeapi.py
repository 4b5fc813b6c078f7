"""A small Kubernetes client for the test's own programs (kubelet, load generator). Standard library only, and not the
project's client: what is under test must not be its own witness."""

import base64
import http.client
import json
import os
import ssl
import threading


class ApiError(Exception):
    def __init__(self, status, reason):
        super().__init__(f"{status} {reason}")
        self.status = status


class Api:
    """One kubeconfig (JSON) with a client certificate or a token. Any thread may call; each keeps its own connection."""

    def __init__(self, kubeconfig=None):
        with open(kubeconfig or os.environ["KUBECONFIG"]) as f:
            config = json.load(f)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.host = cluster["server"].removeprefix("https://")
        self.tls = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
        )
        if "client-certificate" in user:
            self.tls.load_cert_chain(user["client-certificate"], user["client-key"])
        self.headers = {"Authorization": "Bearer " + user["token"]} if "token" in user else {}
        self.local = threading.local()

    def connect(self):
        """A connection that stands. A busy machine has been seen to let a whole one time out, and nothing is lost by
        another try: a real kubelet goes on trying as well. Refused is an answer and is not repeated."""
        for last in (False, False, True):
            connection = http.client.HTTPSConnection(self.host, context=self.tls, timeout=5)
            try:
                connection.connect()
            except TimeoutError:
                if last:
                    raise
            else:
                connection.sock.settimeout(30)
                return connection

    def request(self, method, path, body=None, kind="application/json"):
        """The answer's object; ApiError for a status of 400 and above. A connection that was closed is opened once more."""
        data = None if body is None else json.dumps(body)
        for last in (False, True):
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = self.local.connection = self.connect()
            try:
                connection.request(method, path, data, {**self.headers, "Content-Type": kind})
                answer = connection.getresponse()
                text = answer.read()
                break
            except (http.client.HTTPException, OSError):
                self.local.connection = None
                if last or method == "POST":
                    raise
        if answer.status >= 400:
            try:
                reason = json.loads(text).get("message", "")
            except ValueError:
                reason = text.decode(errors="replace")
            raise ApiError(answer.status, reason)
        return json.loads(text), answer.headers

    def get(self, path):
        return self.request("GET", path)[0]

    def merge_patch(self, path, body):
        return self.request("PATCH", path, body, "application/merge-patch+json")[0]

    def watch(self, path):
        """Yields (type, object): first ADDED for all there are, then the changes, from one list to the end of its watch."""
        listed = self.get(path)
        for item in listed["items"]:
            yield "ADDED", item
        separator = "&" if "?" in path else "?"
        version = listed["metadata"]["resourceVersion"]
        connection = http.client.HTTPSConnection(self.host, context=self.tls)
        connection.request("GET", f"{path}{separator}watch=1&resourceVersion={version}", headers=self.headers)
        answer = connection.getresponse()
        for line in answer:
            event = json.loads(line)
            if event["type"] == "ERROR":
                return
            yield event["type"], event["object"]
