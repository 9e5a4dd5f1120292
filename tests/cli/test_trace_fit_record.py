"""Traces that are made, fitted and recorded, as users type it."""
import csv
import io
import json
import pathlib
import re
import shlex
import signal
import socket
import time

import harness
from harness import ProgramTest

MAKE = {
    "constant": "--level 12Mbit/s",
    "steps": "--levels 20,5Mbit/s --times 2s",
    "sine": "--mean 20Mbit/s --amplitude 5Mbit/s --period 3s",
    "gauss-markov": "--mean 20Mbit/s --deviation 5Mbit/s --correlation-time 2s",
    "markov": "--levels 40,2Mbit/s --times 4s,1s",
    "lognormal-ar1": "--quantity latency --mean 30ms --cv 0.4 --correlation-time 2s",
    "diurnal": "--quantity load --mean 30% --swing 50% --burst-every 5s --burst-length 1s --burst-height 20%",
    "on-off": "--low 5% --high 60% --low-time 2s --high-time 3s",
    "poisson": "--rate 20/s --deadline 50ms",
    "mmpp": "--rates 5,50/s --times 4s,1s",
}


class TraceTest(ProgramTest):
    def make(self, generator, output, seed=1, duration="60s", words=""):
        words = words or MAKE[generator]
        self.expect(self.call("trace", "make", generator, "--seed", seed, "--duration", duration, *words.split(),
                              "-o", output), 0, [])
        return self.read(output).decode()


class Made(TraceTest):
    def test_every_header_makes_its_trace_again(self):
        listed = self.call("list", "generators").stdout.splitlines()
        self.assertEqual(sorted(MAKE), sorted(line.split()[0] for line in listed))
        for generator in MAKE:
            with self.subTest(generator):
                text = self.make(generator, generator)
                command = re.search(r"(?m)^# command: edgesplit (.*)$", text)[1]
                self.assertEqual(self.call(*shlex.split(command)).stdout, text)


class Fitted(TraceTest):
    def test_table_and_commands(self):
        self.make("gauss-markov", "walk.csv", duration="2000s")
        result = self.call("trace", "fit", "walk.csv")
        self.expect(result, 0, [])
        header, *lines = result.stdout.splitlines()
        self.assertEqual(header.split(), ["generator", "method", "ks_distance", "acf_error", "acf_error_lag_s"])
        self.assertEqual([line.split()[0] for line in lines[:3]], ["gauss-markov", "markov", "lognormal-ar1"])
        for line, generator in zip(lines[3:], ["gauss-markov", "markov", "lognormal-ar1"]):
            with self.subTest(generator):
                self.assertTrue(line.startswith(f"edgesplit trace make {generator} --seed 1 --duration 2000s "), line)
                self.expect(self.call(*shlex.split(line)[1:]), 0, [])

    def test_three_forms_of_the_same_rows(self):
        self.make("poisson", "requests.csv", duration="500s")
        rows = json.loads(self.call("trace", "fit", "requests.csv", "--json").stdout)
        self.assertEqual([row["generator"] for row in rows], ["poisson", "mmpp"])
        self.assertLess(rows[0]["ks_distance"], 0.03)
        self.assertEqual((rows[1]["ks_distance"], rows[1]["command"]), (None, ""))
        self.assertIn("do not tell two states apart", rows[1]["method"])
        table = list(csv.DictReader(io.StringIO(self.call("trace", "fit", "requests.csv", "--csv").stdout)))
        self.assertEqual(float(table[0]["ks_distance"]), rows[0]["ks_distance"])
        self.assertEqual(table[0]["command"], rows[0]["command"])
        self.assertEqual(table[1]["ks_distance"], "")

    def test_parameters(self):
        self.make("mmpp", "requests.csv", duration="3000s")
        rows = json.loads(self.call("trace", "fit", "requests.csv", "--as", "mmpp", "--parameters", "--json").stdout)
        self.assertEqual([row["parameter"] for row in rows], ["rates 1", "rates 2", "times 1", "times 2"])
        self.assertEqual([row["unit"] for row in rows], ["/s", "/s", "s", "s"])
        for row, truth in zip(rows, [5, 50, 4, 1]):
            self.assertLess(abs(row["value"] - truth), 4 * row["standard_error"])
            self.assertLess(row["standard_error"], 0.2 * truth)

    def test_step_and_states(self):
        self.make("gauss-markov", "walk.csv", duration="500s")
        rows = json.loads(self.call("trace", "fit", "walk.csv", "--step", "1s", "--states", "3", "--parameters",
                                    "--json").stdout)
        values = {(row["generator"], row["parameter"]): row["value"] for row in rows}
        self.assertEqual(values["gauss-markov", "step"], 1)
        self.assertIn(("markov", "levels 3"), values)
        self.assertNotIn(("markov", "levels 4"), values)

    def test_mistakes(self):
        self.make("on-off", "load.csv")
        for words, code, messages in [
                (["none.csv"], 66, [".*none.csv: .*"]),
                (["load.csv", "--as", "onoff"], 64, ["no generator 'onoff' can be fitted; expected one of: .*on-off.*"]),
                (["load.csv", "--as", "mmpp"], 64, [".*load.csv: 'mmpp' makes no load; expected one of: .*"]),
                (["load.csv", "--states", "1"], 64, [".*--states '1'; expected 2 .. 16"]),
                (["load.csv", "--step", "5"], 64, [".*--step '5'; expected a time with its unit.*"]),
                (["load.csv", "--step", "0s"], 64, [".*--step '0s'; expected 1e-06s or more"]),
                (["load.csv", "--quantity", "lod"], 64, [".*--quantity 'lod'; expected bandwidth, load.*"]),
                (["load.csv", "--quantity", "bandwidth"], 65, [".*load.csv:1: quantity 'load'; expected bandwidth"]),
                (["load.csv", "--csv", "--json"], 64, [".*--csv and --json together"])]:
            with self.subTest(words):
                self.expect(self.call("trace", "fit", *words), code, messages)


