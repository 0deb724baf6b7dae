"""Every source is built, and every test runs."""

import pathlib
import posixpath
import re

from tree import Complaint

ADD_FOLDER = re.compile(r"add_subdirectory\(\s*([\w./-]+)")
ADD_PROGRAM = re.compile(r"add_executable\(\s*([\w.-]+_test)\b")
SOURCE = re.compile(r"(?:\$\{(\w+)\}/)?((?<![\w.-])[\w./-]+\.(?:cc|py|sh))(?![\w.-])")
SLEEPS = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|SleepFor|time\.sleep|asyncio\.sleep)\b|(?:^|[;&|]|\bdo\b)\s*sleep\s+[\d.]")


def _cmake(tree):
    return [path for path in tree.files if pathlib.PurePath(path).name == "CMakeLists.txt" or path.endswith(".cmake")]


def _without_comments(text):
    return re.sub(r"#[^\n]*", "", text)


def folders_registered(tree):
    """Every CMakeLists.txt is reached from the one at the root."""
    reached, open_ends = set(), ["CMakeLists.txt"]
    lists = {path: _without_comments(tree.read(path)) for path in _cmake(tree)}
    while open_ends:
        path = open_ends.pop()
        if path in reached or path not in lists:
            continue
        reached.add(path)
        folder = pathlib.PurePath(path).parent
        open_ends += [str(folder / name / "CMakeLists.txt") for name in ADD_FOLDER.findall(lists[path])]
    for path in lists:
        if path.endswith("CMakeLists.txt") and path not in reached and not _stands_alone(lists[path]):
            yield Complaint(path, 0, "registered", "no add_subdirectory leads here, so nothing of it is built")


def _stands_alone(text):
    """An example that a user builds by itself is a project of its own."""
    return re.search(r"^\s*project\(", text, re.MULTILINE) is not None


def sources_registered(tree):
    """Every C++ source and every test script is named in a CMakeLists.txt."""
    named = {source for path in _cmake(tree) for source in _named_sources(tree, path)}
    for path in tree.having(".cc", "_test.py", "_test.sh"):
        if path not in named:
            yield Complaint(path, 0, "registered", "no CMakeLists.txt names this file, so it is never built or run")


def _named_sources(tree, path):
    here = pathlib.PurePath(path).parent
    for variable, name in SOURCE.findall(_without_comments(tree.read(path))):
        folder = "" if variable in ("CMAKE_SOURCE_DIR", "PROJECT_SOURCE_DIR") else here
        yield posixpath.normpath(posixpath.join(folder, name))


def programs_registered(tree):
    """A test program that is added by hand must also be run."""
    for path in _cmake(tree):
        text = _without_comments(tree.read(path))
        for name in ADD_PROGRAM.findall(text):
            if not re.search(rf"(gtest_discover_tests|add_test)\(\s*[^)]*\b{re.escape(name)}\b", text):
                yield Complaint(path, 0, "registered", f"{name} is built and never run: use sluice_test() or add_test()")


def sleeps(tree):
    """A test waits for the signal, with a deadline."""
    for path in tree.code:
        if path.startswith("tests/") and not path.startswith("tests/style/"):
            text = tree.bare(path) if path.endswith((".cc", ".h")) else tree.read(path)
            for number, line in enumerate(text.splitlines(), start=1):
                match = SLEEPS.search(line)
                if match:
                    yield Complaint(path, number, "sleep", f"{match.group().strip()}: wait for what is to happen, with a deadline")


RULES = [folders_registered, sources_registered, programs_registered, sleeps]
