#!/usr/bin/python3
"""rights.py COMMAND...: the rights that the chart's roles grant, one by one: found, taken away, and what became of it.
There is no list of them but the roles in the cluster. A right is written "COMPONENT VERB RESOURCE", such as
"agent patch nodes"; the component is whose role it is.

  list                    every right, one a line; remembers the roles as they are
  take RIGHT...           away with these; returns once the API server refuses them
  named SECONDS RIGHT...  waits until the component's log has, since then, what was tried with its status 403, and the
                          rule that is missing, of each
  calm MOST RIGHT...      the most requests of one of these that were refused since then; fails where it is over MOST,
                          or where as many lines were logged
  restore                 all roles as they were; returns once the API server grants what they say
  used SECONDS RIGHT...   waits until the last request of each that the API server decided was granted

The witnesses are the programs' logs, as kubelet.py keeps them, and the API server's audit log."""

import json
import os
import re
import sys
import time
from glob import glob

from kubeapi import Api

RBAC = "/apis/rbac.authorization.k8s.io/v1"
CONTAINERS = {"webhook": "smc-webhook", "agent": "smc-node-agent", "uninstall": "uninstall", "test": "probe"}
LOGS = f"{os.environ['E2E_DIR']}/logs"
NAMESPACE, RELEASE = os.environ["NAMESPACE"], os.environ["RELEASE"]
STATE = f"{os.environ['SCENARIO_DIR']}/rights.json"


def component(item):
    """Whose it is; the webhook's right to Events is a role of its own, "webhook-events"."""
    return item["metadata"]["labels"]["app.kubernetes.io/component"].removesuffix("-events")


def role_path(role):
    namespace = role["metadata"].get("namespace")
    kind = f"namespaces/{namespace}/roles" if namespace else "clusterroles"
    return f"{RBAC}/{kind}/{role['metadata']['name']}"


def user_of(role, bindings):
    """The one service account that has the role."""
    users = {
        f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
        for binding in bindings
        for subject in binding["subjects"]
        if binding["roleRef"]["name"] == role["metadata"]["name"]
        and binding["metadata"].get("namespace") == role["metadata"].get("namespace")
    }
    if len(users) != 1:
        sys.exit(f"{role_path(role)} is bound to {users or 'nobody'}")
    return users.pop()


def rights_of(role, user):
    for rule in role["rules"]:
        (group,), (resource,) = rule["apiGroups"], rule["resources"]
        for verb in rule["verbs"]:
            yield f"{component(role)} {verb} {resource}", {
                "component": component(role), "user": user, "role": role_path(role), "verb": verb,
                "group": group, "resource": resource, "name": rule.get("resourceNames", [""])[0],
                "namespace": role["metadata"].get("namespace", ""),
            }


def find(api):
    selector = f"labelSelector=app.kubernetes.io/part-of=smc-webhook,app.kubernetes.io/instance={RELEASE}"
    state = {"rules": {}, "rights": {}, "mark": {}}
    for kind in ("role", "clusterrole"):
        bindings = api.get(f"{RBAC}/{kind}bindings?{selector}")["items"]
        for role in api.get(f"{RBAC}/{kind}s?{selector}")["items"]:
            state["rules"][role_path(role)] = role["rules"]
            for name, right in rights_of(role, user_of(role, bindings)):
                if name in state["rights"]:
                    sys.exit(f"granted twice, so that it cannot be taken away: {name}")
                state["rights"][name] = right
    return state


def without(rules, taken):
    gone = {(right["group"], right["resource"], right["verb"]) for right in taken}
    kept = [
        {**rule, "verbs": [v for v in rule["verbs"] if (rule["apiGroups"][0], rule["resources"][0], v) not in gone]}
        for rule in rules
    ]
    return [rule for rule in kept if rule["verbs"]]


def is_granted(api, right):
    attributes = {key: right[key] for key in ("verb", "group", "resource", "name", "namespace")}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
              "spec": {"user": right["user"], "resourceAttributes": attributes}}
    return api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)[0]["status"]["allowed"]


