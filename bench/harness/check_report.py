"""Tests of what the numbers become: goals, plots, percentiles and scores, tables. Run by check.py."""

import os
import subprocess
import tempfile
import unittest
import unittest.mock
import xml.etree.ElementTree

from . import breakdown, clients, deployment, extras, goals, measure, plots, report, spec_bench, tasks

SVG = "{http://www.w3.org/2000/svg}"


def timed(cost, ratio=None, **more):
    made = {"cpu_us": measure.spread([cost * share for share in (0.99, 1, 1.01)]), **more}
    if ratio is not None:
        made["cpu_ratio"] = measure.spread([ratio])
    return made


def run_of(**tasks_by_name):
    return {"tasks": {name.replace("_at_", ":"): {"title": name, "clients": of}
                      for name, of in tasks_by_name.items()}}


class Goals(unittest.TestCase):
    def goal(self, made, words):
        found = [goal for goal in goals.all_of(made) if words in goal.what]
        self.assertEqual(len(found), 1, words)
        return found[0]

    def test_a_goal_that_was_not_measured_neither_holds_nor_fails(self):
        empty = goals.all_of({"tasks": {}})
        self.assertGreater(len(empty), 20)
        self.assertEqual({goal.holds for goal in empty}, {None})
        self.assertEqual({goal.measured for goal in empty}, {None})

    def test_a_goal_holds_up_to_its_limit_and_no_further(self):
        for ratio, holds in ((1.15, True), (1.16, False)):
            made = run_of(ping={"mongoro": timed(10, ratio)})
            self.assertIs(self.goal(made, "ping: CPU against").holds, holds)

    def test_one_allocation_fails_the_goal_of_none(self):
        for allocations, holds in ((0, True), (0.001, True), (1, False)):
            made = run_of(insert_one={"mongoro": {"allocations": allocations}})
            self.assertIs(self.goal(made, "insert_one: heap allocations").holds, holds)

    def test_being_ahead_of_a_peer_is_a_ratio_of_their_costs(self):
        made = run_of(conc_at_64={"mongoro": timed(5), "rust": timed(29), "libmongoc": timed(21)})
        self.assertAlmostEqual(self.goal(made, "ahead of Rust").measured, 5.8)
        self.assertIs(self.goal(made, "ahead of Rust").holds, False)
        self.assertIs(self.goal(made, "ahead of libmongoc").holds, True)

    def test_more_at_a_time_may_cost_no_more_but_for_the_noise(self):
        for ratio, holds in ((0.9, True), (1.03, True), (1.1, False)):
            pairs = measure.spread([ratio * share for share in (0.9, 0.9, 1, 1.1, 1.1) * 20])
            made = run_of(conc_at_1024={"mongoro": timed(10, beside_ratio=pairs)})
            self.assertIs(self.goal(made, "1024 at a time").holds, holds)

    def test_enters_at_64_are_a_ratio_to_the_bare_rings_own(self):
        made = run_of(conc_at_64={"mongoro": {"enters": 0.12}, "bare": {"enters": 0.1}})
        self.assertIs(self.goal(made, "enter calls against the bare").holds, False)

    def test_epoll_meets_no_goal_of_the_ring(self):
        for enters, holds in ((0, None), (1, True), (2, False)):
            made = run_of(ping={"mongoro": {"enters": enters}})
            self.assertIs(self.goal(made, "ping: io_uring_enter calls").holds, holds)

    def test_structs_have_a_harder_goal_than_documents(self):
        bson = {name: {"ratio": measure.spread([1.05])}
                for name in ("flat_bson_encoding", "flat_struct_encoding")}
        made = {"tasks": {}, "spec": {"bson": bson}}
        self.assertIs(self.goal(made, "flat bson encoding").holds, True)
        self.assertIs(self.goal(made, "flat struct encoding").holds, False)

    def test_memory_start_up_and_compile_time_are_judged(self):
        made = {"tasks": {}, "memory": {"mongoro": {"1000": {"idle": 8_000_000, "waiting": 3_000_000}}},
                "start_up": {name: {"first_reply_ms": measure.spread([cost])}
                             for name, cost in (("mongoro", 3), ("libmongoc", 4))},
                "compile_time": {"one_find": measure.spread([3.5])}}
        self.assertIs(self.goal(made, "idle connection").holds, True)
        self.assertIs(self.goal(made, "waiting for its reply").holds, False)
        self.assertAlmostEqual(self.goal(made, "start-up").measured, 0.75)
        self.assertIs(self.goal(made, "compile time").holds, False)

    def test_what_has_no_goal_is_reported_and_counts_for_nothing(self):
        made = {"tasks": {}, "memory": {"mongoro TLS": {"1000": {"idle": 9_500_000}}}}
        found = self.goal(made, "idle TLS connection")
        self.assertEqual((found.measured, found.holds), (9_500, None))
        made["goals"] = [vars(goal) for goal in goals.all_of(made)]
        made["goals"].append(vars(goals.Goal("another", "≤ 1", 1, True)))
        lines = report.goals_of(made)
        self.assertIn("| an idle TLS connection: bytes of heap | none: reported | 9,500 | – |", lines)
        self.assertIn("1 of 1 that were measured hold.", lines)

    def test_the_table_says_which_hold(self):
        made = run_of(ping={"mongoro": timed(10, 1.3)})
        made["goals"] = [vars(goal) for goal in goals.all_of(made)]
        lines = report.goals_of(made)
        self.assertIn("| ping: CPU against the bare ring | ≤ 1.15 | 1.3 | **no** |", lines)
        self.assertIn("0 of 1 that were measured hold.", lines)
        self.assertEqual(report.goals_of({"goals": [vars(goal) for goal in goals.all_of({"tasks": {}})]}), [])


