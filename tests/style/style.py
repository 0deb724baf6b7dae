#!/usr/bin/env python3
"""Checks the repository against its own rules. One line for each breach; exit code 1 if there is one.

    tests/style/style.py [ROOT]

What must break a rule stands in tests/style/exceptions.txt, one a line: the rule, the file, and why. An exception that is
no longer needed is a breach too.
"""

import pathlib
import sys

import rules_docs
import rules_layers
import rules_protos
import rules_sizes
import rules_tests
import rules_text
from tree import Complaint, Tree

RULES = (rules_layers.RULES + rules_sizes.RULES + rules_tests.RULES + rules_text.RULES + rules_docs.RULES +
         rules_protos.RULES)
EXCEPTIONS = "tests/style/exceptions.txt"


def exceptions(tree):
    """(rule, path) -> line number. Lines without a reason are no exceptions."""
    if EXCEPTIONS not in tree.files:
        return {}
    listed = {}
    for number, line in tree.lines(EXCEPTIONS):
        words = line.split("#")[0].split(maxsplit=2)
        if len(words) == 3:
            listed[words[0], words[1]] = number
    return listed


def check(root):
    tree = Tree(root)
    allowed, used = exceptions(tree), set()
    complaints = []
    for rule in RULES:
        for complaint in rule(tree):
            key = (complaint.rule, complaint.path)
            if key in allowed:
                used.add(key)
            else:
                complaints.append(complaint)
    complaints += [Complaint(EXCEPTIONS, number, "exceptions", f"{rule} for {path} is not needed any more")
                   for (rule, path), number in allowed.items() if (rule, path) not in used]
    return complaints


def main(arguments):
    root = arguments[0] if arguments else pathlib.Path(__file__).resolve().parents[2]
    complaints = check(root)
    for complaint in complaints:
        print(complaint)
    print(f"{len(complaints)} breaches of the house rules" if complaints else "the house rules hold")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
