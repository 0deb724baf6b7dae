#!/usr/bin/env python3
"""A coprocess that does what its items say."""

import os
import signal
import subprocess
import sys

items, answers = sys.stdin.buffer, sys.stdout.buffer
held = []


def answer(item, verdict, *outputs):
    sizes = "".join(f" {len(output)}" for output in outputs)
    answers.write(f"{item} {verdict}{sizes}\n".encode() + b"".join(outputs))
    answers.flush()


def release():
    while held:
        answer(held.pop(), "ok", str(os.getpid()).encode())


def meet(count, directory):
    """Waits until so many processes are here at the same time: all but the last at a pipe of their own."""
    for place in range(1, count + 1):
        try:
            os.mkfifo(f"{directory}/{place}")
        except FileExistsError:
            continue
        if place < count:
            with open(f"{directory}/{place}", encoding="ascii") as pipe:
                pipe.read()
            return
    for place in range(1, count):
        with open(f"{directory}/{place}", "w", encoding="ascii"):
            pass


def start_in_background():
    # pylint: disable=consider-using-with
    return str(subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL).pid).encode()


def work(head, command, rest, attributes):
    item = head.split()[0].decode()
    if command == "echo":
        answer(item, "ok", rest)
    elif command == "pid":
        answer(item, "ok", str(os.getpid()).encode())
    elif command == "meet":
        count, directory = rest.decode().split()
        meet(int(count), directory)
        answer(item, "ok", str(os.getpid()).encode())
    elif command == "split":
        answer(item, "ok", *rest.split(b"|"))
    elif command == "none":
        answer(item, "ok")
    elif command in ("error", "reject"):
        answer(item, command, rest)
    elif command == "head":
        answer(item, "ok", head)
    elif command == "attributes":
        made = b'{"made":"here"}'
        answers.write(f"{item} ok {len(attributes)}+{len(made)}\n".encode() + attributes + made)
        answers.flush()
    elif command == "write":
        answers.write(rest.replace(b"ITEM", item.encode()))
        answers.flush()
    elif command == "big":
        answer(item, "ok", b"x" * int(rest))
    elif command == "report":
        fraction, _, message = rest.partition(b" ")
        answers.write(f"{item} progress {fraction.decode()} {len(message)}\n".encode() + message)
        answers.flush()
        held.append(item)
    elif command == "hold":
        held.append(item)
    elif command == "release":
        held.append(item)
        release()
    elif command == "complain":
        print(rest.decode(), file=sys.stderr, flush=True)
        os._exit(5)
    elif command == "exit":
        os._exit(int(rest))
    elif command == "signal":
        os.kill(os.getpid(), int(rest))
    elif command == "hang":
        signal.pause()
    elif command == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()
    elif command == "mute":
        os.close(1)
        signal.pause()
    elif command == "background":
        answer(item, "ok", start_in_background())
    elif command == "environment":
        answer(item, "ok", os.environ.get(rest.decode(), "none").encode())
    elif command == "directory":
        answer(item, "ok", os.getcwd().encode())


def main():
    while head := items.readline():
        size, extra = (int(word) for word in head.split()[2:4])
        payload, attributes = items.read(size), items.read(extra)
        command, _, rest = payload.partition(b" ")
        work(head, command.decode(), rest, attributes)
    release()


main()