class TwoCores(unittest.TestCase):
    def test_each_client_of_each_task_has_a_row(self):
        made = {"two_cores": run_of(ping={"bare": timed(8, 1), "mongoro": timed(10, 1.25),
                                          "go": {"failed": "no"}})["tasks"]}
        for row in made["two_cores"]["ping"]["clients"].values():
            row["wall_us"] = measure.spread([20])
        lines = report.two_cores_of(made)
        self.assertIn("| ping | mongoro | 10 [9.95–10.1] | 1.25 [1.25–1.25] | 20 |", lines)
        self.assertIn("| ping | go | failed: no |  |  |", lines)
        self.assertEqual(report.two_cores_of({}), [])


class Page(unittest.TestCase):
    def test_results_replace_those_of_before_and_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "page.md")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"# Prose\n\n{report.RESULTS_BEGIN}\nold\n{report.RESULTS_END}\n\nmore\n")
            for words in ("first", "second"):
                report.into_page(path, f"# Title\n\n## {words}\n", ["page/a_b.svg"])
            with open(path, encoding="utf-8") as file:
                text = file.read()
            self.assertTrue(text.startswith("# Prose\n") and text.endswith("\n\nmore\n"))
            self.assertEqual(text.count("### second"), 1)
            self.assertIn("![a b](page/a_b.svg)", text)
            self.assertNotRegex(text, "old|first|Title")
            with open(path, "w", encoding="utf-8") as file:
                file.write("no marks")
            with self.assertRaises(SystemExit):
                report.into_page(path, "", [])


class Plots(unittest.TestCase):
    def parse(self, svg):
        return xml.etree.ElementTree.fromstring(svg)

    def words(self, svg):
        return [element.text for element in self.parse(svg).iter(f"{SVG}text")]

    def test_bars_are_as_long_as_their_values(self):
        svg = plots.bars("a < b & c", {"mongoro": (10, 9, 11), "other": (20, 19, 22)}, "µs")
        widths = [float(bar.get("width")) for bar in self.parse(svg).iter(f"{SVG}rect")][1:]
        self.assertAlmostEqual(widths[1] / widths[0], 2, delta=0.01)
        self.assertIn("a < b & c", self.words(svg))

    def test_a_curve_has_a_point_for_each_number_and_the_larger_is_the_higher(self):
        svg = plots.curves("t", {"one": {1: 5, 10: 50, 100: 500}}, "x", "y")
        points = [(float(dot.get("cx")), float(dot.get("cy")))
                  for dot in self.parse(svg).iter(f"{SVG}circle")]
        self.assertEqual(len(points), 3)
        (x1, y1), (x2, y2), (x3, y3) = points
        # Both axes are logarithmic: equal factors, equal steps.
        self.assertAlmostEqual(x2 - x1, x3 - x2, delta=0.2)
        self.assertAlmostEqual(y1 - y2, y2 - y3, delta=0.2)
        self.assertGreater(y1, y2)

    def test_nothing_is_drawn_outside_of_the_picture(self):
        series = {name: {x: (x + 1) * scale for x in (1, 64, 4096)}
                  for scale, name in enumerate(("a", "b", "c", "d"), 1)}
        for dot in self.parse(plots.curves("t", series, "x", "y")).iter(f"{SVG}circle"):
            self.assertTrue(plots.LEFT <= float(dot.get("cx")) <= plots.WIDTH - plots.RIGHT)
            self.assertTrue(plots.TOP <= float(dot.get("cy")) <= plots.HEIGHT - plots.BOTTOM)

    def test_labels_do_not_lie_on_each_other(self):
        placed = sorted(plots.spread_labels({"a": 100, "b": 101, "c": 103, "d": 300}).values())
        self.assertTrue(all(low + 14 <= high for low, high in zip(placed, placed[1:])))

    def test_a_run_without_numbers_draws_nothing(self):
        self.assertEqual(plots.all_of({"tasks": {}}), {})

    def test_every_plot_of_a_run_is_xml(self):
        made = run_of(ping={"bare": timed(8), "mongoro": timed(9)},
                      conc_at_1={"mongoro": timed(9)}, conc_at_64={"mongoro": timed(5)})
        made["latencies"] = {"find_one": {"mongoro": {"50": 10.0, "99.9": 90.0}}}
        made["memory"] = {"mongoro": {"1": {"idle": 9000}, "1000": {"idle": 8e6, "waiting": 2e6}}}
        made["servers"] = {str(count): {"title": "", "clients": {"mongoro": timed(10 + count)}}
                           for count in deployment.SERVERS}
        made["connect"] = {"connect TLS": {"title": "", "clients": {"mongoro": timed(800)}}}
        drawn = plots.all_of(made)
        self.assertEqual(sorted(drawn), [
            "cost_by_concurrency.svg", "cost_by_servers.svg", "cost_conc_64.svg", "cost_connect.svg",
            "cost_ping.svg", "latency_find_one.svg", "memory.svg"])
        self.assertIn("mongoro, connect TLS", self.words(drawn["cost_connect.svg"]))
        for svg in drawn.values():
            self.parse(svg)
        self.assertIn("mongoro, waiting", self.words(drawn["memory.svg"]))


