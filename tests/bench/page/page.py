#: how fast the dashboard is there, and whether it keeps up; bars
"""How fast the dashboard is there, and whether it keeps up: in a headless Chromium, on a server with many queues.

Usage: page.py BIN_DIRECTORY [--queues N] [--runs N] [--seconds S] [--check]

Two servers are looked at: one with a long list of queues, of which one is under load, and one whose queues are in pipelines, ten
to a ring, in which all move all the time. Bars: the first paint within 100 ms of the navigation, and no task of the page that
holds the browser's thread for longer than 50 ms (what browsers call a long task).

Where others use the machine, a task also waits for a core, which says nothing of the page: so the time that a task computed
counts for the bar, as Chromium's trace has it, and the time that passed is told beside it.
"""

import argparse
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "admin"))

from sluiced import PATIENCE, Sluiced, until  # noqa: E402

FIRST_PAINT_BAR_MS = 100
TASK_BAR_MS = 50
# Until a browser has started and the page has drawn what there is, on a busy machine.
START_SECONDS = 15
RING = 10

PAINT = "return performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)[0] || null"
ROWS = "return document.querySelectorAll('#queues tbody tr').length"
LET_PASS = "setTimeout(arguments[1], arguments[0] * 1000)"
MARKS = ("bench begins", "bench ends")


def list_config(queues):
    return "queues:\n" + "".join(f"  - {{name: queue-{i:04}, settings: {{capacity: 0}}}}\n" for i in range(queues))


def ring_config(queues):
    def ring(number):
        stages = "".join(f"      - {{name: stage-{i}, input: ring-{number}-{i}, output: ring-{number}-{(i + 1) % RING}, "
                         "handler: builtin.sleep}\n" for i in range(RING))
        return f"  - name: ring-{number}\n    stages:\n{stages}"
    return "pipelines:\n" + "".join(ring(number) for number in range(queues // RING))


@contextlib.contextmanager
def fresh_browser(*flags):
    from browser import browser
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = browser(profile, *flags)
        try:
            yield driver
        finally:
            driver.quit()


def first_paint(driver, url):
    """By the page's clock, in ms, and how long it took by ours."""
    driver.get("about:blank")
    begin = time.monotonic()
    driver.get(url)
    paint = until(lambda: driver.execute_script(PAINT), "something is painted")
    return paint, (time.monotonic() - begin) * 1000


def tasks_of(trace):
    """Of the page's thread, between the marks: how long each took, and how long it computed, in ms."""
    events = json.loads(trace.read_text())
    events = events["traceEvents"] if isinstance(events, dict) else events
    begin, end = (next(event for event in events if event["name"] == mark) for mark in MARKS)
    thread = [begin["pid"], begin["tid"]]
    return [(event["dur"] / 1000, event["tdur"] / 1000) for event in events
            if event["ph"] == "X" and event["name"].endswith("RunTask") and [event["pid"], event["tid"]] == thread
            and begin["ts"] <= event["ts"] <= end["ts"] and "tdur" in event]


def watch(url, queues, seconds, load):
    """What the page's thread does for so long, while `load()` runs."""
    with tempfile.TemporaryDirectory() as directory:
        trace = pathlib.Path(directory) / "trace.json"
        duration = START_SECONDS + seconds
        with fresh_browser("--trace-startup=toplevel,blink.user_timing", f"--trace-startup-file={trace}",
                           f"--trace-startup-duration={duration:.0f}", "--trace-startup-format=json") as driver:
            driver.set_script_timeout(seconds + PATIENCE)
            driver.get(url)
            until(lambda: driver.execute_script(ROWS) == queues, "all queues are drawn")
            with load():
                driver.execute_script(f"performance.mark('{MARKS[0]}')")
                driver.execute_async_script(LET_PASS, seconds)
                driver.execute_script(f"performance.mark('{MARKS[1]}')")

            def written():
                driver.execute_async_script(LET_PASS, 1)
                with contextlib.suppress(OSError, ValueError, StopIteration):
                    return tasks_of(trace)
            return until(written, "the browser has written its trace")


def report(what, tasks, seconds):
    """True if the bar is met."""
    passed = max((passed for passed, _ in tasks), default=0)
    computed = max((computed for _, computed in tasks), default=0)
    used = sum(computed for _, computed in tasks) / 1000 / seconds
    print(f"{what}: {len(tasks)} tasks in {seconds:.0f} s used {used:.0%} of a core; "
          f"the longest computed for {computed:.0f} ms, and {passed:.0f} ms passed in the longest")
    return bool(tasks) and computed <= TASK_BAR_MS


def look_at_list(options):
    with Sluiced(options.bin, list_config(options.queues)) as sluiced:
        with fresh_browser() as driver:
            first, *loads = [first_paint(driver, sluiced.url) for _ in range(options.runs + 1)]
        paints = [paint for paint, _ in loads]
        paint = statistics.median(paints)
        print(f"{options.queues} queues: first paint {paint:.0f} ms, median of {options.runs} ({min(paints):.0f} to {max(paints):.0f}); "
              f"of a browser that has just started {first[0]:.0f} ms, of {first[1]:.0f} ms until it was done")

        @contextlib.contextmanager
        def load():
            with subprocess.Popen([sluiced.bin / "sluice", "--server", sluiced.grpc, "bench", "--seconds", str(options.seconds)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as bench:
                yield
                bench.wait(PATIENCE)
        keeps_up = report("one of them under load", watch(sluiced.url, options.queues, options.seconds, load), options.seconds)
    return paint <= FIRST_PAINT_BAR_MS and keeps_up


def look_at_rings(options):
    with Sluiced(options.bin, ring_config(options.queues)) as sluiced:
        for number in range(options.queues // RING):
            sluiced.run("put", f"ring-{number}-0", *["300ms"] * RING)
        return report(f"{options.queues} queues in {options.queues // RING} pipelines that all work",
                      watch(sluiced.url, options.queues, options.seconds, contextlib.nullcontext), options.seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--queues", type=int, default=500)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    met = [look_at_list(options), look_at_rings(options)]
    print("bars: " + ("met" if all(met) else "NOT MET"))
    return 0 if all(met) or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
