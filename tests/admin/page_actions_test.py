"""What one can do on the dashboard, pressed in a real browser, and seen at the server.

Usage: page_actions_test.py BIN_DIRECTORY [TEST...]; SCREENSHOTS=DIRECTORY keeps pictures.
"""

import json
import re
import unittest

from browser import CONFIG, MISSING, Keys, PageTest, main
from sluiced import PATIENCE, until


@unittest.skipIf(MISSING, MISSING)
class Actions(PageTest):
    def test_acts_on_queues(self):
        self.sluiced.run("put", "tasks", "a", "b", "c")
        self.wait_for_cell("tasks", 1, "3")
        self.open_queue("tasks")
        self.wait(lambda: len(self.texts("#queue-dialog .items code")) == 3, "the items are shown")
        self.shoot("queue")
        self.press("Pause")
        self.wait_for_cell("tasks", 0, "stalled")
        self.assertTrue(self.sluiced.json("/api/v1/queues/tasks")["paused"])
        self.press("Resume")
        until(lambda: not self.sluiced.json("/api/v1/queues/tasks")["paused"], "it is resumed")
        self.press("Purge…")
        self.press("Back", within="#sure-dialog")
        self.assertEqual(self.sluiced.json("/api/v1/queues/tasks")["waiting"], 3)
        self.press("Purge…")
        self.press("Purge", within="#sure-dialog")
        self.wait_for_cell("tasks", 1, "0")
        self.press("Close…")
        self.press("Close", within="#sure-dialog")
        self.wait_for_cell("tasks", 0, "closed")

    def test_acts_on_stages(self):
        self.one(".stage").click()
        self.wait(lambda: self.one("#stage-dialog h3").text == "first", "the dialog is open")
        workers = self.one("#workers-wanted")
        workers.clear()
        workers.send_keys("5")
        self.press("Scale")
        self.wait(lambda: "0 of 5 busy" in self.texts(".stage")[0], "five workers")
        self.press("Pause")
        self.wait(lambda: "paused" in self.texts(".stage")[0], "it is paused")
        self.sluiced.run("put", "begin", "x")
        self.wait(lambda: "is paused" in self.one("#stalls").text, "the stall is told")
        self.shoot("stage")
        self.press("Resume")
        self.wait_for_cell("end", 1, "1")

    def test_closes_at_once(self):
        self.sluiced.run("put", "tasks", "a", "b")
        self.open_queue("tasks")
        self.press("Close…")
        self.one("#sure-dialog input").click()
        self.press("Close", within="#sure-dialog")
        self.wait_for_cell("tasks", 0, "closed")
        self.assertEqual(self.sluiced.json("/api/v1/queues/tasks")["counters"]["discarded"], 2)

    def test_closes_a_pipeline(self):
        self.press("Close…", within=".pipeline")
        self.press("Back", within="#sure-dialog")
        self.assertEqual(self.sluiced.json("/api/v1/queues/begin")["state"], "QUEUE_STATE_OPEN")
        self.press("Close…", within=".pipeline")
        self.press("Close", within="#sure-dialog")
        self.wait(lambda: self.one(".pipeline .told").text == "finished", "the pipeline is finished")
        self.assertEqual(self.sluiced.json("/api/v1/queues/end")["state"], "QUEUE_STATE_CLOSED")

    def test_changes_a_limit(self):
        self.sluiced.run("limit", "create", "database", "--at-once", "3")
        self.press_in_row("Change…", "limits", "database")
        self.fill("#limit-at-once", "7")
        self.fill("#limit-per-second", "2.5")
        self.one("#limit-burst").send_keys(Keys.ENTER)
        self.wait(lambda: "0 of 7" in self.one("#limits tbody").text, "the limit is changed")
        spec = self.sluiced.json("/api/v1/limits/database")["spec"]
        self.assertEqual((spec["max_at_once"], spec["per_second"], spec["burst"]), (7, 2.5, 1))

    def test_pauses_a_schedule(self):
        self.sluiced.run("schedule", "create", "nightly", "other", "--every", "1h")
        self.press_in_row("Pause", "schedules", "nightly")
        self.wait(lambda: "paused" in self.one("#schedules tbody").text, "the schedule is paused")
        self.assertTrue(self.sluiced.json("/api/v1/schedules/nightly")["paused"])
        self.press_in_row("Resume", "schedules", "nightly")
        self.wait(lambda: "paused" not in self.one("#schedules tbody").text, "the schedule ticks again")
        self.assertFalse(self.sluiced.json("/api/v1/schedules/nightly")["paused"])

    def test_sets_the_level_of_the_log(self):
        self.wait(lambda: self.one("#log-level").get_attribute("value") == "info", "the level is shown")
        self.one("#log-level option[value=warn]").click()
        until(lambda: self.sluiced.json("/api/v1/log")["level"] == "warn", "the level is set")

    def test_goes_by_keyboard(self):
        self.type("/")
        self.wait(lambda: self.focused().get_attribute("id") == "filter", "the filter has the focus")
        self.type("oth")
        self.wait(lambda: list(self.rows()) == ["other"], "one row is left")
        self.tab_to("other")
        self.type(Keys.ENTER)
        self.wait(lambda: self.one("#queue-dialog h3").is_displayed(), "the dialog is open")
        self.tab_to("Pause")
        self.type(Keys.ENTER)
        until(lambda: self.sluiced.json("/api/v1/queues/other")["paused"], "it is paused")
        self.tab_to("Close…")
        self.type(Keys.ENTER)
        self.wait(lambda: self.one("#sure-dialog h3").is_displayed(), "it asks whether one is sure")
        self.type(Keys.ESCAPE)
        self.wait(lambda: not self.one("#sure-dialog").is_displayed(), "one is not")
        self.type(Keys.ESCAPE)
        self.wait(lambda: self.focused().text == "other", "the focus is back where it was")
        self.assertEqual(self.sluiced.json("/api/v1/queues/other")["state"], "QUEUE_STATE_OPEN")

    def focused(self):
        return self.driver.switch_to.active_element

    def type(self, keys):
        self.focused().send_keys(keys)

    def tab_to(self, text):
        for _ in range(50):
            if self.focused().text == text:
                return
            self.type(Keys.TAB)
        self.fail(f"no way to {text} by the tabulator")


