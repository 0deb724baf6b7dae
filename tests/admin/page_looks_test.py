"""How the dashboard looks, in a real browser: on a phone, in the dark and the light, and with very much to show.

Usage: page_looks_test.py BIN_DIRECTORY [TEST...]; SCREENSHOTS=DIRECTORY keeps pictures.
"""

import unittest

from browser import MISSING, By, PageTest, main


@unittest.skipIf(MISSING, MISSING)
class Looks(PageTest):
    def test_fits_a_phone_in_the_dark(self):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.clearDeviceMetricsOverride", {})
        dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.setEmulatedMedia", {"features": []})
        self.wait(lambda: self.driver.execute_script("return document.documentElement.scrollWidth") <= 390, "nothing is wider")
        ground = self.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        self.assertLess(self.brightest(ground), 60)
        self.wait(lambda: self.driver.find_elements(By.CSS_SELECTOR, ".dygraph-axis-label"), "the charts have numbers")
        numbers = self.driver.execute_script("return getComputedStyle(document.querySelector('.dygraph-axis-label')).color")
        self.assertGreater(self.brightest(numbers), 120)
        self.shoot("phone")

    @staticmethod
    def brightest(color):
        return max(int(part) for part in color.strip("rgb()").split(","))

    def test_shows_five_hundred_queues(self):
        names = ", ".join(f"{{name: q{number:03}}}" for number in range(500))
        self.open(f"queues: [{names}]")
        self.wait(lambda: len(self.rows()) == 500, "all rows are there")
        self.sluiced.run("put", "q321", "x")
        self.wait_for_cell("q321", 1, "1")
        # What is out of sight is not laid out: else each change would cost as much as there are rows. ./dev bench page measures it.
        seen = self.driver.execute_script("return [...document.querySelectorAll('#queues tbody td:last-child')]"
                                          ".filter((each) => each.checkVisibility({contentVisibilityAuto: true})).length")
        self.assertGreater(seen, 0)
        self.assertLess(seen, 250)


if __name__ == "__main__":
    main("__main__")
