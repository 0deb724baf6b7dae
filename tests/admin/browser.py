"""A real browser that looks at the dashboard: what the tests of the page have in common.

SCREENSHOTS=DIRECTORY keeps pictures.
"""

import os
import shutil
import sys
import tempfile
import unittest

from sluiced import PATIENCE, Sluiced

try:
    from selenium import webdriver
    from selenium.common.exceptions import ElementClickInterceptedException, TimeoutException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait
    MISSING = None if shutil.which("chromedriver") and shutil.which("chromium") else "there is no chromium with chromium-driver"
except ImportError:
    By = Keys = None
    MISSING = "there is no python3-selenium"

SKIPPED = 77


def clicked(button):
    """False if what is drawn moved away from under the pointer: as a person would, try again."""
    try:
        button.click()
        return True
    except ElementClickInterceptedException:
        return False


CONFIG = """
queues:
  - {name: tasks, settings: {capacity: 4}}
  - {name: other}
pipelines:
  - name: line
    stages:
      - {name: first, input: begin, output: middle, handler: builtin.identity, workers: 2}
      - {name: second, input: middle, output: end, handler: builtin.upper, workers: 1}
  - name: rest
    stages: [{name: sleeper, input: nap, handler: builtin.sleep, workers: 1}]
"""

CHROMIUM = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,1400"]


def browser(profile, *flags):
    options = webdriver.ChromeOptions()
    for argument in [*CHROMIUM, f"--user-data-dir={profile}", *flags]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    driver.set_page_load_timeout(PATIENCE)
    return driver


class PageTest(unittest.TestCase):
    """A server with the class's configuration, and a browser that looks at it."""

    bin = None
    config = CONFIG

    @classmethod
    def setUpClass(cls):
        cls.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.driver = browser(cls.profile.name)

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()
        cls.profile.cleanup()

    def setUp(self):
        self.open(self.config)

    def open(self, config):
        self.sluiced = Sluiced(self.bin, config)
        self.addCleanup(self.sluiced.__exit__)
        self.addCleanup(self.driver.get, "about:blank")
        self.driver.get_log("browser")
        self.driver.get(self.sluiced.url)
        self.wait_for_state("live")

    # What one sees.

    def wait(self, condition, what):
        """`what` is awaited, or tells it when it did not come."""
        try:
            return WebDriverWait(self.driver, PATIENCE, poll_frequency=0.05).until(lambda _: condition())
        except TimeoutException:
            raise AssertionError(f"not in time: {what() if callable(what) else what}") from None

    def wait_for_state(self, state):
        self.wait(lambda: self.one("#connection").get_attribute("data-state") == state, f"the connection is {state}")

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return self.driver.execute_script("return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText)", selector)

    def rows(self):
        """The cells of the queues' table by name, also of rows that are out of sight and so have no visible text."""
        return self.driver.execute_script("return Object.fromEntries([...document.querySelectorAll('#queues tbody tr')].map("
                                          "(row) => [row.cells[0].textContent, [...row.cells].slice(1).map((cell) => cell.textContent)]))")

    def wait_for_cell(self, queue, column, text):
        self.wait(lambda: self.rows().get(queue, [""] * 9)[column] == text, lambda: f"{queue} shows {text}: {self.rows()}")

    def press(self, text, within="dialog[open]"):
        def pressed():
            for button in self.driver.find_elements(By.CSS_SELECTOR, f"{within} button"):
                if button.text == text and button.is_displayed() and button.is_enabled():
                    return clicked(button)
            return False
        self.wait(pressed, f"a button {text}")

    def press_in_row(self, text, table, row):
        """A button of the row that says `row`."""
        def pressed():
            for each in self.driver.find_elements(By.CSS_SELECTOR, f"#{table} tbody tr"):
                if row in each.text:
                    found = [button for button in each.find_elements(By.TAG_NAME, "button") if button.text == text]
                    if found:
                        return clicked(found[0])
            return False
        self.wait(pressed, lambda: f"a button {text} beside {row}: {self.texts(f'#{table} tbody tr')}")

    def fill(self, selector, text):
        field = self.one(selector)
        field.clear()
        field.send_keys(text)

    def open_queue(self, name):
        self.press(name, within="#queues tbody")
        self.wait(lambda: self.one("#queue-dialog h3").text == name, "the dialog is open")

    def shoot(self, name, section=None):
        if "SCREENSHOTS" in os.environ:
            if section:
                self.driver.execute_script("arguments[0].closest('section').scrollIntoView()", self.one(section))
            self.driver.save_screenshot(os.path.join(os.environ["SCREENSHOTS"], f"{name}.png"))


def main(module):
    """Runs the tests of a file: FILE BIN_DIRECTORY [TEST...]."""
    PageTest.bin = sys.argv.pop(1)
    result = unittest.main(module=module, exit=False).result
    everything_skipped = result.testsRun > 0 and len(result.skipped) == result.testsRun
    sys.exit(SKIPPED if everything_skipped else 0 if result.wasSuccessful() else 1)
