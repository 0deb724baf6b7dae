"""What the dashboard costs with 500 queues, in counts: the same on every machine, whoever else uses it. ./dev bench page has the times.

Usage: page_budget_test.py BIN_DIRECTORY [TEST...]
"""

import unittest

from browser import MISSING, PageTest, main

QUEUES = 500
RING = 10
# In sight, and changed by each event.
BUSY = 20
DRAWS = 10
LIST = "queues:\n" + "".join(f"  - {{name: q{number:03}}}\n" for number in range(QUEUES))
STAGES = "".join(f"      - {{name: s{i}, input: r{{0}}-{i}, output: r{{0}}-{(i + 1) % RING}, handler: builtin.sleep}}\n" for i in range(RING))
RINGS = "pipelines:\n" + "".join(f"  - name: r{ring}\n    stages:\n" + STAGES.replace("{0}", str(ring)) for ring in range(QUEUES // RING))
# Of it all, and of what the first paint waits for: the page and its styles.
FILES = 32
BYTES = 280_000
BYTES_TO_PAINT = 28_000
LAYOUTS_OF_A_DRAW = 4

ASKED = """return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].filter(
    (each) => !each.name.includes('/api/')).map((each) => [new URL(each.name).pathname, each.encodedBodySize, each.renderBlockingStatus]);"""
IN_SIGHT = """return [...document.querySelectorAll('#queues tbody td:last-child')].filter(
    (each) => each.checkVisibility({contentVisibilityAuto: true})).length;"""
ELEMENTS = "return [...document.querySelectorAll('*')].filter((each) => !each.closest('.charts, #stalls')).length"
# From here on: which rows of the list change, how many elements are made (but for the charts, which are drawn anew, and the sentences
# about stalls), and how often the page draws.
WATCH = """
    window.seen = {rows: [], made: 0, draws: 0};
    new MutationObserver((all) => {
      for (const {target, addedNodes} of all) {
        const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
        if (!element || element.closest('.charts, #stalls')) continue;
        const row = element.closest('#queues tbody tr');
        if (row && !window.seen.rows.includes(row.cells[0].textContent)) window.seen.rows.push(row.cells[0].textContent);
        window.seen.made += [...addedNodes].filter((each) => each.nodeType === Node.ELEMENT_NODE).length;
      }
    }).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
    const {requestAnimationFrame} = window;
    window.requestAnimationFrame = (draw) => {
      ++window.seen.draws;
      return requestAnimationFrame.call(window, draw);
    };"""


class Budget(PageTest):
    def seen(self):
        return self.driver.execute_script("return window.seen")

    def layouts(self):
        return next(each["value"] for each in self.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"] if each["name"] == "LayoutCount")

    def watch(self):
        self.driver.execute_cdp_cmd("Performance.enable", {})
        self.addCleanup(self.driver.execute_cdp_cmd, "Performance.disable", {})
        self.driver.execute_script(WATCH)
        return self.layouts()

    def check_layouts(self, before):
        """A page that asks where things are while it changes them is laid out for each of them."""
        draws = self.seen()["draws"]
        self.assertGreater(draws, 0)
        self.assertLessEqual(self.layouts() - before, LAYOUTS_OF_A_DRAW * draws)


@unittest.skipIf(MISSING, MISSING)
class List(Budget):
    config = LIST

    def test_first_load(self):
        asked = self.driver.execute_script(ASKED)
        self.assertLessEqual(len(asked), FILES)
        self.assertLess(sum(size for _, size, _ in asked), BYTES)
        self.assertEqual(sorted(path for path, _, blocking in asked if blocking == "blocking"), ["/page/flow.css", "/page/style.css"])
        self.assertLess(sum(size for path, size, blocking in asked if path == "/" or blocking == "blocking"), BYTES_TO_PAINT)

    def test_an_update_costs_what_it_changes(self):
        self.wait(lambda: len(self.rows()) == QUEUES, "all rows are there")
        self.sluiced.run("put", "q321", "x")
        self.wait_for_cell("q321", 1, "1")
        # What is out of sight is not laid out: else each change would cost as much as there are rows.
        self.assertTrue(0 < self.driver.execute_script(IN_SIGHT) < QUEUES / 2)
        elements = self.driver.execute_script(ELEMENTS)
        self.watch()
        for number in range(2, 8):
            self.sluiced.run("put", "q321", "x")
            self.wait_for_cell("q321", 1, str(number))
        self.assertEqual((self.seen()["rows"], self.seen()["made"]), (["q321"], 0))
        self.assertEqual(self.driver.execute_script(ELEMENTS), elements)

    def test_drawing_many_rows_lays_out_once(self):
        self.wait(lambda: len(self.rows()) == QUEUES, "all rows are there")
        for number in range(BUSY):
            self.sluiced.run("schedule", "create", f"s{number}", f"q{number:03}", "--every", "50ms")
        self.wait(lambda: all(self.rows()[f"q{number:03}"][1] != "0" for number in range(BUSY)), "all are busy")
        before = self.watch()
        self.wait(lambda: self.seen()["draws"] >= DRAWS, "they have been drawn often")
        self.assertGreaterEqual(len(self.seen()["rows"]), BUSY)
        self.check_layouts(before)


@unittest.skipIf(MISSING, MISSING)
class Rings(Budget):
    """All of them in pipelines, all of which work."""

    config = RINGS

    def test_drawing_all_of_them_lays_out_once(self):
        for ring in range(QUEUES // RING):
            self.sluiced.run("put", f"r{ring}-0", *["100ms"] * RING)
        self.wait(lambda: len(self.texts(".node")) == 2 * QUEUES, "all are drawn")
        before = self.watch()
        self.wait(lambda: self.seen()["draws"] >= DRAWS, "they have been drawn often")
        self.assertGreater(len(self.seen()["rows"]), RING, "much has changed")
        self.check_layouts(before)


if __name__ == "__main__":
    main("__main__")
