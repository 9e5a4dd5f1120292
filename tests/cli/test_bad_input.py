"""Mistakes as users make them: one line each, with its place, the exit code of sysexits, and nothing left behind."""
import os
import unittest

import harness
from harness import SCENARIO, ProgramTest, profile_text

USAGE, INVALID, NO_INPUT, CANT_CREATE = 64, 65, 66, 73
RATE_UNITS = r"expected a data rate with its unit \(bit/s, .*"

# name: (text of SCENARIO, what stands there instead, *what is said: (line, 0: none; regular expression))
SCENARIOS = {
    "key": ("duration = 20s", "duraton = 20s\nsteps = 5",
            (2, r"unknown key 'duraton' in \[scenario\]; did you mean 'duration'\?")),
    "key of another section": ("duration = 20s", "duration = 20s\ntrace = x",
                               (3, r"unknown key 'trace' in \[scenario\]; it belongs to \[uplink\]")),
    "key unlike any": ("name = eff", "zzzzzzzz = 1\nname = eff",
                       (4, r"unknown key 'zzzzzzzz' in \[model\]; expected one of: name, file, resolution, .*")),
    "section": ("[uplink]", "[uplnk]\nrate = 1Mbit/s\n[uplink]",
                (9, r"unknown section \[uplnk\]; did you mean \[uplink\]\?")),
    "case of a section": ("[device]", "[Device]\n[device]",
                          (5, r"unknown section \[Device\]; did you mean \[device\]\?")),
    "policy without name": ("[policy no-offload]", "[policy]",
                            (14, r"section \[policy\] needs a name: \[policy NAME\]")),
    "key twice": ("rate = 8Mbit/s", "rate = 8Mbit/s\nrate = 9Mbit/s",
                  (11, r"key 'rate' is in \[uplink\] already, on line 10")),
    "section twice": ("[workload]", "[uplink]\n[workload]", (11, r"section \[uplink\] is there already, on line 9")),
    "policy twice": ("[policy dynamic-split]", "[policy no-offload]",
                     (15, r"section \[policy no-offload\] is there already, on line 14")),
    "no unit": ("8Mbit/s", "8", (10, r"\[uplink\] rate = 8: " + RATE_UNITS)),
    "case of a prefix": ("8Mbit/s", "8mbit/s", (10, r"\[uplink\] rate = 8mbit/s: " + RATE_UNITS)),
    "b for bit": ("8Mbit/s", "8Mb/s", (10, r"\[uplink\] rate = 8Mb/s: " + RATE_UNITS)),
    "time without unit": ("20s", "20", (2, r"\[scenario\] duration = 20: expected a time with its unit .*")),
    "unit of another kind": ("20s", "20MB", (2, r"\[scenario\] duration = 20MB: expected a time with its unit .*")),
    "negative": ("20s", "-20s", (2, r"\[scenario\] duration = -20s: expected 1e-12s \.\. 1e\+08s")),
    "nan": ("8Mbit/s", "nanMbit/s", (10, r"\[uplink\] rate = nanMbit/s: " + RATE_UNITS)),
    "infinite": ("8Mbit/s", "1e999Mbit/s", (10, r"\[uplink\] rate = 1e999Mbit/s: " + RATE_UNITS)),
    "half a request": ("duration = 20s", "steps = 1.5", (2, r"\[scenario\] steps = 1\.5: expected a whole number")),
    "range": ("duration = 20s", "duration = 20s\nseed = -1",
              (3, r"\[scenario\] seed = -1: expected 0 \.\. 9007199254740992")),
    "load above one": ("[uplink]", "load = 120%\n[uplink]", (9, r"\[server\] load = 120%: expected 0 \.\. 1")),
    "load of one for ever": ("[uplink]", "load = 100%\n[uplink]",
                             (9, r"\[server\] load = 100%: a server that is fully loaded for ever .*")),
    "choice": ("poisson", "poison", (12, r"\[workload\] arrivals = poison: expected one of periodic, poisson, trace; "
                                         r"did you mean 'poisson'\?")),
    "no value": ("rate = 8Mbit/s", "rate =", (10, r"key 'rate' has no value")),
    "no equals sign": ("rate = 8Mbit/s", "rate 8Mbit/s", (10, r"no '='; expected .*")),
    "colon": ("rate = 8Mbit/s", "rate : 8Mbit/s", (10, r"':' used for '='; .*")),
    "indented": ("rate = 8Mbit/s", "  rate = 8Mbit/s", (10, r"indented; .*")),
    "text behind a header": ("[uplink]", "[uplink] of the phone", (9, r"text behind '\]'; .*")),
    "open header": ("[uplink]", "[uplink", (9, r"section header without '\]'")),
    "no section yet": ("[scenario]", "seed = 1\n[scenario]", (1, r"a key before the first \[section\]")),
    "NUL byte": ("poisson", "poi\0sson", (12, r"holds a NUL byte")),
    "control character": ("poisson", "poi\1sson", (12, r"holds a control character")),
    "byte-order mark": ("[scenario]", "\ufeff[scenario]", (1, r"a byte-order mark; .*")),
    "model": ("efficientnet-b0", "efficientnet-b9", (4, r"\[model\] name = efficientnet-b9: .*efficientnet-b.*")),
    "required key": ("name = efficientnet-b0\n", "", (3, r"\[model\] name is missing: .*")),
    "required section": ("[device]\nprofile = device.profile\n", "", (0, r"\[device\] profile is missing: .*")),
    "no policy": ("[policy no-offload]\n[policy dynamic-split]\n", "", (0, r"there is no \[policy NAME\] section: .*")),
    "no rate": ("rate = 8Mbit/s\n", "", (9, r"\[uplink\] rate: exactly one of rate and trace is needed")),
    "rate and trace": ("rate = 8Mbit/s", "rate = 8Mbit/s\ntrace = t.csv",
                       (11, r"\[uplink\] trace = t\.csv: exactly one of rate and trace is needed")),
    "several rates": ("rate = 8Mbit/s", "rate = 8, 9Mbit/s",
                      (10, r"\[uplink\] rate = 8, 9Mbit/s: several rates need \[workload\] states = grid")),
    "grid in open mode": ("arrivals = poisson", "states = grid",
                          (12, r"\[workload\] states = grid: only isolated mode has a grid of states")),
    "no end": ("duration = 20s\n", "", (1, r"\[scenario\] duration: one of duration and steps is needed")),
    "policy": ("[policy dynamic-split]", "[policy dynamic-splt]",
               (15, r"\[policy dynamic-splt\] type: there is no policy .*; did you mean 'dynamic-split'\?")),
    "type of a policy": ("[policy dynamic-split]", "[policy mine]\ntype = orakel",
                         (16, r"\[policy mine\] type = orakel: there is no policy 'orakel'; did you mean 'oracle'\?")),
    "cut": ("[policy no-offload]", "[policy static-split]\nsplit = 77",
            (15, r"\[policy static-split\] split = 77: efficientnet-b0 has no such cut: expected 0 \.\. 20, .*")),
    "name of a cut": ("[policy no-offload]", "[policy static-split]\nsplit = blockk4",
                      (15, r"\[policy static-split\] split = blockk4: efficientnet-b0 has no such cut: .*")),
    "no cut": ("[policy no-offload]", "[policy static-split]", (14, r"\[policy static-split\] split: is missing: .*")),
    "cut without times": ("[policy no-offload]", "[policy static-split]\nsplit = 18",
                          (15, r"\[policy static-split\] split = 18: the profiles hold no times for cut 18 .*")),
    "cut that is not offered": ("[device]",
                                "cut_points = residual-blocks\n[policy static-split]\nsplit = stem\n[device]",
                                (7, r"\[policy static-split\] split = stem: cut 1 \(stem\) is not one of .*")),
    "cut that is not private": ("[policy no-offload]", "[policy static-split]\nsplit = 0\nprivacy = yes",
                                (15, r"\[policy static-split\] split = 0: privacy forbids cut 0")),
    "key without effect": ("[policy no-offload]", "[policy no-offload]\nsplit = 3",
                           (15, r"\[policy no-offload\] split = 3: no-offload does not read this key .*")),
    "no first estimate": ("[policy dynamic-split]", "[policy dynamic-split]\nknowledge = ewma",
                          (16, r"\[policy dynamic-split\] knowledge = ewma: needs initial_rate: .*")),
    "batch": ("arrivals = poisson", "batch = 1, 8",
              (6, r".*device\.profile: batch 8 lies outside the measured batch sizes 1 \.\. 4; .*"),
              (8, r".*server\.profile: batch 8 lies outside the measured batch sizes 1 \.\. 4; .*")),
    "two mistakes": ("duration = 20s", "duration = 20\nsead = 1",
                     (3, r"unknown key 'sead' in \[scenario\]; did you mean 'seed'\?"),
                     (2, r"\[scenario\] duration = 20: expected a time .*")),
    "two policies": ("[policy no-offload]\n[policy dynamic-split]", "[policy no-ofload]\n[policy dynamicsplit]",
                     (14, r"\[policy no-ofload\] type: .* did you mean 'no-offload'\?"),
                     (15, r"\[policy dynamicsplit\] type: .* did you mean 'dynamic-split'\?")),
    "two lines": ("[uplink]\nrate = 8Mbit/s", "[uplink\nrate 8Mbit/s",
                  (9, r"section header without '\]'"), (10, r"no '='; .*")),
}

