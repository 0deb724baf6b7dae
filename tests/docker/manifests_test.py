"""What can be said of docker/ without an engine and without a cluster: that its parts fit together, and that sluiced takes what
they give it. No API server has seen the Kubernetes manifests; their fields are checked as far as they matter here.

Usage: manifests_test.py BIN_DIRECTORY SOURCE_DIRECTORY [TEST...]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "admin"))
from sluiced import Sluiced, until  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
DOCKER = pathlib.Path(sys.argv.pop(1)) / "docker"
KUBERNETES = DOCKER / "kubernetes"
PATIENCE = 60
# What the server may take after a drain: limits::kEndTimeout.
END = 10


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()
    return int(number) * {"s": 1, "m": 60}[unit]


def size(text):
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", text).groups()
    return int(number) * {"Mi": 1 << 20, "Gi": 1 << 30}[unit]


def manifests():
    """By kind; one of each."""
    listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    return {each["kind"]: each for name in listed for each in yaml.safe_load_all((KUBERNETES / name).read_text())}


def dockerfile_environment():
    text = (DOCKER / "Dockerfile").read_text().replace("\\\n", " ")
    return dict(re.findall(r"(SLUICE_\w+)=(\S+)", re.search(r"^ENV (.*)$", text, re.MULTILINE)[1]))


class Taken(unittest.TestCase):
    def check_config(self, text, environment):
        """sluiced takes this file in this environment."""
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "sluiced.yaml"
            path.write_text(text)
            done = subprocess.run([BIN / "sluiced", "--config", path, "--check-config"], capture_output=True, text=True, check=False,
                                  timeout=PATIENCE, env={**os.environ, **dockerfile_environment(), **environment})
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stderr


class Compose(Taken):
    def setUp(self):
        self.file = yaml.safe_load((DOCKER / "compose.yaml").read_text())

    def test_every_service_is_hardened(self):
        for name, service in self.file["services"].items():
            with self.subTest(name):
                self.assertTrue(service["read_only"])
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
                for port in service.get("ports", []):
                    self.assertTrue(port.startswith("127.0.0.1:"), "nothing here asks who is calling")

    def test_sluiced_takes_its_configuration_and_has_time_to_end(self):
        service = self.file["services"]["sluiced"]
        environment = {name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for name, value in service["environment"].items()}
        self.check_config((DOCKER / "sluiced.yaml").read_text(), environment)
        self.assertGreater(seconds(service["stop_grace_period"]), seconds(service["environment"]["SLUICE_DRAIN_TIMEOUT"]) + END)

    def test_the_workers_do_the_work_of_the_stage(self):
        if not shutil.which("convert"):
            self.skipTest("there is no convert (package imagemagick)")
        with Sluiced(BIN, (DOCKER / "sluiced.yaml").read_text()) as sluiced:
            with subprocess.Popen([BIN / "sluice", *self.file["services"]["workers"]["command"]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env={**os.environ, "SLUICE_SERVER": sluiced.grpc}) as workers:
                try:
                    until(lambda: sluiced.json("/api/v1/pipelines/photos")["stages"][0]["remote_workers"] == 1, "they are attached")
                    picture = pathlib.Path(sluiced.directory.name) / "picture.jpg"
                    subprocess.run(["convert", "-size", "1600x1200", "plasma:", picture], check=True, timeout=PATIENCE)
                    sluiced.run("put", "resize", "--file", picture)
                    small = subprocess.run([BIN / "sluice", "--server", sluiced.grpc, "get", "gallery", "--done", "--wait", f"{PATIENCE}s"],
                                           capture_output=True, timeout=2 * PATIENCE, check=True).stdout
                    size_of = subprocess.run(["convert", "-", "-format", "%m %wx%h", "info:-"], input=small, capture_output=True,
                                             timeout=PATIENCE, check=True).stdout
                    self.assertEqual(size_of, b"JPEG 640x480")
                finally:
                    workers.terminate()

    def test_prometheus_may_ask(self):
        config = yaml.safe_load((DOCKER / "prometheus/prometheus.yml").read_text())
        host, port = config["scrape_configs"][0]["static_configs"][0]["targets"][0].split(":")
        self.assertIn(host, self.file["services"])
        self.assertIn(host, yaml.safe_load((DOCKER / "sluiced.yaml").read_text())["admin"]["allowed_hosts"])
        self.assertEqual(dockerfile_environment()["SLUICE_ADMIN"], f"0.0.0.0:{port}")

    def test_the_image_ends_within_the_grace_of_docker_stop(self):
        # 10 seconds; children that do not heed SIGTERM take two of them.
        self.assertLessEqual(seconds(dockerfile_environment()["SLUICE_DRAIN_TIMEOUT"]) + 2, 9)


class Kubernetes(Taken):
    def setUp(self):
        self.manifests = manifests()
        self.stateful_set = self.manifests["StatefulSet"]["spec"]
        self.pod = self.stateful_set["template"]["spec"]
        self.container, = self.pod["containers"]
        self.environment = {each["name"]: each["value"] for each in self.container["env"]}

    def test_every_file_is_listed_and_every_object_is_of_a_known_kind(self):
        listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
        self.assertEqual(sorted(listed + ["kustomization.yaml"]), sorted(path.name for path in KUBERNETES.iterdir()))
        versions = {kind: each["apiVersion"] for kind, each in self.manifests.items()}
        self.assertEqual(versions, {"ConfigMap": "v1", "Service": "v1", "StatefulSet": "apps/v1"})
        for each in self.manifests.values():
            self.assertRegex(each["metadata"]["name"], r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")

    def test_the_service_finds_the_pod(self):
        service = self.manifests["Service"]
        labels = self.stateful_set["template"]["metadata"]["labels"]
        self.assertEqual(self.stateful_set["selector"]["matchLabels"], labels)
        self.assertEqual(service["spec"]["selector"], labels)
        self.assertEqual(self.stateful_set["serviceName"], service["metadata"]["name"])
        ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        for port in service["spec"]["ports"]:
            self.assertEqual(ports[port["targetPort"]], port["port"])
        self.assertTrue(service["spec"]["publishNotReadyAddresses"], "a full store could not be drained")
        self.assertEqual(self.stateful_set["replicas"], 1)

    def test_probes_ask_for_what_the_server_says(self):
        asked = {}
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = self.container[name]["grpc"]
            self.assertEqual(f"0.0.0.0:{probe['port']}", dockerfile_environment()["SLUICE_LISTEN"])
            asked[name] = probe["service"]
        self.assertEqual(asked, {"startupProbe": "liveness", "livenessProbe": "liveness", "readinessProbe": "readiness"})

    def test_sluiced_takes_its_configuration_and_has_time_to_end(self):
        self.assertEqual(self.check_config(self.manifests["ConfigMap"]["data"]["sluiced.yaml"], self.environment), "", "a warning")
        self.assertGreater(self.pod["terminationGracePeriodSeconds"], seconds(self.environment["SLUICE_DRAIN_TIMEOUT"]) + END)

    def test_what_is_mounted_is_there(self):
        claims = {claim["metadata"]["name"]: claim["spec"] for claim in self.stateful_set["volumeClaimTemplates"]}
        volumes = {volume["name"]: volume for volume in self.pod["volumes"]}
        mounts = {mount["mountPath"]: mount["name"] for mount in self.container["volumeMounts"]}
        self.assertLessEqual(set(mounts.values()), set(claims) | set(volumes))
        self.assertIn(mounts[dockerfile_environment()["SLUICE_DATA"]], claims)
        self.assertEqual(volumes[mounts["/etc/sluice"]]["configMap"]["name"], self.manifests["ConfigMap"]["metadata"]["name"])
        self.assertEqual(self.container["args"], ["--config", "/etc/sluice/sluiced.yaml"])
        storage = size(claims["data"]["resources"]["requests"]["storage"])
        self.assertLess(2 * int(self.environment["SLUICE_DATA_MAX_BYTES"]), storage, "a backup is made beside the store")

    def test_the_pod_may_do_nothing_that_it_need_not(self):
        user = int(re.search(r"^USER (\d+):", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)[1])
        context = self.pod["securityContext"]
        self.assertTrue(context["runAsNonRoot"])
        self.assertEqual({context["runAsUser"], context["runAsGroup"], context["fsGroup"]}, {user})
        self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertEqual(self.container["securityContext"], {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                             "capabilities": {"drop": ["ALL"]}})
        self.assertFalse(self.pod["automountServiceAccountToken"])
        self.assertEqual(set(self.container["resources"]), {"requests", "limits"})


if __name__ == "__main__":
    unittest.main()
