"""A sweep of 2000 runs that is killed again and again ends with the bytes of one that was left in peace."""
import random
import subprocess
import time

import harness
from harness import N_TINY_RUNS, ONE_OF, TINY_RUNS
from test_sweep import SweepTest


class Killed(SweepTest):
    def setUp(self):
        super().setUp()
        self.write("study.ini", TINY_RUNS)
        started = time.monotonic()
        self.expect(self.call("sweep", "list", "study.ini"), 0)
        self.start_up_s = time.monotonic() - started
        self.expect(self.sweep("whole", "-j", "1"), 0)
        self.whole = self.merge("whole")
        self.moments = random.Random(3)

    def size(self, folder):
        return sum(path.stat().st_size for path in (self.folder / folder / "shards").glob("*.shard"))

    def kill(self, folder, most_bytes, *arguments):
        """Starts a sweep and kills it: one time in four while it starts up, else when it has written some records."""
        before = self.size(folder)
        process = self.start_sweep(folder, *arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if self.moments.random() < 0.25:
            time.sleep(2 * self.start_up_s * self.moments.random())
        else:
            enough = before + most_bytes * self.moments.random()
            while process.poll() is None and self.size(folder) <= enough:
                time.sleep(0.001)
        process.kill()
        process.wait()

    def kill_often(self, n, share, folder, *arguments):
        """Kills the sweep of a share of the runs n times, most of which it will then have done; how many are done."""
        n_done = 0
        for _ in range(n):
            self.kill(folder, 1.5 * share * self.size("whole") / n, *arguments)
            if (self.folder / folder / "manifest").exists():
                before, n_done = n_done, self.counts(folder)[0]
                self.assertGreaterEqual(n_done, before, "a finished run is lost")
        time.sleep(0.3)  # a worker that has lost its parent may still finish the run in hand
        return self.counts(folder)[0]

    def test_processes(self):
        for jobs, n_kills in (2, 50 // ONE_OF), (1, max(8, 20 // ONE_OF)):
            with self.subTest(jobs=jobs):
                folder = f"out{jobs}"
                n_done = self.kill_often(n_kills, 1, folder, "-j", jobs)
                n_records = self.records(folder)
                self.assertGreater(n_done, N_TINY_RUNS // 5)
                self.assertLess(n_done, N_TINY_RUNS, "it was not killed early enough")
                self.assertLessEqual(n_records - n_done, n_kills * jobs, "runs were repeated that were not in hand")
                self.expect(self.sweep(folder, "-j", jobs), 0, [rf"{N_TINY_RUNS - n_done} runs in .*"])
                self.assertEqual(self.records(folder), n_records + N_TINY_RUNS - n_done)
                self.assertEqual(self.merge(folder) == self.whole, True, "other bytes")

    def test_tasks_in_any_order(self):
        tasks = [f"{task}/5" for task in range(5)]
        self.moments.shuffle(tasks)
        for task in tasks:
            self.kill_often(3, 1 / len(tasks), "out", "-j", "1", "--task", task)
        self.assertLess(self.counts("out")[0], N_TINY_RUNS, "none was killed early enough")
        self.moments.shuffle(tasks)
        for task in tasks:
            self.expect(self.sweep("out", "-j", "2", "--task", task), 0)
        self.assertEqual(self.counts("out"), (N_TINY_RUNS, 0, 0))
        self.assertEqual(self.merge("out") == self.whole, True, "other bytes")


if __name__ == "__main__":
    harness.main()
