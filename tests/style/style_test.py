#!/usr/bin/env python3
"""Every rule must find what it is for: each has a bad sample here that it must report, and a good one that it must not."""

import pathlib
import tempfile
import unittest

import style
from rules_sizes import cpp_functions
from tree import blank

HEADER = "// What it is.\n#pragma once\n"
LONG_BODY = "".join(f"  call({n});\n" for n in range(60))


def complaints(files):
    """What the rules say about a repository of these files, without the rules that every sample breaks."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return style.check(root)


def rules_broken(files):
    return {complaint.rule for complaint in complaints(files)}


class Samples(unittest.TestCase):
    def breaks(self, rule, files):
        self.assertIn(rule, rules_broken(files))

    def keeps(self, rule, files):
        self.assertNotIn(rule, rules_broken(files))

    def includes(self, path, line):
        return {path: HEADER + line + "\n", "server/base/clock.h": HEADER, "server/engine/views.h": HEADER,
                "server/engine/engine.h": HEADER, "server/journal/journal.h": HEADER, "client/internal/call.h": HEADER,
                "server/runtime/runtime.h": HEADER, "server/server.h": HEADER, "proto/yaml/to_message.h": HEADER}


class Layers(Samples):
    def test_upward(self):
        self.breaks("levels", self.includes("server/model/item.h", '#include "server/engine/engine.h"'))
        self.breaks("levels", self.includes("server/engine/queue.h", '#include "server/runtime/runtime.h"'))
        self.breaks("levels", self.includes("server/rpc/put.h", '#include "server/server.h"'))
        self.keeps("levels", self.includes("server/runtime/turn.h", '#include "server/engine/engine.h"'))

    def test_sideways(self):
        self.breaks("levels", self.includes("server/engine/queue.h", '#include "server/journal/journal.h"'))
        self.breaks("levels", self.includes("server/wire/items.h", '#include "server/engine/engine.h"'))
        self.keeps("levels", self.includes("server/wire/items.h", '#include "server/engine/views.h"'))

    def test_new_folder_needs_a_level(self):
        self.breaks("levels", {"server/attic/stuff.h": HEADER})

    def test_wire_format_stays_outside(self):
        self.breaks("foreign", self.includes("server/engine/queue.h", '#include "sluice/v1/queue.pb.h"'))
        self.breaks("foreign", self.includes("server/wire/items.h", "#include <grpcpp/grpcpp.h>"))
        self.breaks("foreign", self.includes("server/runtime/turn.h", '#include "proto/yaml/to_message.h"'))
        self.breaks("foreign", self.includes("server/rpc/load.h", '#include "sluice/store/v1/record.pb.h"'))
        self.breaks("foreign", self.includes("server/journal/load.h", '#include "sluice/v1/queue.pb.h"'))
        self.keeps("foreign", self.includes("server/journal/load.h", '#include "sluice/store/v1/record.pb.h"'))
        self.keeps("foreign", self.includes("server/config/load.h", '#include "proto/yaml/to_message.h"'))

    def test_client_and_server_are_strangers(self):
        self.breaks("foreign", self.includes("client/internal/channel.h", '#include "server/base/clock.h"'))
        self.breaks("foreign", self.includes("server/base/clock2.h", '#include "client/internal/call.h"'))

    def test_public_headers_hide_grpc(self):
        self.breaks("foreign", self.includes("client/include/sluice/queue.h", "#include <grpcpp/channel.h>"))
        self.breaks("foreign", self.includes("client/include/sluice/queue.h", '#include "client/internal/call.h"'))
        self.keeps("foreign", self.includes("client/include/sluice/queue.h", "#include <chrono>"))
        self.keeps("foreign", {"client/include/sluice/a.h": HEADER + '#include "sluice/b.h"\n', "client/include/sluice/b.h": HEADER})

    def test_engine_is_pure(self):
        self.breaks("purity", self.includes("server/engine/queue.h", "#include <mutex>"))
        self.breaks("purity", self.includes("server/model/item.h", "#include <boost/asio/awaitable.hpp>"))
        self.keeps("purity", self.includes("server/runtime/turn.h", "#include <mutex>"))

    def test_paths_from_the_root(self):
        self.breaks("paths", self.includes("server/engine/queue.h", '#include "engine.h"'))
        self.breaks("paths", self.includes("server/engine/queue.h", '#include "server/base/watch.h"'))
        self.keeps("paths", self.includes("server/engine/queue.h", '#include "server/base/clock.h"'))

    def test_cycles(self):
        self.breaks("cycles", {"server/engine/a.h": HEADER + '#include "server/engine/b.h"\n',
                               "server/engine/b.h": HEADER + '#include "server/engine/a.h"\n'})
        self.breaks("cycles", {"client/include/sluice/a.h": HEADER + '#include "sluice/a.h"\n'})
        self.keeps("cycles", {"server/engine/a.h": HEADER + '#include "server/engine/b.h"\n', "server/engine/b.h": HEADER})


class Sizes(Samples):
    def test_file(self):
        self.breaks("file-size", {"server/base/a.h": HEADER * 201})
        self.keeps("file-size", {"server/base/a.h": HEADER * 200})
        self.keeps("file-size", {"tests/base/a.h": HEADER * 250})
        self.breaks("file-size", {"tests/base/a.h": HEADER * 251})

    def test_function(self):
        for head in ("void run() {\n", "int Run::on(std::function<int(int)> f,\n    int b) const noexcept {\n",
                     "template <class T>\nauto run(T t) -> decltype(t.a()) {\n", "Run::Run(int a) : a_(a), b_{a} {\n",
                     "int run(std::vector<int> v = {}, A a = A{1}) {\n", "TEST(Queue, Waits) {\n"):
            self.breaks("function-size", {"server/base/a.cc": "namespace a {\n" + head + LONG_BODY + "}\n}\n"})
            self.keeps("function-size", {"server/base/a.cc": "namespace a {\n" + head + "  call(1);\n}\n}\n"})

    def test_function_in_a_class(self):
        inside = "class A : public B<int(int)> {\n public:\n  int run() override {\n" + LONG_BODY + "  }\n};\n"
        self.breaks("function-size", {"server/base/a.cc": inside})

    def test_long_class_and_namespace_are_no_functions(self):
        self.keeps("function-size", {"server/base/a.cc": "namespace a {\nclass A {\n" + LONG_BODY.replace("call", "int call")
                                     + "};\n" + LONG_BODY.replace("call", "int call") + "}\n"})

    def test_function_in_other_languages(self):
        self.breaks("function-size", {"dev": "#!/usr/bin/env bash\nrun() {\n" + "  true\n" * 60 + "}\n"})
        self.breaks("function-size", {"tests/a.py": "def run():\n" + "    call()\n" * 60})

    def test_braces_in_literals_do_not_count(self):
        text = 'void a() {\n  f("{", \'{\', R"x({{{)x");  // {\n  /* { */ g(1\'000);\n}\nvoid b() {\n}\n'
        self.assertEqual([("a", 1, 4), ("b", 5, 6)], cpp_functions(blank(text)))


class Registered(Samples):
    def test_folder(self):
        self.breaks("registered", {"CMakeLists.txt": "", "tests/engine/CMakeLists.txt": "# add_subdirectory\n"})
        self.keeps("registered", {"CMakeLists.txt": "add_subdirectory(a)\n", "a/CMakeLists.txt": "\n"})
        self.keeps("registered", {"CMakeLists.txt": "", "examples/own/CMakeLists.txt": "project(own)\n"})

    def test_source(self):
        good = {"CMakeLists.txt": "add_subdirectory(a)\n", "a/CMakeLists.txt": "sluice_test(a SOURCES b_test.cc)\n"}
        self.keeps("registered", good | {"a/b_test.cc": "\n"})
        self.keeps("registered", {"CMakeLists.txt": "add_subdirectory(a)\n", "a/CMakeLists.txt": "x(../b/c.cc d/e.cc)\n",
                                  "b/c.cc": "\n", "a/d/e.cc": "\n"})
        self.keeps("registered", {"CMakeLists.txt": "x(${CMAKE_CURRENT_SOURCE_DIR}/a_test.py)\n", "a_test.py": "\n"})
        self.breaks("registered", good | {"a/c_test.cc": "\n"})
        self.breaks("registered", good | {"b/b_test.cc": "\n"})
        self.breaks("registered", good | {"a/_test.cc": "\n"})
        self.breaks("registered", good | {"a/c_test.py": "\n"})

    def test_program(self):
        self.breaks("registered", {"CMakeLists.txt": "add_executable(a_test a.cc)\n"})
        self.keeps("registered", {"CMakeLists.txt": "add_executable(a_test a.cc)\nadd_test(NAME a COMMAND a_test)\n"})

    def test_sleep(self):
        for line in ("std::this_thread::sleep_for(1s);", "usleep(10);", "absl::SleepFor(x);"):
            self.breaks("sleep", {"tests/a.cc": line + "\n"})
        self.breaks("sleep", {"tests/a.sh": "while ! up; do sleep 0.1; done\n"})
        self.keeps("sleep", {"tests/a.cc": 'run({"sleep", "10"});  // usleep(1)\n', "server/a.cc": "\n"})


class Text(Samples):
    def test_left_behind(self):
        self.breaks("left-behind", {"server/base/a.cc": "// TO" + "DO later\n"})
        self.breaks("left-behind", {"tests/a.cc": "TEST(A, DIS" + "ABLED_b) {}\n"})
        self.breaks("left-behind", {"CMakeLists.txt": "<" * 7 + " ours\n"})
        self.breaks("left-behind", {"dev": "#!/bin/sh\n# FIX" + "ME\n"})
        self.keeps("left-behind", {"server/base/a.cc": "// to do\n"})

    def test_whitespace(self):
        for text in ("a \n", "a\tb\n", "a\r\n", "a"):
            self.breaks("whitespace", {"README.md": text})
        self.keeps("whitespace", {"README.md": "a\n\nb\n"})

    def test_header(self):
        self.breaks("header", {"server/base/a.h": "#pragma once\n"})
        self.breaks("header", {"server/base/a.h": "// What it is.\n"})
        self.keeps("header", {"server/base/a.h": HEADER})


class Docs(Samples):
    def test_links(self):
        self.breaks("links", {"README.md": "[a](docs/none.md)\n"})
        self.breaks("links", {"README.md": "[a](#none)\n"})
        self.breaks("links", {"README.md": "![a](none.svg)\n"})
        self.breaks("links", {"docs/a.md": "# A\n", "README.md": "[a](docs/a.md#b)\n"})
        self.breaks("links", {"README.md": "[a](../../etc/passwd)\n"})
        self.keeps("links", {"docs/a.md": "# A `b`, c\n[r](../README.md)\n",
                             "README.md": "[a](docs/a.md#a-b-c) [x](https://example.org/)\n```\n[a](none)\n```\n"})

    def test_dev_commands(self):
        self.breaks("dev-commands", {"dev": "#!/bin/sh\n#: test: runs\n", "README.md": "Run `./dev tets`.\n"})
        self.keeps("dev-commands", {"dev": "#!/bin/sh\n#: test: runs\n", "README.md": "Run `./dev test`.\n"})

    def test_tables(self):
        failure = {"server/model/failure.h": HEADER + 'constexpr std::string_view kA = "TIMED_OUT";\n'}
        self.breaks("tables", failure)
        self.breaks("tables", failure | {"docs/errors.md": "| `TIMED_OUT` | late |\n| `BORED` | never |\n"})
        self.keeps("tables", failure | {"docs/errors.md": "| `TIMED_OUT` | late |\n| `QUEUE_FULL` | `C` | full |\n"})
        stall = {"server/engine/views.h": HEADER + "enum class StallReason : int {\n  kNoConsumer,\n  kCycleFull,\n};\n"}
        self.breaks("tables", stall | {"docs/stalls.md": "## NO_CONSUMER\n"})
        self.keeps("tables", stall | {"docs/stalls.md": "## NO_CONSUMER\n\n## CYCLE_FULL\n"})


class Protos(Samples):
    def proto(self, body, package="sluice.v1", path="proto/sluice/v1/queue.proto"):
        return {path: f"// The calls.\npackage {package};\n{body}"}

    def test_comments(self):
        for bare in ("message Item {\n}\n", "message PutRequest {\n  Item item = 1;\n}\n",
                     "message PutRequest {\n  // Its name.\n  string name = 1;\n  map<string, string> more = 2;\n}\n",
                     "message PutRequest {\n  oneof kind {\n    string name = 1;\n  }\n}\n",
                     "// What.\nenum State {\n  STATE_UNSPECIFIED = 0;\n}\n",
                     "// Calls.\nservice QueueService {\n  rpc Put(PutRequest) returns (PutResponse);\n}\n"):
            self.breaks("proto-comment", self.proto(bare))
        self.keeps("proto-comment", self.proto("message PutRequest {\n  // Its name.\n  string name = 1 [deprecated = true];\n}\n"))
        self.keeps("proto-comment", self.proto("message PutRequest {}\n// Calls.\nservice S {\n  // Puts.\n  rpc P(R) returns (R);\n}\n"))

    def test_names(self):
        for bad in ("message put_request {\n", "message P {\n  string queueName = 1;\n", "service Queues {\n",
                    "enum ItemState {\n  UNSPECIFIED = 0;\n", "enum ItemState {\n  ITEM_STATE_WAITING = 0;\n",
                    "enum ItemState {\n  ITEM_STATE_UNSPECIFIED = 1;\n"):
            self.breaks("proto-name", self.proto(bad))
        self.keeps("proto-name", self.proto("enum ItemState {\n  ITEM_STATE_UNSPECIFIED = 0;\n  ITEM_STATE_WAITING = 1;\n}\n"
                                            "message PutRequest {\n  uint64 put_time_us = 1;\n}\n"))

    def test_requests(self):
        self.breaks("proto-rpc", self.proto("service QueueService {\n  rpc Put(PutRequest) returns (Item);\n"))
        self.breaks("proto-rpc", self.proto("service QueueService {\n  rpc Put(stream GetRequest) returns (PutResponse);\n"))
        self.keeps("proto-rpc", self.proto("service QueueService {\n  rpc Put(stream PutRequest) returns (stream PutResponse);\n"))

    def test_packages(self):
        self.breaks("proto-package", self.proto("", package="sluice.v2"))
        self.breaks("proto-package", self.proto("", package="sluice", path="proto/sluice/queue.proto"))
        self.keeps("proto-package", self.proto(""))


class Exceptions(Samples):
    def test_with_a_reason(self):
        bad = {"server/base/a.h": "#pragma once\n"}
        self.keeps("header", bad | {style.EXCEPTIONS: "header server/base/a.h generated by hand\n"})
        self.breaks("header", bad | {style.EXCEPTIONS: "header server/base/a.h\n"})
        self.breaks("exceptions", {style.EXCEPTIONS: "header server/base/a.h generated by hand\n"})


class EveryRule(unittest.TestCase):
    def test_has_a_bad_sample(self):
        """A rule whose name no sample here mentions is not known to work."""
        here = pathlib.Path(__file__).read_text(encoding="utf-8")
        folder = pathlib.Path(__file__).parent
        for file in folder.glob("rules_*.py"):
            for line in file.read_text(encoding="utf-8").split("Complaint(")[1:]:
                names = [part for part in line[:80].split('"')[1::2] if part.isidentifier() or "-" in part]
                if names:
                    self.assertIn(f'breaks("{names[0]}"', here, f"{file.name}: no bad sample for {names[0]}")


if __name__ == "__main__":
    unittest.main()
