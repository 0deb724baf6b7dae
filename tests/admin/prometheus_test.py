"""The alert rules and the Grafana dashboard, asked of a real Prometheus that scrapes the real sluiced.

Usage: prometheus_test.py BIN_DIRECTORY SOURCE_DIRECTORY [TEST...]
"""

import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import yaml
from sluiced import PATIENCE, Sluiced, until

BIN = sys.argv.pop(1)
SOURCE = pathlib.Path(sys.argv.pop(1))
RULES = SOURCE / "docker/prometheus/rules.yml"
SKIPPED = 77

CONFIG = """
handlers:
  shout: {subprocess: {commands: [{argv: [tr, a-z, A-Z]}]}}
  break: {subprocess: {commands: [{argv: ["false"]}]}}
queues:
  - {name: small, settings: {capacity: 1}}
  - {name: held, settings: {}}
pipelines:
  - {name: loud, stages: [{name: shout, input: said, output: shouted, handler: shout}]}
  - {name: bad, stages: [{name: break, input: fragile, handler: break, retry: {max_attempts: 1}}]}
"""
# What asks for errors that a server without defects does not make.
HOPED_TO_BE_EMPTY = {"SluiceCallsFail"}
# What Grafana puts in.
VARIABLES = {"$__rate_interval": "1m", "$instance": ".*", "$queue": ".*", "$pipeline": ".*"}


class Prometheus:
    """With the configuration of docker/, but for the server's address and the pace."""

    def __init__(self, target):
        self.directory = tempfile.TemporaryDirectory()
        directory = pathlib.Path(self.directory.name)
        config = yaml.safe_load((SOURCE / "docker/prometheus/prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(RULES.parent / name) for name in config["rule_files"]]
        config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.log = open(directory / "log", "w+", encoding="utf-8")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
             f"--web.listen-address={self.address}"], stdout=self.log, stderr=subprocess.STDOUT)

    def stop(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        self.log.close()
        self.directory.cleanup()

    def get(self, path, **parameters):
        """What it answers; AssertionError with what it complains about."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error
        if told["status"] != "success" or told.get("warnings"):
            raise AssertionError(f"{parameters}: {told}")
        return told["data"]

    def query(self, expression):
        return self.get("query", query=expression)["result"]

    def ready(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError(f"prometheus has ended: {self.log.read()}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=PATIENCE).close() is None
        return False

    def scrapes(self):
        """Of sluiced, so far."""
        result = self.query('sum(sum_over_time(up{job="sluice"}[10m]))')
        return float(result[0]["value"][1]) if result else 0


def in_use(directory):
    """A server of which every kind of series has something to tell."""
    sluiced = Sluiced(BIN, CONFIG, data=directory)
    sluiced.run("put", "said", "a", "b", "c")
    sluiced.run("put", "fragile", "x")
    sluiced.run("put", "held", "x")
    sluiced.run("pause", "held")
    sluiced.run("put", "small", "x")
    sluiced.try_to_run("put", "small", "y", "--wait", "0s")
    sluiced.run("join", "said")
    sluiced.run("join", "fragile")
    return sluiced


def alerts():
    return yaml.safe_load(RULES.read_text())["groups"][0]["rules"]


def without_threshold(expression):
    """What an alert or a curve looks at, whether or not it is too much."""
    return re.sub(r"(==|<|>) *[0-9.]+", "", expression)


def filled_in(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


class Asked(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("prometheus", "promtool"):
            if shutil.which(tool) is None:
                raise unittest.SkipTest(f"there is no {tool} (package prometheus)")
        cls.data = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.data.cleanup)
        cls.sluiced = in_use(cls.data.name)
        cls.addClassCleanup(cls.sluiced.__exit__)
        cls.prometheus = Prometheus(cls.sluiced.admin)
        cls.addClassCleanup(cls.prometheus.stop)
        until(cls.prometheus.ready, "prometheus has started")
        # A rate needs two.
        until(lambda: cls.prometheus.scrapes() >= 3, "sluiced is scraped")

    def check(self, *command):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_alerts_are_well_formed_and_fire_on_what_they_are_for(self):
        self.check("check", "config", str(SOURCE / "docker/prometheus/prometheus.yml"))
        self.check("check", "rules", str(RULES))
        self.check("test", "rules", str(SOURCE / "tests/admin/alerts_test.yaml"))

    def test_every_alert_has_a_test(self):
        tests = (SOURCE / "tests/admin/alerts_test.yaml").read_text()
        for alert in alerts():
            self.assertIn(f'alertname="{alert["alert"]}", alertstate="firing"', tests)
            self.assertIn(f"alertname: {alert['alert']} }}", tests)

    def test_alerts_look_at_what_there_is(self):
        for alert in alerts():
            with self.subTest(alert["alert"]):
                self.prometheus.query(alert["expr"])
                found = self.prometheus.query(without_threshold(alert["expr"]))
                self.assertEqual(bool(found), alert["alert"] not in HOPED_TO_BE_EMPTY, found)

    def test_prometheus_evaluates_the_alerts(self):
        def evaluated():
            rules = self.prometheus.get("rules")["groups"][0]["rules"]
            return rules if all(rule["health"] != "unknown" for rule in rules) else None
        rules = until(evaluated, "the rules have been evaluated")
        self.assertEqual(len(rules), len(alerts()))
        for rule in rules:
            self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""), rule["name"])
        # Something is wrong with the server of this test, and it says what.
        self.assertEqual(next(rule["state"] for rule in rules if rule["name"] == "SluiceStalled"), "pending")

    def test_the_dashboard_shows_what_there_is(self):
        dashboard = json.loads((SOURCE / "docker/grafana/sluice.json").read_text())
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                with self.subTest(panel["title"], expression=target["expr"]):
                    expression = filled_in(target["expr"])
                    self.prometheus.query(expression)
                    self.assertTrue(self.prometheus.query(without_threshold(expression)), "no series")
        for annotation in dashboard["annotations"]["list"]:
            self.prometheus.query(filled_in(annotation["expr"]))
        ids = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_the_dashboards_choices_are_there(self):
        dashboard = json.loads((SOURCE / "docker/grafana/sluice.json").read_text())
        chosen = {}
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
                chosen[variable["name"]] = self.prometheus.get(f"label/{label}/values", **{"match[]": filled_in(series)})
        self.assertEqual(chosen["instance"], [self.sluiced.admin])
        self.assertEqual(chosen["pipeline"], ["bad", "loud"])
        self.assertLessEqual({"said", "shouted", "small"}, set(chosen["queue"]))


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    sys.exit(SKIPPED if result.skipped and result.testsRun == 0 else 0 if result.wasSuccessful() else 1)
