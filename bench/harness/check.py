#!/usr/bin/env python3
"""Tests of the runner, with programs that say what they cost.

    check.py BUILD
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import clients, compare, deployment, goals, last_line, measure, plots, report  # noqa: E402
from harness import session, spec_bench, tasks  # noqa: E402
import run as runner  # noqa: E402
from harness.check_report import *  # noqa: E402,F401,F403

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "."
RUN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "run.py")
CORE = max(os.sched_getaffinity(0))

#: 2 ms of user and 1 ms of system time an operation, and a counter.
FAKE = """import sys
n = int(sys.argv[3]) * int(sys.argv[2].partition(":")[2] or 1)
print("COUNTER enters", 3 * n)
print("RESULT", n, 0.004 * n, 0.002 * n, 0.001 * n, 2048)
"""


def row(cost, **more):
    return {"cpu_us": measure.spread([cost]), "wall_us": measure.spread([cost]), "rss_kb": 1024, **more}


class Measure(unittest.TestCase):
    def test_a_result_line_is_read(self):
        run = measure.run([sys.executable, "-c", FAKE], "URI", "ping", 10, CORE)
        self.assertEqual((run.operations, run.rss_kb, run.counters), (10, 2048, {"enters": 30}))
        self.assertAlmostEqual(run.cpu, 0.030)
        self.assertAlmostEqual(run.wall, 0.040)

    def test_a_program_that_fails_or_prints_no_result_is_a_failure_with_its_last_words(self):
        for program, words in [("raise SystemExit('no server')", "exit 1: no server"),
                               ("print('hello')", "exit 0: hello"), ("", "exit 0: no RESULT line")]:
            with self.assertRaisesRegex(measure.Failed, words):
                measure.run([sys.executable, "-c", program], "URI", "ping", 1, CORE)

    def test_a_program_that_cannot_run_or_never_ends_is_a_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program")
            with self.assertRaisesRegex(measure.Failed, "cannot be started: .*No such file"):
                measure.run([path], "URI", "ping", 1, CORE)
            with open(path, "w", encoding="ascii") as file:
                file.write("garbage")
            os.chmod(path, 0o755)
            with self.assertRaisesRegex(measure.Failed, "cannot be started: .*Exec format error"):
                measure.run([path], "URI", "ping", 1, CORE)
        with unittest.mock.patch.object(measure, "TIMEOUT", 0.2):
            with self.assertRaisesRegex(measure.Failed, "not done after 0.2 s"):
                measure.run([sys.executable, "-c", "import time; time.sleep(9)"], "URI", "ping", 1, CORE)

    def test_nonsense_in_the_closing_line_is_a_failure_and_no_number(self):
        for said in ("RESULT a b c d e", "RESULT 10.5 1 1 1 1", "RESULT 10 nan 1 1 1", "RESULT 10 1 inf 1 1",
                     "RESULT 0 1 1 1 1", "RESULT 10 1 -1 1 1", "COUNTER enters many\nRESULT 10 1 1 1 1"):
            with self.assertRaisesRegex(measure.Failed, "these are no costs: (RESULT|COUNTER)"):
                measure.run([sys.executable, "-c", f"print({said!r})"], "URI", "ping", 10, CORE)
        binary = r"import sys; sys.stdout.buffer.write(b'\xff\n'); print('RESULT 10 1 1 1 1')"
        self.assertEqual(measure.run([sys.executable, "-c", binary], "URI", "ping", 10, CORE).operations, 10)

    def test_a_client_that_does_fewer_operations_than_asked_is_not_compared(self):
        lazy = clients.Client("lazy", (sys.executable, "-c", "print('RESULT 1 1 1 1 1')"))
        rows = {"lazy": {}}
        session.time_all([lazy], tasks.Task("ping", "", 10, 10), 2, "URI", CORE, rows)
        self.assertEqual(rows["lazy"], {"failed": "1 operations were done of 10"})

    def test_a_client_runs_on_the_core_that_was_asked_for(self):
        program = "import os; print('COUNTER cores', len(os.sched_getaffinity(0))); print('RESULT 1 1 1 1 1')"
        run = measure.run([sys.executable, "-c", program], "URI", "ping", 1, CORE)
        self.assertEqual(run.counters, {"cores": 1})

    def test_the_two_between_whom_a_goal_is_close_run_more_often(self):
        names = ("bare", "mongoro", "libmongoc")
        fakes = [clients.Client(name, (sys.executable, "-c", FAKE), near=name != "libmongoc") for name in names]
        self.assertEqual([tasks.Task("ping", "", 40, 10, near=3).timed_by(fake) for fake in fakes], [10, 10, 40])
        self.assertEqual(tasks.Task("ping", "", 40, 10).timed_by(fakes[0]), 40)
        rows = {name: {} for name in names}
        task = tasks.Task("ping", "", 10, 10, near=3)
        session.time_all(fakes, task, 2, "URI", CORE, rows)
        self.assertEqual([len(rows[name]["cpu_us"]["runs"]) for name in names], [6, 6, 2])
        self.assertNotIn("cpu_ratio", rows["bare"])
        self.assertEqual([len(rows[name]["cpu_ratio"]["runs"]) for name in names[1:]], [6, 2])
        self.assertEqual(report.rounds_of(rows), ["bare, mongoro: 6 runs", "libmongoc: 2 runs"])
        self.assertEqual(report.rounds_of({"mongoro": rows["mongoro"], "rust": {"failed": "no"}}), [])

    def test_what_a_task_is_held_against_runs_beside_it(self):
        ours = clients.Client("mongoro", (sys.executable, "-c", FAKE), near=True)
        task = tasks.Task("conc:128", "", 10, 10, concurrency=128, near=2, beside="conc:64")
        self.assertEqual(task.timed_beside(ours), 2 * task.timed_by(ours))
        rows = {"mongoro": {}}
        session.time_all([ours], task, 3, "URI", CORE, rows)
        self.assertEqual(len(rows["mongoro"]["beside_ratio"]["runs"]), 6)

    def test_a_run_that_failed_leaves_the_other_its_ratio(self):
        failing = clients.Client("libmongoc", (sys.executable, "-c", "raise SystemExit('gone')"))
        fakes = [*[clients.Client(name, (sys.executable, "-c", FAKE), near=True) for name in ("bare", "mongoro")],
                 failing]
        rows = {client.name: {} for client in fakes}
        session.time_all(fakes, tasks.Task("ping", "", 10, 10, near=2), 2, "URI", CORE, rows)
        self.assertIn("gone", rows["libmongoc"]["failed"])
        self.assertEqual(len(rows["mongoro"]["cpu_ratio"]["runs"]), 4)

    def test_the_difference_of_two_counts_leaves_the_start_out(self):
        counted = measure.count_twice(lambda n: {"calls": 1000 + 7 * 64 * n}, 50, 64)
        self.assertEqual(counted, {"calls": 7})

    def test_a_call_that_only_the_longer_run_makes_is_counted(self):
        runs = {10: {"read": 10}, 20: {"read": 20, "futex": 5}}
        self.assertEqual(measure.count_twice(runs.get, 10, 1), {"read": 1, "futex": 0.5})

    def test_the_spread_is_median_and_quartiles(self):
        spread = measure.spread([5, 1, 2, 4, 3])
        self.assertEqual((spread["q1"], spread["median"], spread["q3"]), (2, 3, 4))
        self.assertEqual(measure.spread([9])["q3"], 9)

    def test_a_missing_tool_says_its_name(self):
        with self.assertRaisesRegex(measure.Unavailable, "no-such-tool is not installed"):
            measure.need("no-such-tool")

    def test_the_interposed_counter_counts_allocations(self):
        if not os.path.exists(os.path.join(BUILD, "bench", "libbench-alloc-counter.so")):
            self.skipTest("it is not built under a sanitizer")
        program = """import ctypes, sys
