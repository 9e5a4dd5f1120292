"""Sweeps as users run them: grammar, folders that survive kills, joined results."""
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import sys
import time

import harness
from harness import SCENARIO, ProgramTest

SOME_FAILED, USAGE, INVALID, NO_INPUT, CANT_CREATE, IO_ERROR, INTERRUPTED = 1, 64, 65, 66, 73, 74, 75

STUDY = SCENARIO.replace("duration = 20s", "title = rate $rate\nsteps = 200") \
    .replace("rate = 8Mbit/s", "rate = ${rate=1, 2, 4..8 step 2}Mbit/s") \
    .replace("rate = 4/s", "rate = ${arrivals=1, 4}/s") + """\
[sweep]
repeat = 3
[config small]
sweep.repeat = 1
uplink.rate = ${rate=1, 2}Mbit/s
[config constrained]
extends = small
constraint = $rate * $arrivals != 4
"""
N_RUNS = 5 * 2 * 3
# Runs of a few milliseconds, many of them; and runs of seconds.
LONGER = STUDY.replace("steps = 200", "steps = 3000").replace("repeat = 3", "repeat = 12")
SLOW = STUDY.replace("steps = 200", "steps = 3000000").replace("duration = 20s", "") + "[output]\nregret = no\n"


class SweepTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("study.ini", STUDY)

    def sweep(self, folder, *arguments, study="study.ini", **options):
        return self.call("sweep", "run", study, "-o", folder, *arguments, **options)

    def start_sweep(self, folder, *arguments, study="study.ini", **options):
        process = self.start("sweep", "run", study, "-o", folder, *arguments, **options)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def merge(self, folder, *arguments):
        """The bytes of a folder's joined result."""
        self.expect(self.call("sweep", "merge", folder, "-o", "cube.h5", "-f", *arguments), 0)
        return self.read("cube.h5")

    def counts(self, folder):
        """(done, failed, missing)"""
        result = self.call("sweep", "status", folder)
        self.expect(result, 0)
        numbers = re.search(r"^\d+ runs: (\d+) done, (\d+) failed, (\d+) missing$", result.stdout, re.MULTILINE)
        return tuple(map(int, numbers.groups()))

    def records(self, folder):
        """How many records the shards of a folder hold."""
        return sum(path.read_bytes().count(b"ESrun001") for path in (self.folder / folder / "shards").glob("*.shard"))


