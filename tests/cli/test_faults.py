"""Runs that end badly: a full disk, signals, a closed terminal. A result is there complete or not at all, an earlier
one stays what it was, and the exit code and one line say what happened."""
import os
import random
import resource
import signal
import subprocess
import time

import harness
from harness import SCENARIO, ProgramTest

IO_ERROR, INTERRUPTED = 74, 75
EARLIER = b"an earlier result"


def limit_files(n_bytes):
    """For preexec_fn: no file may grow longer; a write behind that fails, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


class Faults(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("short.ini", SCENARIO)
        # Tens of MB, a quarter of a second: time to be hit.
        self.write("long.ini", SCENARIO.replace("duration = 20s", "steps = 100000") + "[output]\ncompression = none\n")
        # Minutes: hit before it ends.
        self.write("endless.ini", SCENARIO.replace("duration = 20s", "steps = 300000000") + "[output]\nregret = no\nperiod = 60s\n")
        self.before = self.files()

    def start_and_wait(self, *arguments, **options):
        """Starts a run and waits until it has written some of its temporary file."""
        process = self.start("run", *arguments, **options)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + 30
        while not any(path.stat().st_size > 0 for path in self.folder.glob("*.tmp.*")):
            self.assertIsNone(process.poll(), "the run ended early")
            self.assertLess(time.monotonic(), deadline, "the run writes nothing")
            time.sleep(0.005)
        return process

    def end(self, process):
        """Waits for a run; returns its exit code and the lines of stderr."""
        _, stderr = process.communicate(timeout=30)
        return process.returncode, stderr.splitlines()

    def test_disk_full(self):
        size = len(self.run_scenario("long.ini", "whole.h5"))
        small = len(self.run_scenario("short.ini", "small.h5"))
        before = self.files()
        limits = [("short.ini", limit)
                  for limit in (0, 1, 100, 2048, 8192, small // 4, small // 2, small - 4096, small - 1)]
        limits += [("long.ini", limit) for limit in (small, size // 10, size // 2, size - 65536, size - 1)]
        for scenario, limit in limits:
            with self.subTest(scenario, limit=limit):
                result = self.call("run", scenario, "-o", "out.h5", preexec_fn=limit_files(limit))
                self.expect(result, IO_ERROR, [r"out\.h5: cannot be written: File too large"])
                self.assertEqual(result.stdout, "")
                self.assertEqual(self.files(), before)
        # HDF5 takes a little more while it closes a file than it leaves.
        result = self.call("run", "long.ini", "-o", "out.h5", preexec_fn=limit_files(size + 4096))
        self.expect(result, 0)

    def test_disk_full_leaves_the_earlier_result(self):
        self.write("out.h5", EARLIER)
        before = self.files()
        for limit in 0, 20000:
            result = self.call("run", "short.ini", "-o", "out.h5", "--force", preexec_fn=limit_files(limit))
            self.expect(result, IO_ERROR, [r"out\.h5: cannot be written: File too large"])
            self.assertEqual((self.files(), self.read("out.h5")), (before, EARLIER))

    def test_small_file_system(self):
        """The same on a file system that is really full, if this machine lets us mount one."""
        disk = self.folder / "disk"
        disk.mkdir()
        whole = self.run_scenario("short.ini", "whole.h5")
        pages = -(-len(whole) // 4096)
        for n_pages in 1, 3, pages // 2, pages - 1, pages:
            mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={4096 * n_pages}", "tmpfs", str(disk)],
                                   capture_output=True, check=False)
            if mount.returncode != 0:
                self.skipTest("no file system can be mounted here")
            try:
                with self.subTest(n_pages=n_pages):
                    result = self.call("run", "short.ini", "-o", "disk/out.h5")
                    self.expect(result, IO_ERROR, [r"disk/out\.h5(\.json)?: cannot be written: No space left on .*"])
                    left = {path.name: path.read_bytes() for path in disk.iterdir()}
                    self.assertIn(left, ({}, {"out.h5": whole}))
                    self.assertEqual(bool(left), n_pages == pages, "only the sidecar may be missing")
            finally:
                subprocess.run(["umount", str(disk)], check=True)

    def test_interrupted(self):
        self.write("out.h5", EARLIER)
        before = self.files()
        hindsight = ["-s", "policy no-offload.type=static-split", "-s", "policy no-offload.split=best-hindsight"]
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            for arguments in ["-o", "new.h5"], ["-o", "out.h5", "--force"], ["-o", "new.h5", *hindsight]:
                with self.subTest(number.name, arguments=arguments):
                    process = self.start_and_wait("endless.ini", *arguments)
                    process.send_signal(number)
                    self.assertEqual(self.end(process), (INTERRUPTED, ["interrupted; nothing was written"]))
                    self.assertEqual((self.files(), self.read("out.h5")), (before, EARLIER))

    def test_signals_that_the_caller_ignores(self):
        """As nohup does."""
        process = self.start_and_wait("endless.ini", "-o", "out.h5",
                                      preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process)[0], INTERRUPTED)

    def test_killed(self):
        self.write("kept.h5", EARLIER)
        for output, arguments in {"out.h5": [], "kept.h5": ["--force"]}.items():
            process = self.start_and_wait("endless.ini", "-o", output, *arguments)
            process.kill()
            self.assertEqual(self.end(process)[0], -signal.SIGKILL)
            os.unlink(self.folder / f"{output}.tmp.{process.pid}")
            self.assertEqual(self.files() - self.before, {"kept.h5"})
        self.assertEqual(self.read("kept.h5"), EARLIER)

    def test_a_run_after_a_killed_one(self):
        process = self.start_and_wait("endless.ini", "-o", "out.h5")
        process.kill()
        self.end(process)
        self.assertEqual(self.run_scenario("short.ini", "out.h5"), self.run_scenario("short.ini", "other.h5"))

    def test_pitfall_20_complete_or_absent_at_any_moment(self):
        started = time.monotonic()
        whole = self.run_scenario("long.ini", "whole.h5")
        span = time.monotonic() - started
        moments = random.Random(1)
        n_absent = 0
        for i in range(30):
            process = self.start("run", "long.ini", "-o", "out.h5", stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
            time.sleep(span * 1.1 * (i + moments.random()) / 30)
            process.kill()
            process.wait()
            if (self.folder / "out.h5").exists():
                self.assertEqual(self.read("out.h5") == whole, True, "a result that is not whole")
            else:
                n_absent += 1
            for name in self.files() - self.before - {"whole.h5", "whole.h5.json"}:
                os.unlink(self.folder / name)
        self.assertGreater(n_absent, 0)

    def test_stdout_that_cannot_be_written(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        cases = [["--version"], ["--help"], ["help"], ["help", "run"], ["help", "--man"], ["help", "--keys-man"],
                 ["help", "--completion"], ["list", "policies"], ["list", "backends"], ["check", "short.ini"],
                 ["check", "--resolved", "short.ini"], ["check", "--reference"],
                 ["run", "-q", "short.ini", "-o", "out.h5"]]
        for words in cases:
            with self.subTest(words), open("/dev/full", "w", encoding="utf-8") as full:
                self.expect(self.call(*words, stdout=full), IO_ERROR, [r"edgesplit(-profile)?: stdout: "
                                                                       r"No space left on device"])
        self.assertEqual(self.read("out.h5"), self.run_scenario("short.ini", "other.h5"))

    def test_readers_that_go_away(self):
        """As `edgesplit run ... | head` does: the result is kept."""
        for stream, code in ("stderr", 0), ("stdout", IO_ERROR):
            with self.subTest(stream):
                reader, writer = os.pipe()
                os.close(reader)
                result = self.call("run", "short.ini", "-o", f"{stream}.h5", **{stream: writer})
                os.close(writer)
                self.assertEqual(result.returncode, code)
        self.assertEqual(self.read("stdout.h5"), self.read("stderr.h5"))

    def test_closed_descriptors(self):
        """What is written to a descriptor that was closed must not end up in the result."""
        def close_all():
            for descriptor in range(3):
                os.close(descriptor)

        self.call("run", "short.ini", "-o", "out.h5", preexec_fn=close_all)
        self.assertEqual(self.read("out.h5"), self.run_scenario("short.ini", "other.h5"))
        process = self.start_and_wait("endless.ini", "-o", "endless.h5", preexec_fn=close_all)
        if os.path.isdir(f"/proc/{process.pid}/fd"):
            for descriptor in range(3):
                self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{descriptor}"), "/dev/null")
        process.terminate()
        self.assertEqual(self.end(process)[0], INTERRUPTED)


if __name__ == "__main__":
    harness.main()
