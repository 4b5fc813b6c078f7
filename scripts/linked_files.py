"""Which files of this machine became part of a program of ours, read from the build folder. Used by scripts/image."""
import re
import subprocess
from pathlib import Path


def _ninja(build, *arguments):
    return subprocess.run(["ninja", "-C", str(build), "-t", *arguments], check=True, capture_output=True, text=True).stdout


def headers(build, program):
    """The files outside the tree that the program's objects include, as the compiler told Ninja."""
    wanted = {path for path in _ninja(build, "inputs", f"bin/{program}").split() if path.endswith(".o")}
    found, used = set(), False
    for line in _ninja(build, "deps").splitlines():
        if not line.startswith(" "):
            used = line.partition(":")[0] in wanted
        elif used and line.strip().startswith("/usr/"):
            found.add(line.strip())
    return found


def archives(build, program):
    """The files outside the tree that the linker took code from: members of static archives and single objects."""
    text = (build / "maps" / f"{program}.map").read_text(errors="replace")
    members = re.findall(r"^(/\S+\.a)\(\S+\)$", text.partition("Discarded input sections")[0], re.M)
    objects = re.findall(r"^LOAD (/\S+\.o)$", text, re.M)
    return {str(Path(path).resolve()) for path in members + objects if not Path(path).resolve().is_relative_to(build)}


def libraries(program):
    """The files that the loader maps for PROGRAM, as {path in the image: path here}. None for a static one."""
    shown = subprocess.run(["readelf", "--program-headers", "--wide", str(program)], check=True, capture_output=True, text=True)
    if "INTERP" not in shown.stdout:
        return {}
    found = {}
    for line in subprocess.run(["ldd", str(program)], check=True, capture_output=True, text=True).stdout.splitlines():
        if "not found" in line:
            raise FileNotFoundError(f"{Path(program).name}: {line.strip()}. hint: install the package, or build again")
        path = re.search(r"(/\S+) \(0x", line)
        if path:
            found[path.group(1)] = Path(path.group(1)).resolve()
    return found