def read_trace(text):
    """{key: value} of the header, and rows of start, end, value."""
    header = dict(re.findall(r"(?m)^# ([^:]*): (.*)$", text))
    rows = [tuple(map(float, line.split(","))) for line in text.splitlines() if line[:1].isdigit()]
    ends = [start for start, _ in rows[1:]] + [float(header["duration"].removesuffix("s"))]
    return header, [(start, end, value) for (start, value), end in zip(rows, ends)]


def loopback_bytes():
    fields = re.search(r"(?m)^ *lo:\s*(.*)$", pathlib.Path("/proc/net/dev").read_text())
    return int(fields[1].split()[0]) if fields else None


class Recorded(ProgramTest):
    def setUp(self):
        super().setUp()
        if not pathlib.Path("/proc/stat").exists():
            self.skipTest("there is no /proc/stat")

    def test_cpu(self):
        self.expect(self.call("trace", "record", "--cpu", "-o", "load.csv", "--duration", "1s", "--step", "100ms",
                              "--licence", "CC0: mine"), 0, [])
        header, rows = read_trace(self.read("load.csv").decode())
        for key, value in {"quantity": "load", "unit": "1", "step": "100ms", "licence": "CC0: mine"}.items():
            self.assertEqual(header[key], value)
        for key in "origin", "meaning", "kernel", "cpus", "date", "program":
            self.assertTrue(header[key])
        self.assertNotIn(socket.gethostname(), header["kernel"])
        self.assertLessEqual(len(rows), 10)
        self.assertEqual(rows[0][0], 0)
        self.assertGreaterEqual(rows[-1][1], 1)
        for start, end, value in rows:
            self.assertLess(start, end)
            self.assertTrue(0 <= value <= 1)
        self.expect(self.call("trace", "fit", "load.csv", "--quantity", "load"), 0, [])

    def test_an_interface_counts_what_went_through(self):
        if loopback_bytes() is None:
            self.skipTest("there is no interface lo")
        before, size, n = loopback_bytes(), 1000, 400
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to, socket.socket(socket.AF_INET,
                                                                                   socket.SOCK_DGRAM) as out:
            to.bind(("127.0.0.1", 0))
            for direction in "down", "up":
                process = self.start("trace", "record", "--interface", "lo", "--direction", direction, "-o",
                                     direction, "--duration", "1s", "--step", "100ms")
                time.sleep(0.4)
                for _ in range(n):
                    out.sendto(bytes(size), to.getsockname())
                self.assertEqual(process.wait(timeout=30), 0, process.stderr.read())
                process.communicate()
        after = loopback_bytes()
        for direction in "down", "up":
            header, rows = read_trace(self.read(direction).decode())
            self.assertEqual((header["quantity"], header["unit"]), ("bandwidth", "Mbit/s"))
            self.assertIn("not its capacity", header["meaning"])
            self.assertIn(direction, header["meaning"])
            n_bytes = sum((end - start) * value * 1e6 / 8 for start, end, value in rows)
            self.assertGreaterEqual(n_bytes, 0.9999 * n * size)
            self.assertLessEqual(n_bytes, 1.0001 * (after - before))

    def interrupt(self, how, step, after_s, duration="1h"):
        process = self.start("trace", "record", "--cpu", "-o", "load.csv", "--duration", duration, "--step", step)
        time.sleep(after_s)
        process.send_signal(how)
        _, stderr = process.communicate(timeout=30)
        return process.returncode, stderr

    def test_interrupts_publish_what_there_is(self):
        for how in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            with self.subTest(how):
                self.assertEqual(self.interrupt(how, "100ms", 0.8), (0, ""))
                _, rows = read_trace(self.read("load.csv").decode())
                self.assertGreaterEqual(len(rows), 2)
                self.assertEqual({name for name in self.files() if "load" in name}, {"load.csv"})
                (self.folder / "load.csv").unlink()

    def test_a_part_of_a_step_counts(self):
        self.assertEqual(self.interrupt(signal.SIGINT, "1000s", 0.8), (0, ""))
        _, rows = read_trace(self.read("load.csv").decode())
        self.assertEqual(len(rows), 1)
        self.assertTrue(0 < rows[0][1] < 20)

    def test_no_drift_and_no_invented_samples(self):
        process = self.start("trace", "record", "--cpu", "-o", "load.csv", "--duration", "2s", "--step", "100ms")
        time.sleep(0.5)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.7)
        process.send_signal(signal.SIGCONT)
        _, stderr = process.communicate(timeout=30)
        self.assertEqual((process.returncode, stderr), (0, ""))
        _, rows = read_trace(self.read("load.csv").decode())
        self.assertGreaterEqual(max(end - start for start, end, _ in rows), 0.6)
        self.assertLessEqual(len(rows), 15)
        late = sorted(start % 0.1 for start, _, _ in rows[1:] if start % 0.1 < 0.0999)
        self.assertLess(late[len(late) // 2], 0.03)  # behind a multiple of the step, the median one

    def test_mistakes(self):
        self.write("there.csv", "")
        (self.folder / "folder").mkdir()
        for words, code, messages in [
                (["-o", "x"], 64, [".*expected --cpu or --interface NAME"]),
                (["--cpu", "--interface", "lo", "-o", "x"], 64, [".*expected --cpu or --interface NAME"]),
                (["--cpu"], 64, [".*--output.*"]),
                (["--cpu", "-o", "x", "--step", "0s", "--direction", "in"], 64,
                 [".*--direction 'in'; expected down or up", ".*--direction is that of an --interface",
                  r".*--step '0s'; expected 0.001s \.\. 1e\+06s"]),
                (["--cpu", "-o", "x", "--duration", "5"], 64, [".*--duration '5'; expected a time with its unit.*"]),
                (["--cpu", "-o", "x", "--licence", "a\n# b: c"], 64, [".*--licence: expected one line"]),
                (["--interface", "none0", "-o", "x"], 66, ["there is no interface 'none0'; expected one of: .*"]),
                (["--cpu", "-o", "there.csv"], 73, [".*there.csv: is there already.*"]),
                (["--cpu", "-o", "folder/none/x"], 73, [".*"])]:
            with self.subTest(words):
                self.expect(self.call("trace", "record", *words), code, messages)
        self.assertNotIn("x", self.files())


if __name__ == "__main__":
    harness.main()
