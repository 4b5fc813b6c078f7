"""Which Debian package a file is from, of this machine's or of a sysroot's, and what that package says about itself. Used
by scripts/image."""
import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

# The licence of each source package's parts that end up in an image, as SPDX names it, read from its copyright file.
# Of a package that is not here the SBOM has the copyright file itself as the licence.
SPDX_LICENSES = {
    "boost1.74": "BSL-1.0",
    "boost1.83": "BSL-1.0",
    "brotli": "MIT",
    "cli11": "BSD-3-Clause",
    "cpp-httplib": "MIT",
    "fmtlib": "MIT",
    "gcc-12": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "gcc-14": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "glibc": "LGPL-2.1-or-later",
    "libnl3": "LGPL-2.1-only",
    "libzstd": "BSD-3-Clause OR GPL-2.0-only",
    "libyaml": "MIT",
    "linux": "GPL-2.0-only WITH Linux-syscall-note",
    "nlohmann-json3": "MIT",
    "openssl": "Apache-2.0",
    "prometheus-cpp": "MIT",
    "rdma-core": "GPL-2.0-only OR Linux-OpenIB",
    "simdjson": "Apache-2.0",
    "spdlog": "MIT",
    "yaml-cpp": "MIT",
    "zlib": "Zlib",
}


@dataclass(frozen=True, order=True)
class Package:
    """A binary package as it is in its root: installed here, or unpacked in a sysroot."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    root: Path = field(default=Path("/"), compare=False)

    @property
    def copyright(self):
        """Debian's copyright file of it."""
        return (self.root / "usr/share/doc" / self.name / "copyright").read_text(errors="replace")

    @property
    def license(self):
        """As an SPDX expression; None where the copyright file has to speak for itself."""
        return SPDX_LICENSES.get(self.source)


def _plain(path):
    """One spelling for /lib and /usr/lib, which are the same folder."""
    path = str(path)
    return path.removeprefix("/usr") if path.startswith(("/usr/lib", "/usr/bin", "/usr/sbin")) else path


@cache
def _owners(root):
    owners = {}
    for listing in (root / "var/lib/dpkg/info").glob("*.list"):
        for line in listing.read_text().splitlines():
            owners.setdefault(_plain(line), listing.stem)
    return owners


@cache
def package(name, root=Path("/")):
    """The installed package NAME or NAME:ARCHITECTURE."""
    fields = "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}"
    query = ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", fields, name]
    shown = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    return Package(*shown.split("\t"), root)


def owner(path, root=Path("/")):
    """The package that PATH is from, of those in the folder ROOT where it lies there, else of this machine's; None for a
    file that no package has."""
    if not Path(path).is_relative_to(root):
        root = Path("/")
    for spelling in (Path(path), Path(path).resolve()):
        name = _owners(root).get(_plain("/" / spelling.relative_to(root)))
        if name:
            return package(name, root)
    return None


def common_licenses(text):
    """The names below /usr/share/common-licenses that a copyright file refers to."""
    names = {name.rstrip(".") for name in re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.+-]+)", text)}
    return sorted(name for name in names if Path("/usr/share/common-licenses", name).is_file())


def release():
    """The machine's release, as a package URL names it: debian-12."""
    values = dict(re.findall(r'^(\w+)="?(.*?)"?$', Path("/etc/os-release").read_text(), re.M))
    return f"{values['ID']}-{values['VERSION_ID']}"
