"""The commands as users type them: help, lists, checks, overrides, settings; the same bytes for the same scenario."""
import json
import os
import re
import shutil
import subprocess
import unittest

import harness
from harness import SCENARIO, ProgramTest

try:
    import h5py
except ImportError:
    h5py = None

COMMANDS = ["run", "check", "list", "trace", "selftest", "profile", "summary", "plot", "help"]


def values(path):
    """Everything in a result: {name: values} of datasets and attributes, as comparable bytes and texts."""
    found = {}

    def take(name, item):
        if isinstance(item, h5py.Dataset):
            data = item[()]
            found[name] = data.tobytes() if getattr(data, "dtype", None) is not None and data.dtype != object \
                else repr(data.tolist() if hasattr(data, "tolist") else data)
        for key, value in item.attrs.items():
            if key not in ("DIMENSION_LIST", "REFERENCE_LIST"):
                found[f"{name}@{key}"] = repr(value)

    with h5py.File(path) as file:
        take("", file)
        file.visititems(take)
    return found


MODELS = [*(f"efficientnet-b{i}" for i in range(8)), *(f"efficientnet-v2-{i}" for i in "b0 b1 b2 b3 s m l xl".split()),
          *(f"resnet{i}" for i in (18, 34, 50, 101, 152)), "mobilenet-v2", "mobilenet-v3-large", "mobilenet-v3-small",
          *(f"vgg{i}" for i in (11, 13, 16, 19)), "alexnet", "squeezenet1.1", "densenet121", "regnet-y-400mf",
          "convnext-tiny", "vit-b16"]


