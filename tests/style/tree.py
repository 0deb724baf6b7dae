"""The files of the repository as the rules see them, and C++ without its comments and strings."""

import functools
import os
import pathlib
import re
import subprocess

CPP = (".cc", ".h")
CODE = CPP + (".py", ".sh", ".proto", ".cmake", ".yaml", ".yml")


class Complaint:
    """One breach of one rule. Line 0 speaks of the file as a whole."""

    def __init__(self, path, line, rule, message):
        self.path, self.line, self.rule, self.message = path, line, rule, message

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


class Tree:
    """A directory with the repository's files; paths are relative to it, with slashes."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()

    @functools.cached_property
    def files(self):
        """What git tracks or would track; every file where there is no git."""
        if (self.root / ".git").exists():
            listed = subprocess.run(
                ["git", "-C", self.root, "ls-files", "-z", "-c", "-o", "--exclude-standard"], check=True, capture_output=True)
            names = listed.stdout.decode().split("\0")
            return sorted({name for name in names if name and (self.root / name).is_file()})
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name != "build"]
            found += [str((pathlib.Path(folder) / name).relative_to(self.root)) for name in names]
        return sorted(found)

    def having(self, *suffixes):
        return [path for path in self.files if path.endswith(suffixes)]

    @functools.cached_property
    def code(self):
        return [path for path in self.files if path.endswith(CODE) or self._is_script(path)]

    def _is_script(self, path):
        name = pathlib.PurePath(path).name
        return name in ("CMakeLists.txt", "Dockerfile") or "." not in name and self.read(path).startswith("#!")

    @functools.cache
    def read(self, path):
        return (self.root / path).read_bytes().decode("utf-8", errors="replace")

    def lines(self, path):
        """Pairs of line number and line."""
        return list(enumerate(self.read(path).splitlines(), start=1))

    @functools.cache
    def bare(self, path):
        """C++ whose comments and literals are blanked; every line keeps its number."""
        return blank(self.read(path))


_LITERALS = re.compile(
    r'(?P<raw>R"(?P<mark>[^()\\ ]{0,16})\(.*?\)(?P=mark)")|(?P<text>"(?:\\.|[^"\\\n])*")'
    r"|(?P<char>(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')|(?P<line>//[^\n]*)|(?P<block>/\*.*?\*/)", re.DOTALL)


def blank(text):
    def without(match):
        rest = "\n" * match.group().count("\n")
        return '""' + rest if match.lastgroup in ("raw", "mark", "text") else rest or " "

    return _LITERALS.sub(without, text)
