"""A container of the image, hardened as an orchestrator would: no root, no capabilities, a read-only root file system."""

import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid

IMAGE = "sluice"
PATIENCE = 120  # seconds; only a broken test waits for so long
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp"]


def run(*command, check=True, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
    return done


def docker(*arguments, check=True):
    return run("docker", *arguments, check=check).stdout.strip()


def eventually(condition, what):
    """What `condition()` gives once it is true; it asks the engine or the server, which takes its time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
    raise AssertionError(f"it took too long until {what}")


class Container:
    """Gone with its volume at the end of the test."""

    def __init__(self, test, *options, command=(), data=None):
        self.name = f"sluice-test-{uuid.uuid4().hex[:12]}"
        test.addCleanup(self.remove)
        kept = data or ["--volume", f"{self.name}:/var/lib/sluice"]
        docker("run", "--detach", "--name", self.name, "--publish", "127.0.0.1::7410", "--publish", "127.0.0.1::7411",
               "--health-interval", "1s", *HARDENED, *kept, *options, IMAGE, *command)
        self.wait_until("healthy")

    def remove(self):
        docker("rm", "--force", "--volumes", self.name, check=False)
        docker("volume", "rm", "--force", self.name, check=False)

    def inspect(self):
        return json.loads(docker("inspect", self.name))[0]

    @property
    def state(self):
        return self.inspect()["State"]

    def wait_until(self, health):
        def is_so():
            state = self.state
            if not state["Running"]:
                raise AssertionError(f"the container has ended with {state['ExitCode']}: {self.logs()}")
            return state["Health"]["Status"] == health
        eventually(is_so, f"the container is {health}")

    def address(self, port=7410):
        """Where the port is to be reached from outside; after a restart it is another."""
        return docker("port", self.name, f"{port}/tcp").splitlines()[0]

    def logs(self):
        done = run("docker", "logs", self.name)
        return done.stdout + done.stderr

    def shell(self, script):
        return docker("exec", self.name, "sh", "-c", script)

    def http(self, path, method="GET", token=None):
        """Status and JSON of an answer of the admin endpoint."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"http://{self.address(7411)}{path}", headers=headers, method=method,
                                         data=b"{}" if method == "POST" else None)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