# value of -s: (exit code, what is said)
OVERRIDES = {
    "uplink.rate=8": (INVALID, r"\[uplink\] rate = 8: " + RATE_UNITS),
    "uplink.rte=8Mbit/s": (INVALID, r"unknown key 'rte' in \[uplink\]; did you mean 'rate'\?"),
    "uplnk.rate=8Mbit/s": (INVALID, r"unknown section \[uplnk\]; did you mean \[uplink\]\?"),
    "workload.arrivals=poison": (INVALID, r"\[workload\] arrivals = poison: .* did you mean 'poisson'\?"),
    "policy.type=oracle": (INVALID, r"section \[policy\] needs a name: \[policy NAME\]"),
    "policy dynamic-split.split=3": (INVALID, r"\[policy dynamic-split\] split = 3: dynamic-split does not read .*"),
    "device.profile=nosuch": (NO_INPUT, r"\[device\] profile = nosuch: nosuch: No such file or directory"),
    "uplink.rate": (USAGE, r"'uplink\.rate': expected section\.key=value"),
    "rate=8Mbit/s": (USAGE, r"'rate=8Mbit/s': expected section\.key=value"),
    "uplink.rte=": (USAGE, r"'uplink\.rte=': the file has no such key to take away"),
    "uplink.rate=8Mbit/s ; fast": (USAGE, r"'uplink\.rate=8Mbit/s ; fast': a value may not hold a comment .*"),
}

