"""What must not be left standing in a text."""

import re

from tree import CPP, Complaint

# Put together here so that this file does not hold them itself.
LEFT_BEHIND = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "NO" + "LINT", "DIS" + "ABLED_", "GTEST_" + "SKIP", r"\bX" + r"XX\b",
                                   r"\bHA" + r"CK\b", "^<{7} ", "^>{7} "]))
BINARY = (".png", ".jpg", ".jpeg", ".gif", ".ico", ".woff2", ".gz")


def left_behind(tree):
    for path in tree.code:
        for number, line in tree.lines(path):
            match = LEFT_BEHIND.search(line)
            if match:
                yield Complaint(path, number, "left-behind", f"{match.group()}: finish it, or open an issue")


def whitespace(tree):
    for path in tree.files:
        if path.endswith(BINARY) or path == "LICENSE":
            continue
        text = tree.read(path)
        if text and not text.endswith("\n"):
            yield Complaint(path, 0, "whitespace", "no newline at the end")
        for number, line in enumerate(text.split("\n"), start=1):
            if line.endswith((" ", "\t", "\r")):
                yield Complaint(path, number, "whitespace", "white space at the end of the line")
            if "\t" in line:
                yield Complaint(path, number, "whitespace", "a tab")


def guards(tree):
    """Headers begin with what they are for, and are included once."""
    for path in tree.having(*CPP):
        if path.endswith(".h"):
            text = tree.read(path)
            if not text.startswith("//"):
                yield Complaint(path, 1, "header", "does not begin with a comment that says what it is")
            if "#pragma once" not in text:
                yield Complaint(path, 1, "header", "has no #pragma once")


RULES = [left_behind, whitespace, guards]
