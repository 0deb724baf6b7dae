#!/usr/bin/env python3
"""gallery_test.py SOURCE: the gallery must not call a sum right that is wrong. A program that answers as `sluice --json` does
stands in for the server."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1)).resolve()
FAKE = """#!/usr/bin/env python3
import json, sys
answers = json.load(open({answers!r}))
for line in answers.get(" ".join(sys.argv[2:]), []):
    print(json.dumps(line, indent=1))
"""
PICTURE = bytes.fromhex("ffd8ffc0000b080280014003011100ffd9")  # the frame header of a picture of 320 x 640, and no more


def server(put, done, dead):
    """What a server says that took `put`, did `done`, and has the dead letters `dead` of the stage resize."""
    queues = [{"name": "download", "counters": {"put": put}},
              {"name": "resize", "counters": {"dead_lettered": len(dead)}},
              {"name": "upload", "counters": {"done": done}}]
    return {"pipeline show photos": [{"queues": queues}], "ls": queues + [{"name": "resize.dead"}],
            "peek resize.dead -n 1000": dead}


class Gallery(unittest.TestCase):
    def run_gallery(self, answers, pictures):
        with tempfile.TemporaryDirectory() as root:
            folder = pathlib.Path(root)
            (folder / "pictures").mkdir()
            for number in range(pictures):
                (folder / "pictures" / f"{number}.jpg").write_bytes(PICTURE)
            (folder / "answers").write_text(json.dumps(answers), encoding="utf-8")
            fake = folder / "sluice"
            fake.write_text(FAKE.format(answers=str(folder / "answers")), encoding="utf-8")
            fake.chmod(0o755)
            ran = subprocess.run([SOURCE / "examples/photos/gallery.py", folder], env=os.environ | {"SLUICE": str(fake)},
                                 check=False, capture_output=True, text=True, timeout=60)
            return ran.returncode, ran.stdout + ran.stderr, (folder / "index.html").read_text(encoding="utf-8")

    def test_adds_up(self):
        letter = {"attributes": {"name": "<b>&"}, "last_failure": {"stage": "resize", "stderr_tail": "no <decode> delegate"}}
        code, said, page = self.run_gallery(server(3, 2, [letter]), 2)
        self.assertEqual(0, code, said)
        self.assertIn("put 3 = done 2 + failed 1; 2 pictures, 1 dead letters", said)
        self.assertIn("&lt;b&gt;&amp;", page)
        self.assertIn("no &lt;decode&gt; delegate", page)
        self.assertIn('width="320" height="640"', page)

    def test_does_not_add_up(self):
        for answers, pictures in ((server(4, 2, [{}]), 2), (server(3, 2, [{}]), 1), (server(2, 2, [{}]), 2)):
            code, said, _ = self.run_gallery(answers, pictures)
            self.assertEqual(1, code, said)
            self.assertIn("do not add up", said)


if __name__ == "__main__":
    unittest.main()
