"""An SPDX 2.3 document of one image, as a value for json.dumps. Used by scripts/image.

The image's packages are the project, the Debian packages whose files are in the image, and those whose code was
compiled into or linked into the program. The files are those of the image's layer, each with its digests.
"""
import hashlib
import json
import re
from urllib.parse import quote

UNKNOWN = "NOASSERTION"


def _id(kind, name):
    """An identifier of letters, digits, "." and "-"; two names never come to the same one."""
    plain = re.sub(r"[^A-Za-z0-9.-]", lambda match: f"-{ord(match.group()):02x}-", name)
    return f"SPDXRef-{kind}-{plain}"


def _debian_package(package, release):
    about = {
        "SPDXID": _id("Package", f"{package.name}"),
        "name": package.name,
        "versionInfo": package.version,
        "supplier": "Organization: Debian",
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": False,
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": package.license or f"LicenseRef-Debian-{_id('', package.source).removeprefix('SPDXRef--')}",
        "copyrightText": UNKNOWN,
        "sourceInfo": f"built from Debian's source package {package.source} {package.source_version}",
    }
    name, version = quote(package.name), quote(package.version)
    url = f"pkg:deb/debian/{name}@{version}?arch={package.architecture}&distro={release}"
    about["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url}]
    return about


def _file(path, data):
    return {
        "SPDXID": _id("File", path),
        "fileName": "." + path,
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": hashlib.sha1(data).hexdigest()},
            {"algorithm": "SHA256", "checksumValue": hashlib.sha256(data).hexdigest()},
        ],
        "licenseConcluded": UNKNOWN,
        "copyrightText": UNKNOWN,
    }


def document(image, created, release, files, from_packages, linked_packages):
    """IMAGE has name, architecture, reference, version, revision, home and digest. FILES is {path: bytes}, FROM_PACKAGES
    {path: package} for those that are copies of a package's file, LINKED_PACKAGES whose code is in the program."""
    root = {
        "SPDXID": _id("Image", image["name"]),
        "name": image["reference"].rpartition(":")[0],
        "versionInfo": image["version"],
        "primaryPackagePurpose": "CONTAINER",
        "supplier": "Organization: smc-webhook",
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": False,
        "checksums": [{"algorithm": "SHA256", "checksumValue": image["digest"].removeprefix("sha256:")}],
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": UNKNOWN,
        "copyrightText": UNKNOWN,
    }
    project = {
        "SPDXID": _id("Package", image["name"]),
        "name": image["name"],
        "versionInfo": image["version"],
        "supplier": "Organization: smc-webhook",
        "downloadLocation": f"git+{image['home']}@{image['revision']}",
        "homepage": image["home"],
        "filesAnalyzed": False,
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "Copyright The smc-webhook authors",
    }
    packages = sorted(set(from_packages.values()) | set(linked_packages), key=lambda package: package.name)
    described = [_debian_package(package, release) for package in packages]
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", root["SPDXID"])]
    program = _id("File", "/" + image["name"])
    for path in sorted(files):
        relations.append((root["SPDXID"], "CONTAINS", _id("File", path)))
        if path in from_packages:
            relations.append((_id("File", path), "GENERATED_FROM", _id("Package", from_packages[path].name)))
            if ".so" in path:
                relations.append((program, "DYNAMIC_LINK", _id("File", path)))
    relations.append((program, "GENERATED_FROM", project["SPDXID"]))
    relations += [(program, "STATIC_LINK", _id("Package", package.name)) for package in linked_packages]
    texts = {
        about["licenseDeclared"]: package
        for about, package in zip(described, packages)
        if about["licenseDeclared"].startswith("LicenseRef-")
    }
    value = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{image['name']}-{image['version']}-{image['architecture']}",
        "creationInfo": {"created": created, "creators": ["Organization: smc-webhook", "Tool: scripts-image"]},
        "packages": [root, project, *described],
        "files": [_file(path, files[path]) for path in sorted(files)],
        "relationships": [
            {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other} for one, kind, other in relations
        ],
    }
    if texts:
        value["hasExtractedLicensingInfos"] = [
            {"licenseId": name, "name": f"Debian's copyright file of {texts[name].source}", "extractedText": texts[name].copyright}
            for name in sorted(texts)
        ]
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
    value["documentNamespace"] = f"{image['home']}/spdx/{value['name']}-{digest}"
    return value
