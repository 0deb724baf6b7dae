#!/usr/bin/env python3
"""log_test.py BIN: what sluiced logs is for people on a terminal, and for programs elsewhere, unless a flag says which."""

import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import unittest

SLUICED = pathlib.Path(sys.argv.pop(1)).resolve() / "sluiced"
PATIENCE = 60
FOR_PEOPLE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (\x1b\[32m)?info ?(\x1b\[m)? +serving  address=127\.0\.0\.1:\d+ .*")


def logged(standard_error, *flags, term="xterm"):
    """Starts a server, stops it once it is ready, and gives its log's descriptor to nobody any more."""
    command = [SLUICED, "--data", "none", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=standard_error, text=True,
                          env=os.environ | {"TERM": term}) as server:
        os.close(standard_error)
        for line in server.stdout:
            if line == "ready\n":
                break
        server.send_signal(signal.SIGTERM)
        if server.wait(PATIENCE) != 0:
            raise AssertionError(f"sluiced ended with {server.returncode}")


def read_all(descriptor):
    """To the end, which a terminal that nobody holds any more tells as an error."""
    text = b""
    try:
        while some := os.read(descriptor, 65536):
            text += some
    except OSError:
        pass
    os.close(descriptor)
    return text.decode().replace("\r\n", "\n").splitlines()


class Log(unittest.TestCase):
    def on_a_terminal(self, *flags, term="xterm"):
        ours, theirs = pty.openpty()
        logged(theirs, *flags, term=term)
        return read_all(ours)

    def in_a_pipe(self, *flags):
        ours, theirs = os.pipe()
        logged(theirs, *flags)
        return read_all(ours)

    def assert_for_people(self, lines):
        self.assertTrue(any(FOR_PEOPLE.fullmatch(line) for line in lines), lines)
        self.assertFalse([line for line in lines if line.startswith("{")])

    def assert_for_programs(self, lines):
        messages = [json.loads(line)["message"] for line in lines]
        self.assertIn("serving", messages)

    def test_a_terminal_gets_text_with_colours(self):
        lines = self.on_a_terminal()
        self.assert_for_people(lines)
        self.assertTrue(all("\x1b[" in line for line in lines), lines)

    def test_a_terminal_without_colours_gets_text_without(self):
        lines = self.on_a_terminal(term="dumb")
        self.assert_for_people(lines)
        self.assertFalse([line for line in lines if "\x1b" in line])

    def test_anything_else_gets_json(self):
        self.assert_for_programs(self.in_a_pipe())

    def test_a_flag_says_otherwise(self):
        self.assert_for_programs(self.on_a_terminal("--log-format", "json"))
        lines = self.in_a_pipe("--log-format", "text")
        self.assert_for_people(lines)
        self.assertFalse([line for line in lines if "\x1b" in line])


if __name__ == "__main__":
    unittest.main()
