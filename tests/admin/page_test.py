"""The dashboard in a real browser: it loads, lives, and comes back.

Usage: page_test.py BIN_DIRECTORY [TEST...]; SCREENSHOTS=DIRECTORY keeps pictures.
"""

import json
import subprocess
import unittest

from browser import MISSING, By, PageTest, main
from sluiced import PATIENCE, until


@unittest.skipIf(MISSING, MISSING)
class Page(PageTest):
    def test_shows_what_the_command_shows(self):
        self.sluiced.run("put", "tasks", "a", "b")
        self.sluiced.run("put", "begin", "x", "y", "z")
        self.wait_for_cell("end", 1, "3")
        told = {queue["name"]: queue for queue in map(json.loads, self.sluiced.run("ls", "--json").splitlines())}
        self.wait_for_cell("tasks", 1, "2")
        shown = self.rows()
        self.assertEqual(sorted(shown), sorted(told))
        for name, cells in shown.items():
            numbers = [told[name][key] for key in ("waiting", "delayed", "leased")]
            self.assertEqual(cells[1:4], [str(number) for number in numbers], name)
            self.assertEqual(cells[4], f"{int(told[name]['settings']['capacity']):,}", name)
            self.assertEqual(cells[8], told[name]["counters"]["dead_lettered"], name)
        self.assertEqual(self.texts("#totals dd")[0], str(sum(int(queue["unfinished"]) for queue in told.values())))
        self.assertEqual(self.texts("#totals dd")[3], str(len(told)))
        self.assertEqual(self.texts(".pipeline h3"), ["line", "rest"])
        self.assertEqual(self.texts(".queue .name"), ["begin", "middle", "end", "nap"])
        self.assertEqual(self.texts(".stage .name"), ["first", "second", "sleeper"])
        self.shoot("numbers")

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

    def test_asks_nobody_else_and_breaks_no_rule(self):
        self.wait(lambda: self.driver.find_elements(By.CSS_SELECTOR, "#rates-chart canvas"), "the chart is drawn")
        asked = self.driver.execute_script("return performance.getEntriesByType('resource').map((each) => each.name)")
        self.assertGreater(len(asked), 5)
        self.assertEqual([url for url in asked if not url.startswith(self.sluiced.url + "/")], [])
        self.assertEqual([entry["message"] for entry in self.driver.get_log("browser")], [])


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