ITEMS_CONFIG = """
handlers:
  break: {subprocess: {commands: [{shell: "echo it burst >&2; exit 3"}]}}
queues:
  - {name: tasks, settings: {dead_letter_queue: graves}}
  - {name: other}
pipelines:
  - name: bad
    queues: [{name: broken, settings: {dead_letter_queue: graves, retry: {max_attempts: 1}}}]
    stages: [{name: breaker, input: broken, handler: break}]
  - name: rest
    stages: [{name: sleeper, input: nap, handler: builtin.sleep, workers: 1}]
"""


@unittest.skipIf(MISSING, MISSING)
class Items(PageTest):
    config = ITEMS_CONFIG

    def queue(self, name):
        return self.sluiced.json(f"/api/v1/queues/{name}")

    def bury(self, *payloads):
        """Dead letters of `tasks`."""
        self.sluiced.run("put", "tasks", *payloads)
        for _ in payloads:
            token = json.loads(self.sluiced.run("get", "tasks", "--json"))["lease_token"]
            self.sluiced.run("fail", "tasks", token, "--message", "no good", "--do-not-retry")

    def wait_for_dead(self, *payloads):
        self.wait(lambda: sorted(self.texts("#dead tbody tr:not(.group) code")) == sorted(payloads),
                  lambda: f"the dead letters {payloads} are shown: {self.texts('#dead tbody tr')}")

    def test_sends_back_one_some_and_all(self):
        self.bury("one", "two")
        self.sluiced.run("put", "broken", "three")
        self.wait_for_dead("one", "two", "three")
        self.assertIn("EXIT_CODE in breaker", self.texts("#dead tbody")[0])
        self.shoot("dead", "#dead")
        self.press_in_row("Redrive", "dead", "one")
        self.wait_for_dead("two", "three")
        self.assertEqual((self.queue("tasks")["waiting"], self.queue("graves")["counters"]["redriven"]), (1, 1))
        self.sluiced.run("pause", "broken")
        self.press_in_row("Redrive EXIT_CODE", "dead", "graves")
        self.wait_for_dead("two")
        self.assertEqual((self.queue("tasks")["waiting"], self.queue("broken")["waiting"]), (1, 1))
        self.press_in_row("Redrive all", "dead", "graves")
        self.wait_for_dead()
        self.assertEqual((self.queue("tasks")["waiting"], self.queue("graves")["counters"]["redriven"]), (2, 3))

    def test_sends_elsewhere(self):
        self.bury("one")
        self.sluiced.run("put", "broken", "two")
        self.wait_for_dead("one", "two")
        self.press_in_row("Redrive…", "dead", "graves")
        self.fill("#redrive-to", "nowhere")
        self.press("Redrive")
        self.wait(lambda: "nowhere" in self.one("#message").text, "the server says that there is no such queue")
        self.press_in_row("Redrive…", "dead", "graves")
        self.fill("#redrive-to", "other")
        self.fill("#redrive-reason", "EXIT_CODE")
        self.press("Redrive")
        self.wait_for_dead("one")
        self.assertEqual((self.queue("other")["waiting"], self.queue("graves")["waiting"]), (1, 1))

    def test_tells_what_stays(self):
        self.bury("one")
        self.wait_for_dead("one")
        self.sluiced.run("close", "tasks")
        self.press_in_row("Redrive", "dead", "one")
        self.wait(lambda: self.one("#message").text == "0 items of graves sent back; 1 not, because its queue is closed", "it stays")
        self.assertEqual(self.queue("graves")["waiting"], 1)

    def test_throws_away(self):
        self.bury("one", "two", "three")
        self.wait_for_dead("one", "two", "three")
        self.press_in_row("Discard…", "dead", "two")
        self.press("Back")
        self.press_in_row("Discard…", "dead", "two")
        self.press("Discard it")
        self.wait_for_dead("one", "three")
        self.assertEqual(self.queue("graves")["counters"]["cancelled"], 1)
        self.press_in_row("Purge…", "dead", "graves")
        self.press("Purge")
        self.wait_for_dead()
        self.assertEqual((self.queue("graves")["unfinished"], self.queue("graves")["counters"]["discarded"]), (0, 2))

    def test_cancels_what_runs(self):
        self.sluiced.run("put", "nap", f"{10 * PATIENCE}s")
        self.wait(lambda: "rest / sleeper" in self.one("#running tbody").text, "it runs")
        self.shoot("running", "#running")
        self.press_in_row("Cancel…", "running", "rest / sleeper")
        self.press("Cancel it")
        self.wait(lambda: not self.texts("#running tbody tr"), "nothing runs")
        self.assertEqual((self.queue("nap")["counters"]["cancelled"], self.queue("nap")["unfinished"]), (1, 0))

    def test_cancels_what_a_consumer_holds(self):
        self.sluiced.run("put", "tasks", "held")
        token = json.loads(self.sluiced.run("get", "tasks", "--json"))["lease_token"]
        self.press_in_row("Cancel…", "running", "tasks")
        self.press("Cancel it")
        self.wait(lambda: not self.texts("#running tbody tr"), "nobody holds anything")
        self.assertEqual(self.queue("tasks")["counters"]["cancelled"], 1)
        self.assertIn("LEASE_LOST", self.sluiced.try_to_run("done", "tasks", token).stderr)

    def test_cancels_what_waits(self):
        self.sluiced.run("put", "tasks", "first")
        self.sluiced.run("put", "tasks", "second", "--delay", "1h")
        self.open_queue("tasks")
        self.wait(lambda: self.texts("#queue-dialog .items code") == ["first", "second"], "both are shown")
        self.press("Cancel…", within="#queue-dialog .items")
        self.press("Cancel it")
        self.wait(lambda: self.texts("#queue-dialog .items code") == ["second"], "one is left")
        queue = self.queue("tasks")
        self.assertEqual((queue["waiting"], queue["delayed"], queue["counters"]["cancelled"]), (0, 1, 1))


