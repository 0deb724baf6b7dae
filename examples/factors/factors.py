#!/usr/bin/env python3
"""A coprocess: "84" gives its factors, "84 36" the greatest common divisor of both."""
import math
import sys


def factors(n):
    found, divisor = [], 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            found.append(divisor)
            n //= divisor
        divisor += 1
    return found + [n] if n > 1 else found


def work(payload):
    numbers = [int(word) for word in payload.split()]
    return " ".join(map(str, factors(*numbers))) if len(numbers) == 1 else str(math.gcd(*numbers))


items, answers = sys.stdin.buffer, sys.stdout.buffer
while line := items.readline():  # 17 1 2 0 numbers numbers
    item, attempt, size, extra = line.split()[:4]
    payload, attributes = items.read(int(size)), items.read(int(extra))
    try:
        verdict, answer = b"ok", work(payload).encode()
    except ValueError as error:
        verdict, answer = b"reject", str(error).encode()
    answers.write(b"%s %s %d\n%s" % (item, verdict, len(answer), answer))
    answers.flush()
