"""The dashboard in a real browser: it loads, lives, and comes back.

Usage: page_test.py BIN_DIRECTORY [TEST...]; SCREENSHOTS=DIRECTORY keeps pictures.
"""

import json
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
        token = json.loads(self.sluiced.run("get", "tasks", "--json"))["lease_token"]
        self.sluiced.run("fail", "tasks", token, "--message", "it smells", "--do-not-retry")
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


if __name__ == "__main__":
    main("__main__")