def wait(seconds, complaint, bad):
    """Until nothing is bad; else the end."""
    end = time.monotonic() + seconds
    while found := bad():
        if time.monotonic() > end:
            sys.exit(f"{complaint}: {found}")
        time.sleep(0.1)


def take(api, state, names):
    # before the first of them is gone: some programs log what they lack but once
    state["mark"] = {path: os.path.getsize(path) for path in glob(f"{LOGS}/*")}
    taken = [state["rights"][name] for name in names]
    for role in {right["role"] for right in taken}:
        api.merge_patch(role, {"rules": without(state["rules"][role], [r for r in taken if r["role"] == role])})
    wait(10, "still granted", lambda: [r for r in taken if is_granted(api, r)])


def restore(api, state):
    for role, rules in state["rules"].items():
        api.merge_patch(role, {"rules": rules})
    wait(10, "not granted again", lambda: [r for r in state["rights"].values() if not is_granted(api, r)])


def lines_since(state, path):
    with open(path, "rb") as f:
        f.seek(state["mark"].get(path, 0))
        return f.read().decode(errors="replace").splitlines()


def log_lines(state, right):
    """Without the escapes that JSON puts before quotes."""
    pattern = f"{LOGS}/{NAMESPACE}_*_{CONTAINERS[right['component']]}.log"
    return [line.replace("\\", "") for path in glob(pattern) for line in lines_since(state, path)]


def naming(state, right):
    """(lines that say what was tried, lines that name the missing rule)"""
    tried = re.compile(rf"\b{right['verb']} {right['resource']}\b[^:]*: 403 Forbidden")
    rule = (f"RBAC must grant this client the verb \"{right['verb']}\" on resource \"{right['resource']}\" "
            f"of API group \"{right['group']}\"")
    lines = log_lines(state, right)
    return [line for line in lines if tried.search(line)], [line for line in lines if rule in line]


def decided(state):
    """What the audit log has since the mark: (user, verb, group, resource), status, in their order. A watch that is
    refused ends; one that is granted only starts, for as long as it is needed."""
    for line in lines_since(state, f"{LOGS}/audit.log"):
        if f'"system:serviceaccount:{NAMESPACE}:' not in line or not line.startswith("{") or not line.endswith("}"):
            continue
        entry = json.loads(line)
        if "objectRef" not in entry:  # discovery
            continue
        about, status = entry["objectRef"], entry["responseStatus"]["code"]
        if status != 403 or entry["stage"] == "ResponseComplete":
            yield (entry["user"]["username"], entry["verb"], about.get("apiGroup", ""), about["resource"]), status


def key(right):
    return right["user"], right["verb"], right["group"], right["resource"]


def named(state, seconds, names):
    wait(seconds, "not named", lambda: [n for n in names if not all(naming(state, state["rights"][n]))])


def calm(state, most, names):
    requests = list(decided(state))
    worst = 0
    for name in names:
        right = state["rights"][name]
        refused = sum(1 for asked, status in requests if asked == key(right) and status == 403)
        logged = max(map(len, naming(state, right)))
        worst = max(worst, refused)
        print(f"{name}: {refused} refused, {logged} lines", file=sys.stderr)
        if not 0 < refused <= most or logged > most:
            sys.exit(f"{name}: {refused} requests were refused, and {logged} lines say so")
    print(worst)


def used(state, seconds, names):
    state["mark"] = {}

    def bad():
        last = dict(decided(state))
        return [n for n in names if last.get(key(state["rights"][n]), 403) not in (200, 201, 404, 409)]

    wait(seconds, "the last request was not granted", bad)


def main():
    command, *arguments = sys.argv[1:]
    api = Api()
    if command == "list":
        state = find(api)
        print("\n".join(state["rights"]))
    else:
        with open(STATE) as f:
            state = json.load(f)
    if command == "take":
        take(api, state, arguments)
    elif command == "restore":
        restore(api, state)
    elif command in ("named", "calm", "used"):
        {"named": named, "calm": calm, "used": used}[command](state, int(arguments[0]), arguments[1:])
        return
    with open(STATE, "w") as f:
        json.dump(state, f)


main()