class SpecBench(unittest.TestCase):
    def test_percentiles_are_the_specifications_nearest_rank(self):
        found = spec_bench.percentiles([float(value) for value in range(100, 0, -1)])
        self.assertEqual((found["10"], found["50"], found["99"]), (10, 50, 99))
        # One iteration has one rank.
        self.assertEqual(set(spec_bench.percentiles([7.0]).values()), {7.0})

    def test_composites_are_plain_averages(self):
        scores = {task.name: 10.0 for task in spec_bench.BSON_TASKS}
        scores.update({task.name: 20.0 if task.side == "read" else 40.0 for task in spec_bench.DRIVER_TASKS})
        scores["run_command"] = 1000.0
        found = spec_bench.composites(scores)
        self.assertEqual((found["BSONBench"], found["ReadBench"], found["WriteBench"], found["DriverBench"]),
                         (10, 20, 40, 30))
        # Without "Run command", which the specification leaves out.
        self.assertAlmostEqual(found["SingleBench"], (20 + 40 + 40) / 3)

    def test_a_composite_of_nothing_is_no_number(self):
        self.assertIsNone(spec_bench.composites({"find_many": 5.0})["DriverBench"])
        self.assertEqual(spec_bench.composites({"find_many": 5.0})["MultiBench"], 5)

    def test_a_score_is_megabytes_over_the_median(self):
        task = next(task for task in spec_bench.DRIVER_TASKS if task.name == "small_insert_one")
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, spec_bench.DOCS))
            with open(os.path.join(folder, task.file), "wb") as file:
                file.write(b"x" * 300)
            self.assertAlmostEqual(task.megabytes(folder, official=None), 3.0)
            self.assertAlmostEqual(task.megabytes(folder, official=folder), 2.75)
            self.assertAlmostEqual(spec_bench.scored(task, [0.5, 0.5, 9], folder, None)["score"], 6.0)

    def test_a_program_without_iterations_is_a_failure(self):
        with self.assertRaisesRegex(measure.Failed, "exit 0: no iteration"):
            spec_bench.iterations(["true"])
        with self.assertRaisesRegex(measure.Failed, "cannot be started"):
            spec_bench.iterations(["/no/such/program"])
        with self.assertRaisesRegex(measure.Failed, "no iteration: .*'soon'"):
            spec_bench.iterations(["echo", "ITERATION soon"])
        with unittest.mock.patch.object(measure, "TIMEOUT", 0.1), \
                self.assertRaisesRegex(measure.Failed, "not done after 0.1 s"):
            spec_bench.iterations(["sleep", "9"])
        self.assertEqual(spec_bench.iterations(["printf", "ITERATION 0.5\\nITERATION 2\\n"]), [0.5, 2])


