"""A sluiced for tests in Python, and the two ways to ask it: by HTTP and by the command."""

import contextlib
import json
import pathlib
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

PATIENCE = 60


class Sluiced:
    """Started at once; its ports stay the same over restarts."""

    def __init__(self, bin_directory, config="", flags=(), data="none"):
        self.bin = pathlib.Path(bin_directory).resolve()
        self.directory = tempfile.TemporaryDirectory()
        self.config = pathlib.Path(self.directory.name) / "sluiced.yaml"
        self.config.write_text(config)
        self.flags = ["--data", data, *flags]
        self.grpc = self.admin = "127.0.0.1:0"
        self.process = None
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.directory.cleanup()

    def start(self):
        command = [self.bin / "sluiced", "--config", self.config, "--listen", self.grpc, "--admin", self.admin, *self.flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        cwd=self.directory.name)
        told = {}
        watchdog = threading.Timer(PATIENCE, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            words = line.split()
            if words == ["ready"]:
                break
            told[words[1]] = words[2]
        watchdog.cancel()
        self.grpc, self.admin = told["grpc"], told["admin"]

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    @property
    def url(self):
        return f"http://{self.admin}"

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}{path}", timeout=PATIENCE) as answer:
            return answer.read().decode()

    def json(self, path):
        return json.loads(self.get(path))

    def post(self, path, body=None):
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(body or {}).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def run(self, *arguments):
        """The command against this server; what it prints."""
        return self.try_to_run(*arguments, check=True).stdout

    def try_to_run(self, *arguments, check=False):
        """The same, when it may fail."""
        return subprocess.run([self.bin / "sluice", "--server", self.grpc, *arguments], capture_output=True, text=True,
                              timeout=PATIENCE, check=check)


def until(condition, what):
    """Asks again and again until `condition()` is true, and returns what it gave."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
    raise AssertionError(f"not in time: {what}")
