"""smc-node-tools, the Debian package for nodes that are prepared without the chart's agents. Used by scripts/release.

It has no maintainer scripts: the service is there, and runs once somebody enables it. Its libraries are Debian's, of the
release that the programs were built on.
"""
import gzip
import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path

from builds import ROOT
from program_files import HOME, contents, texts_of, version

MAINTAINER = "smc-webhook maintainers <smc-webhook@users.noreply.github.com>"
CONFIGURATION = "/etc/default/smc-node-agent"


def _depends(libraries):
    """At least as new as what the programs were linked with, but for Debian's own revisions."""
    upstream = {package.name: re.sub(r"-[^-]*$", "", package.version) for package in libraries}
    return ", ".join(f"{name} (>= {version})" for name, version in sorted(upstream.items()))


def _control(build, files, libraries, linked):
    built_using = sorted({f"{package.source} (= {package.source_version})" for package in linked})
    return f"""Package: smc-node-tools
Version: {version()}
Architecture: {build.architecture}
Maintainer: {MAINTAINER}
Installed-Size: {sum(len(data) for _, data in files.values()) // 1024 + 1}
Section: net
Priority: optional
Homepage: {HOME}
Depends: {_depends(libraries)}
Recommends: ibverbs-providers
Built-Using: {", ".join(built_using)}
Description: prepares a node for SMC-R, and sets up and checks network namespaces
 smc-node-agent prepares a node for TCP over RDMA (SMC-R, RFC 7609): it sets up
 the RDMA devices and the switch for programs' sockets, repairs what changes and
 exports metrics; as a service it is started by "systemctl enable --now".
 .
 smc-node-init prepares a network namespace, checks that a connection really uses
 SMC-R, says which sockets do, and tries whether a path lets its TCP option
 through. It is one static program.
"""


def _installed(build):
    """{path: (mode, bytes)}, the packages of the libraries that the programs load, and those whose code is in them."""
    inner, from_packages, linked = contents(build, ["smc-node-init", "smc-node-agent"])
    files = {
        "/usr/bin/smc-node-init": inner["/smc-node-init"],
        "/usr/sbin/smc-node-agent": inner["/smc-node-agent"],
        "/usr/share/doc/smc-node-tools/copyright": (0o644, inner["/NOTICES"][1] + b"\n" + inner["/LICENSE"][1]),
    }
    service = ROOT / "node-init/systemd"
    files["/usr/lib/systemd/system/smc-node-agent.service"] = (0o644, (service / "smc-node-agent.service").read_bytes())
    files[CONFIGURATION] = (0o644, (service / "smc-node-agent.default").read_bytes())
    for path, data in (texts_of("smc-node-init") | texts_of("smc-node-agent")).items():
        path = path.replace("zsh/site-functions", "zsh/vendor-completions")
        if path.startswith("man/"):
            path, data = path + ".gz", gzip.compress(data, compresslevel=9, mtime=0)
        files[f"/usr/share/{path}"] = (0o644, data)
    return files, set(from_packages.values()), linked


def write_debian_package(out, build, time):
    files, libraries, linked = _installed(build)
    sums = "".join(f"{hashlib.md5(data).hexdigest()}  {path[1:]}\n" for path, (_, data) in sorted(files.items()))
    files |= {
        "/DEBIAN/md5sums": (0o644, sums.encode()),
        "/DEBIAN/conffiles": (0o644, f"{CONFIGURATION}\n".encode()),
        "/DEBIAN/control": (0o644, _control(build, files, libraries, linked).encode()),
    }
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root"
        for path, (mode, data) in files.items():
            target = root / path[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(mode)
        for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
            folder.chmod(0o755)
        deb = out / f"smc-node-tools_{version()}_{build.architecture}.deb"
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", root, deb]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"SOURCE_DATE_EPOCH": str(time)})