# what is typed: what is said, line by line
COMMAND_LINES = {
    ("rum",): [r"edgesplit: there is no command 'rum'; did you mean 'run'\?"],
    ("xyzzy",): [r"edgesplit: there is no command 'xyzzy'; --help lists them"],
    ("run",): [r"edgesplit run: SCENARIO\.ini is missing"],
    ("run", "scenario.ini", "more.ini"): [r"edgesplit run: 'more\.ini' is one word too many behind SCENARIO\.ini"],
    ("run", "--otput=x", "scenario.ini"): [r"edgesplit run: there is no option '--otput=x'; did you mean '--output'\?"],
    ("run", "--forc", "scenario.ini"): [r"edgesplit run: there is no option '--forc'; did you mean '--force'\?"],
    ("run", "--nothing-like-it", "scenario.ini"): [r"edgesplit run: there is no .*-like-it'; --help lists them"],
    ("run", "-z", "scenario.ini"): [r"edgesplit run: there is no option '-z'; --help lists them"],
    ("run", "scenario.ini", "--resolved"): [r"edgesplit run: there is no option '--resolved'; --help lists them"],
    ("run", "scenario.ini", "-o"): [r"edgesplit run: --output needs FILE"],
    ("run", "scenario.ini", "-o", ""): [r"edgesplit run: --output needs FILE"],
    ("run", "scenario.ini", "-s", ""): [r"edgesplit run: --set needs SECTION\.KEY=VALUE"],
    ("run", "scenario.ini", "-o", "a.h5", "-o", "b.h5"): [r"edgesplit run: --output is given twice"],
    ("run", "scenario.ini", "--force=yes"): [r"edgesplit run: --force takes no value"],
    ("run", "scenario.ini", "--sink", "hdf4"): [r"edgesplit run: there is no sink 'hdf4'; `edgesplit list sinks` .*"],
    ("run", "--forc", "--sett", "a.b=c", "-q=1"): [r".* '--forc'; .*", r".* '--sett'; did you mean '--set'\?",
                                                   r".* '-q=1'; .*", r"edgesplit run: SCENARIO\.ini is missing"],
    ("list",): [r"edgesplit list: policies\|.*\|backends is missing"],
    ("list", "policy"): [r"edgesplit list: expected policies\|.*\|backends, not 'policy'"],
    ("help", "rum"): [r"edgesplit: there is no command 'rum'; did you mean 'run'\?"],
    ("help", "trace", "mke"): [r"edgesplit trace: there is no command 'mke'; did you mean 'make'\?"],
    ("trace", "mke", "on-off"): [r"edgesplit trace: there is no command 'mke'; did you mean 'make'\?"],
    ("trcae", "make"): [r"edgesplit: there is no command 'trcae'; did you mean 'trace'\?"],
    ("trace", "make"): [r"edgesplit trace make: GENERATOR is missing"],
    ("check",): [r"edgesplit check: SCENARIO\.ini is missing"],
    ("selftest", "all"): [r"edgesplit selftest: 'all' is one word too many"],
    ("profile", "rum"): [r"edgesplit profile: there is no command 'rum'; did you mean 'run'\?"],
    ("profile", "run", "--modle", "x", "--batches", "1", "more"): [
        r"edgesplit profile run: there is no option '--modle'; did you mean '--model'\?",
        r"edgesplit profile run: there is no option '--batches'; did you mean '--batch'\?",
        r"edgesplit profile run: 'more' is one word too many", r"edgesplit profile run: --output FILE is missing"],
    ("profile", "list", "models"): [r"edgesplit profile list: expected backends or networks, not 'models'"],
    ("summary", "out.h5", "--jsn"): [r"edgesplit summary: there is no option '--jsn'; did you mean '--json'\?"],
    ("summary", "out.h5", "--json", "--csv"): [r"edgesplit summary: --json, --csv and --latex exclude each other"],
    ("plot", "out.h5"): [r"edgesplit plot: --output FOLDER is missing"],
}

