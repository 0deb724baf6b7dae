"""The contract documents itself, and is named in the manner of Buf's standard rules."""

import re

from tree import Complaint

API = "proto/sluice/v1/"
OPENS = re.compile(r"\s*(message|enum|service|oneof) (\w+) \{(\})?")
FIELD = re.compile(r"\s*(?:repeated |optional )?(?:map<[^>]+>|[\w.]+) (\w+) = \d+[^;]*;")
VALUE = re.compile(r"\s*(\w+) = (\d+);")
RPC = re.compile(r"\s*rpc (\w+)\((?:stream )?([\w.]+)\) returns \((?:stream )?([\w.]+)\)")
LOWER_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
PASCAL = re.compile(r"([A-Z][a-z0-9]*)+")


class Part:
    """One message, enum, service, oneof, field, enum value or rpc."""

    def __init__(self, kind, name, line, parent, commented, match):
        self.kind, self.name, self.line, self.parent, self.commented, self.match = kind, name, line, parent, commented, match


def parts(tree, path):
    """Every part of a proto file, in order. A comment belongs to the line right below it."""
    stack, commented = [], False
    for number, line in tree.lines(path):
        parent = stack[-1] if stack else None
        kind = parent.kind if parent else None
        found = OPENS.match(line)
        if found:
            part = Part(found[1], found[2], number, parent, commented, found)
            yield part
            if not found[3]:
                stack.append(part)
        elif line.strip() == "}" and stack:
            stack.pop()
        elif kind in ("message", "oneof") and FIELD.match(line):
            found = FIELD.match(line)
            yield Part("field", found[1], number, parent, commented, found)
        elif kind == "enum" and VALUE.match(line):
            found = VALUE.match(line)
            yield Part("value", found[1], number, parent, commented, found)
        elif kind == "service" and RPC.match(line):
            found = RPC.match(line)
            yield Part("rpc", found[1], number, parent, commented, found)
        commented = line.strip().startswith("//")


def _in_api(tree):
    for path in tree.having(".proto"):
        if path.startswith(API):
            for part in parts(tree, path):
                yield path, part


def comments(tree):
    """Requests and responses say what they are by their name; everything else by a comment."""
    for path, part in _in_api(tree):
        plain = part.kind == "oneof" or part.kind == "message" and part.name.endswith(("Request", "Response"))
        if not part.commented and not plain:
            yield Complaint(path, part.line, "proto-comment", f"{part.kind} {part.name} has no comment")


def names(tree):
    for path, part in _in_api(tree):
        form = LOWER_SNAKE if part.kind in ("field", "oneof") else None if part.kind == "value" else PASCAL
        if form and not form.fullmatch(part.name):
            yield Complaint(path, part.line, "proto-name", f"{part.kind} {part.name}")
        if part.kind == "service" and not part.name.endswith("Service"):
            yield Complaint(path, part.line, "proto-name", f"service {part.name} does not end with Service")
        if part.kind == "value":
            prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part.parent.name).upper() + "_"
            if not part.name.startswith(prefix):
                yield Complaint(path, part.line, "proto-name", f"{part.name} does not begin with {prefix}")
            if (part.match[2] == "0") != (part.name == prefix + "UNSPECIFIED"):
                yield Complaint(path, part.line, "proto-name", f"0, and nothing else, is {prefix}UNSPECIFIED")


def requests(tree):
    """Each rpc has a request and a response of its own, named after it."""
    for path, part in _in_api(tree):
        if part.kind == "rpc" and (part.match[2], part.match[3]) != (part.name + "Request", part.name + "Response"):
            yield Complaint(path, part.line, "proto-rpc", f"{part.name} takes {part.match[2]} and gives {part.match[3]}")


def packages(tree):
    """The package is the folder, and ends with a version."""
    for path in tree.having(".proto"):
        folder, _, _ = path.removeprefix("proto/").rpartition("/")
        package = re.search(r"^package ([\w.]+);", tree.read(path), re.MULTILINE)
        if not path.startswith("proto/sluice/") or package and package[1] == folder.replace("/", ".") and re.search(r"\.v\d+$", package[1]):
            continue
        yield Complaint(path, 0, "proto-package", "the package is not the folder, or has no version")


RULES = [comments, names, requests, packages]
