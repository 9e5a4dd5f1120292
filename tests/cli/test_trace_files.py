"""`edgesplit trace show`, `lint` and `import`, and `plot trace`, as users type them."""
import csv
import gzip
import io
import json
import resource
import subprocess

import harness
from harness import ProgramTest

CANONICAL = """\
# quantity: bandwidth
# unit: Mbit/s
# hold: forward
# at_end: hold
# duration: 20s
# source: ours
time_s,value
0,1.5
5,0
7,8
"""
COOKED = "0.0 1.5\n1.0 0.0\n2.5 20\n2.5 3\n4 0.25\n"
REQUESTS = "# quantity: arrivals\ntime_s,batch,deadline_s\n0.5,1,\n0.5,4,0.25\n7,2,1e-3\n"
HEADER = "Timestamp,NetworkMode,DL_bitrate,UL_bitrate,State,PINGAVG\n"
PHONE = HEADER + "".join(f"2020.01.02_03.04.{second:02},5G,{rate},20,{state},-\n" for second, rate, state in
                         ((5, 100, "D"), (5, 300, "D"), (6, 0, "I"), (7, 0, "I"), (8, 0, "D"), (9, 2500, "D")))


class Shown(ProgramTest):
    def rows(self, *arguments):
        table = list(csv.DictReader(io.StringIO(self.output("trace", "show", "--csv", *arguments))))
        objects = json.loads(self.output("trace", "show", "--json", *arguments))
        self.assertEqual([list(row) for row in table], [list(item) for item in objects])
        for row, item in zip(table, objects):
            for name, value in item.items():
                self.assertEqual(row[name], "" if value is None else row[name] if value == float_of(row[name])
                                 else str(value))
        return objects

    def test_figures(self):
        self.write("up.csv", CANONICAL)
        self.write("requests.csv", REQUESTS)
        samples, requests = self.rows("up.csv", "requests.csv")
        expected = {"format": "canonical", "quantity": "bandwidth", "unit": "bit/s", "n": 3, "span_s": 20,
                    "mean": (5 * 1.5e6 + 13 * 8e6) / 20, "min": 0, "max": 8e6, "zero_ratio": 0.1, "outage_ratio": 0.1,
                    "longest_outage_s": 2, "missing_s": 0, "median_step_s": 5, "longest_step_s": 13, "n_duplicates": 0,
                    "n_backward": 0, "rate_hz": None}
        self.assertEqual({name: samples[name] for name in expected}, expected)
        expected = {"quantity": "arrivals", "n": 3, "span_s": 7, "rate_hz": 3 / 7, "peak_1s": 2, "n_duplicates": 1,
                    "longest_interarrival_s": 6.5, "cv": None, "outage_ratio": None}
        self.assertEqual({name: requests[name] for name in expected}, expected)

    def test_pitfall_18_idle_is_no_outage(self):
        self.write("phone.csv", PHONE)
        row, = self.rows("phone.csv", "--option", "direction=down")
        self.assertEqual((row["n"], row["idle_s"], row["n_duplicates"]), (5, 2, 1))
        self.assertEqual((row["below_100kbps_ratio"], row["outage_ratio"]), (0.6, 0.2))
        text = self.output("trace", "show", "phone.csv", "--option", "direction=down")
        self.assertIn("outages (measured below 0.1 Mbit/s, not idle): 20 % of the time, the longest 1 s\n", text)
        self.assertIn("0 for 60 % of the time, for 40 % while idle\n", text)

    def test_for_people(self):
        self.write("up.csv", CANONICAL)
        text = self.output("trace", "show", "up.csv")
        self.assertIn("up.csv: bandwidth, format canonical\n  3 samples over 20 s", text)
        self.assertIn("  mean 5.575, min 0, max 8 Mbit/s;", text)
        self.assertTrue(text.isascii())
        line = next(line for line in text.splitlines() if line.startswith("  |"))
        self.assertRegex(line, r"^  \|\.{16}_{6}=#{41}\| 0 \.\. 8 Mbit/s, means over 0\.3125 s$")
        text = self.output("trace", "show", "up.csv", env={"LC_ALL": "", "LANG": "C.UTF-8"})
        self.assertIn("▂" * 16 + "▁" * 6, text)

    def test_what_does_not_apply_is_left_out(self):
        self.write("at_once.csv", "# quantity: arrivals\ntime_s\n0\n0\n")
        self.write("zero.csv", "# quantity: load\n# unit: 1\n# duration: 5s\ntime_s,value\n0,0\n")
        text = self.output("trace", "show", "at_once.csv", "zero.csv")
        self.assertNotIn("nan", text)
        self.assertIn("  2 requests over 0 s, at most 2 in a second\n  no request in 0 % of the seconds\n", text)
        self.assertIn("  mean 0, min 0, max 0 %\n  0 for 100 % of the time\n", text)
        once, zero = self.rows("at_once.csv", "zero.csv")
        self.assertEqual((once["rate_hz"], once["interarrival_cv"], zero["cv"]), (None, None, None))

    def test_a_bad_file_does_not_hide_the_others(self):
        self.write("up.csv", CANONICAL)
        self.write("bad.csv", CANONICAL.replace("5,0", "5,x").replace("value\n0,1.5", "value\n9,1.5\n8,1.5"))
        result = self.call("trace", "show", "bad.csv", "up.csv", "absent")
        self.expect(result, 66, [r"bad\.csv:9: time 8s after 9s; expected rising times",
                                 r"bad\.csv:10: value 'x'; expected a number", r"bad\.csv:11: time 7s after .*",
                                 r"absent: No such file or directory"])
        self.assertTrue(result.stdout.startswith("up.csv: bandwidth"))
        self.expect(self.call("trace", "show", "bad.csv"), 65)

    def test_samples(self):
        self.write("phone.csv", PHONE)
        self.write("requests.csv", REQUESTS)
        self.assertEqual(self.output("trace", "show", "--samples", "phone.csv", "--option", "direction=down"),
                         "start_s,end_s,value,state\n0,1,2e+05,measured\n1,2,0,idle\n2,3,0,idle\n3,4,0,measured\n"
                         "4,5,2500000,measured\n")
        self.assertEqual(self.output("trace", "show", "--samples", "requests.csv"),
                         "time_s,batch,deadline_s\n0.5,1,\n0.5,4,0.25\n7,2,0.001\n")

    def test_wrong_words(self):
        self.write("up.csv", CANONICAL)
        for words, message in (
                (["--csv", "--json"], "at most one of --csv, --json and --samples"),
                (["up.csv", "--samples"], "--samples and --plot take one FILE"),
                (["--quantity", "speed"], "--quantity 'speed'; expected bandwidth, load, jobs, latency or arrivals"),
                (["--window", "5"], "--window '5'; expected a time with its unit .*"),
                (["--window", "1us"], "--window: expected whole milliseconds")):
            with self.subTest(words):
                self.expect(self.call("trace", "show", "up.csv", *words), 64, [f"edgesplit trace show: {message}"])