CSV = "# quantity: bandwidth\n# unit: Mbit/s\ntime_s,value\n0,8\n10,4\n20,8\n"
OF_TRACE = r"scenario\.ini:10: \[uplink\] trace = t\.csv: t\.csv: "
BINARY = bytes(range(256)) * 8

# name: (content, *what is said)
TRACES = {
    "no positive rate": (CSV.replace(",8", ",0").replace(",4", ",0"),
                         OF_TRACE + r"the bandwidth is 0 at all times; .*"),
    "empty": ("", OF_TRACE + r"an empty file; expected a trace"),
    "binary": (BINARY, r"t\.csv:1: a NUL byte; expected text"),
    "not a number": (CSV.replace("10,4", "10,x"), r"t\.csv:5: value 'x'; expected a number"),
    "not a bandwidth": (CSV.replace("10,4", "10,-4"), r"t\.csv:5: a bandwidth of -4000000 bit/s; .*"),
    "time that falls": (CSV.replace("10,4", "30,4"), r"t\.csv:6: time 20s after 30s; expected rising times"),
    "unit": (CSV.replace("Mbit/s", "mbit/s"), r"t\.csv:2: unit 'mbit/s'; " + RATE_UNITS),
    "quantity": (CSV.replace("bandwidth", "load"), r"t\.csv:1: quantity 'load'; expected bandwidth"),
    "cut off": (CSV[:-3], r"t\.csv:6: the last line has no end; the file may have been cut off"),
    "cut inside the last number": (CSV[:-1], r"t\.csv:6: the last line has no end; the file may have been cut off"),
    "two mistakes": (CSV.replace("10,4", "10,x").replace("20,8", "20,-8"), r"t\.csv:5: .*", r"t\.csv:6: .*"),
}

PROFILE = profile_text("head", 0.004)
OF_PROFILE = r"scenario\.ini:6: \[device\] profile = device\.profile: device\.profile: "
PROFILES = {
    "of another network": (PROFILE.replace("efficientnet-b0", "efficientnet-b1"),
                           OF_PROFILE + r"is a profile of efficientnet-b1; the model is efficientnet-b0"),
    "of another resolution": (PROFILE.replace("# kind", "# resolution: 240\n# kind"),
                              OF_PROFILE + r".* at 240 pixels; the model has 224"),
    "of a deeper network": (PROFILE.replace("head,17,", "head,40,"), OF_PROFILE + r"head 40 .* has 20 units .*"),
    "of nothing": (PROFILE.replace("# model: efficientnet-b0\n", ""), OF_PROFILE + r"no line `# model: NAME`"),
    "cut off": (PROFILE[:-7], r"device\.profile:58: the last line has no end; the file may have been cut off"),
    "binary": (BINARY, OF_PROFILE + r"a NUL byte; expected a text file"),
    "not a number": (PROFILE.replace(",0.004,", ",fast,", 1), r"device\.profile:6: median_s is \"fast\"; .*"),
    "row twice": (PROFILE + PROFILE.splitlines(True)[-1], r"device\.profile:59: head 17 at batch 4 is there twice; .*"),
    "two mistakes": (PROFILE.replace(",0.004,", ",fast,", 1).replace("head,2,", "hed,2,", 1),
                     r"device\.profile:6: .*", r"device\.profile:7: kind is \"hed\"; .*"),
}