@unittest.skipIf(MISSING, MISSING)
class All(PageTest):
    """Whatever the endpoint can do, the page can."""

    KEEP_WHAT_IS_ASKED = """
        window.asked = [];
        const {fetch} = window;
        window.fetch = (target, options) => {
          window.asked.push(`${options?.method ?? 'GET'} ${new URL(target, location).pathname}`);
          return fetch(target, options);
        };"""

    def do_all_to_a_queue(self):
        self.sluiced.run("put", "tasks", "a", "b")
        self.open_queue("tasks")
        for buttons in (["Pause"], ["Resume"], ["Cancel…", "Cancel it"], ["Redrive…", "Redrive"], ["Purge…", "Purge"], ["Close…", "Close"]):
            for button in buttons:
                self.press(button)
        self.one("#queue-dialog .quiet").click()

    def do_all_to_a_pipeline(self):
        self.one(".stage").click()
        for button in ("Scale", "Pause", "Resume"):
            self.press(button)
        self.one("#stage-dialog .quiet").click()
        self.press("Close…", within=".pipeline")
        self.press("Close")

    def do_all_to_rules(self):
        self.press_in_row("Change…", "limits", "database")
        self.press("Change")
        self.press_in_row("Pause", "schedules", "nightly")
        self.press_in_row("Resume", "schedules", "nightly")
        self.one("#log-level option[value=warn]").click()

    def test_that_the_endpoint_can_do(self):
        self.sluiced.run("limit", "create", "database", "--at-once", "3")
        self.sluiced.run("schedule", "create", "nightly", "other", "--every", "1h")
        self.driver.execute_script(self.KEEP_WHAT_IS_ASKED)
        self.do_all_to_a_queue()
        self.do_all_to_a_pipeline()
        self.do_all_to_rules()
        actions = [route for route in self.sluiced.json("/api/v1")["routes"] if not route.startswith("GET ")]
        self.assertGreater(len(actions), 10)

        def missing():
            asked = self.driver.execute_script("return window.asked")
            return [route for route in actions if not any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", route), each) for each in asked)]
        self.wait(lambda: not missing(), lambda: f"all are asked for: {missing()}")


@unittest.skipIf(MISSING, MISSING)
class Token(PageTest):
    config = CONFIG + "admin: {token: s3cret}\n"

    def test_is_asked_for_once(self):
        self.open_queue("tasks")
        self.press("Pause")
        self.wait(lambda: self.one("#token").is_displayed(), "the token is asked for")
        self.one("#token").send_keys("s3cret")
        self.press("Use it")
        until(lambda: self.sluiced.json("/api/v1/queues/tasks")["paused"], "it is paused")
        self.press("Resume")
        until(lambda: not self.sluiced.json("/api/v1/queues/tasks")["paused"], "it is resumed without asking again")


if __name__ == "__main__":
    main("__main__")
