"""The files that programs of ours need wherever they run, with the licences of all that is in them. Used by scripts/image
and scripts/release."""
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import debian_packages
import linked_files
from builds import ROOT, Build, own_architecture

HOME = "https://github.com/smc-webhook/smc-webhook"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def version():
    return re.search(r"project\(smc-webhook VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text()).group(1)


def commit_time():
    """Seconds since 1970, of every file that is made: the commit's, or SOURCE_DATE_EPOCH."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or output("git", "log", "-1", "--format=%ct"))


def _library_files(build, programs, drivers):
    """What there is beside the programs to run them, as {path: path here}."""
    needed = {}
    for program in programs:
        needed |= linked_files.libraries(build, build.folder / "bin" / program)
    for driver in drivers:
        config = f"/etc/libibverbs.d/{driver}.driver"
        library = f"/usr/lib/{build.name('MULTIARCH')}/libibverbs/lib{driver}-rdmav34.so"
        here = {path: (build.root / path.lstrip("/")).resolve() for path in (config, library)}
        needed |= linked_files.libraries(build, here[library]) | here
    return needed


def _packages_of(build, files):
    """{file: its Debian package}. A file from nowhere has no licence that we could tell, and ends the program."""
    found = {path: debian_packages.owner(path, build.root) for path in files}
    foreign = sorted(str(path) for path, package in found.items() if package is None)
    if foreign:
        sys.exit(f"no Debian package has {foreign[0]}. hint: build with Debian's packages alone")
    return found


def _linked_packages(build, programs):
    """Those whose code is within the programs themselves: headers, static archives, start-up objects."""
    files = set()
    for program in programs:
        files |= linked_files.headers(build, program) | linked_files.archives(build, program)
    return sorted(set(_packages_of(build, files).values()))


def _notices(packages):
    """The licences of the packages as one text: each copyright file once, then the common licences they refer to."""
    by_text = {}
    for package in packages:
        by_text.setdefault(package.copyright, []).append(package)
    line = "=" * 100 + "\n"
    parts = [(ROOT / "NOTICE").read_text()]
    for text, those in sorted(by_text.items(), key=lambda item: item[1]):
        names = "".join(f"{package.name} {package.version} (source: {package.source})\n" for package in those)
        parts.append(f"{line}{names}{line}{text}")
    for common in sorted({name for text in by_text for name in debian_packages.common_licenses(text)}):
        license_text = Path("/usr/share/common-licenses", common).read_text(errors="replace")
        parts.append(f"{line}/usr/share/common-licenses/{common}\n{line}{license_text}")
    return "\n".join(parts).encode()


def stripped(build, program):
    """The program's bytes without symbols."""
    path = build.folder / "bin" / program
    if not path.exists():
        sys.exit(f"{path} is missing. hint: make image ARCH={build.architecture} builds it first")
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / program
        build.strip(path, out)
        return out.read_bytes()


def contents(build, programs, drivers=()):
    """Everything that PROGRAMS need, and the verbs DRIVERS named, as {path: (mode, bytes)}; which package each library is
    from; what is linked in."""
    files = {"/" + program: (0o755, stripped(build, program)) for program in programs}
    needed = _library_files(build, programs, drivers)
    for path, source in needed.items():
        loader = Path(path).name.startswith("ld-linux")
        files[path] = (0o755 if loader else 0o644, source.read_bytes())
    owners = _packages_of(build, needed.values())
    from_packages = {path: owners[source] for path, source in needed.items()}
    linked = _linked_packages(build, programs)
    files["/LICENSE"] = (0o644, (ROOT / "LICENSE").read_bytes())
    files["/NOTICES"] = (0o644, _notices(sorted(set(from_packages.values()) | set(linked))))
    return files, from_packages, linked


def archive(files, time):
    """A tar of the files and the folders above them."""
    folders = {str(parent) for path in files for parent in Path(path).parents if str(parent) != "/"}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(folders | set(files)):
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.mtime = time
            if path in files:
                entry.mode, data = files[path]
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
            else:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
    return out.getvalue()


@cache
def texts_of(program):
    """Manual page and completions, as {path below /usr/share: bytes}; this machine's program writes them."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([ROOT / "scripts/man", Build(own_architecture()).folder / "bin", scratch], check=True)
        found = [path for path in Path(scratch).rglob("*") if path.is_file() and program in path.name]
        return {str(path.relative_to(scratch)): path.read_bytes() for path in sorted(found)}