class Grammar(SweepTest):
    def labels(self, *arguments):
        result = self.call("sweep", "list", "study.ini", *arguments)
        self.expect(result, 0, [])
        return [tuple(line.split("\t")) for line in result.stdout.splitlines()]

    def test_list(self):
        labels = self.labels()
        self.assertEqual(len(labels), N_RUNS)
        self.assertEqual(labels[0], ("0", "rate=1, arrivals=1, repetition=0"))
        self.assertEqual(labels[-1], (str(N_RUNS - 1), "rate=8, arrivals=4, repetition=2"))
        self.assertEqual(self.labels("-c", "small"), [("0", "rate=1, arrivals=1"), ("1", "rate=1, arrivals=4"),
                                                      ("2", "rate=2, arrivals=1"), ("3", "rate=2, arrivals=4")])
        self.assertEqual(self.labels("-c", "constrained"), [("0", "rate=1, arrivals=1"), ("1", "rate=2, arrivals=1"),
                                                            ("2", "rate=2, arrivals=4")])
        self.assertEqual(self.labels("--filter", "$rate == 8 && $repetition == 1"),
                         [("25", "rate=8, arrivals=1, repetition=1"), ("28", "rate=8, arrivals=4, repetition=1")])
        self.assertEqual([number for number, _ in self.labels("-r", "3..5,0,29")], ["0", "3", "4", "5", "29"])
        self.assertEqual(self.labels("-c", "small", "-s", "uplink.rate=${rate=5}Mbit/s", "-r", "1"),
                         [("1", "rate=5, arrivals=4")])

    def test_mistakes(self):
        self.expect(self.call("sweep", "list", "study.ini", "-c", "smal"), USAGE,
                    [r"study\.ini: there is no \[config smal\]; did you mean 'small'\?"])
        self.expect(self.call("sweep", "list", "study.ini", "--max-runs", "29"), INVALID,
                    [r"study\.ini: expands into 30 runs; --max-runs allows 29"])
        self.expect(self.call("sweep", "list", "study.ini", "-r", "3..30"), USAGE, [
            r"edgesplit sweep list: --runs is '3\.\.30': expected numbers and ranges of 0 \.\. 29, \"0\.\.3,7\""])
        self.expect(self.call("sweep", "list", "study.ini", "--filter", "$rate > 8"), USAGE,
                    ["edgesplit sweep list: --filter leaves no run"])
        self.expect(self.call("sweep", "list", "study.ini", "--filter", "$rat > 8"), USAGE,
                    [r"command line: filter '\$rat > 8': there is no variable 'rat'; did you mean 'rate'\?"])
        self.expect(self.sweep("out", "--task", "3/3"), USAGE,
                    ["edgesplit sweep run: --task is '3/3': expected I/N, the tasks are 0 .. N-1"])
        self.expect(self.sweep("out", "-j", "0"), USAGE,
                    ["edgesplit sweep run: --jobs is '0': expected a whole number from 1"])

    def test_list_tells_a_misspelt_section(self):
        """Else it would only show fewer runs."""
        self.write("study.ini", STUDY.replace("[sweep]", "[sweeps]"))
        self.expect(self.call("sweep", "list", "study.ini"), INVALID,
                    [r"study\.ini:\d+: unknown section \[sweeps\]"])

    def test_a_mistake_of_many_runs_is_told_once(self):
        self.write("study.ini", STUDY.replace("${rate=1, 2,", "${rate=1, fast,") + "[nosuch]\n")
        number = STUDY.splitlines().index("rate = ${rate=1, 2, 4..8 step 2}Mbit/s") + 1
        expected = [rf"study\.ini:{STUDY.count(chr(10)) + 1}: unknown section \[nosuch\]",
                    rf"study\.ini:{number}: \[uplink\] rate = fastMbit/s: expected a data rate .*"]
        for command in ["check", "study.ini"], ["sweep", "run", "study.ini", "-o", "out"]:
            self.expect(self.call(*command), INVALID, expected)
        self.assertFalse((self.folder / "out").exists())

    def test_names_that_the_result_uses(self):
        self.write("study.ini", STUDY.replace("${arrivals=", "${policy="))
        self.expect(self.sweep("out"), INVALID,
                    [r"study\.ini: a variable may not be called 'policy': the merged result uses this name"])

    def test_run_and_check(self):
        result = self.call("check", "study.ini")
        self.assertEqual((result.returncode, result.stdout), (0, "study.ini: ok, 30 runs\n"))
        result = self.call("run", "study.ini", "-c", "small", "-o", "out.h5", "-q")
        self.expect(result, 0, [])
        self.assertEqual(result.stdout.split(), [f"out-{run}.h5" for run in range(4)])
        result = self.call("run", "study.ini", "-r", "29", "-o", "one.h5", "-q")
        self.assertEqual(result.stdout.split(), ["one.h5"])
        self.assertIn(b"rate 2", self.read("out-3.h5"))
        self.expect(self.call("check", "study.ini", "--resolved"), USAGE,
                    [r"edgesplit check: study\.ini expands into 30 runs: --resolved needs --runs to choose one"])
        result = self.call("check", "study.ini", "--resolved", "-r", "29")
        self.assertIn("\nseed = 3 ; default\n", result.stdout)
        self.assertRegex(result.stdout, r"\nrate = 8e\+06bit/s ; study\.ini:\d+\n")

    def test_a_run_of_a_study_is_the_run_of_its_values(self):
        plain = SCENARIO.replace("duration = 20s", "title = rate 6\nsteps = 200\nseed = 2") \
            .replace("rate = 8Mbit/s", "rate = 6Mbit/s")
        self.write("plain.ini", plain)
        self.run_scenario("study.ini", "out.h5", "--filter", "$rate == 6 && $arrivals == 4 && $repetition == 1")
        self.run_scenario("plain.ini", "plain.h5")
        summary = {name: self.call("summary", name, "--json").stdout for name in ("out.h5", "plain.h5")}
        self.assertEqual(summary["out.h5"].replace("out", "plain"), summary["plain.h5"])