class Long(ProgramTest):
    """A file of 64 MB: its samples take more memory than there is, but measuring it takes none of them."""

    DATA_BYTES = 24 << 20  # of the heap and of writable data

    def limited(self, *arguments):
        limits = (self.DATA_BYTES, self.DATA_BYTES)
        return self.call("trace", "show", *arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limits))

    def test_constant_memory(self):
        if b"__asan_init" in (harness.bin_folder / "edgesplit").read_bytes():
            self.skipTest("the sanitizer takes more memory than this test allows")
        rows = 2_000_000
        content = b"".join(b"%d.0000000000 %d.0000000000\n" % (i + 1_000_000, i % 100) for i in range(rows + 1))
        self.assertGreater(len(content), 64_000_000)
        self.write("long", content)
        self.write("long.gz", gzip.compress(content, 1))
        for name in "long", "long.gz":
            result = self.limited("--json", name)
            self.expect(result, 0, [])
            row, = json.loads(result.stdout)
            self.assertEqual((row["n"], row["span_s"], row["min"], row["max"], row["median_step_s"]),
                             (rows, rows, 0, 99e6, 1))
            self.assertEqual((row["mean"], row["zero_ratio"], row["n_gaps"]), (49.5e6, 0.01, 0))
        self.expect(self.limited("--samples", "long"), 70, ["long: out of memory while reading the trace"])