class Peers(unittest.TestCase):
    def test_a_peer_that_was_not_built_says_why(self):
        with tempfile.TemporaryDirectory() as build:
            os.makedirs(os.path.join(build, "peers", "rust"))
            with open(os.path.join(build, "peers", "rust", "why"), "w", encoding="utf-8") as file:
                file.write("cargo is not installed\n")
            found, missing = clients.find(build)
        self.assertEqual(found, [])
        self.assertIn("rust: cargo is not installed", missing)
        self.assertIn("go: not built: bench/run.sh does it", missing)

    def test_a_peer_that_cannot_be_built_says_why_and_one_that_nobody_knows_is_an_error(self):
        script = os.path.join(measure.Settings.root, "bench", "peers", "build.sh")
        with tempfile.TemporaryDirectory() as build:
            go = os.path.join(build, "go")
            with open(go, "w", encoding="ascii") as file:
                file.write("#!/bin/sh\nexit 1\n")
            os.chmod(go, 0o755)
            environment = {**os.environ, "PATH": f"{build}:{os.environ['PATH']}"}
            done = subprocess.run([script, build, "go"], env=environment, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0)
            self.assertIn("go failed: it does not say why", clients.why_not(os.path.join(build, "peers", "go")))
            done = subprocess.run([script, build, "go", "cobol"], env=environment, capture_output=True, text=True,
                                  check=False)
            self.assertEqual((done.returncode, done.stderr), (1, "mongoro: no peer is called cobol\n"))

    def test_a_peer_that_was_built_is_found_with_what_it_can_do(self):
        with tempfile.TemporaryDirectory() as build:
            folder = os.path.join(build, "peers", "go")
            os.makedirs(folder)
            os.symlink("/bin/true", os.path.join(folder, "run"))
            found = {client.name: client for client in clients.find(build)[0]}
        self.assertEqual(sorted(found), ["go", "go raw"])
        self.assertTrue(found["go"].does("conc:64") and not found["go"].does("callback"))
        self.assertTrue(found["go raw"].does("find_one") and not found["go raw"].does("ping"))

    def test_every_task_that_a_client_lacks_is_a_task(self):
        names = {task.name for task in tasks.TASKS}
        for settings in [entry[2] for entry in clients.BUILT + clients.OPTIONAL + clients.FETCHED]:
            self.assertLessEqual({*settings.get("without", ()), *settings.get("only", ())}, names)

    def test_a_slow_client_is_given_less_to_do(self):
        task = tasks.Task("find_many", "", 50, 500, documents=10_000)
        fast, slow = (clients.Client("c", ("true",), pace=pace) for pace in (1, 5))
        self.assertEqual((task.timed_by(fast), task.timed_by(slow)), (50, 10))
        self.assertEqual((task.counted_by(fast), task.counted_by(slow)), (500, 2))
        many = tasks.concurrent(1024, 50, 5)
        self.assertTrue(many.is_counted_of(fast) and not many.is_counted_of(slow))
        self.assertTrue(tasks.concurrent(64, 50, 5).is_counted_of(slow))


class Deployment(unittest.TestCase):
    @staticmethod
    def part(title, **row):
        return {"title": title, "clients": {"mongoro": timed(0.25, **row)}}

    def lines(self, **made):
        return report.report_deployment.parts_of({"tasks": {}, **made})

    def test_connecting_is_shown_with_what_the_responder_saw(self):
        served = dict(zip(measure.SERVED, (2, 1, 1, 1)))
        of = self.part("a new client", instructions=1000, system_calls=20, allocations=300, served=served)
        of["clients"]["libmongoc"] = {"failed": "exit 1: no"}
        lines = self.lines(connect={"connect TLS": of})
        self.assertIn("| a new client | mongoro | 0.25 [0.249–0.251] | n/a | 1,000 | 20 | 300 | 2 | 1 + 1 + 1 |",
                      lines)
        self.assertTrue(any("failed: exit 1: no" in line for line in lines))
        self.assertEqual(len({line.count("|") for line in lines if line.startswith("|")}), 1)

    def test_a_piece_of_the_library_is_shown_in_nanoseconds(self):
        parts = {"queue:64": self.part("64 in line", allocations=0, missing={"instructions": "no valgrind"})}
        for name in ("checkout", "selection"):
            lines = self.lines(**{name: parts})
            self.assertIn("| 64 in line | 250 [249–251] | n/a | 0 | n/a |", lines)
            self.assertIn("* n/a — queue:64, mongoro, instructions: no valgrind", lines)

    def test_the_servers_are_shown_by_client(self):
        parts = {str(count): {"title": "", "clients": {"libmongoc": timed(20), "mongoro": timed(10)}}
                 for count in (1, 3)}
        rows = [line.split("|")[1:3] for line in self.lines(servers=parts) if line.startswith("| ")][1:]
        self.assertEqual(rows, [[" mongoro ", " 1 "], [" mongoro ", " 3 "],
                                [" libmongoc ", " 1 "], [" libmongoc ", " 3 "]])

    def test_a_run_without_these_parts_has_no_tables_of_them(self):
        self.assertEqual(self.lines(), [])