class Folders(SweepTest):
    def test_done_runs_are_not_repeated(self):
        self.expect(self.sweep("out", "-j", "2"), 0)
        self.assertEqual(self.counts("out"), (N_RUNS, 0, 0))
        whole = self.merge("out")
        before = self.records("out")
        self.expect(self.sweep("out", "-j", "2"), 0, [r"0 runs in .*; of 30: 30 done, 0 failed, 0 missing"])
        self.assertEqual(self.records("out"), before)
        # A study that has grown by some runs: only these are done.
        self.write("study.ini", STUDY.replace("4..8 step 2", "4..10 step 2"))
        self.expect(self.sweep("out"), 0, [r"6 runs in .*; of 36: 36 done, 0 failed, 0 missing"])
        # One whose runs are others: none of the old ones counts.
        self.write("study.ini", STUDY.replace("steps = 200", "steps = 201"))
        self.expect(self.sweep("out"), 0, [r"30 runs in .*; of 30: 30 done, 0 failed, 0 missing"])
        self.assertNotEqual(self.merge("out"), whole)
        self.write("study.ini", STUDY)
        self.expect(self.sweep("out"), 0, [r"0 runs in .*"])
        self.assertEqual(self.merge("out"), whole)

    def test_an_input_that_has_changed(self):
        self.expect(self.sweep("out"), 0)
        self.write("device.profile", harness.profile_text("head", 0.005))
        self.expect(self.sweep("out"), 0, [r"30 runs in .*; of 30: 30 done, 0 failed, 0 missing"])

    def test_equal_runs_are_done_once(self):
        self.write("study.ini", STUDY.replace("1, 2, 4..8 step 2", "1, 1, 1.0").replace("rate $rate", "same"))
        self.expect(self.sweep("out"), 0, [r"6 runs in .*; of 18: 18 done, .*"])
        self.merge("out")

    def test_workers_tasks_and_order_leave_no_trace(self):
        self.expect(self.sweep("one", "-j", "1"), 0)
        whole = self.merge("one")
        self.expect(self.sweep("three", "-j", "3"), 0)
        self.assertEqual(self.merge("three"), whole)
        for task in 2, 0, 3, 1:
            self.expect(self.sweep("tasks", "-j", "1", "--task", f"{task}/4"), 0)
        self.assertEqual(self.counts("tasks"), (N_RUNS, 0, 0))
        self.assertEqual(self.records("tasks"), N_RUNS)
        self.assertEqual(self.merge("tasks"), whole)
        self.expect(self.sweep("parts", "--filter", "$rate > 3"), 0)
        self.expect(self.call("sweep", "merge", "parts", "-o", "x.h5"), INVALID,
                    ["parts: 12 of 30 runs are missing; --incomplete leaves them NaN"])
        self.expect(self.sweep("parts"), 0)
        self.assertEqual(self.merge("parts"), whole)

    def test_tasks_as_clusters_start_them(self):
        environments = [
            {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_COUNT": "3"},
            {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "3", "SLURM_NTASKS": "3"},
            {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "3"},
        ]
        for environment in environments:
            self.expect(self.sweep("out", env=environment), 0)
        self.assertEqual((self.counts("out"), self.records("out")), ((N_RUNS, 0, 0), N_RUNS))
        # A batch script that was given several tasks is itself only one process.
        self.expect(self.sweep("batch", env={"SLURM_PROCID": "0", "SLURM_NTASKS": "3"}), 0)
        self.assertEqual(self.counts("batch"), (N_RUNS, 0, 0))
        self.expect(self.sweep("pmi", env={"PMI_RANK": "1", "PMI_SIZE": "2"}), 0)
        self.assertEqual(self.counts("pmi"), (N_RUNS // 2, 0, N_RUNS // 2))

    def test_folders_that_are_none_of_this_study(self):
        self.expect(self.sweep("out"), 0)
        self.write("other.ini", STUDY)
        self.expect(self.sweep("out", study="other.ini"), CANT_CREATE,
                    [r"out: belongs to the sweep of .*study\.ini; -o names another folder"])
        self.expect(self.sweep("out", "-c", "small"), CANT_CREATE, [r"out: belongs to .*"])
        self.expect(self.sweep("no/folder"), CANT_CREATE, ["no/folder: No such file or directory"])
        self.write("file", "")
        self.expect(self.sweep("file"), CANT_CREATE, ["file: File exists"])
        self.expect(self.call("sweep", "status", "nothing"), NO_INPUT, [r"nothing/manifest: No such file .*"])
        manifest = self.read("out/manifest")
        for text in manifest[:-70], manifest + b"run\n", b"", manifest.replace(b"runs 30", b"runs 31"):
            self.write("out/manifest", text)
            self.expect(self.call("sweep", "merge", "out", "-o", "x.h5"), INVALID,
                        [r"out/manifest(:\d+)?: is no manifest of a sweep, is damaged, or is of another version .*"])

    def test_another_program_does_not_go_on_unasked(self):
        """Its results may differ: a folder says whose runs it has, and takes those of another only if told to."""
        self.expect(self.sweep("out", "-r", "0..3"), 0)
        own = self.call("--version").stdout.splitlines()[0]
        self.assertEqual(self.call("sweep", "status", "out").stdout, f"30 runs: 4 done, 0 failed, 26 missing\nby {own}\n")
        manifest = self.read("out/manifest").replace(f"source {own}\n".encode(), b"source edgesplit 0.0.9 (git 123)\n")
        self.write("out/manifest", manifest)
        refused = [rf"out: its runs were done by edgesplit 0\.0\.9 \(git 123\), this is {re.escape(own)}, whose results may "
                   r"differ; --mixed-programs goes on, -o names another folder"]
        for command in ("run", "slurm"):
            self.expect(self.call("sweep", command, "study.ini", "-o", "out"), CANT_CREATE, refused)
        self.assertEqual(self.read("out/manifest"), manifest)
        self.assertEqual(self.records("out"), 4)
        self.expect(self.sweep("out", "-r", "0..5", "--mixed-programs"), 0, [r"2 runs in .*"])
        both = f"edgesplit 0.0.9 (git 123); {own}"
        self.assertIn(f"\nby {both}\n", self.call("sweep", "status", "out").stdout)
        self.expect(self.sweep("out"), 0, [r"24 runs in .*"])  # it is known now
        self.merge("out")
        self.assertIn(both.encode(), self.read("cube.h5"))
        for path in (self.folder / "out" / "shards").iterdir():
            path.unlink()
        self.write("out/manifest", manifest)
        self.expect(self.sweep("out", "-r", "0"), 0)  # nothing of the other one is there
        self.assertIn(f"\nby {own}\n", self.call("sweep", "status", "out").stdout)

    def test_failed_runs(self):
        # Batch 8 was not measured: known only where the tables are made.
        self.write("study.ini", STUDY.replace("rate = ${arrivals=1, 4}/s", "rate = 4/s\nbatch = ${images=1, 8}"))
        result = self.sweep("out")
        self.expect(result, SOME_FAILED)
        self.assertIn("out: 15 runs failed; `edgesplit sweep status` says why", result.stderr)
        self.assertEqual(self.counts("out"), (15, 15, 0))
        shown = self.call("sweep", "status", "out").stdout.splitlines()
        self.assertEqual(len(shown), 15 + 2)
        self.assertRegex(shown[0], r"^3\trate=1, images=8, repetition=0\t.*batch.*")
        self.expect(self.sweep("out"), SOME_FAILED)
        self.assertEqual(self.records("out"), 30)
        self.expect(self.sweep("out", "--retry-failed"), SOME_FAILED)
        self.assertEqual(self.records("out"), 45)
        result = self.call("sweep", "merge", "out", "-o", "cube.h5")
        self.expect(result, 0, ["warning: 15 of 30 runs are NaN: 15 failed, 0 missing"])

    def test_dry_run(self):
        result = self.sweep("out", "--dry-run", "-j", "2")
        self.expect(result, 0, [])
        facts = dict(line.split() for line in result.stdout.splitlines())
        self.assertEqual((facts["runs"], facts["processes"], facts["sampled"]), ("30", "2", "16"))
        self.assertGreater(float(facts["time_s"]), 0)
        self.assertFalse((self.folder / "out").exists())
        self.expect(self.sweep("out", "-q"), 0)
        size = sum(path.stat().st_size for path in (self.folder / "out" / "shards").iterdir()) / 1e6
        self.assertAlmostEqual(float(facts["disk_MB"]), size, delta=0.05 * size)
        self.assertIn("runs 0\n", self.sweep("out", "--dry-run").stdout)


def limit_files(n_bytes):
    """For preexec_fn: no file may grow longer; a write behind that fails, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


def children(pid):
    """The processes that a process has started."""
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


class Faults(SweepTest):
    def wait_for_workers(self, process, n):
        deadline = time.monotonic() + 30
        while len(children(process.pid)) < n:
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        time.sleep(0.1)
        return children(process.pid)

    def test_a_record_that_was_cut_off(self):
        self.expect(self.sweep("out", "-j", "1"), 0)
        whole = self.merge("out")
        shard = next((self.folder / "out" / "shards").iterdir())
        content = shard.read_bytes()
        random_bytes = random.Random(5)
        for _ in range(8):
            cut = random_bytes.randrange(len(content))
            shard.write_bytes(content[:cut])
            n_left = self.counts("out")[0]
            self.assertLess(n_left, N_RUNS)
            shard.write_bytes(content[:cut] + bytes([content[cut] ^ 1]) + content[cut + 1:])
            self.assertLess(self.counts("out")[0], N_RUNS)
            shard.write_bytes(content[:cut])
            self.expect(self.sweep("out"), 0, [rf"{N_RUNS - n_left} runs in .*"])
            self.assertEqual(self.merge("out"), whole)
            for path in (self.folder / "out" / "shards").iterdir():
                if path != shard:
                    os.unlink(path)

    def test_a_worker_that_dies_fails_its_run(self):
        self.write("study.ini", SLOW.replace("repeat = 3", "repeat = 1"))
        process = self.start_sweep("out", "-j", "2", "-r", "0..2")
        workers = self.wait_for_workers(process, 2)
        os.kill(workers[0], signal.SIGKILL)
        _, stderr = process.communicate(timeout=120)
        self.assertEqual(process.returncode, SOME_FAILED, stderr)
        self.assertEqual(self.counts("out"), (2, 1, 7))
        self.assertIn("its process was ended by signal 9", self.call("sweep", "status", "out").stdout)
        self.expect(self.sweep("out", "-r", "0..2", "--retry-failed", timeout=120), 0)
        self.assertEqual(self.counts("out"), (3, 0, 7))

    def test_interrupted(self):
        self.write("study.ini", LONGER)
        for number in signal.SIGINT, signal.SIGTERM:
            process = self.start_sweep(number.name, "-j", "2")
            workers = self.wait_for_workers(process, 2)
            process.send_signal(number)
            _, stderr = process.communicate(timeout=60)
            self.assertEqual(process.returncode, INTERRUPTED, stderr)
            self.assertIn("interrupted; run it again to go on", stderr)
            for worker in workers:
                self.assertFalse(os.path.exists(f"/proc/{worker}"))
            done, failed, missing = self.counts(number.name)
            self.assertEqual(failed, 0)
            self.assertEqual(self.records(number.name), done)
            self.assertGreater(missing, 0)
        self.expect(self.sweep("SIGINT", "-j", "2"), 0)
        self.assertEqual(self.counts("SIGINT"), (120, 0, 0))

    def test_interrupted_twice_ends_at_once(self):
        self.write("study.ini", SLOW)
        process = self.start_sweep("out", "-j", "2")
        workers = self.wait_for_workers(process, 2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        self.assertIsNone(process.poll(), "what is in hand is finished first")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=5)
        self.assertEqual(process.returncode, INTERRUPTED)
        for worker in workers:
            self.assertFalse(os.path.exists(f"/proc/{worker}"))
        self.assertEqual(self.counts("out")[1], 0)

    def test_workers_do_not_outlive_a_killed_sweep(self):
        self.write("study.ini", LONGER)
        process = self.start_sweep("out", "-j", "2", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        workers = self.wait_for_workers(process, 2)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 20
        while any(os.path.exists(f"/proc/{worker}") for worker in workers):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_two_sweeps_in_one_folder(self):
        self.write("study.ini", SLOW)
        first = self.start_sweep("out", "-j", "1")
        self.wait_for_workers(first, 1)
        self.expect(self.sweep("out"), CANT_CREATE, ["out: another sweep is at work in this folder"])
        self.expect(self.sweep("out", "--task", "0/2"), CANT_CREATE, ["task 0 of 2", "out: another sweep is .*"])
        first.kill()
        first.wait()
        task = self.start_sweep("out", "-j", "1", "--task", "0/2", "-r", "0,1")
        self.wait_for_workers(task, 1)
        self.expect(self.sweep("out", "--task", "0/2"), CANT_CREATE, ["task 0 of 2", "out: another sweep is .*"])
        self.expect(self.sweep("out"), CANT_CREATE, ["out: another sweep is at work in this folder"])
        other = self.start_sweep("out", "-j", "1", "--task", "1/2", "-r", "0,1")
        self.wait_for_workers(other, 1)

    def test_a_study_that_is_changed_while_it_runs(self):
        """The second sweep is refused before it has touched anything."""
        slow = SLOW.replace("3000000", "300000")
        self.write("study.ini", slow)
        for first, second in ([], []), (["--task", "0/2"], []), (["--task", "0/2"], ["--task", "1/2"]):
            with self.subTest(first=first, second=second):
                process = self.start_sweep("out", "-j", "1", *first)
                self.wait_for_workers(process, 1)
                before = {name: self.read(f"out/{name}") for name in ("manifest", "study.ini")}
                self.write("study.ini", slow.replace("4..8 step 2", "4..10 step 2"))
                result = self.sweep("out", "-j", "1", *second)
                self.expect(result, CANT_CREATE)
                self.assertIn("out: another sweep is at work in this folder", result.stderr)
                self.assertEqual({name: self.read(f"out/{name}") for name in before}, before)
                process.kill()
                process.wait()
                self.write("study.ini", slow)

    def test_sweeps_that_start_together(self):
        """Sweeps of one folder: one does the runs and others are refused. Tasks: all join, whoever is first."""
        self.expect(self.sweep("whole", "-j", "1"), 0)
        whole = self.merge("whole")
        for i in range(3):
            folder = f"out{i}"
            processes = [self.start_sweep(folder, "-j", "1") for _ in range(3)]
            codes = sorted((process.communicate(timeout=60), process.returncode)[1] for process in processes)
            self.assertIn(codes, ([0, 0, 0], [0, 0, CANT_CREATE], [0, CANT_CREATE, CANT_CREATE]))
            self.assertEqual(self.merge(folder), whole)
            # A folder whose study has changed since is taken over by the first task.
            self.write("study.ini", STUDY.replace("steps = 200", f"steps = {201 + i}"))
            tasks = [self.start_sweep(folder, "-j", "1", "--task", f"{task}/4") for task in range(4)]
            for task in tasks:
                _, stderr = task.communicate(timeout=60)
                self.assertEqual(task.returncode, 0, stderr)
            self.assertEqual(self.counts(folder), (N_RUNS, 0, 0))
            self.write("study.ini", STUDY)

    def test_disk_full(self):
        self.expect(self.sweep("whole"), 0)
        whole = self.merge("whole")
        shard = next((self.folder / "whole" / "shards").iterdir())
        record = shard.stat().st_size // max(1, shard.read_bytes().count(b"ESrun001"))
        for n_bytes in 5 * record + 10, 2 * record:
            folder = f"out{n_bytes}"
            self.expect(self.sweep(folder, "-r", "0"), 0)  # the manifest is longer than the limit: it is there already
            result = self.sweep(folder, "-j", "2", preexec_fn=limit_files(n_bytes))
            self.assertEqual(result.returncode, IO_ERROR, result.stderr)
            self.assertRegex(result.stderr, r"shard: cannot be written: File too large")
            self.assertLessEqual(len(result.stderr.splitlines()), 2)
            self.assertGreater(self.counts(folder)[2], 0)
            self.assertEqual(self.records(folder), self.counts(folder)[0])
            self.expect(self.sweep(folder, "-j", "2"), 0)
            self.assertEqual(self.merge(folder), whole)
        size = len(whole)
        for n_bytes in 0, 4096, size // 2, size - 1:
            self.expect(self.call("sweep", "merge", "whole", "-o", "full.h5", preexec_fn=limit_files(n_bytes)), IO_ERROR,
                        [r"full\.h5: cannot be written: File too large"])
            self.assertFalse([name for name in self.files() if name.startswith("full.h5")])


    def test_disk_that_is_really_full(self):
        """And goes on when there is room again."""
        self.expect(self.sweep("whole"), 0)
        whole = self.merge("whole")
        manifest = (self.folder / "whole" / "manifest").stat().st_size
        pages = -(-manifest // 4096) + 1  # and the study
        size = sum(path.stat().st_size for path in (self.folder / "whole" / "shards").iterdir())
        n_full = 0
        for n_pages in 1, pages, pages + 1, pages + 2, pages + size // 8192, pages + size // 4096:
            folder = f"disk{n_pages}"
            disk = self.mount(folder, 4096 * n_pages)
            result = self.sweep(f"{folder}/out", "-j", "2")
            if result.returncode != 0:
                n_full += 1
                self.expect(result, IO_ERROR)
                self.assertRegex(result.stderr, rf"(?m)^{folder}/out/(manifest|study\.ini|shards/\d+\.shard): "
                                                r"cannot be written: No space left on device$")
            self.remount(disk, "size=16M")
            self.expect(self.sweep(f"{folder}/out", "-j", "2"), 0)
            self.assertEqual(self.merge(f"{folder}/out"), whole)
        self.assertGreaterEqual(n_full, 4)

    def test_read_only_folder(self):
        disk = self.mount("disk", "16M")
        self.expect(self.sweep("disk/half", "-r", "0..3"), 0)
        self.remount(disk, "ro")
        self.expect(self.sweep("disk/out"), CANT_CREATE, [r"disk/out: Read-only file system"])
        self.expect(self.sweep("disk/half"), CANT_CREATE, [r"disk/half/lock: Read-only file system"])
        self.expect(self.call("sweep", "slurm", "study.ini", "-o", "disk/half"), CANT_CREATE,
                    [r"disk/half/lock: Read-only file system"])
        self.expect(self.call("sweep", "merge", "disk/half", "-o", "disk/x.h5"), CANT_CREATE,
                    [r"disk/x\.h5: folder disk: Read-only file system"])
        self.assertEqual(self.counts("disk/half"), (4, 0, N_RUNS - 4))
        self.expect(self.call("sweep", "merge", "disk/half", "-o", "x.h5", "--incomplete"), 0)


class Shipped(ProgramTest):
    def test_what_the_readmes_say(self):
        """The commands and the figure of the two READMEs, word for word, in a folder with the scenarios and profiles."""
        try:
            import matplotlib  # noqa: F401
            import xarray  # noqa: F401
        except ImportError as error:
            self.skipTest(str(error))
        source = pathlib.Path(__file__).resolve().parents[2]
        for name in "scenarios", "kernels":
            (self.folder / name).symlink_to(source / name)
        environment = {**os.environ, "PATH": f"{harness.bin_folder}:{os.environ['PATH']}", "MPLBACKEND": "Agg"}
        for name in "README.md", "scenarios/studies/README.md":
            text = (source / name).read_text(encoding="utf-8")
            text = text[text.find("\n## Sweeps\n") if name == "README.md" else 0:]
            for kind, command in ("sh", ["sh", "-e"]), ("python", [sys.executable]):
                code = re.search(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL).group(1)
                script = self.write("script", code)
                done = subprocess.run([*command, script], cwd=self.folder, env=environment, capture_output=True, text=True,
                                      check=False, timeout=300)
                self.assertEqual(done.returncode, 0, f"{name}: {code}\n{done.stderr}")
            self.assertEqual(self.read("gain.png")[:8], b"\x89PNG\r\n\x1a\n")
            for made in "gain.png", "grid.h5":
                os.unlink(self.folder / made)

    def test_studies(self):
        """Every study that ships is sound in each of its configs, and runs when it is made short."""
        folder = pathlib.Path(__file__).resolve().parents[2] / "scenarios" / "studies"
        for path in sorted(folder.glob("*.ini")):
            for config in [None, *re.findall(r"^\[config (.*)\]$", path.read_text(encoding="utf-8"), re.MULTILINE)]:
                chosen = ["-c", config] if config else []
                with self.subTest(path.name, config=config):
                    self.expect(self.call("check", path, *chosen), 0, [])
                    output = f"{path.stem}-{config}"
                    self.expect(self.call("sweep", "run", path, "-o", output, "-s", "scenario.steps=5", *chosen), 0)
                    self.expect(self.call("sweep", "merge", output, "-o", f"{output}.h5"), 0)


if __name__ == "__main__":
    harness.main()