class Linted(ProgramTest):
    def test_mistakes_and_notes(self):
        self.write("walk", COOKED)
        self.write("bad", COOKED.replace("1.0 0.0", "1,0 0.0").replace("4 0.25", "nan 1"))
        result = self.call("trace", "lint", "walk", "bad")
        self.expect(result, 65, [])
        lines = result.stdout.splitlines()
        self.assertRegex(lines[0], r"^walk: note: 1 rows repeat the time of the row before")
        self.assertEqual(lines[1], "walk: bandwidth, format cooked: ok")
        self.assertTrue(all(line.startswith("bad:") for line in lines[2:]) and len(lines) > 2, lines)
        self.expect(self.call("trace", "lint", "walk"), 0, [])
        self.expect(self.call("trace", "lint", "absent", "bad"), 66, [])


class Imported(ProgramTest):
    def imported(self, name, *arguments):
        self.expect(self.call("trace", "import", name, "-o", "out.csv", "--force", "--quiet", *arguments), 0, [])
        return self.read("out.csv").decode()

    def test_origin_and_samples(self):
        path = self.write("walk.gz", gzip.compress(COOKED.encode()))
        text = self.imported("walk.gz")
        sha256 = subprocess.run(["sha256sum", path], stdout=subprocess.PIPE, check=True).stdout.decode().split()[0]
        self.assertIn(f"# origin: walk.gz\n# origin_sha256: {sha256}\n# origin_format: cooked\n", text)
        self.assertIn("# note: 1 rows repeat the time of the row before", text)
        self.assertTrue(text.endswith("time_s,value\n0,0\n1,2e+07\n2.5,250000\n"), text)
        self.write("up.csv", CANONICAL)
        self.assertIn("# origin_source: ours\n", self.imported("up.csv"))

    def test_edits(self):
        self.write("phone.csv", PHONE)
        text = self.imported("phone.csv", "--option", "direction=down", "--fill-gaps", "zero", "--slice-start", "1s",
                             "--resample", "2s")
        for line in ("# option: direction=down", "# edit: fill-gaps zero", "# edit: slice-start 1s",
                     "# edit: resample 2s", "# duration: 4s"):
            self.assertIn(line + "\n", text)
        self.assertTrue(text.endswith("time_s,value\n0,0\n2,1250000\n"), text)

    def test_reads_back_as_the_same(self):
        for name, content in (("up.csv", CANONICAL), ("walk", COOKED), ("requests.csv", REQUESTS)):
            with self.subTest(name):
                self.write(name, content)
                self.write("again.csv", self.imported(name))
                self.assertEqual(*(self.output("trace", "show", "--samples", file) for file in (name, "again.csv")))

    def test_what_goes_wrong(self):
        self.write("up.csv", CANONICAL)
        self.write("there.csv", "kept")
        self.expect(self.call("trace", "import", "up.csv", "-o", "there.csv"), 73)
        self.assertEqual(self.read("there.csv"), b"kept")
        for words, code, message in (
                (["--fill-gaps", "none"], 64, "edgesplit trace import: --fill-gaps 'none'; expected one of hold, zero, "
                                              "error"),
                (["--slice-start", "5s", "--slice-end", "7s"], 65,
                 "up.csv: no positive bandwidth is left; expected some"),
                (["--slice-end", "21s"], 65, "up.csv: slice from 0s to 21s; expected a part of 0 .. 20s")):
            with self.subTest(words):
                self.expect(self.call("trace", "import", "up.csv", "-o", "new.csv", *words), code, [message])
                self.assertNotIn("new.csv", self.files())


class Plotted(ProgramTest):
    def test_figure(self):
        self.write("up.csv", CANONICAL)
        self.write("requests.csv", REQUESTS)
        result = self.call("plot", "trace", "up.csv", "-o", "figures")
        if result.returncode == 69:
            self.skipTest(result.stderr)
        self.expect(result, 0)
        self.assertEqual(result.stdout, "figures/up.csv.png\n")
        self.assertTrue(self.read("figures/up.csv.png").startswith(b"\x89PNG"))
        self.expect(self.call("plot", "trace", "up.csv", "-o", "figures"), 73)
        result = self.call("trace", "show", "requests.csv", "--plot", "figures")
        self.expect(result, 0)
        self.assertTrue(result.stdout.endswith("figures/requests.csv.png\n"))
        self.expect(self.call("plot", "trace", "absent", "-o", "figures"), 66)
        self.expect(self.call("plot", "trace", "up.csv", "-o", "figures", "--resolution", "64"), 64,
                    ["edgesplit plot: --resolution belongs to `plot cuts`"])


def float_of(text):
    try:
        return float(text)
    except ValueError:
        return text


if __name__ == "__main__":
    harness.main()
