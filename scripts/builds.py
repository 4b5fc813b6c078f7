"""The build folders of the architectures that a release has programs for. Used by scripts/image and scripts/release."""
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@cache
def own_architecture():
    """This machine's, as Debian and OCI name it: amd64, arm64."""
    return _output("dpkg", "--print-architecture")


@dataclass(frozen=True)
class Build:
    """build/release for this machine's architecture, build/release-ARCHITECTURE for another."""

    architecture: str

    @property
    def foreign(self):
        return self.architecture != own_architecture()

    @property
    def folder(self):
        return ROOT / "build" / (f"release-{self.architecture}" if self.foreign else "release")

    def cached(self, name):
        """The variable NAME of CMake's cache."""
        found = re.search(rf"^{name}:\w+=(.*)$", (self.folder / "CMakeCache.txt").read_text(), re.M)
        return found and found.group(1)

    @property
    def root(self):
        """Where the packages are whose headers and libraries the programs were built with."""
        return Path(self.cached("SMC_SYSROOT_FOUND") if self.foreign else "/")

    def name(self, kind):
        """dpkg-architecture's DEB_HOST_KIND: MULTIARCH is aarch64-linux-gnu, GNU_CPU is aarch64."""
        return _output("dpkg-architecture", "--host-arch", self.architecture, "--query", f"DEB_HOST_{kind}")

    @property
    def emulator(self):
        """What runs a program of this architecture here, as the first words of a command."""
        return [f"qemu-{self.name('GNU_CPU')}-static", "-L", str(self.root)] if self.foreign else []

    def strip(self, program, out):
        """Without symbols, and without the build ID, which is a hash of debug information and so of folders' names."""
        tool = self.name("GNU_TYPE") + "-strip"
        _output(tool, "--strip-all", "--remove-section=.note.gnu.build-id", "-o", str(out), str(program))
