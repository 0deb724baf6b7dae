"""The admin endpoint of the real sluiced, beside the command and Prometheus' own tool.

Usage: endpoint_test.py BIN_DIRECTORY [TEST...]
"""

import json
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import sys
import unittest
import urllib.error

from sluiced import PATIENCE, Sluiced, until

BIN = sys.argv.pop(1)
SKIPPED = 77

CONFIG = """
handlers:
  shout: {subprocess: {commands: [{argv: [tr, a-z, A-Z]}]}}
  hold: {subprocess: {commands: [{shell: cat held}]}}
queues: [{name: still, settings: {capacity: 5}}]
pipelines:
  - name: loud
    stages: [{name: shout, input: said, output: shouted, handler: shout, workers: 2}]
  - name: slow
    stages: [{input: held, handler: hold}]
"""


def as_numbers(value):
    """64-bit numbers, which the command prints as texts, as the endpoint has them."""
    if isinstance(value, dict):
        return {key: as_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_numbers(each) for each in value]
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class Endpoint(unittest.TestCase):
    def setUp(self):
        self.sluiced = Sluiced(BIN, CONFIG)
        self.addCleanup(self.sluiced.__exit__)

    def test_says_the_same_as_the_command(self):
        self.sluiced.run("put", "said", "a", "b", "c")
        self.sluiced.run("put", "still", "x", "y")
        self.sluiced.run("join", "said")
        told = [as_numbers(json.loads(line)) for line in self.sluiced.run("ls", "--json").splitlines()]
        shown = as_numbers(self.sluiced.json("/api/v1/queues")["queues"])
        for queue in told + shown:
            # It grows from one look to the next.
            queue.pop("oldest_age", None)
        self.assertEqual(told, shown)
        self.assertEqual([queue["name"] for queue in shown], ["held", "said", "shouted", "still"])

    def test_metrics_are_clean(self):
        if shutil.which("promtool") is None:
            self.skipTest("there is no promtool (package prometheus)")
        self.sluiced.run("put", "said", "a", "b")
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.sluiced.get("/metrics"), capture_output=True, text=True,
                                 timeout=PATIENCE, check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_idle_connections_keep_nobody_out(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        host, port = self.sluiced.admin.split(":")
        count = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
        idle = []
        self.addCleanup(lambda: [each.close() for each in idle])
        for _ in range(count):
            idle.append(socket.create_connection((host, int(port)), timeout=PATIENCE))
        self.assertEqual(self.sluiced.json("/healthz"), {"status": "ok"})
        self.sluiced.run("put", "still", "x")
        self.assertEqual(self.sluiced.json("/api/v1/queues/still")["waiting"], 1)

    def test_readiness_ends_with_the_drain(self):
        self.assertEqual(self.sluiced.json("/readyz"), {"status": "ready"})
        fifo = pathlib.Path(self.sluiced.directory.name) / "held"
        os.mkfifo(fifo)
        self.sluiced.run("put", "held", "x")
        until(lambda: self.sluiced.json("/api/v1/running")["running"], "the item is worked on")
        self.sluiced.process.terminate()
        self.assertEqual(until(self.not_ready, "the drain has begun")["reason"], "SHUTTING_DOWN")
        self.assertEqual(self.sluiced.json("/healthz"), {"status": "ok"})
        fifo.write_text("let go")
        self.assertEqual(self.sluiced.process.wait(PATIENCE), 0)

    def test_readiness_ends_with_a_full_store(self):
        directory = pathlib.Path(self.sluiced.directory.name)
        sluiced = Sluiced(BIN, flags=["--data-max-bytes", str(16 << 20)], data=str(directory / "data"))
        self.addCleanup(sluiced.__exit__)
        (directory / "payload").write_text("x" * (1 << 20))
        sluiced.run("create", "tasks", "--capacity", "0")
        self.assertEqual(sluiced.run("health"), "serving\n")
        taken = 0
        while (put := sluiced.try_to_run("put", "tasks", "--file", str(directory / "payload"))).returncode == 0:
            taken += 1
            self.assertLess(taken, 17, "more went in than the store may hold")
        self.assertIn("STORAGE_FULL", put.stderr)
        self.assertEqual(until(lambda: self.not_ready(sluiced), "it is not ready")["reason"], "STORAGE_FULL")
        self.assertEqual(sluiced.json("/healthz"), {"status": "ok"})
        self.assertIn("\nsluice_ready 0\n", sluiced.get("/metrics"))
        until(lambda: sluiced.try_to_run("health").stdout == "not serving\n", "the command says so, too")
        self.assertEqual(sluiced.try_to_run("health").returncode, 1)
        self.assertEqual(sluiced.run("health", "--live"), "serving\n")
        for _ in range(taken):
            sluiced.run("get", "tasks", "--done", "--wait", f"{PATIENCE}s")
        until(lambda: sluiced.try_to_run("health").returncode == 0, "there is room again")
        self.assertEqual(sluiced.json("/readyz"), {"status": "ready"})

    def not_ready(self, sluiced=None):
        try:
            (sluiced or self.sluiced).get("/readyz")
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, 503)
            return json.load(error)
        return None


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    everything_skipped = result.testsRun > 0 and len(result.skipped) == result.testsRun
    sys.exit(SKIPPED if everything_skipped else 0 if result.wasSuccessful() else 1)
