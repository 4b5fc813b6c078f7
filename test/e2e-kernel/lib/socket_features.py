#!/usr/bin/env python3
"""socket_features.py FEATURE SERVER-ADDRESS: what an ordinary program does with TCP sockets, between pods A and B.

The sockets are opened as by any program, socket(AF_INET, SOCK_STREAM): in B's network namespace the server's, in A's the
client's. Each feature is a function that asserts the behaviour of TCP, whatever carries the data. Prints what mode the
kernel's table of SMC sockets (smc-look) gives for the ends while they are open, as one JSON line:
{"client": ["smcr"], "server": ["smcr"]}, or for TCP the reason, {"client": ["03060000"], ...}.
"""
import contextlib
import ctypes
import errno
import json
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile

CLONE_NEWNET = 0x40000000
SO_ORIGINAL_DST = 80  # linux/netfilter_ipv4.h
TCP_ULP = 31  # linux/tcp.h
ACTIVE, INIT = 1, 2  # of smc_diag's states
PORT = 5000
LIMIT = 30  # seconds: longer than the kernel's own limits for a handshake
libc = ctypes.CDLL(None, use_errno=True)
features = {}


def feature(function):
    features[function.__name__] = function
    return function


def enter(pod):
    fd = os.open(f"/run/netns/pod{pod}", os.O_RDONLY)
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {pod}")
    os.close(fd)


def new_socket(pod):
    enter(pod)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(LIMIT)
    return sock


def listener(*options):
    sock = new_socket("B")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for level, name, value in options:
        sock.setsockopt(level, name, value)
    sock.bind(("", PORT))
    sock.listen(64)
    return sock


def pair(*options):
    """A connection of A to B whose client socket has these options; the ends."""
    server = listener()
    client = new_socket("A")
    for level, name, value in options:
        client.setsockopt(level, name, value)
    client.connect((SERVER, PORT))
    accepted, _ = server.accept()
    accepted.settimeout(LIMIT)
    return client, accepted


def receive(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        assert more, f"closed after {len(data)} of {size} bytes"
        data += more
    return data


def echo(client, accepted, message=b"there and back"):
    client.sendall(message)
    assert receive(accepted, len(message)) == message
    accepted.sendall(message)
    assert receive(client, len(message)) == message


def modes(pod, states):
    table = json.loads(subprocess.check_output(["ip", "netns", "exec", f"pod{pod}", "smc-look", "sockets"]))
    ends = [s for s in table if s["state"] in states]
    return sorted("smcr" if s["mode"] == "smcr" else s["reason"] for s in ends)


def tell(client_states=(ACTIVE,)):
    print(json.dumps({"client": modes("A", client_states), "server": modes("B", (ACTIVE,))}), flush=True)


@feature
def reuse_port():
    """Two listeners on one port share its connections."""
    option = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listeners = [listener(option), listener(option)]
    clients, accepted = [], [0, 0]
    ends = []
    for _ in range(24):  # all on one of the two: once in 8 million
        client = new_socket("A")
        client.connect((SERVER, PORT))
        ready, _, _ = select.select(listeners, [], [], LIMIT)
        end, _ = ready[0].accept()
        end.settimeout(LIMIT)
        echo(client, end)
        accepted[listeners.index(ready[0])] += 1
        clients.append(client)
        ends.append(end)
    assert all(accepted), accepted
    tell()


@feature
def no_delay():
    client, accepted = pair((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1))
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for end in client, accepted:
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    for _ in range(20):
        echo(client, accepted, b"x")
    tell()


@feature
def user_timeout():
    client, accepted = pair((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 3000))
    assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 3000
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2000)
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 2000
    echo(client, accepted)
    tell()


