"""Which files of Debian's packages became part of a program of ours, read from the build folder. Used by scripts/image."""
import re
import subprocess
from pathlib import Path


def _output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class NoRecord(SystemExit):
    """Ninja does not know what an object includes: nobody could say then what licences a program needs."""


def headers(build, program):
    """The files outside the tree that the program's objects include, as the compiler told Ninja. Raises NoRecord."""
    ninja = ["ninja", "-C", str(build.folder), "-t"]
    wanted = {path for path in _output(*ninja, "inputs", f"bin/{program}").split() if path.endswith(".o")}
    outside = ("/usr/", str(build.root / "usr"))
    found, recorded, used = set(), set(), False
    for line in _output(*ninja, "deps").splitlines():
        if not line.startswith(" "):
            name = line.partition(":")[0]
            used = name in wanted
            if line.endswith("(VALID)"):
                recorded.add(name)
        elif used and line.strip().startswith(outside):
            found.add(line.strip())
    # Of commands of our own (cmake/bpf.cmake) Ninja keeps no record: the compiler's file is there.
    for name in wanted - recorded:
        if (rule := build.folder / f"{name}.d").exists():
            recorded.add(name)
            found |= {word for word in rule.read_text().split() if word.startswith(outside)}
    if missing := sorted(wanted - recorded):
        raise NoRecord(f"{program}: Ninja has no valid record of what {missing[0]} and {len(missing) - 1} others include. "
                       f"hint: cmake --build {build.folder} --clean-first")
    return found


def archives(build, program):
    """The files outside the tree that the linker took code from: members of static archives and single objects."""
    text = (build.folder / "maps" / f"{program}.map").read_text(errors="replace")
    members = re.findall(r"^(/\S+\.a)\(\S+\)$", text.partition("Discarded input sections")[0], re.M)
    objects = re.findall(r"^LOAD (/\S+\.o)$", text, re.M)
    paths = {Path(path).resolve() for path in members + objects}
    return {str(path) for path in paths if not path.is_relative_to(build.folder)}


def libraries(build, program):
    """The files that the loader maps for PROGRAM, as {path in the image: path here}. None for a static one."""
    headers = _output("readelf", "--program-headers", "--wide", str(program))
    if "INTERP" not in headers and ".so" not in Path(program).name:
        return {}
    if build.foreign:
        loader = next(iter(sorted((build.root / "lib").glob("ld-linux*")) + sorted((build.root / "lib64").glob("ld-linux*"))))
        shown = _output(*build.emulator, str(loader), "--list", str(program))
    else:
        shown = _output("ldd", str(program))
    found = {}
    for line in shown.splitlines():
        if "not found" in line:
            raise FileNotFoundError(f"{Path(program).name}: {line.strip()}. hint: install the package, or build again")
        path = re.search(r"(/\S+) \(0x", line)
        if path:
            name = path.group(1).removeprefix(str(build.root).rstrip("/"))
            found[name] = (build.root / name.lstrip("/")).resolve()
    return found