class Breakdown(unittest.TestCase):
    def test_the_functions_of_callgrinds_own_table_are_read(self):
        printed = """20,000 (100.0%)  PROGRAM TOTALS
12,345 (61.7%)  ???:mongoro::find(int) [/x/program]
 1,000 ( 5.0%)  ./lib/memcpy.S:memcpy [/lib/libc.so.6]
   100 ( 0.5%)  ???:mongoro::find(int)'2 [/x/program]
"""
        self.assertEqual(breakdown.functions(printed), {"mongoro::find(int)": 12445, "memcpy": 1000})

    def test_a_name_is_shown_without_templates_and_arguments(self):
        self.assertEqual(breakdown.shorter("a::b<c<d>, e>::f(g<h>)"), "a::b::f")


class Extras(unittest.TestCase):
    def test_a_percentile_is_one_of_the_values(self):
        values = list(range(1, 1001))
        self.assertEqual([extras.percentile(values, percent) for percent in (50, 99, 99.9)], [500, 990, 999])

    def test_the_latencies_that_a_client_writes_are_read_in_order(self):
        program = ("import os; open(os.environ['LATENCIES'], 'w').write('30\\n10\\n20\\n');"
                   "print('RESULT 3 1 1 1 1')")
        client = clients.Client("fake", ("python3", "-c", program))
        core = max(os.sched_getaffinity(0))
        self.assertEqual(extras.latencies_of(client, "find_one", 3, "URI", core), [10, 20, 30])

    def test_a_client_without_latencies_is_a_failure_and_not_left_out(self):
        clients_of = [clients.Client(name, ("python3", "-c", program)) for name, program in (
            ("dead", "raise SystemExit('no server')"), ("silent", "print('RESULT 1 1 1 1 1')"),
            ("odd", "import os; open(os.environ['LATENCIES'], 'w').write('1e3\\n'); print('RESULT 1 1 1 1 1')"),
            ("good", "import os; open(os.environ['LATENCIES'], 'w').write('7000\\n'); print('RESULT 1 1 1 1 1')"))]
        core = max(os.sched_getaffinity(0))
        with unittest.mock.patch.object(measure, "Responder"):
            found = extras.latencies(clients_of, measure.Settings("", measure.Pinning(core, core), quick=True))
        self.assertEqual(found["find_one"]["good"]["50"], 7)
        made = {"tasks": {}, "latencies": found}
        self.assertEqual([line for line in report.failures(made) if "conc" not in line],
                         ["dead, latency of find_one: exit 1: no server",
                          "silent, latency of find_one: it wrote no latencies",
                          "odd, latency of find_one: these are no latencies: invalid literal for int() with base 10: "
                          "'1e3'"])
        self.assertIn("| dead | failed: exit 1: no server |  |  |  |  |  |", report.latencies_of(made))
        self.assertIn(">good<", plots.latency(made, "find_one"))
        self.assertNotIn("dead", plots.latency(made, "find_one"))

    def test_a_client_that_hangs_does_not_hang_the_runner(self):
        hung = clients.Client("hung", ("python3", "-c", "import time; time.sleep(60)"))
        with unittest.mock.patch.object(measure, "TIMEOUT", 0.3):
            with self.assertRaisesRegex(measure.Failed, "hung did not start: exit -9"):
                extras.start_once(hung, "URI", max(os.sched_getaffinity(0)))

    def test_the_start_is_until_the_closing_line_and_not_until_the_end(self):
        program = "import time; print('RESULT 1 1 1 1 1', flush=True); time.sleep(0.3)"
        client = clients.Client("fake", ("python3", "-c", program))
        wall, cpu = extras.start_once(client, "URI", max(os.sched_getaffinity(0)))
        self.assertGreater(wall, 0)
        self.assertGreater(cpu, 0)
        silent = clients.Client("fake", ("true",))
        with self.assertRaises(measure.Failed):
            extras.start_once(silent, "URI", max(os.sched_getaffinity(0)))

    def test_a_source_that_does_not_compile_is_a_failure(self):
        with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
            file.write("int main() { return 0; }\n")
            file.flush()
            self.assertGreater(extras.compile_once("g++", [], file.name), 0)
            file.write("no such thing\n")
            file.flush()
            with self.assertRaisesRegex(measure.Failed, "does not compile"):
                extras.compile_once("g++", [], file.name)
