#!/usr/bin/env python3
"""pages_test.py BIN PAGE...: does what each page shows in its blocks of the language `console`, and compares what comes out.

As with the README (readme_test.py), whose rules about blocks hold here too: each page is done in order, in one shell, in a
directory of its own, with the build's programs in its PATH. The server is the one that a block after <!-- server --> starts, or
plainly `sluiced`. Of what is printed two things are other each time and count as the same: numbers of items, and times.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import readme_test
from readme_test import Command, Document, Home

ITEM_ID = re.compile(r"\b\d{16}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(\.\d+)?")


def without_what_changes(text):
    return TIME.sub(r"DATE\1TIME", ITEM_ID.sub("ITEM", text))


class PageHome(Home):
    """The programs are there already."""

    def __init__(self, path, binaries):
        super().__init__(path, binaries)
        self.environment["PATH"] = f"{binaries}:{os.environ['PATH']}"
        self.environment["LC_ALL"] = "C"


def complaints_in(text, binaries):
    document = Document(text)
    server = document.server or Command("sluiced", [])
    # Where it listens is no matter of the page.
    server = Command(server.line, ["..."] * 3)
    commands = [Command(command.line, [without_what_changes(line) for line in command.shown]) for command in document.commands]
    with tempfile.TemporaryDirectory() as path:
        home = PageHome(path, binaries)
        for name, content in document.files.items():
            (home.path / name).write_text(content, encoding="utf-8")
        return home.run_with_server(server, commands)


def compare_without_what_changes():
    exact = readme_test.is_as_shown
    readme_test.is_as_shown = lambda shown, said: exact(shown, without_what_changes(said))


class Pages(unittest.TestCase):
    maxDiff = None

    def test_do_what_they_show(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                text = page.read_text(encoding="utf-8")
                self.assertGreater(len(Document(text).commands), 0)
                self.assertEqual(complaints_in(text, BINARIES), [])


class WhatIsWrong(unittest.TestCase):
    def check(self, console, complaint):
        complaints = complaints_in(f"```console\n{console}```\n", BINARIES)
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn(complaint, complaints[0])

    def test_a_command_that_fails(self):
        self.check("$ sluice craete b\n", "exit code 2")

    def test_another_output(self):
        self.check("$ sluice create a\nqueue \"b\" is there\n", 'instead of:\nqueue "b"')

    def test_a_time_where_none_is(self):
        self.check("$ echo soon\n2026-12-01 04:19:07\n", "instead of")

    def test_another_number_that_is_no_items(self):
        self.check("$ echo 10\n11\n", "instead of")


if __name__ == "__main__":
    BINARIES, *PAGES = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    compare_without_what_changes()
    unittest.main(argv=sys.argv[:1])