class Commands(ProgramTest):
    def test_help(self):
        overview = self.output("help")
        self.assertEqual(overview, self.output("--help"))
        self.assertEqual(overview, self.output("-h"))
        for command in COMMANDS:
            self.assertRegex(overview, rf"(?m)^  {command} ")
        for command in COMMANDS:
            with self.subTest(command):
                self.assertIn(command, self.output("help", command))
        for words in [command.split() for command in COMMANDS + ["trace make", "profile run", "profile import"]]:
            with self.subTest(words):
                text = self.output(*words, "--help")
                self.assertRegex(text, rf"(?m)^usage: edgesplit {' '.join(words)}( |$)")
                self.assertEqual(text, self.output("help", *words))
                self.assertEqual(text, self.output(*words, "-h"))
                options = re.findall(r"(?m)^ +(?:-[a-z], )?(--[a-z-]+)", text)
                self.assertEqual(len(options), len(set(options)), text)
        self.assertRegex(self.output("trace", "--help"), r"(?m)^  make  ")
        self.assertRegex(self.output("profile", "--help"), r"(?m)^  import  ")

    def test_version(self):
        for words in ["trace"], ["run"], ["trace", "make"], ["profile"], ["summary"]:
            self.assertEqual(self.output(*words, "--version").splitlines()[0], self.output("--version").splitlines()[0])
        lines = self.output("--version").splitlines()
        self.assertRegex(lines[0], r"^edgesplit \d+\.\d+\.\d+")
        for part in "HDF5", "GSL", "inih":
            self.assertIn(part, lines[1])

    def test_lists(self):
        for what, names in {"policies": ["no-offload", "full-offload", "static-split", "dynamic-split",
                                         "min-cut",
                                         "threshold-table", "deadline-aware", "energy-aware", "early-exit", "mu-lin-ucb", "oracle",
                                         "oracle-dp"],
                            "traces": ["canonical", "csv", "mahimahi", "cooked", "sabre", "gnettrack", "starlink",
                                       "5gophers", "simgrid", "planetlab", "bitbrains", "azure-llm", "azure-functions",
                                       "interarrival", "jsonl"],
                            "generators": ["constant", "steps", "sine", "gauss-markov", "markov", "lognormal-ar1",
                                           "diurnal", "on-off", "poisson", "mmpp"],
                            "models": MODELS,
                            "sinks": ["hdf5", "null"],
                            "backends": ["onednn", "cudnn", "reference"]}.items():
            with self.subTest(what):
                lines = self.output("list", what).splitlines()
                listed = [line.split()[0] for line in lines]
                if what == "backends":  # what this build could find
                    self.assertEqual(listed, [name for name in names if name in listed])
                    self.assertIn("reference", listed)
                else:
                    self.assertEqual(listed, names)
                for line in lines:
                    self.assertRegex(line, r"^\S+ +\S.*\S$")

    def test_manual_pages(self):
        checkers = [["mandoc", "-Tlint", "-Wwarning"], ["groff", "-man", "-ww", "-z", "-Tutf8"]]
        checkers = [words for words in checkers if shutil.which(words[0])]
        if not checkers:
            self.skipTest("neither mandoc nor groff is there")
        pages = {("edgesplit", "--man"): (".TH EDGESPLIT 1", ["trace make", "force", "set"]),
                 ("edgesplit", "--keys-man"): (".TH EDGESPLIT-SCENARIO 5", []),
                 ("edgesplit-profile", "--man"): (".TH EDGESPLIT-PROFILE 1", ["import", "time-box"]),
                 ("edgesplit-analysis", "--man"): (".TH EDGESPLIT-ANALYSIS 1", ["plot", "csv"])}
        for (program, option), (title, named) in pages.items():
            page = self.write("page", self.output("help", option, program=program))
            self.assertTrue(page.read_text().startswith(title))
            for name in named:
                self.assertIn(name.replace("-", r"\-"), page.read_text())
            for words in checkers:
                self.lint(words, page)

    def lint(self, words, page):
        with self.subTest(page.name, checker=words[0]):
            checked = subprocess.run([*words, page], capture_output=True, text=True, check=False)
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_installed_pages(self):
        """One for each program, for each command or group of commands, and for the files; each is well-formed."""
        share = harness.bin_folder.parent / "share"
        found = {page.name for page in share.glob("*.[15]")}
        words = {"edgesplit": "edgesplit", "edgesplit-analysis": "edgesplit", "edgesplit-profile": "edgesplit-profile"}
        expected = {"edgesplit-scenario.5", *(f"{program}.1" for program in words)}
        for program, prefix in words.items():
            listed = [word for word in self.output("help", "--words", program=program).split() if word[0] != "-"]
            expected |= {f"{prefix}-{word}.1" for word in listed}
        if shutil.which("awk"):
            expected |= {"edgesplit-result.5", "edgesplit-profile.5"}
        self.assertEqual(found, expected)
        for page in sorted(found):
            for words in (["mandoc", "-Tlint", "-Wwarning"], ["groff", "-man", "-ww", "-z", "-Tutf8"]):
                if shutil.which(words[0]):
                    self.lint(words, share / page)

    def test_the_reference_names_every_key(self):
        self.write("scenario.ini", SCENARIO)
        resolved = self.output("check", "--resolved", "scenario.ini")
        keys = set(re.findall(r"(?m)^(?:; )?([a-z_]+) =", resolved))
        reference = set(re.findall(r"(?m)^  ([a-z_]+) = ", self.output("check", "--reference")))
        manual = set(re.findall(r'(?m)^\.BR ([a-z_]+) ', self.output("help", "--keys-man")))
        self.assertEqual(keys, reference)
        self.assertEqual(keys, manual)

    def test_completion(self):
        bash = shutil.which("bash")
        if not bash:
            self.skipTest("there is no bash")
        environment = {**os.environ, "PATH": f"{harness.bin_folder}:{os.environ['PATH']}"}
        for line, expected in {"edgesplit r": {"run", "report"}, "edgesplit ch": {"check"}, "edgesplit run --fo": {"--force"},
                               "edgesplit run d": {"device.profile"}, "edgesplit run --output s": {"server.profile"},
                               "edgesplit run -- --": set(), "edgesplit nothing --": set(),
                               "edgesplit check --re": {"--resolved", "--reference"},
                               "edgesplit list s": {"sinks", "server.profile"},
                               "edgesplit trace m": {"make"}, "edgesplit trace make --low": {"--low", "--low-time"},
                               "edgesplit profile im": {"import"}, "edgesplit profile run --ti": {"--time-box"},
                               "edgesplit profile run --model --": set(),
                               "edgesplit summary --j": {"--json"}, "edgesplit plot out.h5 --o": {"--output", "--option"},
                               "edgesplit-profile import --sk": {"--skip"}, "edgesplit-profile r": {"run"},
                               "edgesplit-analysis summary --c": {"--csv"}}.items():
            words = line.split()
            function = "_" + words[0].replace("-", "_")
            script = self.output("help", "--completion", program=words[0])
            subprocess.run([bash, "-n"], input=script, text=True, check=True)
            probe = script + f"\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; {function}; echo ${{COMPREPLY[@]}}\n"
            done = subprocess.run([bash], input=probe, text=True, capture_output=True, check=True, cwd=self.folder,
                                  env=environment)
            self.assertEqual((set(done.stdout.split()), done.stderr), (expected, ""), line)

    def test_check(self):
        self.write("scenario.ini", SCENARIO)
        before = self.files()
        self.assertEqual(self.output("check", "scenario.ini", "./scenario.ini"),
                         "scenario.ini: ok\n./scenario.ini: ok\n")
        self.assertEqual(self.files(), before)

    def test_origins(self):
        self.write("scenario.ini", SCENARIO)
        lines = self.output("check", "--resolved", "scenario.ini", "-s", "scenario.seed=7").splitlines()
        for line in ("duration = 20s ; scenario.ini:2", "seed = 7 ; command line", "steps = 0 ; default",
                     "; trace = ; default", "rate = 8e+06bit/s ; scenario.ini:10"):
            self.assertIn(line, lines)

    def test_a_resolved_scenario_is_the_same_scenario(self):
        self.write("scenario.ini", SCENARIO + "[policy static]\ntype = static-split\nsplit = each\n"
                   "[policy guess]\ntype = dynamic-split\nknowledge = ewma\ninitial_rate = 2Mbit/s\n[policy oracle]\n")
        resolved = self.output("check", "--resolved", "scenario.ini")
        self.write("resolved.ini", resolved)
        again = self.output("check", "--resolved", "resolved.ini")

        def settings(text):
            return re.findall(r"(?m)^(?:\[.*\]|[a-z_]+ = .*?)(?= ; |$)", text)

        self.assertEqual(settings(resolved), settings(again))
        self.run_scenario("scenario.ini", "one.h5")
        self.run_scenario("resolved.ini", "two.h5")
        if h5py is None:
            self.skipTest("there is no h5py")
        one, two = values(self.folder / "one.h5"), values(self.folder / "two.h5")
        self.assertNotEqual(one.pop("scenario_ini"), two.pop("scenario_ini"))
        self.assertGreater(len(one), 100)
        self.assertEqual(one, two)

    def test_overrides(self):
        self.write("scenario.ini", SCENARIO)
        self.write("slow.ini", SCENARIO.replace("8Mbit/s", "1Mbit/s").replace("20s", "10s"))
        arguments = ["-s", "uplink.rate=1Mbit/s", "--set=scenario.duration=10s"]
        self.assertEqual(self.settings_of("slow.ini"), self.settings_of("scenario.ini", *arguments))
        changed = self.run_scenario("scenario.ini", "changed.h5", *arguments)
        self.assertNotEqual(changed, self.run_scenario("scenario.ini", "plain.h5"))
        self.assertEqual(changed, self.run_scenario("scenario.ini", "again.h5", *arguments[2:], *arguments[:2]))
        self.assertIn("[policy extra]\ntype = oracle",
                      self.settings_of("scenario.ini", "-s", "policy extra.type=oracle"))

    def settings_of(self, *arguments):
        return re.sub(r" ; .*", "", self.output("check", "--resolved", *arguments))

    def test_spellings_of_a_command_line(self):
        self.write("scenario.ini", SCENARIO)
        self.write("--force", SCENARIO)
        spellings = [["scenario.ini", "-o", "out.h5"], ["-o", "out.h5", "scenario.ini"],
                     ["--output=out.h5", "scenario.ini"], ["--output", "out.h5", "scenario.ini"],
                     ["-o", "out.h5", "--", "--force"], ["-o", "out.h5", "--quiet", "--", "scenario.ini"],
                     ["scenario.ini", "-q", "-o", "out.h5"]]
        results = set()
        for words in spellings:
            with self.subTest(words):
                result = self.call("run", *words)
                self.expect(result, 0, [] if "-q" in words or "--quiet" in words else [r"2 policies, .* steps, .* s"])
                self.assertEqual(result.stdout, "out.h5\n")
                results.add(self.read("out.h5"))
                os.unlink(self.folder / "out.h5")
        self.assertEqual(len(results), 1)

    def test_the_same_bytes(self):
        self.write("scenario.ini", SCENARIO)
        first = self.run_scenario("scenario.ini", "first.h5")
        self.assertEqual(first, self.run_scenario("scenario.ini", "second.h5"), "twice")
        self.assertEqual(first, self.run_scenario("scenario.ini", "first.h5", "--force"), "replaced")
        other = self.folder / "other"
        other.mkdir()
        self.assertEqual(first, self.run_scenario("../scenario.ini", "../third.h5", cwd=other), "from another folder")
        for name in "scenario.ini", "device.profile", "server.profile":
            shutil.copy(self.folder / name, other)
        self.assertEqual(first, self.run_scenario("scenario.ini", "out.h5", cwd=other), "in another folder")
        environment = {"LC_ALL": "de_DE.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "COLUMNS": "20"}
        self.assertEqual(first, self.run_scenario("scenario.ini", "fourth.h5", env=environment), "elsewhere")
        self.assertNotEqual(first, self.run_scenario("scenario.ini", "seed.h5", "-s", "scenario.seed=2"), "seed")

    def test_sidecar(self):
        self.write("scenario.ini", SCENARIO)
        self.run_scenario("scenario.ini", "out.h5")
        sidecar = json.loads(self.read("out.h5.json"))
        self.assertEqual(set(sidecar), {"program", "scenario", "date", "host", "wall_s", "steps", "events"})
        self.assertEqual(sidecar["scenario"], "scenario.ini")
        self.assertTrue(self.output("--version").startswith(sidecar["program"]))
        self.assertRegex(sidecar["date"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertGreater(sidecar["steps"], 0)
        odd = self.write('s "1"\\\u00e9.ini', SCENARIO).name
        self.run_scenario(odd, "odd.h5")
        self.assertEqual(json.loads(self.read("odd.h5.json"))["scenario"], odd)

    def test_null_sink(self):
        self.write("scenario.ini", SCENARIO)
        self.write("out.h5", "an earlier result")
        before = self.files()
        result = self.call("run", "scenario.ini", "--sink", "null", "-o", "out.h5")
        self.expect(result, 0, [r"2 policies, .*"])
        self.assertEqual(result.stdout, "")
        self.assertEqual(self.files(), before)
        self.assertEqual(self.read("out.h5"), b"an earlier result")

    def test_where_results_go(self):
        self.write("deep/lte.walk.ini", SCENARIO.replace("profile = ", "profile = ../"))
        self.assertEqual(self.output("run", "-q", "deep/lte.walk.ini"), "./lte.walk.h5\n")
        (self.folder / "results").mkdir()
        self.write("config.ini", "[paths]\noutput = results\n[messages]\nquiet = yes\n")
        self.assertEqual(self.output("run", "deep/lte.walk.ini"), "results/lte.walk.h5\n")
        self.assertEqual(self.read("lte.walk.h5"), self.read("results/lte.walk.h5"))
        (self.folder / "elsewhere").mkdir()
        self.write("mine.ini", f"[paths]\noutput = {self.folder}/elsewhere\n[messages]\nquiet = no\n")
        result = self.call("run", "deep/lte.walk.ini", env={"EDGESPLIT_CONFIG": "mine.ini"})
        self.expect(result, 0, [r"2 policies, .*"])
        self.assertEqual(result.stdout, f"{self.folder}/elsewhere/lte.walk.h5\n")
        self.assertEqual(self.output("run", "deep/lte.walk.ini", "-o", "here.h5"), "here.h5\n")
        self.write("config.ini", "[paths]\noutput = nowhere\n")
        self.expect(self.call("run", "deep/lte.walk.ini"), 73, [r"nowhere/lte\.walk\.h5: there is no folder nowhere"])

    def test_made_traces_run(self):
        make = ["trace", "make", "on-off", "--seed", "1", "--duration", "60s", "--low", "5%", "--high", "75%",
                "--low-time", "10s", "--high-time=10s"]
        csv = self.output(*make)
        self.assertEqual(csv, self.output(*make))
        self.assertEqual(self.output(*make, "-o", "load.csv"), "load.csv\n")
        self.assertEqual(self.read("load.csv").decode(), csv)
        self.expect(self.call(*make, "-o", "load.csv"), 73, [r"load\.csv: is there already; .*"])
        self.assertNotEqual(csv, self.output(*make[:4], "2", *make[5:]))
        self.write("scenario.ini", SCENARIO.replace("[uplink]", "load_trace = load.csv\n[uplink]"))
        self.run_scenario("scenario.ini", "out.h5")

    def test_opportunities_taken_for_a_rate(self):
        """A mahimahi trace in short windows has a rate that is true and tells a policy nothing."""
        self.write("lte.up", "".join(f"{ms}\n" for ms in range(3, 4000, 7)))
        text = SCENARIO.replace("rate = 8Mbit/s", "trace = lte.up")
        self.write("known.ini", text)
        warning = (r"warning: \S*known\.ini:10: \[uplink\] trace = lte\.up: with window = 1 ms its rate is that of single "
                   r"opportunities .*'dynamic-split', with knowledge = true.*; expected window = 1s, or .*")
        self.expect(self.call("check", "known.ini"), 0, [warning])
        self.expect(self.call("run", "-q", "known.ini", "-o", "known.h5"), 0, [warning])
        self.expect(self.call("check", "known.ini", "-s", "uplink.window=${w=1, 2, 100, 1000}ms"), 0,
                    [warning, warning.replace("1 ms", "2 ms")])
        for setting in ("uplink.resample=1s", "policy dynamic-split.knowledge=last", "policy dynamic-split.type=oracle",
                        "policy dynamic-split.type=mu-lin-ucb", "policy dynamic-split.type=no-offload"):
            with self.subTest(setting):
                more = ["-s", "policy dynamic-split.initial_rate=1Mbit/s"] if "knowledge" in setting else []
                self.expect(self.call("check", "known.ini", "-s", setting, *more), 0, [])
        groups = "[device a]\n[device b]\n[workload b]\nrate = 2/s\n"
        self.write("groups.ini", text + groups)
        self.expect(self.call("check", "groups.ini"), 0, [warning.replace("known", "groups")])

    def test_selftest(self):
        text = self.output("selftest")
        self.assertEqual(len(re.findall(r"(?m) ok$", text)), 33)


if __name__ == "__main__":
    harness.main()
