"""How the dashboard looks, in a real browser: on a phone and a desktop, in the dark and the light.

Usage: page_looks_test.py BIN_DIRECTORY [TEST...]; SCREENSHOTS=DIRECTORY keeps pictures.
"""

import json
import re
import subprocess
import unittest

from browser import MISSING, By, PageTest, main
from sluiced import PATIENCE

CONFIG = """
handlers:
  break: {subprocess: {commands: [{shell: "echo it burst because it was much too full >&2; exit 3"}]}}
limits: [{name: database, max_at_once: 5}]
queues:
  - {name: tasks, settings: {capacity: 4, dead_letter_queue: graves}}
  - {name: a-queue-with-a-name-that-is-longer-than-most-names-of-queues-are}
pipelines:
  - name: photos
    queues: [{name: broken, settings: {dead_letter_queue: graves, retry: {max_attempts: 1}}}]
    stages:
      - {name: breaker, input: broken, output: whole, handler: break, limits: [database]}
      - {name: shrink, input: whole, output: gallery}
      - {name: sleeper, input: nap, handler: builtin.sleep, workers: 2}
schedules:
  - {name: nightly, queue: tasks, cron: "0 3 * * *", time_zone: Europe/Berlin}
"""

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
DESKTOP = {"width": 1280, "height": 1400, "deviceScaleFactor": 1, "mobile": False}
# As WCAG wants it of text; of an element that is not in sight there is nothing to say.
READABLE = 4.5
TEXTS = ["h2", ".dim", "th", "td", "#stalls li", ".queue .name", ".queue .notes", ".stage .line", ".stage .notes", "button.danger", "button.small",
         "#dead .dim", "summary", "#connection", "figcaption", ".dygraph-axis-label", "footer a", "[data-busy] td:nth-child(4)"]
# The color of a text, and the grounds under it from the nearest to the page's.
COLORS = """
    const element = [...document.querySelectorAll(arguments[0])].find((each) => each.checkVisibility() && each.textContent.trim());
    if (!element) return null;
    const grounds = [];
    for (let at = element; at; at = at.parentElement) grounds.push(getComputedStyle(at).backgroundColor);
    return [getComputedStyle(element).color, grounds];"""
# Buttons that stick out of the window.
OUTSIDE = """return [...document.querySelectorAll(arguments[0])].filter((each) => {
    const box = each.getBoundingClientRect();
    return box.left < 0 || box.right > document.documentElement.clientWidth || box.width === 0;
  }).map((each) => each.textContent);"""


def channels(color):
    *rgb, alpha = ([float(part) for part in re.findall(r"[\d.]+", color)] + [1])[:4]
    return rgb, alpha


def luminance(rgb):
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (part / 255 for part in rgb)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color, grounds):
    ground = next(rgb for rgb, alpha in map(channels, grounds) if alpha == 1)
    bright, dark = sorted((luminance(channels(color)[0]), luminance(ground)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@unittest.skipIf(MISSING, MISSING)
class Looks(PageTest):
    config = CONFIG

    def setUp(self):
        super().setUp()
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.clearDeviceMetricsOverride", {})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.setEmulatedMedia", {"features": []})
        self.put_something_everywhere()

    def put_something_everywhere(self):
        self.sluiced.run("put", "broken", "a picture", "another picture")
        self.sluiced.run("put", "nap", f"{10 * PATIENCE}s")
        self.sluiced.run("put", "tasks", "grave", "a", "b", "c")
        token = json.loads(self.sluiced.run("get", "tasks", "--json"))["lease_token"]
        self.sluiced.run("fail", "tasks", token, "--message", "no good", "--do-not-retry")
        self.sluiced.run("submit", "a-queue-with-a-name-that-is-longer-than-most-names-of-queues-are", "a job")
        self.sluiced.run("put", "whole", "for the worker")
        worker = subprocess.Popen([self.sluiced.bin / "sluice", "--server", self.sluiced.grpc, "work", "--stage", "photos/shrink", "--",
                                   "sleep", str(10 * PATIENCE)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(worker.wait, PATIENCE)
        self.addCleanup(worker.kill)

    def look(self, device, scheme):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get(self.sluiced.url)
        self.wait_for_state("live")
        self.wait(lambda: len(self.texts("#dead tbody tr")) == 4 and len(self.texts("#running tbody tr")) == 2 and
                  self.texts("#workers [data-busy]") and self.texts("#limits tbody tr") and self.texts("#schedules tbody tr"), "all is shown")
        self.wait(lambda: self.driver.find_elements(By.CSS_SELECTOR, ".dygraph-axis-label"), "the charts have numbers")

    def check(self, device, scheme):
        width = device["width"]
        self.wait(lambda: self.driver.execute_script("return document.documentElement.scrollWidth") <= width, "nothing is wider")
        ground, _ = channels(self.driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(luminance(ground) < 0.05, scheme == "dark")
        for text in TEXTS:
            colors = self.driver.execute_script(COLORS, text)
            self.assertIsNotNone(colors, f"{text} is there")
            self.assertGreaterEqual(contrast(*colors), READABLE, f"{text}: {colors}")
        for buttons in ("#dead button", "#running button", "#limits button", "#schedules button"):
            self.assertEqual(self.driver.execute_script(OUTSIDE, buttons), [], f"{buttons} are within reach")

    def shoot_all(self, name):
        self.shoot(name)
        for section in ("#queues", "#running", "#schedules", "#dead"):
            self.shoot(name + section.replace("#", "-"), section)

    def test_on_any_screen_in_any_light(self):
        for device, screen in ((PHONE, "phone"), (DESKTOP, "desktop")):
            for scheme in ("dark", "light"):
                with self.subTest(screen=screen, scheme=scheme):
                    self.look(device, scheme)
                    self.check(device, scheme)
                    self.shoot_all(f"{screen}-{scheme}")

    def test_dialogs_fit_a_phone(self):
        self.look(PHONE, "dark")
        for opened, dialog in ((lambda: self.open_queue("graves"), "queue-dialog"), (lambda: self.one(".stage").click(), "stage-dialog")):
            opened()
            self.wait(lambda dialog=dialog: len(self.texts(f"#{dialog} li")) > 0, "it is filled")
            box = self.driver.execute_script("const {left, right, top, bottom} = arguments[0].getBoundingClientRect(); return [left, right, top, bottom]",
                                             self.one(f"#{dialog}"))
            self.assertGreaterEqual(min(box), 0)
            self.assertLessEqual(box[1], PHONE["width"])
            self.assertLessEqual(box[3], PHONE["height"])
            self.assertEqual(self.driver.execute_script(OUTSIDE, f"#{dialog} .buttons button:not([hidden])"), [])
            self.shoot(f"phone-{dialog}")
            self.one(f"#{dialog} .quiet").click()


if __name__ == "__main__":
    main("__main__")
