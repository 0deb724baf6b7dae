"""How fast the dashboard is there, and whether it keeps up: in a headless Chromium, on a server with many queues.

Usage: page.py BIN_DIRECTORY [--queues N] [--runs N] [--seconds S] [--check]

Bars: the first paint within 100 ms of the navigation, and no task of the page that holds the browser's thread for longer than
50 ms (what browsers call a long task) while every event changes numbers. The load generator is the `sluice` command.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "admin"))

from sluiced import PATIENCE, Sluiced  # noqa: E402

FIRST_PAINT_BAR_MS = 100
LONG_TASK_MS = 50

PAINT = "return performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)[0] || null"
WATCH = """
const [seconds, done] = arguments;
const long = [];
const frames = [];
new PerformanceObserver(list => list.getEntries().forEach(entry => long.push(entry.duration))).observe({type: 'longtask'});
const begin = performance.now();
let last = begin;
function frame(now) {
  frames.push(now - last);
  last = now;
  if (now - begin < seconds * 1000) requestAnimationFrame(frame); else done({long, frames});
}
requestAnimationFrame(frame);
"""


def config(queues):
    return "queues:\n" + "".join(f"  - {{name: queue-{i:04}, settings: {{capacity: 0}}}}\n" for i in range(queues))


def first_paint(driver, url):
    driver.get("about:blank")
    driver.get(url)
    paint = None
    while paint is None:
        paint = driver.execute_script(PAINT)
    return paint


def measure(options, driver, sluiced):
    paints = [first_paint(driver, sluiced.url) for _ in range(options.runs)]
    load = subprocess.Popen(
        [sluiced.bin / "sluice", "--server", sluiced.grpc, "bench", "--seconds", str(options.seconds + 2)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    driver.set_script_timeout(options.seconds + PATIENCE)
    seen = driver.execute_async_script(WATCH, options.seconds)
    load.wait(PATIENCE)
    return paints, seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--queues", type=int, default=500)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    sys.argv[1:] = [options.bin]
    from page_test import browser
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, Sluiced(options.bin, config(options.queues)) as sluiced:
        driver = browser(profile)
        try:
            paints, seen = measure(options, driver, sluiced)
        finally:
            driver.quit()
    paint = statistics.median(paints)
    longest = max(seen["long"], default=0)
    print(f"{options.queues} queues; first paint {paint:.0f} ms, median of {options.runs} ({min(paints):.0f} to {max(paints):.0f})")
    print(f"{len(seen['frames'])} frames in {options.seconds:.0f} s, the longest {max(seen['frames']):.0f} ms; "
          f"{len(seen['long'])} tasks above {LONG_TASK_MS} ms, the longest {longest:.0f} ms")
    met = paint <= FIRST_PAINT_BAR_MS and longest <= LONG_TASK_MS
    print("bars: " + ("met" if met else "NOT MET"))
    return 0 if met or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
