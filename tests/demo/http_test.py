#!/usr/bin/env python3
"""http_test.py BIN SOURCE: the pipeline of examples/photos, with pictures that a web server has, and one that it has not."""

import functools
import http.server
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

BIN, SOURCE = pathlib.Path(sys.argv.pop(1)).resolve(), pathlib.Path(sys.argv.pop(1)).resolve()
PATIENCE = 120


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Photos(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.gallery = pathlib.Path(temporary.name) / "gallery"
        self.gallery.mkdir()
        self.web = pathlib.Path(temporary.name) / "web"
        self.web.mkdir()
        site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=self.web))
        self.url = f"http://127.0.0.1:{site.server_port}"
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        self.addCleanup(lambda: (site.shutdown(), thread.join(), site.server_close()))
        self.start_server()

    def start_server(self):
        command = [BIN / "sluiced", "--config", SOURCE / "examples/photos/photos.yaml", "--data", "none", "--listen", "127.0.0.1:0",
                   "--admin", "127.0.0.1:0", "--log-level", "error"]
        server = subprocess.Popen(command, env=os.environ | {"GALLERY": str(self.gallery)}, stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (server.kill(), server.wait(), server.stdout.close()))
        told = [line.split() for line in iter(server.stdout.readline, "ready\n") if line]
        self.address, self.server = told[0][2], server

    def sluice(self, *words):
        ran = subprocess.run([BIN / "sluice", "--server", self.address, *words], check=False, capture_output=True, text=True,
                             timeout=PATIENCE)
        self.assertEqual(0, ran.returncode, ran.stderr)
        return ran.stdout

    def test_comes_from_the_web(self):
        subprocess.run(["convert", "-size", "1200x800", "gradient:blue-orange", self.web / "sky.jpg"], check=True)
        self.sluice("put", "download", f"{self.url}/sky.jpg", "--attr", "name=sky")
        self.sluice("put", "download", f"{self.url}/none.jpg", "--attr", "name=none")
        self.sluice("close", "download")
        self.sluice("join", "photos")
        self.assertEqual(["sky.jpg"], [file.name for file in (self.gallery / "pictures").iterdir()])
        letters = [json.loads(line) for line in self.sluice("--json", "peek", "download.dead").splitlines()]
        self.assertEqual(["none"], [letter["attributes"]["name"] for letter in letters])
        self.assertIn("404", json.dumps(letters[0]["last_failure"]))
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(0, self.server.wait(PATIENCE))


if __name__ == "__main__":
    unittest.main()