@feature
def keepalive():
    """An idle connection outlives more intervals than unanswered probes would allow it."""
    tcp = socket.IPPROTO_TCP
    client, accepted = pair((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (tcp, socket.TCP_KEEPIDLE, 1),
                            (tcp, socket.TCP_KEEPINTVL, 1), (tcp, socket.TCP_KEEPCNT, 2))
    assert client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert client.getsockopt(tcp, socket.TCP_KEEPIDLE) == 1
    client.settimeout(6)
    with contextlib.suppress(TimeoutError):
        client.recv(1)
        raise AssertionError("the idle connection has ended")
    client.settimeout(LIMIT)
    echo(client, accepted)
    tell()


@feature
def sendfile():
    client, accepted = pair()
    with tempfile.TemporaryFile() as file:
        data = os.urandom(1 << 20)
        file.write(data)
        file.flush()
        if os.fork() == 0:
            client.settimeout(None)
            sent = 0
            while sent < len(data):
                sent += os.sendfile(client.fileno(), file.fileno(), sent, len(data) - sent)
            os._exit(0)
        assert receive(accepted, len(data)) == data
        assert os.wait()[1] == 0
    tell()


@feature
def edge_triggered_epoll():
    client, accepted = pair()
    client.setblocking(False)
    epoll = select.epoll()
    epoll.register(client, select.EPOLLIN | select.EPOLLET)
    assert epoll.poll(0) == []
    for message in b"first", b"second":
        accepted.sendall(message)
        assert epoll.poll(LIMIT) == [(client.fileno(), select.EPOLLIN)]
        assert client.recv(2) == message[:2]
        # No edge, although there is more to read; then all of it, up to EAGAIN.
        assert epoll.poll(0.5) == []
        assert client.recv(100) == message[2:]
        with contextlib.suppress(BlockingIOError):
            client.recv(1)
            raise AssertionError("there was more to read")
    accepted.close()
    [(_, events)] = epoll.poll(LIMIT)
    assert events & select.EPOLLIN and client.recv(1) == b""
    client.close()
    # The table is read with another connection, this one being closed.
    client, accepted = pair()
    tell()


@feature
def non_blocking_connect():
    server = listener()
    client = new_socket("A")
    client.setblocking(False)
    assert client.connect_ex((SERVER, PORT)) == errno.EINPROGRESS
    poll = select.poll()
    poll.register(client, select.POLLOUT)
    assert poll.poll(LIMIT * 1000) == [(client.fileno(), select.POLLOUT)]
    assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    accepted, _ = server.accept()
    client.settimeout(LIMIT)
    echo(client, accepted)
    # Where nobody listens, the error comes by the same way.
    refused = new_socket("A")
    refused.setblocking(False)
    assert refused.connect_ex((SERVER, PORT + 1)) == errno.EINPROGRESS
    poll = select.poll()
    poll.register(refused, select.POLLOUT)
    assert poll.poll(LIMIT * 1000)
    assert refused.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
    refused.close()
    tell()


@feature
def fork_with_listener():
    """Children serve on the socket that their parent has bound, as a pre-forking server's do."""
    server = listener()
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            end, _ = server.accept()
            end.settimeout(LIMIT)
            end.sendall(receive(end, 4) + str(os.getpid()).encode())
            end.recv(1)  # open until the client has looked
            os._exit(0)
        children.append(child)
    server.close()
    clients, answers = [], set()
    for _ in children:
        client = new_socket("A")
        client.connect((SERVER, PORT))
        client.sendall(b"who?")
        answers.add(int(client.recv(100)[4:]))
        clients.append(client)
    assert answers == set(children), (answers, children)
    tell()
    for client in clients:
        client.close()
    for _ in children:
        assert os.wait()[1] == 0


@feature
def original_destination():
    """Behind a redirect, as a mesh makes it: `nft` in B sends PORT to PORT + 10000."""
    server = new_socket("B")
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", PORT + 10000))
    server.listen()
    client = new_socket("A")
    client.connect((SERVER, PORT))
    accepted, _ = server.accept()
    accepted.settimeout(LIMIT)
    answer = accepted.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
    _, port, address = struct.unpack("!HH4s", answer[:8])
    assert (socket.inet_ntoa(address), port) == (SERVER, PORT), answer
    echo(client, accepted)
    tell()


@feature
def fast_open_client():
    server = listener()
    client = new_socket("A")
    client.settimeout(None)
    client.sendto(b"in the first packet", socket.MSG_FASTOPEN, (SERVER, PORT))
    client.settimeout(LIMIT)
    accepted, _ = server.accept()
    accepted.settimeout(LIMIT)
    assert receive(accepted, 19) == b"in the first packet"
    echo(client, accepted)
    tell((ACTIVE, INIT))  # the SMC socket stays as it was made: connect was never called


@feature
def fast_open_server():
    """TCP_FASTOPEN puts the TCP socket in the SMC socket's place, and that has not heard of SO_REUSEADDR: a listener that
    wants both sets TCP_FASTOPEN first, or after bind()."""
    server = new_socket("B")
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
    assert server.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 0, "README says that it is lost"
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", PORT))
    server.listen(64)
    client = new_socket("A")
    client.connect((SERVER, PORT))
    accepted, _ = server.accept()
    accepted.settimeout(LIMIT)
    echo(client, accepted)
    tell()


@feature
def kernel_tls():
    """Refused as by a kernel without it, which is what a TLS library is made for: it goes on in user space."""
    client, accepted = pair()
    try:
        client.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
        raise AssertionError("TCP_ULP was taken")
    except OSError as error:
        assert error.errno == errno.EOPNOTSUPP, error
    echo(client, accepted)
    tell()


SERVER = sys.argv[2]
features[sys.argv[1]]()
