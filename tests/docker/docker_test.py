#!/usr/bin/env python3
"""Tests the image with a real engine: what a container of it does when it is started, restarted, stopped and starved. Run by
./dev docker, which builds the image."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.parse
import urllib.request

from container import HARDENED, IMAGE, PATIENCE, Container, docker, eventually, run

HERE = os.path.dirname(os.path.abspath(__file__))
COMPOSE_FILE = os.path.join(HERE, "../../docker/compose.yaml")


class WithCommand(unittest.TestCase):
    """With the command out of the image, to speak to the server from outside of any container."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        os.chmod(cls.directory, 0o755)  # containers run as somebody else
        cls.cli = os.path.join(cls.directory, "sluice")
        container = docker("create", IMAGE)
        docker("cp", f"{container}:/usr/bin/sluice", cls.cli)
        docker("rm", "--volumes", container)

    def sluice(self, container, *arguments, check=True):
        return run(self.cli, "--server", container.address(), *arguments, check=check)

    def file(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(path, 0o644)
        return path

    def configured(self, config, *options):
        path = self.file(f"{self.id()}.yaml", config)
        return Container(self, "--volume", f"{path}:/etc/sluice/sluiced.yaml:ro", *options,
                         command=["--config", "/etc/sluice/sluiced.yaml"])


class Image(WithCommand):
    def test_is_small_and_says_what_it_is(self):
        image = json.loads(docker("image", "inspect", IMAGE))[0]
        config = image["Config"]
        base = json.loads(docker("image", "inspect", "debian:bookworm-slim"))[0]["Size"]
        print(f"the image has {image['Size'] / 1e6:.0f} MB, {(image['Size'] - base) / 1e6:.0f} of them on top of its base")
        # The published base has some 75 MB, one that is made out of Debian's archive twice that. Together they stay below 200.
        self.assertLess(image["Size"] - base, 100_000_000)
        self.assertRegex(config["User"], r"^[1-9][0-9]*:[1-9][0-9]*$")
        self.assertEqual(config["StopSignal"], "SIGTERM")
        self.assertEqual(list(config["Volumes"]), ["/var/lib/sluice"])
        self.assertEqual(config["Healthcheck"]["Test"], ["CMD", "sluice", "health"])
        labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
        self.assertEqual(labels["title"], "Sluice")
        self.assertEqual(run(self.cli, "version").stdout.strip(), f"sluice {labels['version']}")
        self.assertEqual(set(labels), {"title", "description", "licenses", "base.name", "version", "revision"})

    def test_may_do_nothing_that_it_need_not(self):
        container = Container(self)
        status = dict(line.split(":\t", 1) for line in container.shell("cat /proc/1/status").splitlines())
        self.assertEqual(status["Uid"].split()[0], "65532")
        self.assertEqual((int(status["CapEff"], 16), int(status["CapBnd"], 16), status["NoNewPrivs"]), (0, 0, "1"))
        self.assertIn("Read-only", run("docker", "exec", container.name, "sh", "-c", "echo >/etc/sluice/x", check=False).stderr)

    def test_is_configured_by_file_flags_variables_and_secret_files(self):
        config = self.file("all.yaml", "queues: [{name: filed}]\nlog: {level: error}\nthreads: 7\ndrain_timeout: 9s\n")
        secret = self.file("token", "open-sesame\n")
        container = Container(self, "--volume", f"{config}:/etc/sluice/sluiced.yaml:ro", "--volume", f"{secret}:/run/secrets/token:ro",
                              "--env", "SLUICE_ADMIN_TOKEN_FILE=/run/secrets/token", "--env", "SLUICE_LOG_LEVEL=warn",
                              command=["--config", "/etc/sluice/sluiced.yaml", "--log-level", "debug"])
        self.assertEqual(container.http("/api/v1/queues/filed")[0], 200)
        self.assertEqual(container.http("/api/v1/log")[1]["level"], "debug")
        self.assertEqual(container.http("/api/v1/queues/filed/pause", "POST")[0], 401)
        self.assertEqual(container.http("/api/v1/queues/filed/pause", "POST", token="open-sesame")[0], 200)

    def test_keeps_everything_over_restarts_and_kills(self):
        container = Container(self)
        self.sluice(container, "create", "tasks")
        for number, end in enumerate(("restart", "kill")):
            self.sluice(container, "put", "tasks", f"item {number}")
            docker(end, container.name)
            if end == "kill":
                docker("start", container.name)
            container.wait_until("healthy")
        self.assertEqual([self.sluice(container, "get", "tasks", "--done").stdout for _ in range(2)], ["item 0", "item 1"])

    def test_the_next_container_with_the_volume_goes_on(self):
        first = Container(self)
        self.sluice(first, "create", "tasks")
        self.sluice(first, "put", "tasks", "kept")
        refused = run("docker", "run", "--rm", *HARDENED, "--volume", f"{first.name}:/var/lib/sluice", IMAGE, check=False)
        self.assertEqual(refused.returncode, 1, "one at a time")
        self.assertIn("cannot start", refused.stderr)
        docker("stop", first.name)
        docker("rm", first.name)
        second = Container(self, data=["--volume", f"{first.name}:/var/lib/sluice"])
        self.assertEqual(self.sluice(second, "get", "tasks", "--done").stdout, "kept")


class Stop(WithCommand):
    HANDLER = """
handlers: {{hold: {{subprocess: {{commands: [{{shell: '{script}'}}]}}}}}}
pipelines: [{{name: line, stages: [{{input: in, output: out, handler: hold}}]}}]
"""

    def busy(self, script, *options):
        """A server with a handler that is at work on an item."""
        container = self.configured(self.HANDLER.format(script=f"touch /tmp/working; {script}"), *options)
        self.sluice(container, "put", "in", "hello")
        eventually(lambda: "working" in container.shell("ls /tmp"), "the item is worked on")
        return container

    def test_of_an_idle_server_takes_no_time(self):
        container = Container(self)
        docker("stop", container.name)
        self.assertEqual(container.state["ExitCode"], 0, container.logs())

    def test_lets_running_work_finish(self):
        container = self.busy("mkfifo /tmp/finish; cat /tmp/finish >/dev/null; cat", "--env", "SLUICE_DRAIN_TIMEOUT=60s")
        with subprocess.Popen(["docker", "stop", "--time", "90", container.name], stdout=subprocess.DEVNULL) as stop:
            eventually(lambda: container.http("/readyz")[0] == 503, "the drain has begun")
            # It lives, and takes no more.
            self.assertEqual(container.shell("sluice health --live; sluice health || echo $?"), "serving\nnot serving\n1")
            container.shell("echo >/tmp/finish")
            self.assertEqual(stop.wait(PATIENCE), 0)
        self.assertEqual(container.state["ExitCode"], 0, container.logs())
        docker("start", container.name)
        container.wait_until("healthy")
        self.assertEqual(self.sluice(container, "get", "out", "--done").stdout, "hello")

    def test_gives_back_what_does_not_finish_within_the_default_grace(self):
        container = self.busy('trap "" TERM; mkfifo /tmp/never; cat /tmp/never')
        docker("stop", container.name)
        # 137 would mean that the engine lost its patience after ten seconds.
        self.assertEqual(container.state["ExitCode"], 0, container.logs())
        docker("start", container.name)
        eventually(lambda: "working" in container.shell("ls /tmp"), "the item is worked on again")
        running = container.http("/api/v1/running")[1]["running"]
        self.assertEqual([each["attempt"] for each in running], [1], "the drain is not the item's fault")


class Trouble(WithCommand):
    def test_an_orphaned_grandchild_is_reaped(self):
        # The shell ends before its child does, which is in a session of its own: nobody is left to wait for it.
        container = self.configured(Stop.HANDLER.format(script="mkfifo /tmp/end; setsid -f cat /tmp/end </dev/null >/dev/null 2>&1; cat"))
        self.sluice(container, "put", "in", "hello")
        self.assertEqual(self.sluice(container, "get", "out", "--wait", f"{PATIENCE}s", "--done").stdout, "hello")
        states = "for each in /proc/[0-9]*/stat; do cut -d' ' -f2-4 $each; done 2>/dev/null"
        orphans = [line for line in container.shell(states).splitlines() if line.startswith("(cat)") and line.endswith(" 1")]
        self.assertEqual(len(orphans), 1, "tini is its parent now")
        container.shell("echo >/tmp/end")

        def left():
            processes = [line.split() for line in container.shell(states).splitlines()]
            return [each for each in processes if each[1] == "Z" or each[0] == "(cat)" and each[2] == "1"]
        eventually(lambda: not left(), "the orphan is gone")

    def test_a_full_disk_is_unhealthy_refuses_puts_and_drains(self):
        # The store may grow beyond the disk, and shares it with something else, so it is the disk that ends.
        container = Container(self, data=["--tmpfs", "/var/lib/sluice:size=64m,uid=65532,gid=65532,mode=700"],
                              command=["--data-max-bytes", str(64 << 20)])
        container.shell(f"head -c {24 << 20} /dev/zero >/var/lib/sluice/else")
        self.sluice(container, "create", "tasks", "--capacity", "0")
        payload = self.file("payload", "x" * (1 << 20))
        taken = 0
        while (put := self.sluice(container, "put", "tasks", "--file", payload, check=False)).returncode == 0:
            taken += 1
            self.assertLess(taken, 40, "more went in than the disk holds")
        self.assertIn("STORAGE_FULL", put.stderr)
        container.wait_until("unhealthy")
        self.assertEqual(container.http("/healthz")[0], 200)
        status, problem = container.http("/readyz")
        self.assertEqual((status, problem["reason"]), (503, "STORAGE_FULL"))
        for _ in range(taken):
            self.sluice(container, "get", "tasks", "--done", "--wait", f"{PATIENCE}s")
        container.shell("rm /var/lib/sluice/else")
        container.wait_until("healthy")
        self.sluice(container, "put", "tasks", "again")
        docker("stop", container.name)
        self.assertEqual(container.state["ExitCode"], 0, container.logs())

    def test_a_server_that_hangs_is_unhealthy(self):
        container = Container(self)
        process = container.shell("for each in /proc/[0-9]*; do read -r name <$each/comm && [ $name = sluiced ] && echo ${each#/proc/}; done")
        container.shell(f"kill -STOP {process}")
        container.wait_until("unhealthy")
        container.shell(f"kill -CONT {process}")
        container.wait_until("healthy")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


class Compose(unittest.TestCase):
    """docker/compose.yaml as it is, but for a Prometheus out of Debian's archive."""

    def setUp(self):
        tool = ["docker", "compose"] if run("docker", "compose", "version", check=False).returncode == 0 else ["docker-compose"]
        if shutil.which(tool[0]) is None:
            self.skipTest("there is no docker compose; apt-get install docker-compose")
        self.ports = {name: free_port() for name in ("SLUICE_PORT", "SLUICE_ADMIN_PORT", "PROMETHEUS_PORT")}
        self.command = [*tool, "--project-name", f"sluice-test-{os.getpid()}", "--file", COMPOSE_FILE, "--file",
                        os.path.join(HERE, "compose.test.yaml")]
        self.addCleanup(self.compose, "down", "--volumes", "--timeout", "60", check=False)
        self.compose("up", "--detach", "--no-build")

    def compose(self, *arguments, check=True):
        return run(*self.command, *arguments, check=check, env={**os.environ, **self.ports}).stdout

    def ask_prometheus(self, expression):
        url = f"http://127.0.0.1:{self.ports['PROMETHEUS_PORT']}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                return [each["value"][1] for each in json.load(answer)["data"]["result"]]
        except OSError:
            return None

    def test_a_picture_goes_in_comes_out_small_and_is_seen(self):
        # As the README says.
        self.compose("exec", "-T", "workers", "sh", "-c", "convert -size 1600x1200 plasma: jpg:- | sluice put resize --file -")
        small = self.compose("exec", "-T", "workers", "sh", "-c",
                             f"sluice get gallery --wait {PATIENCE}s --done | identify -format '%m %wx%h' -")
        kind, width, height = re.fullmatch(r"(\w+) (\d+)x(\d+)", small.strip()).groups()
        self.assertEqual((kind, width, height), ("JPEG", "640", "480"))
        admin = f"http://localhost:{self.ports['SLUICE_ADMIN_PORT']}"
        with urllib.request.urlopen(f"{admin}/", timeout=PATIENCE) as page:
            self.assertIn("Sluice", page.read().decode())
        with urllib.request.urlopen(f"{admin}/api/v1/workers", timeout=PATIENCE) as workers:
            self.assertEqual([(each["stage"], each["done"]) for each in json.load(workers)["workers"]], [("resize", 1)])
        eventually(lambda: self.ask_prometheus('sluice_queue_done_total{job="sluice", queue="resize"}') == ["1"],
                   "Prometheus has seen it, too")
        self.assertEqual(self.ask_prometheus("count(ALERTS)"), [], "all is well")


if __name__ == "__main__":
    unittest.main(verbosity=2)
