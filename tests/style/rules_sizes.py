"""A file or a function that has outgrown its size lacks a noun."""

import ast
import re

from tree import CPP, Complaint

FILE_LINES = 400
TEST_FILE_LINES = 500
FUNCTION_LINES = 60

TYPE = re.compile(r"^(template\s*<.*>\s*)?(class|struct|union|enum)\b", re.DOTALL)
SPACE = re.compile(r"^(inline\s+)?namespace\b|^extern\s*\"\"\s*$")
SHELL_FUNCTION = re.compile(r"^(?:function\s+)?([A-Za-z_][\w-]*)\s*\(\)\s*\{")


def file_sizes(tree):
    for path in tree.code:
        limit = TEST_FILE_LINES if path.startswith("tests/") else FILE_LINES
        count = len(tree.lines(path))
        if count > limit:
            yield Complaint(path, 0, "file-size", f"{count} lines, {limit} are allowed")


def function_sizes(tree):
    for path in tree.code:
        for name, first, last in _functions(tree, path):
            if last - first + 1 > FUNCTION_LINES:
                yield Complaint(path, first, "function-size",
                                f"{name}: {last - first + 1} lines, {FUNCTION_LINES} are allowed")


def _functions(tree, path):
    if path.endswith(CPP):
        return cpp_functions(tree.bare(path))
    if path.endswith(".py"):
        return _python_functions(tree.read(path))
    if tree.read(path).startswith(("#!/bin/sh", "#!/usr/bin/env bash", "#!/bin/bash")):
        return _shell_functions(tree.lines(path))
    return []


def cpp_functions(text):
    """Name, first and last line of every function of C++ without literals (lambdas belong to the function around them)."""
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: "\n" * match.group().count("\n"), text, flags=re.MULTILINE)
    found, stack, head_from, line = [], [], 0, 1
    for at, char in enumerate(text):
        if char == "\n":
            line += 1
        elif char == "{":
            stack.append(_open(text[head_from:at], stack, line) + (head_from,))
            head_from = at + 1
        elif char == "}" and stack:
            kind, name, first, from_before = stack.pop()
            if kind == "function":
                found.append((name, first, line))
            # A value in braces is only a part of what it stands in.
            head_from = from_before if kind == "value" else at + 1
        elif char == ";":
            head_from = at + 1
    return found


def _open(head, stack, line):
    """What a brace opens: kind, name, first line."""
    words = re.sub(r"^\s*((public|protected|private):\s*)+", "", head).strip()
    first = line - head[len(head) - len(head.lstrip()):].count("\n")
    outside = all(kind in ("space", "type") for kind, *_ in stack)
    if SPACE.match(words):
        return ("space", words, first)
    if TYPE.match(words) and "(" not in words.split("{")[0].split(":")[0]:
        return ("type", words, first)
    if outside and (words.endswith("=") or head == head.rstrip() or words.count("(") != words.count(")")):
        return ("value", words, first)
    if outside and "(" in words:
        return ("function", words.split("(")[0].split()[-1], first)
    return ("block", words, first)


def _python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno


def _shell_functions(lines):
    name, first = None, 0
    for number, line in lines:
        match = SHELL_FUNCTION.match(line)
        if match:
            name, first = match[1], number
        if name and line.startswith("}"):
            yield name, first, number
            name = None


RULES = [file_sizes, function_sizes]
