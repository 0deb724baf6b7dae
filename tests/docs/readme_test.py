#!/usr/bin/env python3
"""readme_test.py BIN README DEV: does what the README says, as written, and compares what comes out with what it shows.

In a fenced block of the language `console`, lines that begin with "$ " are commands, and the lines after each are what it prints;
"..." stands for any text in a line. A block whose language is followed by a name (```cpp hello.cc) is a file of that name. The last
command after <!-- server --> goes on while the others run. A block after <!-- not run --> is left out.

Everything runs in order, in one shell, in a home directory of its own. There, `./dev install` installs the build that is there
instead of making one. The server takes any port, and is told where to keep its data, by the variables that are there for it.
"""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import typing
import unittest

BLOCK = re.compile(r"(?:<!-- (?P<mark>[^>]*) -->\n+)?```(?P<language>[a-z]+)(?: (?P<name>[\w./-]+))?\n(?P<text>.*?)^```$",
                   re.DOTALL | re.MULTILINE)
END = "-- end of a command:"
PATIENCE = 400  # seconds, for all of it: it compiles two programs
DEV = """#!/bin/sh
[ "$1" = install ] && [ $# = 2 ] || {{ echo "the README asks for more than ./dev install PREFIX: $*"; exit 1; }}
for part in client server; do cmake --install {build} --component "$part" --prefix "$2" >install.log || exit 1; done
"""


class Command(typing.NamedTuple):
    line: str
    shown: list


class Document:
    """What a document's text asks for: files, a server, and commands in order."""

    def __init__(self, text):
        self.files, self.commands, self.server = {}, [], None
        for block in BLOCK.finditer(text):
            if block["mark"] == "not run":
                continue
            if block["name"]:
                self.files[block["name"]] = block["text"]
            elif block["language"] == "console":
                commands = commands_of(block["text"])
                if block["mark"] == "server":
                    self.server = commands.pop()
                self.commands += commands
                # All before the server prepares it.
                if block["mark"] == "server":
                    self.prepared = len(self.commands)


def commands_of(text):
    commands = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append(Command(line[2:], []))
        else:
            commands[-1].shown.append(line)
    return commands


def is_as_shown(shown, said):
    pattern = "".join(".*".join(re.escape(part) for part in line.rstrip().split("...")) + " *\n" for line in shown)
    return re.fullmatch(pattern, said.rstrip("\n") + "\n" if said.strip() else "") is not None


def complaints_about(commands, said):
    """`said` is what a shell printed that ran script_of(commands)."""
    parts = re.split(rf"^{re.escape(END)} (\d+)\n", said, flags=re.MULTILINE)
    complaints = []
    for number, command in enumerate(commands):
        if 2 * number + 1 >= len(parts):
            return complaints + [f"$ {command.line}\ndid not end, said:\n{parts[-1]}"]
        output, code = parts[2 * number], parts[2 * number + 1]
        if code != "0":
            complaints.append(f"$ {command.line}\nexit code {code}, said:\n{output}")
        elif not is_as_shown(command.shown, output):
            complaints.append(f"$ {command.line}\nsaid:\n{output}instead of:\n" + "\n".join(command.shown))
    return complaints


def script_of(commands):
    return "\n".join(f"{command.line}\nprintf '\\n%s %s\\n' {shlex.quote(END)} $?" for command in commands)


