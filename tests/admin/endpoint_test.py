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
SANITIZED = bool(os.environ.get("SANITIZED"))

CONFIG = """
handlers:
  shout: {subprocess: {commands: [{argv: [tr, a-z, A-Z]}]}}
  hold: {subprocess: {commands: [{shell: cat held}]}}
  end: {subprocess: {commands: [{shell: 'read -r line; eval "$line"'}], timeout: 5s, max_output_bytes: 100}}
queues: [{name: still, settings: {capacity: 5}}]
pipelines:
  - name: loud
    stages: [{name: shout, input: said, output: shouted, handler: shout, workers: 2}]
  - name: slow
    stages: [{input: held, handler: hold}]
  - name: short
    queues: [{name: ends, settings: {retry: {max_attempts: 1}}}]
    stages: [{input: ends, handler: end, workers: 4}]
"""


def processor_seconds(pid):
    """Of all its threads, to the nanosecond."""
    tasks = pathlib.Path(f"/proc/{pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


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
        self.assertEqual([queue["name"] for queue in shown], ["ends", "held", "said", "shouted", "still"])

    def test_metrics_are_clean(self):
        if shutil.which("promtool") is None:
            self.skipTest("there is no promtool (package prometheus)")
        self.sluiced.run("put", "said", "a", "b")
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.sluiced.get("/metrics"), capture_output=True, text=True,
                                 timeout=PATIENCE, check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_metrics_of_a_store_with_everything_in_it_are_clean(self):
        if shutil.which("promtool") is None:
            self.skipTest("there is no promtool (package prometheus)")
        config = CONFIG + """
limits: [{name: database, max_at_once: 3}, {name: calls, per_second: 2.5, burst: 4}]
schedules:
  - {name: nightly, queue: still, cron: "0 3 * * *"}
  - {name: often, queue: ticks, every: 10ms}
"""
        config = config.replace("queues: [", "queues: [{name: ticks, settings: {capacity: 1}}, ", 1)
        with Sluiced(BIN, config, data=str(pathlib.Path(self.sluiced.directory.name) / "data")) as sluiced:
            jobs = sluiced.run("submit", "loud", "a", "b").split()
            sluiced.run("await", *jobs)
            until(lambda: sluiced.json("/api/v1/queues/ticks")["waiting_puts"] + sluiced.json("/api/v1/schedules/often")["skipped"],
                  "the schedule has met a full queue")
            sluiced.kill()
            sluiced.start()
            text = sluiced.get("/metrics")
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))
        shown = self.values(text)
        self.assertEqual((shown["sluice_limits"], shown["sluice_schedules"], shown['sluice_jobs{state="ended"}']), (2, 2, 2))
        self.assertGreater(shown["sluice_store_used_bytes"], 0)

    @staticmethod
    def values(text):
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
        return {series: float(value) for series, value in lines}

    def metric(self, name, **labels):
        """0 for a series that is not there yet."""
        series = name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
        return self.values(self.sluiced.get("/metrics")).get(series, 0)

    def start(self, *arguments):
        """A command that waits until it is killed."""
        process = subprocess.Popen([self.sluiced.bin / "sluice", "--server", self.sluiced.grpc, *arguments], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.kill)

    def test_metrics_tell_what_queues_go_through(self):
        def is_told(expected, what):
            until(lambda: all(self.metric(f"sluice_queue_{name}", queue="still") == value for name, value in expected.items()), what)
        self.sluiced.run("put", "still", "a", "b")
        self.sluiced.run("put", "still", "late", "later", "latest", "--delay", "1h")
        self.assertEqual(self.metric("sluice_queue_items", queue="still", state="delayed"), 3)
        self.assertEqual(self.metric("sluice_queue_items", queue="still", state="waiting"), 2)
        age = self.metric("sluice_queue_oldest_age_seconds", queue="still")
        until(lambda: self.metric("sluice_queue_oldest_age_seconds", queue="still") > age > 0, "it becomes older")
        self.assertEqual(self.sluiced.try_to_run("put", "still", "too much", "--wait", "0").returncode, 1)
        self.start("put", "still", "held back")
        is_told({"rejected_total": 1, "waiting_puts": 1, "put_total": 5}, "one is refused, one held back")
        # Taken, lost, and handed out again.
        self.sluiced.run("get", "still", "--lease", "1ms")
        is_told({"delivered_total": 1, "lease_lost_total": 1, "retried_total": 1}, "the lease is lost")
        self.sluiced.run("get", "still", "--count", "2", "--lease", "1h")
        is_told({"delivered_total": 3, "waiting_puts": 0, "put_total": 6}, "both are handed out, and there is room")
        for _ in range(2):
            self.start("get", "shouted")
        until(lambda: self.metric("sluice_queue_waiting_gets", queue="shouted") == 2, "two wait for an item")

    def test_metrics_tell_how_children_ended(self):
        def exits(reason):
            return self.metric("sluice_handler_exits_total", handler="end", reason=reason)
        for line in ("exit 0", "exit 3", "exit 4", "kill -9 $$", "kill -9 $$", "kill -9 $$", *["sleep 600"] * 4, *["yes"] * 5):
            self.sluiced.run("put", "ends", line)
        wanted = {"SUCCEEDED": 1, "EXIT_CODE": 2, "SIGNALED": 3, "TIMED_OUT": 4, "OUTPUT_TOO_LARGE": 5}
        until(lambda: sum(exits(reason) for reason in wanted) >= 15, "all have ended")
        self.assertEqual({reason: exits(reason) for reason in wanted}, wanted)

    @unittest.skipIf(SANITIZED, "with sanitizers all takes longer")
    def test_a_scrape_of_many_queues_takes_little_of_the_processor(self):
        """Not the time that passes, which says more of the machine: that is measured by ./dev bench scrape."""
        queues = "".join(f"  - {{name: queue-{number:04}}}\n" for number in range(1_000))
        with Sluiced(BIN, f"queues:\n{queues}") as sluiced:
            self.assertEqual(self.values(sluiced.get("/metrics"))["sluice_queues"], 1_000)
            used = []
            for _ in range(5):
                before = processor_seconds(sluiced.process.pid)
                for _ in range(10):
                    sluiced.get("/metrics")
                used.append((processor_seconds(sluiced.process.pid) - before) / 10)
        self.assertLess(min(used), 0.010, "1 % of a core at one scrape a second")

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
