"""tests/docker/run where no engine can run: it says why, tests nothing, and does not fail.

Usage: skip_test.py SOURCE_DIRECTORY [TEST...]
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

RUN = pathlib.Path(sys.argv.pop(1)) / "tests" / "docker" / "run"
PATIENCE = 120
# Of the machine's programs the script finds these alone.
TOOLS = ["bash", "cat", "dirname", "env", "id", "mkdir", "readlink", "setsid", "tail", "timeout"]
ENGINE_IS_AWAY = """
case "$1" in
  --version) echo "Docker version 28.0.0, build 0" ;;
  buildx) exit 0 ;;
  *) exit 1 ;;
esac
"""


class Skip(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.bin = self.root / "bin"
        for folder in (self.bin, self.root / "tests" / "docker"):
            folder.mkdir(parents=True)
        shutil.copy(RUN, self.root / "tests" / "docker")
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.program("id", "echo 0")

    def program(self, name, script):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
        path.chmod(0o755)

    def assert_skipped(self, why):
        done = subprocess.run([self.root / "tests" / "docker" / "run"], env={**os.environ, "PATH": str(self.bin)}, capture_output=True,
                              text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("docker: SKIPPED, nothing was tested: "), done.stdout)
        self.assertIn(why, done.stdout)

    def test_without_docker(self):
        self.assert_skipped("there is no docker")

    def test_with_a_client_that_cannot_build(self):
        self.program("docker", ENGINE_IS_AWAY.replace("buildx) exit 0", "buildx) exit 1"))
        self.assert_skipped("no docker client that builds with BuildKit")

    def test_without_an_engine(self):
        self.program("docker", ENGINE_IS_AWAY)
        self.assert_skipped("there is no dockerd")

    def test_by_somebody_who_may_not_start_one(self):
        self.program("docker", ENGINE_IS_AWAY)
        self.program("dockerd", "exit 0")
        self.program("id", "echo 1000")
        self.assert_skipped("only root can start one")

    def test_with_an_engine_that_does_not_run_here(self):
        self.program("docker", ENGINE_IS_AWAY)
        self.program("dockerd", "echo 'failed to start daemon: operation not permitted' >&2; exit 1")
        self.assert_skipped("operation not permitted")


if __name__ == "__main__":
    unittest.main()