class BadInput(ProgramTest):
    def refuse(self, code, lines, *arguments, **options):
        """A call that has to say just these lines, print nothing and leave nothing."""
        before = self.files()
        result = self.call(*arguments, **options)
        self.expect(result, code, lines)
        self.assertEqual(result.stdout, "")
        self.assertEqual(self.files(), before)

    def refuse_scenario(self, code, lines, *arguments):
        self.refuse(code, lines, "run", "scenario.ini", "-o", "out.h5", *arguments)
        self.refuse(code, lines, "check", "scenario.ini", *arguments)

    def test_the_unchanged_inputs_are_right(self):
        self.write("scenario.ini", SCENARIO)
        self.expect(self.call("check", "scenario.ini"), 0, [])
        self.write("scenario.ini", SCENARIO.replace("rate = 8Mbit/s", "trace = t.csv").replace("\n", "\r\n"))
        self.write("t.csv", CSV)
        self.expect(self.call("check", "scenario.ini"), 0, [])

    def test_scenarios(self):
        for name, (old, new, *said) in SCENARIOS.items():
            with self.subTest(name):
                self.assertEqual(SCENARIO.count(old), 1)
                self.write("scenario.ini", SCENARIO.replace(old, new))
                lines = [r"scenario\.ini" + (f":{line}" if line else "") + ": " + text for line, text in said]
                self.refuse_scenario(INVALID, lines)

    def test_overrides(self):
        self.write("scenario.ini", SCENARIO)
        for override, (code, text) in OVERRIDES.items():
            with self.subTest(override):
                self.refuse_scenario(code, [r"command line: " + text], "-s", override)
        with self.subTest("two"):
            self.refuse_scenario(INVALID, [r"command line: \[scenario\] seed = x: .*", r"command line: \[uplink\] .*"],
                                 "--set", "uplink.rate=8", "--set=scenario.seed=x")

    def test_command_lines(self):
        self.write("scenario.ini", SCENARIO)
        for words, said in COMMAND_LINES.items():
            with self.subTest(" ".join(words)):
                self.refuse(USAGE, said, *words)

    def test_no_command(self):
        for words, usage in ((), "edgesplit COMMAND"), (("trace",), "edgesplit trace COMMAND"), \
                (("profile",), "edgesplit profile COMMAND"):
            with self.subTest(words):
                result = self.call(*words)
                self.expect(result, USAGE)
                self.assertEqual(result.stdout, "")
                self.assertIn(f"usage: {usage}", result.stderr)

    def test_traces(self):
        self.write("scenario.ini", SCENARIO.replace("rate = 8Mbit/s", "trace = t.csv"))
        for name, (content, *said) in TRACES.items():
            with self.subTest(name):
                self.write("t.csv", content)
                self.refuse_scenario(INVALID, said)

    def test_what_a_scenario_makes_of_a_trace(self):
        self.write("t.csv", CSV)
        for name, keys, text in [("format", "format = mahimaih", r"unknown trace format 'mahimaih'; .*; did you mean 'mahimahi'\?"),
                                 ("quantity", "format = planetlab", r"the format 'planetlab' does not hold .*"),
                                 ("offset", "offset = 100s\nat_end = stop", r"read from 100s on; expected .*30s"),
                                 ("scale", "scale = 1e-9", r"no positive bandwidth is left; .*")]:
            with self.subTest(name):
                self.write("scenario.ini", SCENARIO.replace("rate = 8Mbit/s", "trace = t.csv\n" + keys))
                self.refuse_scenario(INVALID, [OF_TRACE + text])

    def test_profiles(self):
        self.write("scenario.ini", SCENARIO)
        for name, (content, *said) in PROFILES.items():
            with self.subTest(name):
                self.write("device.profile", content)
                self.refuse_scenario(INVALID, said)

    def test_files_that_cannot_be_read(self):
        def unreadable(path):
            path.chmod(0)
            if os.access(path, os.R_OK):
                self.skipTest("everything can be read here")

        makers = {"No such file or directory": lambda path: path.unlink(),
                  "not a regular file": lambda path: (path.unlink(), path.mkdir()),
                  "not a regular file ": lambda path: (path.unlink(), os.mkfifo(path)),
                  "Permission denied": unreadable}
        places = {"scenario.ini": r"scenario\.ini: ", "device.profile": OF_PROFILE, "t.csv": OF_TRACE}
        for text, make in makers.items():
            for name, place in places.items():
                with self.subTest(name, text=text):
                    self.setUp()  # a folder of its own
                    self.write("t.csv", CSV)
                    self.write("scenario.ini", SCENARIO.replace("rate = 8Mbit/s", "trace = t.csv"))
                    make(self.folder / name)
                    self.refuse_scenario(NO_INPUT, [place + text.strip()])

    def test_scenario_files_that_are_none(self):
        for name, content, n_lines in [("empty", b"", 4), ("binary", BINARY, 9),
                                       ("HDF5", b"\x89HDF\r\n\x1a\n\0\0\0", 3)]:
            with self.subTest(name):
                self.write("scenario.ini", content)
                self.refuse_scenario(INVALID, [r"scenario\.ini(:\d+)?: .*"] * n_lines)
        self.write("scenario.ini", b"\1\n" * 100)
        self.refuse_scenario(INVALID, [r"scenario\.ini:\d+: .*"] * 32 + [r"\.\.\. and 68 more errors"])

    def test_outputs(self):
        self.write("scenario.ini", SCENARIO)
        self.write("there.h5", "an earlier result")
        self.write("folder.h5/file", "")
        self.write("sidecar.h5.json/file", "")
        os.mkfifo(self.folder / "fifo.h5")
        self.refuse(CANT_CREATE, [r"there\.h5: is there already; --force replaces it, -o names another file"],
                    "run", "scenario.ini", "-o", "there.h5")
        self.assertEqual(self.read("there.h5"), b"an earlier result")
        for output, text in {"no/out.h5": r"no/out\.h5: there is no folder no",
                             "there.h5/out.h5": r"there\.h5/out\.h5: there is no folder there\.h5",
                             "folder.h5": r"folder\.h5: is there and not a regular file; .*",
                             "fifo.h5": r"fifo\.h5: is there and not a regular file; .*",
                             "sidecar.h5": r"sidecar\.h5\.json: is there and not a regular file; .*"}.items():
            for force in [], ["--force"]:
                with self.subTest(output, force=force):
                    self.refuse(CANT_CREATE, [text], "run", "scenario.ini", "-o", output, *force)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_output_folder_that_is_not_writable(self):
        self.write("scenario.ini", SCENARIO)
        folder = self.folder / "locked"
        folder.mkdir(mode=0o500)
        self.refuse(CANT_CREATE, [r"locked/out\.h5: folder locked: Permission denied"],
                    "run", "scenario.ini", "-o", "locked/out.h5")

    def test_settings(self):
        self.write("scenario.ini", SCENARIO)
        for content, text in {"[paths]\noutptu = .\n": r"config\.ini:2: unknown key 'outptu' in \[paths\]; did you .*",
                              "[path]\noutput = .\n": r"config\.ini:1: unknown section \[path\]; did you .*",
                              "[messages]\n\nquiet = maybe\n": r"config\.ini:3: \[messages\] quiet = maybe: .*",
                              }.items():
            with self.subTest(content):
                self.write("config.ini", content)
                self.refuse(INVALID, [text], "run", "scenario.ini")
        self.refuse(NO_INPUT, [r"nosuch\.ini: No such file or directory"], "run", "scenario.ini",
                    env={"EDGESPLIT_CONFIG": "nosuch.ini"})

    def test_every_file_of_a_check_is_judged(self):
        self.write("good.ini", SCENARIO)
        self.write("bad.ini", SCENARIO.replace("20s", "20"))
        result = self.call("check", "bad.ini", "nosuch.ini", "good.ini")
        self.expect(result, INVALID, [r"bad\.ini:2: .*", r"nosuch\.ini: No such file or directory"])
        self.assertEqual(result.stdout, "good.ini: ok\n")


if __name__ == "__main__":
    harness.main()