heap = ctypes.CDLL(None)
heap.malloc.restype = ctypes.c_void_p
kept = [heap.malloc(100000) for _ in range(5 * int(sys.argv[3]))]
print('RESULT', sys.argv[3], 1, 1, 1, 1)"""
        client = clients.Client("fake", (sys.executable, "-c", program))
        task = tasks.Task("ping", "", 1, 5000)
        counted = measure.allocations(client, "URI", task, CORE, BUILD)
        self.assertAlmostEqual(counted["calls"], 5, delta=0.5)
        self.assertAlmostEqual(counted["bytes"], 500_000, delta=1000)


class Responders(unittest.TestCase):
    """The other end of every measurement: what it did not do is not a number."""

    def test_one_that_dies_is_named_rather_than_its_clients(self):
        for client_fails in (False, True):
            with self.assertRaisesRegex(measure.Failed, "the responder died: exit -9"):
                with measure.Responder(BUILD, CORE) as responder:
                    responder.process.kill()
                    if client_fails:
                        raise measure.Failed("connection refused")

    def test_one_that_does_not_start_says_so(self):
        with tempfile.TemporaryDirectory() as build:
            os.mkdir(os.path.join(build, "bench"))
            path = os.path.join(build, "bench", "bench-responder")
            with self.assertRaisesRegex(measure.Failed, "the responder cannot be started: "):
                measure.Responder(build, CORE).__enter__()
            os.symlink("/bin/false", path)
            with self.assertRaisesRegex(measure.Failed, "the responder did not start: exit 1"):
                measure.Responder(build, CORE).__enter__()

    def test_a_task_without_one_is_a_failure_and_not_the_end_of_the_run(self):
        made = {"tasks": {}, "notes": [], "failures": [], "settings": {}}
        arguments = argparse.Namespace(tasks="ping,find_one", quick=True, json=os.devnull, build=BUILD)
        settings = measure.Settings(BUILD, measure.Pinning(CORE, CORE), quick=True, pairs=1, count=False)
        with unittest.mock.patch.object(session, "measure_task", side_effect=measure.Failed("it died")), \
                unittest.mock.patch.object(runner, "keep"):
            runner.run_tasks(arguments, settings, [], made)
        self.assertEqual(made["failures"], ["ping: it died", "find_one: it died"])


class SpecPrograms(unittest.TestCase):
    """The programs of the Driver Benchmarking specification, on small data of our own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.data = cls.folder.name
        subprocess.run([os.path.join(BUILD, "bench", "bench-data"), "spec", cls.data, "1"], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_data_has_the_specifications_shapes(self):
        counts = {}
        for shape in ("flat", "full"):
            with open(f"{self.data}/extended_bson/{shape}_bson.json", encoding="ascii") as file:
                document = json.load(file)
            counts[shape] = len(document)
            self.assertEqual(list(document)[0], "_id")
        # An _id, and 24 of 5 types; an _id, and 6 of 15.
        self.assertEqual(counts, {"flat": 121, "full": 91})
        with open(f"{self.data}/extended_bson/deep_bson.json", encoding="ascii") as file:
            self.assertEqual(file.read().count(":"), 126)
        self.assertEqual(os.path.getsize(f"{self.data}/single_and_multi_document/small_doc.json"), 275)
        self.assertEqual(os.path.getsize(f"{self.data}/parallel/ldjson_multi/ldjson000.txt"), 5_650_000)
        with open(f"{self.data}/parallel/ldjson_multi/ldjson000.txt", encoding="ascii") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual(len(lines), 5_000)

    def test_both_libraries_do_every_bson_task(self):
        program = os.path.join(BUILD, "bench", "bench-bson")
        for name in [*[task.name for task in spec_bench.BSON_TASKS], *spec_bench.STRUCT_TASKS]:
            for library in ("mongoro", "libbson"):
                taken = spec_bench.iterations([program, library, name, self.data, "0,0,1"])
                self.assertEqual(len(taken), 1, name)
        with self.assertRaisesRegex(measure.Failed, "no task full_struct_encoding"):
            spec_bench.iterations([program, "mongoro", "full_struct_encoding", self.data, "0,0,1"])

    def test_every_task_runs_against_the_responder(self):
        program = os.path.join(BUILD, "bench", "bench-driver")
        with measure.Responder(BUILD, CORE) as responder:
            for task in spec_bench.DRIVER_TASKS:
                taken = spec_bench.iterations([program, responder.uri, task.name, self.data, "0,0,1"])
                self.assertEqual(len(taken), 1, task.name)

    def test_the_memory_of_operations_that_wait_is_counted(self):
        if not os.path.exists(os.path.join(BUILD, "bench", "libbench-alloc-counter.so")):
            self.skipTest("it is not built under a sanitizer")
        with measure.Responder(BUILD, CORE) as responder:
            run = measure.run([os.path.join(BUILD, "bench", "mongoro-memory")], responder.uri, "memory:20",
                              1, CORE, {"LD_PRELOAD": measure.allocation_counter(BUILD)})
        self.assertEqual(run.operations, 20)
        self.assertGreater(run.counters["idle_bytes"], 20 * 100)
        self.assertGreater(run.counters["waiting_bytes"], 20 * 100)
        self.assertGreater(run.counters["watching_bytes"], 100)


class DeploymentPrograms(unittest.TestCase):
    """What stands around an operation, done a few times."""

    settings = measure.Settings(BUILD, measure.Pinning(CORE, CORE), quick=True, pairs=1, count=False)

    def test_a_new_client_begins_anew_and_the_same_one_resumes(self):
        client = deployment.ours(self.settings, "mongoro-connect")
        both = deployment.WAYS["TLS and SCRAM"]
        fresh = deployment.served_by(client, "connect", self.settings, both, 3, count=2)
        # The monitor's connection shakes hands and the pool's resumes its session, which alone logs in.
        self.assertEqual(tuple(fresh[name] for name in measure.SERVED), (2, 1, 1, 1))
        again = deployment.served_by(client, "reconnect", self.settings, both, 1, count=2)
        self.assertEqual(tuple(again[name] for name in measure.SERVED), (1, 0, 1, 1))

    def test_every_way_to_connect_is_timed(self):
        client = deployment.ours(self.settings, "mongoro-connect")
        for options in deployment.WAYS.values():
            with measure.Responder(BUILD, CORE, **options) as responder:
                for step in deployment.STEPS:
                    run = measure.run(client.command, responder.uri, step, 2, CORE)
                    self.assertEqual(run.operations, 2)
                    self.assertGreater(run.cpu, 0)
                with self.assertRaisesRegex(measure.Failed, "no task ping"):
                    measure.run(client.command, responder.uri, "ping", 2, CORE)

    def test_the_pool_and_the_selection_are_measured_alone(self):
        client = deployment.ours(self.settings, "mongoro-internals")
        names = ["checkout", "queue:1", "queue:64", "select:1", "select:50", "select_write:3", "deployment"]
        with measure.Responder(BUILD, CORE, mongos=3) as responder:
            for name in names:
                run = measure.run(client.command, responder.uri, name, 500, CORE)
                self.assertEqual(run.operations, 500, name)
            with self.assertRaisesRegex(measure.Failed, "no task find_one"):
                measure.run(client.command, responder.uri, "find_one", 500, CORE)
        with measure.Responder(BUILD, CORE) as responder:
            self.assertEqual(measure.run(client.command, responder.uri, "primary", 500, CORE).operations, 500)

    def test_an_operation_goes_to_all_servers_of_a_cluster(self):
        found = clients.Client("mongoro", (os.path.join(BUILD, "bench", "mongoro-bench"),))
        with measure.Responder(BUILD, CORE, mongos=3) as responder:
            measure.run(found.command, responder.uri, "find_one", 200, CORE)
        # A monitor's connection and a pool's, of each.
        self.assertEqual(responder.served["connections"], 6)


class Report(unittest.TestCase):
    def test_a_ratio_stands_beside_what_the_baseline_has_too(self):
        rows = {"bare": row(10, instructions=100, allocations=0),
                "other": row(20, instructions=250, allocations=4)}
        table = report.table_of(rows)
        self.assertIn("| 250 (2.50×) |", table[-1])
        self.assertIn("| 4 |", table[-1])

    def test_what_could_not_be_measured_is_not_a_number(self):
        made = {"machine": report.machine(), "notes": [],
                "settings": {"pairs": 1, "cores": "one core", "build_type": "release",
                             "bare_requests": "recorded"},
                "tasks": {"ping": {"title": "ping", "clients": {
                    "bare": row(10, missing={"instructions": "valgrind is not installed"}),
                    "other": {"failed": "exit 1: no"}}}}}
        text = report.markdown(made)
        self.assertIn("n/a — bare, instructions: valgrind is not installed", text)
        self.assertIn("| other | failed: exit 1: no |", text)


class Compare(unittest.TestCase):
    def test_all_parts_with_rows_are_compared(self):
        def made(cost, idle):
            rows = {"title": "", "clients": {"mongoro": {"allocations": cost}}}
            return {"tasks": {}, "connect": {"connect TLS": rows}, "checkout": {"queue:1": rows},
                    "selection": {"select:3": rows}, "servers": {"50": rows},
                    "memory": {"mongoro TLS": {"1000": {"idle": idle}}}}

        text = "\n".join(compare.reports(made(1, 9_000_000), made(2, 9_900_000)))
        for name in ("connect TLS", "queue:1", "select:3", "find_one, 50 servers"):
            self.assertIn(f"* {name}, mongoro: allocations 1 → 2 (+100%)", text)
        self.assertIn("* 1000 connections, mongoro TLS: idle 9e+06 → 9.9e+06 (+10%)", text)
        self.assertIn("Nothing to compare", "\n".join(compare.reports({"tasks": {}}, made(2, 5))))
        self.assertIn("noise, of 5 rows", "\n".join(compare.reports(made(1, 5), made(1, 5))))

    def test_parts_of_times_alone_are_compared_too(self):
        def made(cost):
            spread = measure.spread([cost] * 3)
            return {"tasks": {}, "document_size": {"bare": {"1536": spread}},
                    "two_cores": {"ping": {"clients": {"mongoro": {"cpu_us": spread}}}},
                    "start_up": {"mongoro": {"first_reply_ms": spread}},
                    "compile_time": {"compiler": "g++", "one_find": spread, "phases": {}},
                    "spec": {"bson": {"flat_bson_encoding": {"ratio": spread}}}, "latencies": {}}

        lines = compare.reports(made(1), made(10))
        for what in ("find_one of 1,536 bytes, cpu_us, bare", "ping on two cores, mongoro: cpu_us",
                     "start-up, first_reply_ms, mongoro", "compile time of one_find, s, mongoro",
                     "flat_bson_encoding against libbson, mongoro"):
            self.assertIn(f"* {what} 1 → 10 (+900%)", lines)
        self.assertEqual(lines[-1], "Not compared: latencies, the specification's scores.")

    def test_a_failure_and_another_build_are_no_silence(self):
        old, new = self.report_of(cpu_us=measure.spread([10])), self.report_of(failed="exit 1: no")
        old["settings"], new["settings"] = {"build_type": "release"}, {"build_type": "debug"}
        text = "\n".join(compare.reports(old, new))
        self.assertIn("Failed, and did not before\n\n* ping, mongoro: exit 1: no", text)
        self.assertIn("Measured under other conditions\n\n* build_type: release → debug", text)

    @staticmethod
    def report_of(**cost):
        return {"tasks": {"ping": {"clients": {"mongoro": cost}}}}

    def changes(self, old, new):
        return "\n".join(compare.reports(self.report_of(**old), self.report_of(**new)))

    def test_a_single_run_has_no_noise_to_go_by(self):
        for old, new in (([10], [20]), ([10] * 3, [20]), ([10, 10], [20] * 3)):
            text = self.changes({"cpu_us": measure.spread(old)}, {"cpu_us": measure.spread(new)})
            self.assertIn("Nothing changed", text)
            self.assertIn("Not compared: times of fewer than 3 runs.", text)

    def test_quartiles_that_touch_are_noise(self):
        old = {"cpu_us": measure.spread([9, 10, 11])}
        new = {"cpu_us": measure.spread([10, 11, 12])}
        self.assertIn("Nothing changed", self.changes(old, new))

    def test_quartiles_that_lie_apart_are_a_change(self):
        old = {"cpu_us": measure.spread([9, 10, 11])}
        new = {"cpu_us": measure.spread([14, 15, 16])}
        self.assertIn("Slower than before\n\n* ping, mongoro: cpu_us 10 → 15 (+50%)",
                      self.changes(old, new))
        self.assertIn("Faster than before", self.changes(new, old))

    def test_the_ratio_goes_before_the_time(self):
        old = {"cpu_us": measure.spread([10]), "cpu_ratio": measure.spread([1.1])}
        new = {"cpu_us": measure.spread([20]), "cpu_ratio": measure.spread([1.1])}
        self.assertIn("Nothing changed", self.changes(old, new))

    def test_one_more_allocation_is_a_change(self):
        self.assertIn("allocations 0 → 1", self.changes({"allocations": 0}, {"allocations": 1}))
        self.assertIn("Nothing changed",
                      self.changes({"instructions": 3000}, {"instructions": 3040}))


class Added(unittest.TestCase):
    def test_what_a_run_has_measured_is_not_replaced(self):
        def of(when, tasks, **parts):
            return {"machine": {"when": when}, "settings": {"pairs": 3, "quick": True}, "notes": ["slow"],
                    "tasks": tasks, **parts}

        ping = {"title": "ping", "clients": {"bare": {"cpu_us": 1}}}
        counted = {"title": "ping", "clients": {"bare": {"cpu_us": 2, "enters": 1}, "mongoro": {"enters": 1}}}
        made = runner.add_earlier(of("now", {"ping": ping}, memory=2),
                                  of("then", {"ping": counted, "find_one": {"clients": {"bare": {"enters": 3}}}},
                                     memory=5, spec=6))
        self.assertEqual(made["tasks"]["ping"]["clients"],
                         {"bare": {"cpu_us": 1, "enters": 1}, "mongoro": {"enters": 1}})
        self.assertEqual(made["tasks"]["find_one"]["clients"], {"bare": {"enters": 3}})
        self.assertEqual((made["memory"], made["spec"]), (2, 6))
        self.assertEqual(made["notes"], ["slow"])
        self.assertEqual([(run["when"], run["what"]) for run in made["runs"]],
                         [("now", ["ping", "memory"]), ("then", ["ping", "find_one", "spec"])])
        self.assertIn("| then | 3, short ones | ping, find_one, spec |", "\n".join(report.runs_of(made)))
        again = runner.add_earlier(of("later", {}, memory=3), made)
        self.assertEqual([(run["when"], run["what"]) for run in again["runs"]],
                         [("later", ["memory"]), ("now", ["ping"]), ("then", ["ping", "find_one", "spec"])])


    @staticmethod
    def of(when, **rows):
        return {"machine": {**report.machine(), "when": when}, "notes": [],
                "settings": {"pairs": 3, "quick": True, "cores": "one core", "build_type": "release",
                             "bare_requests": "recorded"},
                "tasks": {"conc:64": {"title": "64", "clients": rows}}}

    def test_times_of_another_run_say_so_and_decide_about_no_goal(self):
        made = runner.add_earlier(self.of("now", bare=row(2), mongoro=row(3)),
                                  self.of("then", bare=row(9), rust=row(30), libmongoc=row(20)))
        self.assertEqual(made["tasks"]["conc:64"]["clients"]["bare"], row(2))
        said = "\n".join(report.tasks_of(made))
        self.assertIn("* Timed in the run of then, against its own bare loop, so that × compares and µs do not: "
                      "rust, libmongoc", said)
        self.assertEqual({goal.holds for goal in goals.all_of(made) if "times ahead" in goal.what}, {None})
        drawn = plots.all_of(made)["cost_conc_64.svg"]
        self.assertTrue("rust *" in drawn and "(* in another run)" in drawn and "mongoro *" not in drawn)
        again = runner.add_earlier(self.of("later", bare=row(1)), made)
        self.assertEqual([each.get("run") for each in again["tasks"]["conc:64"]["clients"].values()],
                         [None, "now", "then", "then"])

    def test_a_row_has_the_times_of_one_run(self):
        made = runner.add_earlier(self.of("now", mongoro=row(3)),
                                  self.of("then", mongoro=row(9, cpu_ratio=measure.spread([1.0]), instructions=7)))
        self.assertEqual(made["tasks"]["conc:64"]["clients"]["mongoro"], row(3, instructions=7))

    def test_a_failure_is_neither_hidden_nor_inherited(self):
        for rows in ((row(3), {"failed": "no"}), ({"failed": "no"}, row(3))):
            made = runner.add_earlier(self.of("now", mongoro=rows[0]), self.of("then", mongoro=rows[1]))
            self.assertEqual(made["tasks"]["conc:64"]["clients"]["mongoro"], rows[0])

    def test_what_either_run_has_counted_is_not_missing(self):
        counted, without = row(3, instructions=7), row(3, missing={"instructions": "no valgrind", "enters": "no"})
        for rows in ((counted, without), (without, counted)):
            made = runner.add_earlier(self.of("now", mongoro=dict(rows[0])), self.of("then", mongoro=dict(rows[1])))
            self.assertEqual(made["tasks"]["conc:64"]["clients"]["mongoro"],
                             row(3, instructions=7, missing={"enters": "no"}))


class Build(unittest.TestCase):
    def read(self, **options):
        with tempfile.TemporaryDirectory() as build:
            os.mkdir(os.path.join(build, "meson-info"))
            with open(os.path.join(build, "meson-info", "intro-buildoptions.json"), "w", encoding="ascii") as file:
                json.dump([{"name": name, "value": value} for name, value in options.items()], file)
            arguments = argparse.Namespace(build=build, build_type=None, data=None)
            notes = runner.read_build(arguments)
        return arguments.build_type, arguments.data, notes

    def test_the_build_itself_says_what_it_is(self):
        self.assertEqual(self.read(buildtype="release", optimization="3", debug=False, bench_data="/sets"),
                         ("release", "/sets", []))
        self.assertEqual(self.read(buildtype="release", optimization="0", debug=False),
                         ("-O0", "", ["a -O0 build is not what users run"]))
        self.assertEqual(self.read(buildtype="debug", optimization="0", debug=True)[2],
                         ["a debug build is not what users run"])
        self.assertEqual(self.read(buildtype="release", optimization="3", debug=False, b_sanitize="address")[0],
                         "sanitizer")

    def test_a_server_of_the_environment_is_left_alone(self):
        with unittest.mock.patch.dict(os.environ, MONGODB_URI="mongodb://somebodys.example/"), \
                unittest.mock.patch.object(sys, "argv", ["run.py", "--build", BUILD]):
            self.assertEqual(runner.parse_arguments().server, "")

    def test_an_interrupted_run_says_where_its_numbers_are(self):
        def first_only(_, __, ___, made):
            made["tasks"] = done
            raise KeyboardInterrupt

        for done, words in (({"ping": {}}, "what was measured is in /dev/null"), ({}, "nothing was measured")):
            said = []
            with unittest.mock.patch.object(runner, "run_tasks", first_only), \
                    unittest.mock.patch.object(runner, "say", said.append), \
                    unittest.mock.patch.object(sys, "argv", ["run.py", "--build", BUILD, "--tasks", "ping", "--json",
                                                             "/dev/null"]):
                self.assertEqual(runner.main(), 130)
            self.assertEqual(said, [f"interrupted: {words}"])

    def test_what_is_not_there_is_said_before_anything_is_measured(self):
        with tempfile.TemporaryDirectory() as folder:
            old = os.path.join(folder, "old.json")
            with open(old, "w", encoding="ascii") as file:
                file.write('{"version": 1}')
            page = os.path.join(folder, "page.md")
            with open(page, "w", encoding="ascii") as file:
                file.write("no marks")
            for more, words in [(["--add", folder + "/no.json"], "no.json is not a run to read: .*No such file"),
                                (["--compare", old], "its version is 1, not 2"),
                                (["--compare", page], "page.md is not a run to read"),
                                (["--docs", page], "has no place for results"),
                                (["--docs", folder + "/no.md"], "no page for the results"),
                                (["--json", folder + "/no/b.json"], "no folder for"),
                                (["--pairs", "0"], "0 runs measure nothing"),
                                (["--parts", "spec", "--data", folder],
                                 "no extended_bson, single_and_multi_document, parallel in the data sets, /")]:
                done = subprocess.run([sys.executable, RUN, "--build", BUILD, *more], capture_output=True, text=True,
                                      check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stderr, words)
                self.assertNotIn("Traceback", done.stderr)


class Whole(unittest.TestCase):
    def test_waits_of_epoll_are_not_counted_as_the_rings(self):
        with measure.Responder(BUILD, CORE) as responder:
            run = measure.run([os.path.join(BUILD, "bench", "mongoro-bench")], responder.uri, "conc:4", 10, CORE,
                              {"MONGORO_BACKEND": "epoll"})
        self.assertEqual(run.counters, {})

    def test_the_bare_loop_is_timed_and_written_down(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "bench.json")
            done = subprocess.run([sys.executable, RUN, "--build", BUILD, "--quick", "--pairs", "2",
                                   "--tasks", "ping,conc:64", "--clients", "bare", "--no-count",
                                   "--json", out], capture_output=True, text=True, check=False)
            if "io_uring_setup" in done.stdout:
                self.skipTest("io_uring is refused here")
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(out, encoding="utf-8") as file:
                made = json.load(file)
        self.assertIn("| bare |", done.stdout)
        ping = made["tasks"]["ping"]["clients"]["bare"]
        self.assertEqual(len(ping["cpu_us"]["runs"]), 2)
        self.assertGreater(ping["cpu_us"]["median"], 0)
        # One round trip of the bare loop is one submission.
        self.assertEqual(ping["counters"]["enters"]["median"], 1)
        self.assertLess(made["tasks"]["conc:64"]["clients"]["bare"]["counters"]["enters"]["median"], 1)


if __name__ == "__main__":
    last_line.main()