class Home:
    """A directory in which a document is done, with the build's programs at hand."""

    def __init__(self, path, binaries):
        self.path = pathlib.Path(path)
        dev = self.path / "dev"
        dev.write_text(DEV.format(build=shlex.quote(str(binaries.parent))), encoding="utf-8")
        dev.chmod(0o755)
        cache = (binaries.parent / "CMakeCache.txt").read_text(encoding="utf-8")
        # With what the installed library was linked with, so that a sanitizer's run-time library is there.
        sanitizers = re.search(r"^SLUICE_SANITIZE:STRING=(.+)$", cache, re.MULTILINE)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")} | {
            "HOME": str(self.path), "CXXFLAGS": f"-fsanitize={sanitizers[1]}" if sanitizers else "",
            "SLUICE_LISTEN": "127.0.0.1:0", "SLUICE_ADMIN": "127.0.0.1:0", "SLUICE_DATA": str(self.path / "data"),
            "SLUICE_LOG_LEVEL": "error"}

    def start(self, line, stderr):
        # A group of its own, so that nothing which a command left behind stays.
        return subprocess.Popen(["bash", "-c", line], cwd=self.path, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True)

    def run(self, commands):
        shell = self.start(script_of(commands), subprocess.STDOUT)
        try:
            said, _ = shell.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            said, _ = shell.communicate()
        return complaints_about(commands, said)

    def run_with_server(self, server, commands):
        process = self.start(f"exec {server.line}", None)
        try:
            said = ""
            for line in process.stdout:
                said += line
                if line == "ready\n":
                    break
            without_ports = [re.sub(r":\d+$", ":...", line) for line in server.shown]
            if not is_as_shown(without_ports, said):
                return [f"$ {server.line}\nsaid:\n{said}instead of:\n" + "\n".join(server.shown)]
            self.environment["SLUICE_SERVER"] = re.search(r"^listening grpc (\S+)$", said, re.MULTILINE)[1]
            return self.run(commands)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def complaints_in(text, binaries):
    document = Document(text)
    with tempfile.TemporaryDirectory() as path:
        home = Home(path, binaries)
        for name, content in document.files.items():
            (home.path / name).write_text(content, encoding="utf-8")
        # The same shell for all: what one command exports holds for the next.
        first, rest = document.commands[:document.prepared], document.commands[document.prepared:]
        return home.run(first) or home.run_with_server(document.server, rest)


class Readme(unittest.TestCase):
    maxDiff = None

    def test_does_what_it_says(self):
        document = Document(README.read_text(encoding="utf-8"))
        self.assertGreater(len(document.commands), 15)
        self.assertEqual(complaints_in(README.read_text(encoding="utf-8"), BINARIES), [])

    def test_names_commands_of_dev(self):
        listed = subprocess.run([DEV_SCRIPT, "help"], check=True, capture_output=True, text=True, timeout=60).stdout
        for command in re.findall(r"\./dev (\w+)", README.read_text(encoding="utf-8")):
            self.assertRegex(listed, rf"(?m)^  {command}\b")


SERVER = "<!-- server -->\n```console\n$ ./dev install ~/.local\n$ ~/.local/bin/sluiced\nlistening grpc 127.0.0.1:7410\nlistening admin 127.0.0.1:7411\nready\n```\n"


class WhatIsWrong(unittest.TestCase):
    def check(self, console, complaint, server=SERVER):
        complaints = complaints_in(f"{server}\n```console\n{console}```\n", BINARIES)
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn(complaint, complaints[0])

    def test_a_command_that_fails(self):
        self.check("$ ~/.local/bin/sluice create a\nqueue \"a\" is there\n$ ~/.local/bin/sluice craete b\n", "exit code 2")

    def test_another_output(self):
        self.check("$ ~/.local/bin/sluice create a --capacity 3\nqueue \"b\" is there\n", 'instead of:\nqueue "b"')

    def test_no_output(self):
        self.check("$ true\nsomething\n", "instead of")

    def test_more_output(self):
        self.check("$ echo 1; echo 2\n1\n", "instead of")

    def test_a_server_that_does_not_start(self):
        self.check("$ true\n", "instead of:\nlistening", SERVER.replace("bin/sluiced", "bin/sluiced --no-such-flag"))

    def test_what_cannot_be_installed(self):
        self.check("$ true\n", "asks for more", SERVER.replace("install", "instal"))


if __name__ == "__main__":
    BINARIES, README, DEV_SCRIPT = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
