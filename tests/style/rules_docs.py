"""What the documents say must be so."""

import pathlib
import re

from tree import Complaint

LINK = re.compile(r"(?<!!)!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|<img[^>]*\ssrc=\"([^\"]+)\"")
FENCE = re.compile(r"^\s*(```|~~~)")
DEV_COMMAND = re.compile(r"(?<![\w/])\./dev\s+([a-z][\w-]*)")
LISTED = re.compile(r"^#: ([a-z-]+)", re.MULTILINE)


def _outside_fences(tree, path):
    inside = False
    for number, line in tree.lines(path):
        if FENCE.match(line):
            inside = not inside
        elif not inside:
            yield number, line


def anchor(heading):
    """As GitHub makes them."""
    bare = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", lambda match: match[1] or "", heading)
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", bare.strip().lower()))


def anchors(tree, path):
    return {anchor(line.lstrip("#")) for _, line in _outside_fences(tree, path) if line.startswith("#")}


def links(tree):
    """Every relative link leads to a file, and its #part to a heading."""
    for path in tree.having(".md"):
        for number, line in _outside_fences(tree, path):
            for match in LINK.finditer(line):
                problem = _broken(tree, path, match[1] or match[2])
                if problem:
                    yield Complaint(path, number, "links", problem)


def _broken(tree, path, link):
    if re.match(r"[a-z][a-z0-9+.-]*:", link):
        return None
    file, _, part = link.partition("#")
    target = (tree.root / path).parent / file if file else tree.root / path
    if not target.exists():
        return f"{link} does not exist"
    inside = target.resolve()
    if not inside.is_relative_to(tree.root):
        return f"{link} leads out of the repository"
    if part and inside.suffix == ".md" and part not in anchors(tree, str(inside.relative_to(tree.root))):
        return f"{link}: no such heading"
    return None


def dev_commands(tree):
    """Every ./dev command that a document names is one."""
    if "dev" not in tree.files:
        return
    known = set(LISTED.findall(tree.read("dev")))
    for path in tree.having(".md", ".yml", ".yaml", ".ci/run"):
        for number, line in tree.lines(path):
            for name in DEV_COMMAND.findall(line):
                if name not in known:
                    yield Complaint(path, number, "dev-commands", f"./dev has no command {name}")


def _constants(tree, path, pattern):
    return re.findall(pattern, tree.read(path)) if path in tree.files else []


def tables(tree):
    """The names that the server gives to failures and stalls stand in the documents, and no others."""
    failures = set(_constants(tree, "server/model/failure.h", r'string_view k\w+ = "([A-Z_]+)"'))
    enum = _constants(tree, "server/engine/views.h", r"enum class StallReason[^{]*\{([^}]*)\}")
    stalls = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper() for name in re.findall(r"\bk(\w+)", enum[0])} if enum else set()
    for names, path, pattern in ((failures, "docs/errors.md", r"^\| `([A-Z_]+)` \| [^|]*\|$"),
                                 (stalls, "docs/stalls.md", r"^## ([A-Z_]+)$")):
        if not names:
            continue
        told = set(re.findall(pattern, tree.read(path), re.MULTILINE)) if path in tree.files else set()
        for name in sorted(names - told):
            yield Complaint(path, 0, "tables", f"{name} is not explained")
        for name in sorted(told - names):
            yield Complaint(path, 0, "tables", f"{name} is explained, but the server never says it")


RULES = [links, dev_commands, tables]
