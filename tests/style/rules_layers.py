"""Who may include whom. docs/architecture.md draws the levels."""

import re

from tree import CPP, Complaint

LEVELS = {
    "server/base": 0, "server/log": 0,
    "server/model": 1,
    "server/engine": 2, "server/journal": 2, "server/handlers": 2, "server/wire": 2,
    "server/runtime": 3,
    "server/rpc": 4, "server/admin": 4, "server/config": 4,
    "server": 5,
}
# Headers that a folder of the same level may use all the same: values without behaviour.
VALUES_FOR = {"server/wire": {"server/engine/views.h", "server/engine/commands.h"}}
# The only rooms of the server that know the wire format.
KNOW_PROTOS = {"server/wire", "server/rpc", "server/config", "server/admin", "server"}
# What journals write has a schema of its own.
STORED = "sluice/store/"
KNOW_STORED = {"server/journal", "tests"}
KNOW_GRPC = {"server/rpc", "server"}
KNOW_YAML = {"server/config"}
# The engine and what it is made of act only on what is handed in.
PURE = ("server/model/", "server/engine/")
IMPURE = re.compile(
    r"<(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token|fstream|filesystem|random_device"
    r"|unistd\.h|sys/.*|time\.h|ctime|pthread\.h|fcntl\.h|boost/asio.*|spdlog/.*|grpc.*)>|\"(absl/synchronization/.*|absl/time/clock\.h)\"")

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"(?P<ours>[^"]+)"|<(?P<system>[^>]+)>)')
GENERATED = re.compile(r"\.pb\.h$")


def includes(tree, path):
    for number, line in tree.lines(path):
        match = INCLUDE.match(line)
        if match:
            target = match["ours"] or match["system"]
            public = f"client/include/{target}"
            yield number, public if public in tree.files else target, line.strip()


def room(path):
    """server/engine/queue.h -> server/engine; server/main.cc -> server; client/cli/put.cc -> client."""
    parts = path.split("/")
    if parts[0] == "server":
        return "/".join(parts[:2]) if len(parts) > 2 else "server"
    return parts[0]


def levels(tree):
    """Inside the server, includes point to a lower level only."""
    for path in tree.having(*CPP):
        here = room(path)
        if not path.startswith("server/"):
            continue
        if here not in LEVELS:
            yield Complaint(path, 0, "levels", f"the folder {here} has no level; give it one in tests/style/rules_layers.py")
            continue
        for number, target, _ in includes(tree, path):
            there = room(target)
            if not target.startswith("server/") or there == here or target in VALUES_FOR.get(here, ()):
                continue
            if LEVELS.get(there, 9) >= LEVELS[here]:
                yield Complaint(path, number, "levels",
                                f"{here} (level {LEVELS[here]}) includes {target} (level {LEVELS.get(there, 'none')})")


def foreign(tree):
    """What a part of the house must not know at all."""
    for path in tree.having(*CPP):
        here = room(path)
        for number, target, _ in includes(tree, path):
            problem = _foreign(path, here, target)
            if problem:
                yield Complaint(path, number, "foreign", problem)


def _foreign(path, here, target):
    protos = GENERATED.search(target) is not None
    if target.startswith(STORED) and here not in KNOW_STORED:
        return f"{here} does not know the stored records: {target}"
    if here.startswith("server") and target.startswith(("client/", "tests/", "examples/")):
        return "the server includes nothing of client, tests or examples"
    if here.startswith("server") and protos and not target.startswith(STORED) and here not in KNOW_PROTOS:
        return f"{here} does not know the wire format: {target}"
    if here.startswith("server") and (target.startswith("grpc") or target.endswith(".grpc.pb.h")) and here not in KNOW_GRPC:
        return f"{here} does not know gRPC: {target}"
    if target.startswith("proto/yaml/") and here.startswith("server") and here not in KNOW_YAML:
        return f"{here} does not know YAML: {target}"
    if here == "client" and target.startswith(("server/", "tests/", "examples/")):
        return "the client includes nothing of server, tests or examples"
    if here == "proto" and target.startswith(("server/", "client/", "tests/", "examples/")):
        return "proto/ is below everything else"
    if path.startswith("client/include/") and (protos or _inside(target)):
        return f"a public header of the client shows {target} to its users"
    return None


def _inside(target):
    return target.startswith(("grpc", "google/", "absl/")) or target.startswith("client/") and "/include/" not in target


def purity(tree):
    """The engine has no thread, lock, clock, file or socket."""
    for path in tree.having(*CPP):
        if path.startswith(PURE):
            for number, _, line in includes(tree, path):
                if IMPURE.search(line):
                    yield Complaint(path, number, "purity", f"a pure room must not use {line}")


def paths(tree):
    """Includes go from the root of the repository and name a file that is there."""
    ours = {path.split("/")[0] for path in tree.files if "/" in path}
    known = set(tree.files)
    for path in tree.having(*CPP):
        for number, target, line in includes(tree, path):
            if '"' not in line or GENERATED.search(target):
                continue
            if "/" not in target:
                yield Complaint(path, number, "paths", f'"{target}" is not given from the root of the repository')
            elif target.split("/")[0] in ours and target not in known:
                yield Complaint(path, number, "paths", f'"{target}" does not exist')


def cycles(tree):
    """No header comes back to itself."""
    known = set(tree.having(".h"))
    edges = {path: [target for _, target, _ in includes(tree, path) if target in known] for path in known}
    done, way = set(), []

    def walk(path):
        if path in way:
            circle = way[way.index(path):] + [path]
            return [Complaint(path, 0, "cycles", " -> ".join(circle))]
        if path in done:
            return []
        way.append(path)
        found = [complaint for target in edges[path] for complaint in walk(target)]
        way.pop()
        done.add(path)
        return found

    for path in sorted(known):
        yield from walk(path)


RULES = [levels, foreign, purity, paths, cycles]
