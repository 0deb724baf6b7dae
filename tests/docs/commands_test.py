#!/usr/bin/env python3
"""commands_test.py BIN SOURCE: every `sluice ...` that a document names is a command, with options that it has."""

import functools
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

BIN, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
CODE = re.compile(r"^(?:\$ |    )?((?:\S*/)?sluice [^`\n]*)$|`((?:\S*/)?sluice [^`]+)`", re.MULTILINE)
GROUPS = ("dead", "limit", "pipeline", "schedule", "stage")


@functools.cache
def help_of(*command):
    ran = subprocess.run([BIN / "sluice", *command, "--help"], check=False, capture_output=True, text=True, timeout=60)
    return ran.stdout if ran.returncode == 0 else None


def subcommands(*command):
    return re.findall(r"^  ([a-z]+) ", help_of(*command), re.MULTILINE)


def in_documents():
    """Pairs of document and command line, up to what a shell would make of it."""
    for file in sorted(SOURCE.rglob("*.md")):
        if "build" in file.relative_to(SOURCE).parts:
            continue
        fences = re.sub(r"^<!-- .* -->$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for match in CODE.finditer(fences.replace("\\\n", " ")):
            line = re.split(r" -- |[|;<>&#(…]| {2,}", match[1] or match[2])[0]
            yield file.relative_to(SOURCE), line.rstrip(" .:,")


def words_of(line):
    try:
        return shlex.split(line)[1:]
    except ValueError:
        return line.split()[1:]


def problem(line):
    words = words_of(line)
    plain = [word for word in words if re.fullmatch(r"[a-z]+", word)]
    if not plain:
        return None  # `sluice --help` and `sluice CMD` name no command
    if plain[0] == "help":
        plain = plain[1:]  # of a command
    command = plain[:1]
    if command and command[0] not in subcommands():
        return f"no command {command[0]}"
    if command and command[0] in GROUPS and len(plain) > 1:
        command.append(plain[1])
        if plain[1] not in subcommands(plain[0]):
            return f"no command {' '.join(command)}"
    known = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", help_of(*command) + help_of()))
    for word in words:
        option = word.split("=")[0]
        if re.fullmatch(r"--?[a-z][a-z-]*", option) and option not in known:
            return f"{' '.join(command)} has no option {option}"
    return None


class Documents(unittest.TestCase):
    def test_name_commands_that_are_there(self):
        lines = list(in_documents())
        self.assertGreater(len(lines), 20)
        for file, line in lines:
            with self.subTest(document=str(file), line=line):
                self.assertIsNone(problem(line))

    def test_would_be_found_out(self):
        for line in ("sluice shwo tasks", "sluice pipeline shwo photos", "sluice put tasks --lnies", "sluice get q -z"):
            with self.subTest(line=line):
                self.assertIsNotNone(problem(line))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
