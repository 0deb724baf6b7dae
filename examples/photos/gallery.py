#!/usr/bin/env python3
"""Makes DIRECTORY/index.html: every picture in DIRECTORY/pictures, and what became of the others.

    gallery.py DIRECTORY

Asks the server, by the sluice command, what went in and what failed. Exit code 1 when the numbers do not add up.
"""

import html
import json
import os
import pathlib
import string
import struct
import subprocess
import sys
import urllib.parse

PIPELINE = "photos"
STAGES = ("download", "resize", "upload")
SLUICE = os.environ.get("SLUICE", "sluice")


def ask(*arguments):
    """What `sluice --json ...` answers: JSON values, one after the other."""
    text = subprocess.run([SLUICE, "--json", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    values = []
    while text:
        value, end = json.JSONDecoder().raw_decode(text)
        values.append(value)
        text = text[end:].lstrip()
    return values


def counters():
    """Name -> counters of each queue that a stage reads."""
    pipeline = ask("pipeline", "show", PIPELINE)[0]
    return {queue["name"]: queue.get("counters", {}) for queue in pipeline["queues"]}


def failures():
    """The dead letters of all stages, in the order of the flow."""
    names = {queue["name"] for queue in ask("ls")}
    return [letter for stage in STAGES if f"{stage}.dead" in names for letter in ask("peek", f"{stage}.dead", "-n", "1000")]


def size_of(picture):
    """Width and height out of a JPEG file's frame header."""
    data = picture.read_bytes()
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length
    return 4, 3


def figure(picture):
    width, height = size_of(picture)
    title = picture.stem.replace("_", " ")
    return (f'<a class="picture" style="--ratio:{width / height:.3f}" href="pictures/{urllib.parse.quote(picture.name)}">'
            f'<img src="pictures/{urllib.parse.quote(picture.name)}" width="{width}" height="{height}" loading="lazy" '
            f'alt="{html.escape(title)}"><span>{html.escape(title)}</span></a>')


def card(letter):
    failure = letter.get("last_failure", {})
    told = failure.get("stderr_tail") or failure.get("message", "")
    exit_code = f', exit code {failure["exit_code"]}' if "exit_code" in failure else ""
    attempts = int(failure.get("attempt", 1))
    return (f'<article class="failure"><h3>{html.escape(letter.get("attributes", {}).get("name", "?"))}</h3>'
            f'<p>failed in <b>{html.escape(failure.get("stage") or failure.get("queue", "?"))}</b> '
            f'after {attempts} attempt{"s" if attempts > 1 else ""}: {html.escape(failure.get("reason", "?"))}{exit_code}</p>'
            f"<pre>{html.escape(told.strip())}</pre></article>")


def page(pictures, letters, put):
    template = string.Template((pathlib.Path(__file__).parent / "gallery.html").read_text(encoding="utf-8"))
    return template.substitute(
        put=put, done=len(pictures), failed=len(letters), pictures="\n".join(map(figure, pictures)),
        failures="\n".join(map(card, letters)), hidden="" if letters else "hidden")


def main(directory):
    folder = pathlib.Path(directory)
    pictures = sorted((folder / "pictures").glob("*.jpg"))
    letters = failures()
    counts = counters()
    put = int(counts["download"].get("put", 0))
    done = int(counts["upload"].get("done", 0))
    failed = sum(int(counts[stage].get("dead_lettered", 0)) for stage in STAGES)
    (folder / "index.html").write_text(page(pictures, letters, put), encoding="utf-8")
    for letter in letters:
        failure = letter.get("last_failure", {})
        told = (failure.get("stderr_tail") or failure.get("message", "")).strip()
        print(f'failed in {failure.get("stage", "?")}: {letter.get("attributes", {}).get("name", "?")}')
        print("".join(f"    {line}\n" for line in told.splitlines()), end="")
    print(f"put {put} = done {done} + failed {failed}; {len(pictures)} pictures, {len(letters)} dead letters")
    if put != done + failed or len(pictures) != done or len(letters) != failed:
        print("gallery: these numbers do not add up", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
