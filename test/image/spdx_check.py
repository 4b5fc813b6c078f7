"""What is wrong with an SPDX 2.3 document of an image: its structure, by the tables of the specification (clauses 6 to 11
and annex D), and whether it describes the image's files. Knows nothing of how scripts/spdx.py writes it."""
import hashlib
import re
from urllib.parse import urlparse

ID = re.compile(r"^SPDXRef-[A-Za-z0-9.-]+$")
NEEDED = {
    "document": ["spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo", "packages", "files", "relationships"],
    "package": ["SPDXID", "name", "versionInfo", "supplier", "downloadLocation", "licenseConcluded", "licenseDeclared", "copyrightText"],
    "file": ["SPDXID", "fileName", "checksums", "licenseConcluded", "copyrightText"],
}
RELATIONS = {"DESCRIBES", "CONTAINS", "GENERATED_FROM", "DYNAMIC_LINK", "STATIC_LINK"}
NO_LICENSE = {"NOASSERTION", "NONE"}
# Those of SPDX's list of licences and exceptions that Debian's packages here have.
LICENSES = {
    "Apache-2.0", "BSD-3-Clause", "BSL-1.0", "GPL-2.0-only", "GPL-3.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later",
    "Linux-OpenIB", "MIT", "Zlib",
}  # fmt: skip
EXCEPTIONS = {"GCC-exception-3.1", "Linux-syscall-note"}
HEX_DIGITS = {"SHA1": 40, "SHA256": 64}


def _license_mistakes(expression, references):
    """An expression of one licence, or several joined by AND or OR, each with an exception or none."""
    if expression in NO_LICENSE:
        return []
    found = []
    for one in re.split(r" (?:AND|OR) ", expression):
        license_id, _, exception = one.partition(" WITH ")
        if license_id not in LICENSES | references:
            found.append(f"{license_id} is no licence of SPDX's list and no reference of this document")
        if exception and exception not in EXCEPTIONS:
            found.append(f"{exception} is no exception of SPDX's list")
    return found


def _element_mistakes(kind, element, references):
    name = element.get("SPDXID", f"a {kind}")
    found = [f"{name} lacks {field}" for field in NEEDED[kind] if not element.get(field)]
    if not ID.match(element.get("SPDXID", "")):
        found.append(f"{name} is no SPDX identifier")
    for field in ("licenseConcluded", "licenseDeclared"):
        found += [f"{name}: {mistake}" for mistake in _license_mistakes(element.get(field, "NONE"), references)]
    for checksum in element.get("checksums", []):
        digits = HEX_DIGITS.get(checksum["algorithm"])
        if not re.fullmatch(rf"[0-9a-f]{{{digits}}}", checksum["checksumValue"]):
            found.append(f"{name} has no {checksum['algorithm']}")
    return found


def _package_mistakes(package):
    name, found = package.get("SPDXID"), []
    if not re.match(r"(Organization|Person|Tool): \S", package.get("supplier", "")):
        found.append(f"{name}: supplier")
    if package.get("filesAnalyzed") is not False:
        found.append(f"{name}: files of a package are not analyzed here, and it has to say so")
    if package.get("supplier") == "Organization: Debian":
        urls = [ref["referenceLocator"] for ref in package.get("externalRefs", []) if ref["referenceType"] == "purl"]
        if len(urls) != 1 or not re.fullmatch(r"pkg:deb/debian/[a-z0-9.%B-]+@[A-Za-z0-9.%~-]+\?arch=\w+&distro=debian-\d+", urls[0]):
            found.append(f"{name}: package URL {urls}")
    return found


def _file_mistakes(described, files):
    """FILES, {path: bytes}, against what the document says of them."""
    by_path = {one["fileName"].removeprefix("."): one for one in described}
    found = [f"{path} is not described" for path in files if path not in by_path]
    found += [f"{path} is described and not there" for path in by_path if path not in files]
    for path in by_path.keys() & files.keys():
        said = {checksum["algorithm"]: checksum["checksumValue"] for checksum in by_path[path]["checksums"]}
        for algorithm in HEX_DIGITS:
            if said.get(algorithm) != hashlib.new(algorithm, files[path]).hexdigest():
                found.append(f"{path}: {algorithm}")
    return found


def _relation_mistakes(document, names):
    found = []
    kinds = [relation["relationshipType"] for relation in document["relationships"]]
    for relation in document["relationships"]:
        ends = {relation["spdxElementId"], relation["relatedSpdxElement"]}
        found += [f"{end} is related and not there" for end in ends - names]
        if relation["relationshipType"] not in RELATIONS:
            found.append(f"{relation['relationshipType']} is not among the relations of an image")
    if kinds.count("DESCRIBES") != 1:
        found.append("a document describes one image")
    contained = {r["relatedSpdxElement"] for r in document["relationships"] if r["relationshipType"] == "CONTAINS"}
    found += [f"{one['SPDXID']} is contained in nothing" for one in document["files"] if one["SPDXID"] not in contained]
    related = {end for r in document["relationships"] for end in (r["spdxElementId"], r["relatedSpdxElement"])}
    found += [f"{one['SPDXID']} is related to nothing" for one in document["packages"] if one["SPDXID"] not in related]
    return found


def mistakes_in(document, files):
    """Every mistake as a line; [] for a good document of an image with FILES, {path: bytes}."""
    found = [f"the document lacks {field}" for field in NEEDED["document"] if not document.get(field)]
    if found:
        return found
    fixed = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT"}
    found += [f"{field} is not {value}" for field, value in fixed.items() if document[field] != value]
    namespace = urlparse(document["documentNamespace"])
    if not namespace.scheme or not namespace.netloc or namespace.fragment:
        found.append("documentNamespace is no absolute URI")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["creationInfo"].get("created", "")):
        found.append("creationInfo.created is no time")
    if not document["creationInfo"].get("creators"):
        found.append("nobody has created it")
    references = {one["licenseId"] for one in document.get("hasExtractedLicensingInfos", []) if one.get("extractedText")}
    elements = [("package", one) for one in document["packages"]] + [("file", one) for one in document["files"]]
    for kind, one in elements:
        found += _element_mistakes(kind, one, references)
    for package in document["packages"]:
        found += _package_mistakes(package)
    names = ["SPDXRef-DOCUMENT"] + [one.get("SPDXID") for _, one in elements]
    found += [f"{name} is there twice" for name in set(names) if names.count(name) > 1]
    return found + _relation_mistakes(document, set(names)) + _file_mistakes(document["files"], files)
