"""The dashboard in a real browser: it loads, lives, and comes back.

Usage: page_test.py BIN_DIRECTORY [TEST...]; SCREENSHOTS=DIRECTORY keeps pictures.
"""

import json
import re
import subprocess
import unittest

from browser import MISSING, By, PageTest, main
from sluiced import PATIENCE, until


@unittest.skipIf(MISSING, MISSING)
class Page(PageTest):
    def test_shows_what_the_command_shows(self):
        # Other numbers in each column, so that none can stand in another's place.
        self.sluiced.run("put", "other", *"abcdef")
        self.sluiced.run("put", "other", "x", "y", "z", "--delay", "1h")
        self.fail_one("other")
        self.sluiced.run("get", "other", "--count", "2")
        self.sluiced.run("put", "begin", "x", "y", "z")
        self.wait_for_cell("end", 1, "3")
        self.wait_for_cell("other", 3, "2")
        told = {queue["name"]: queue for queue in map(json.loads, self.sluiced.run("ls", "--json").splitlines())}
        shown = self.rows()
        self.assertEqual(shown["other"][1:5] + shown["other"][8:], ["3", "3", "2", "1,000", "1"])
        self.assertEqual(sorted(shown), sorted(told))
        for name, cells in shown.items():
            numbers = [told[name][key] for key in ("waiting", "delayed", "leased")]
            self.assertEqual(cells[1:4], [str(number) for number in numbers], name)
            capacity = int(told[name]["settings"]["capacity"])
            self.assertEqual(cells[4], f"{capacity:,}" if capacity else "∞", name)
            self.assertEqual(cells[8], told[name]["counters"]["dead_lettered"], name)
        self.assertEqual(self.texts("#totals dd")[0], str(sum(int(queue["unfinished"]) for queue in told.values())))
        self.assertEqual(self.texts("#totals dd")[3], str(len(told)))
        self.assertEqual(self.texts(".pipeline h3"), ["line", "rest"])
        self.assertEqual(self.texts(".queue .name"), ["begin", "middle", "end", "nap"])
        self.assertEqual(self.texts(".stage .name"), ["first", "second", "sleeper"])
        self.shoot("numbers")

    def drawn(self, number):
        """Of a drawn queue: depth, capacity, and how full it is."""
        node = self.driver.find_elements(By.CSS_SELECTOR, ".queue")[number]
        full = self.driver.execute_script("return arguments[0].querySelector('.fill').getBoundingClientRect().width /"
                                          "arguments[0].querySelector('.depth').getBoundingClientRect().width", node)
        depth, capacity = node.text.splitlines()[1].split(" of ")
        return depth, capacity, round(full, 2)

    def test_draws_how_full_queues_are(self):
        self.sluiced.run("stage", "pause", "line", "first")
        self.sluiced.run("update", "begin", "--capacity", "4")
        self.sluiced.run("put", "begin", "a", "b", "c")
        self.wait(lambda: self.drawn(0) == ("3", "4", 0.75), lambda: f"three of four, not {self.drawn(0)}")
        self.assertEqual(self.drawn(1), ("0", "1,000", 0))
        self.assertIsNone(self.one(".queue").get_attribute("data-full"))
        self.sluiced.run("put", "begin", "d")
        self.wait(lambda: self.drawn(0) == ("4", "4", 1), lambda: f"four of four, not {self.drawn(0)}")
        self.assertEqual(self.one(".queue").get_attribute("data-full"), "true")

    def oldest(self, text):
        """Seconds, as the page writes them in a table or beside a drawn queue."""
        number, unit = re.search(r"([\d.]+) (ms|s|min)\b", text).groups()
        return float(number) * {"ms": 0.001, "s": 1, "min": 60}[unit]

    def test_tells_how_old_the_oldest_is(self):
        def age():
            return float(self.sluiced.json("/api/v1/queues/begin")["oldest_age"].rstrip("s"))
        self.sluiced.run("stage", "pause", "line", "first")
        self.sluiced.run("put", "begin", "a")
        self.wait_for_cell("begin", 1, "1")
        self.wait(lambda: self.rows()["begin"][7] != "–" and "oldest" in self.one(".queue").text, "it has an age")
        # At least as old as it was a while ago, and not older than it is.
        for show in (lambda: self.rows()["begin"][7], lambda: self.one(".queue").text.split("oldest ")[1].replace("< 1 s", "0 s")):
            before = age() + 1
            self.wait(lambda show=show, before=before: self.oldest(show()) >= before, lambda: f"it becomes older: {self.rows()}")
            self.assertLessEqual(self.oldest(show()), age() + 0.1)
        self.assertEqual(self.rows()["end"][7], "–")

    def test_tells_how_fast_it_goes(self):
        # 20 items a second go into `begin`, and all the way to `end`, where nobody takes them.
        self.sluiced.run("update", "end", "--capacity", "0")
        self.sluiced.run("schedule", "create", "steady", "begin", "--every", "50ms")

        def rates(name):
            return [float(text) for text in self.rows()[name][5:7]]

        def is_steady(name):
            return all(15 < rate < 25 for rate in rates(name))
        self.wait(lambda: is_steady("begin") and is_steady("middle"), lambda: f"20 in and out a second: {self.rows()}")
        self.assertGreater(rates("end")[0], 0)
        self.assertEqual(rates("end")[1], 0)
        self.assertEqual(rates("tasks"), [0, 0])
        self.wait(lambda: self.one(".queue").text.count("20/s in") == 1, "the drawn queue says the same")
        total = float(self.texts("#totals dd")[1])
        self.assertGreater(total, 3 * 15, "three queues have 20 a second each")
        self.sluiced.run("schedule", "pause", "steady")
        self.wait(lambda: rates("begin") == [0, 0], lambda: f"it is quiet: {self.rows()}")

    # Keeps the charts that the page makes.
    KEEP_CHARTS = """
        window.charts = [];
        let made;
        Object.defineProperty(window, 'Dygraph', {
          get: () => made,
          set: (Dygraph) => {
            made = new Proxy(Dygraph, {construct(target, options) {
              const chart = new target(...options);
              window.charts.push(chart);
              return chart;
            }});
          },
        });"""
    # All points of a chart: time and values.
    POINTS = """const chart = window.charts[arguments[0]];
        return chart ? Array.from({length: chart.numRows()}, (_, row) => [0, 1, 2].map((column) => chart.getValue(row, column))) : [];"""

    def test_charts_hold_what_was(self):
        script = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": self.KEEP_CHARTS})["identifier"]
        self.addCleanup(self.driver.execute_cdp_cmd, "Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})
        self.driver.get(self.sluiced.url)
        self.wait_for_state("live")
        self.sluiced.run("put", "other", "a", "b", "c")
        self.sluiced.run("get", "other", "--count", "1")

        def points(chart):
            return self.driver.execute_script(self.POINTS, chart)
        self.wait(lambda: len(points(1)) >= 3 and points(1)[-1][1:] == [3, 1], lambda: f"three unfinished, one leased: {points(1)}")
        times = [time for time, *_ in points(1)]
        self.assertEqual(times, sorted(set(times)), "each later than the one before")
        self.assertGreater(max(rate for _, rate, _ in points(0)), 0, "something came in")
        self.assertEqual({done for _, _, done in points(0)}, {0}, "nothing was done")
        canvas = self.driver.find_elements(By.CSS_SELECTOR, "#depths-chart canvas")[0]
        self.assertGreater(self.driver.execute_script(
            "const {width, height} = arguments[0];"
            "return arguments[0].getContext('2d').getImageData(0, 0, width, height).data.filter((_, at) => at % 4 === 3).filter(Boolean).length",
            canvas), 100, "and is drawn")

    def test_lives(self):
        self.sluiced.run("put", "other", "a")
        self.wait_for_cell("other", 1, "1")
        self.wait(lambda: "no consumer" in self.one("#stalls").text, "the stall is told")
        self.sluiced.run("get", "other", "--done")
        self.wait_for_cell("other", 1, "0")
        self.wait(lambda: not self.one("#stalls").is_displayed(), "nothing is stalled")
        self.sluiced.run("create", "fresh")
        self.wait_for_cell("fresh", 0, "open")
        self.sluiced.run("rm", "fresh")
        self.wait(lambda: "fresh" not in self.rows(), "the queue is gone")

    def test_shows_what_runs(self):
        self.sluiced.run("put", "nap", f"{10 * PATIENCE}s")
        self.press("rest / sleeper", within="#running tbody")
        self.wait(lambda: "1 of 1 busy" in self.one("#stage-dialog").text, "the stage's dialog is open")
        self.one("#stage-dialog .quiet").click()
        self.press("nap", within="#running tbody")
        self.wait(lambda: self.one("#queue-dialog h3").text == "nap", "the queue's dialog is open")

    def test_shows_dead_letters(self):
        self.sluiced.run("put", "tasks", "no good")
        self.fail_one("tasks")
        self.wait(lambda: any("it smells" in text for text in self.texts("#dead tbody tr")), "the dead letter is shown")
        letter, = self.texts("#dead tbody tr:not(.group)")
        self.assertIn("no good", letter)

    def test_shows_jobs_limits_and_schedules(self):
        self.assertFalse(self.one("#schedules").is_displayed(), "what there is none of takes no room")
        self.sluiced.run("limit", "create", "database", "--at-once", "3")
        self.sluiced.run("schedule", "create", "nightly", "other", "--cron", "0 3 * * *", "--time-zone", "Europe/Berlin")
        jobs = self.sluiced.run("submit", "tasks", "a", "b").split()
        self.wait(lambda: "0 of 3" in self.one("#limits tbody").text, "the limit is shown")
        self.wait(lambda: "0 3 * * * Europe/Berlin" in self.one("#schedules tbody").text, "the schedule is shown")
        self.wait(lambda: self.texts("#jobs tbody th") == jobs, "the jobs are shown")
        self.driver.execute_script("document.getElementById('jobs').scrollIntoView()")
        self.shoot("rules")

    def facts(self, dialog):
        return dict(zip(self.texts(f"#{dialog} dt"), self.texts(f"#{dialog} dd")))

    USUAL_FACTS = ["Waiting", "Delayed", "Leased", "Capacity", "Oldest", "In", "Done", "Since"]

    def test_tells_of_a_queue_what_is_not_usual(self):
        self.open_queue("other")
        self.assertEqual(list(self.facts("queue-dialog")), self.USUAL_FACTS)
        self.one("#queue-dialog .quiet").click()
        self.sluiced.run("create", "special", "--order", "priority", "--durability", "memory", "--lease", "2m", "--max-attempts", "3",
                         "--backoff", "2s", "--max-backoff", "1m", "--max-lost", "2", "--final-exit-codes", "2,64", "--dead-letter", "-",
                         "--ttl", "1h", "--dedup-window", "5m")
        self.wait_for_cell("special", 0, "open")
        self.open_queue("special")
        facts = self.facts("queue-dialog")
        self.assertEqual({name: told for name, told in facts.items() if name not in self.USUAL_FACTS}, {
            "Order": "the smallest priority first", "Kept": "in memory, until the server ends", "Lease": "2 min",
            "Retries": "at most 3 attempts, after 2 s to 1 min, each × 2, 2 attempts may be lost", "Not retried": "exit code 2, 64",
            "Dead letters": "are dropped", "Time to live": "1 h, then dropped", "Dedup window": "5 min"})
        self.shoot("special")

    def test_counts_what_became_of_items(self):
        self.sluiced.run("put", "other", "a", "--dedup-key", "k")
        self.sluiced.run("put", "other", "a", "--dedup-key", "k")
        self.sluiced.run("put", "other", "brief", "--ttl", "1ms")
        self.sluiced.run("put", "other", "no good")
        for _ in "ab":
            self.fail_one("other")
        dead = self.sluiced.json("/api/v1/queues/other.dead/items")["items"]
        self.sluiced.run("dead", "redrive", "other.dead", str(dead[0]["item_id"]))
        waiting, = self.sluiced.json("/api/v1/queues/other/items")["items"]
        self.sluiced.run("cancel", "other", str(waiting["item_id"]))
        self.open_queue("other")
        wanted = {"Attempts failed": "2 attempts", "Dead": "2 items", "Ended early": "1 cancelled, 1 expired", "Duplicates": "1 put"}
        self.wait(lambda: wanted.items() <= self.facts("queue-dialog").items(), lambda: f"{wanted} in {self.facts('queue-dialog')}")
        self.one("#queue-dialog .quiet").click()
        self.open_queue("other.dead")
        self.wait(lambda: self.facts("queue-dialog").get("Redriven") == "1 item", "the redriven is counted")
        self.wait(lambda: any("from other" in text for text in self.texts("#queue-dialog .items li")), "it says where it comes from")

    def fail_one(self, queue, *how):
        token = json.loads(self.sluiced.run("get", queue, "--json"))["lease_token"]
        self.sluiced.run("fail", queue, token, "--message", "it smells", *(how or ["--do-not-retry"]))

    def test_tells_of_an_item_what_is_not_usual(self):
        self.sluiced.run("put", "other", "keyed", "--priority", "5", "--ttl", "2h", "--dedup-key", "d", "--unique-key", "u", "--order-key", "o")
        self.sluiced.run("put", "other", "later", "--delay", "3h")
        self.sluiced.run("put", "other", "plain")
        self.open_queue("other")
        self.wait(lambda: len(self.texts("#queue-dialog .items li")) == 3, "all are shown")

        def told(payload):
            return next(text for text in self.texts("#queue-dialog .items li div:first-child") if text.startswith(payload))
        for fact in ("priority 5", "expires in 1 h 5", "dedup key d", "unique key u", "order key o"):
            self.assertIn(fact, told("keyed"))
        self.assertRegex(told("later"), r"delayed for 2 h 5\d min, until \d")
        self.assertRegex(told("plain"), r"^plain waiting, put at [^·]*$")
        self.fail_one("other", "--delay", "1h")
        self.wait(lambda: "tried once" in told("keyed"), "the attempt is told")
        self.assertIn("last failure FAILED: it smells", told("keyed"))
        self.shoot("items")
        self.sluiced.run("get", "other", "--json")
        self.wait(lambda: "held by " in told("plain"), "it is told who holds it")

    def test_comes_back_after_a_restart(self):
        self.sluiced.run("put", "tasks", "a")
        self.wait_for_cell("tasks", 1, "1")
        self.sluiced.kill()
        self.wait_for_state("lost")
        self.sluiced.start()
        self.wait_for_state("live")
        self.wait_for_cell("tasks", 1, "0")

    def test_holds_nothing_when_it_is_left(self):
        # A browser makes six connections to a server. Were the stream of a page that was left kept, the seventh would wait for its end.
        for _ in range(8):
            self.driver.get("about:blank")
            self.driver.get(self.sluiced.url)
            waited = self.driver.execute_script("return performance.getEntriesByType('navigation')[0].responseStart")
            self.assertLess(waited, PATIENCE * 1000 / 4, "no place was free")
        self.driver.get("about:blank")
        self.driver.back()
        self.wait_for_state("live")
        self.sluiced.run("put", "other", "a")
        self.wait_for_cell("other", 1, "1")

    def test_asks_nobody_else_and_breaks_no_rule(self):
        self.wait(lambda: self.driver.find_elements(By.CSS_SELECTOR, "#rates-chart canvas"), "the chart is drawn")
        asked = self.driver.execute_script("return performance.getEntriesByType('resource').map((each) => each.name)")
        self.assertGreater(len(asked), 5)
        self.assertEqual([url for url in asked if not url.startswith(self.sluiced.url + "/")], [])
        self.assertEqual([entry["message"] for entry in self.driver.get_log("browser")], [])


@unittest.skipIf(MISSING, MISSING)
class WorkThatTells(PageTest):
    config = """
handlers:
  teller: {subprocess: {commands: [{shell: "cat >&3; exec tail -f /dev/null"}]}}
pipelines:
  - name: talk
    stages: [{name: teller, input: tell, handler: teller, workers: 1}]
"""

    def test_shows_how_far_it_is(self):
        # Whatever a program says is text.
        job = self.sluiced.run("submit", "tell", '0.4 <img src=x onerror="document.title=1"> & so on\n').strip()
        self.wait(lambda: any("40% <img src=x" in text and "& so on" in text for text in self.texts("#running tbody tr")),
                  "the progress is shown")
        self.assertEqual(self.one("#running tbody progress").get_attribute("value"), "0.4")
        self.assertEqual(self.driver.find_elements(By.CSS_SELECTOR, "main img"), [])
        self.wait(lambda: any("40% <img" in text for text in self.texts("#jobs tbody tr")), "the job's is shown too")
        self.shoot("progress", "#running")
        self.sluiced.run("cancel", "tell", job)
        self.wait(lambda: not any("40%" in text for text in self.texts("#running tbody tr")), "it is gone")


@unittest.skipIf(MISSING, MISSING)
class RemoteWorkers(PageTest):
    config = """
limits: [{name: database, max_at_once: 5}]
pipelines:
  - name: far
    stages: [{name: shrink, input: big, output: small, start_workers: 2, limits: [database]}]
"""

    def start_worker(self, name):
        """It works on an item until it is told to stop."""
        command = [self.sluiced.bin / "sluice", "--server", self.sluiced.grpc, "work", "--stage", "far/shrink", "--name", name,
                   "--", "sleep", str(10 * PATIENCE)]
        worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(worker.wait, PATIENCE)
        self.addCleanup(worker.kill)
        return worker

    def wait_for_stage(self, *texts):
        self.wait(lambda: all(text in self.one(".stage").text for text in texts), lambda: f"{texts}, not {self.one('.stage').text}")

    def attached(self):
        return {row.split()[0]: "busy" if "busy" in row else "idle" for row in self.texts("#workers tbody tr")}

    def test_are_shown_as_they_come_work_and_go(self):
        self.wait_for_stage("remote workers", "no worker")
        self.assertFalse(self.one("#workers").is_displayed(), "what there is none of takes no room")
        self.sluiced.run("put", "big", "a")
        workers = [self.start_worker("elm")]
        self.wait_for_stage("0 of 1 remote busy", "starts with 2, 1 ready")
        self.wait(lambda: self.attached() == {"elm": "idle"}, "nobody works before both are there")
        workers.append(self.start_worker("oak"))
        self.wait_for_stage("1 of 2 remote busy")
        self.assertNotIn("ready", self.one(".stage").text)
        self.wait(lambda: sorted(self.attached().values()) == ["busy", "idle"], "one of two works")
        busy, = (name for name, state in self.attached().items() if state == "busy")
        self.wait(lambda: "far / shrink" in self.one("#running tbody").text, "it runs")
        self.assertIn(busy, self.one("#running tbody").text)
        self.assertEqual(len(self.driver.find_elements(By.CSS_SELECTOR, ".dots .remote[data-busy]")), 1)
        self.shoot("workers", "#running")
        self.look_at_the_stage(busy)
        self.press_in_row("Cancel…", "running", busy)
        self.press("Cancel it")
        self.wait(lambda: list(self.attached().values()) == ["idle", "idle"], "nobody works")
        self.assertEqual(self.sluiced.json("/api/v1/queues/big")["counters"]["cancelled"], 1)
        for worker in workers:
            worker.kill()
        self.wait_for_stage("no worker")
        self.wait(lambda: not self.one("#workers").is_displayed(), "nobody is attached")

    def look_at_the_stage(self, busy):
        self.one(".stage").click()
        facts = dict(zip(self.texts("#stage-dialog dt"), self.texts("#stage-dialog dd")))
        self.assertEqual((facts["Remote workers"], facts["Limits"], facts["Starts"]),
                         ("1 of 2 busy, with 1 item", "database", "with 2 workers; has started"))
        self.assertIn(f"{busy} from 127.0.0.1", self.one("#stage-dialog").text)
        self.assertIn("holds 1 item", self.one("#stage-dialog").text)
        self.assertFalse(self.one("#scale").is_displayed(), "the server has no workers for it")
        self.shoot("remote-stage")
        self.one("#stage-dialog .quiet").click()


if __name__ == "__main__":
    main("__main__")
