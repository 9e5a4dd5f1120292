"""The pages in analysis/docs, word for word: what they tell to type works, what they show is printed, what they name is there."""
import pathlib
import re
import shlex
import subprocess
import sys

import harness

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGES = [SOURCE / name for name in ("README.md", "CONTRIBUTING.md", "analysis/FORMAT.md", "kernels/PROFILE.md",
                                    "scenarios/README.md", "scenarios/studies/README.md", "traces/README.md")]
PAGES += sorted((SOURCE / "analysis/docs").glob("*.md"))
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#([^)\s]*))?\)")
BLOCK = re.compile(r"<!-- (\w+): (.+?) -->\n```\w*\n(.*?)```", re.DOTALL)
MOST_COMMANDS = 9
NO_PYTHON = 69


def blocks(page):
    """{(kind, name): text} of the blocks that a comment in front of them names."""
    return {(kind, name): text for kind, name, text in BLOCK.findall((SOURCE / "analysis/docs" / page).read_text())}


def anchors(page):
    """What a link into a page can point to, as GitHub makes it of the headings."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def block_profile(kind, cuts, unit_s):
    """A profile in which each unit behind or in front of a cut takes unit_s."""
    lines = [f"# model: {cuts['model']}", "# kind: modelled", "# granularity: block",
             "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems",
             f"whole,0,,,1,1,{cuts['n'] * unit_s!r},,,,,,"]
    lines += [f"{kind},{i},,,1,1,{(i if kind == 'head' else cuts['n'] - i) * unit_s!r},,,,,,"
              for i in range(1, cuts["n"])]
    return "\n".join(lines) + "\n"


class Pages(harness.ProgramTest):
    def test_links_lead_somewhere(self):
        for page in PAGES:
            for path, anchor in LINK.findall(page.read_text()):
                target = (page.parent / path).resolve()
                self.assertTrue(target.exists(), f"{page.name}: {path}")
                if anchor:
                    self.assertIn(anchor, anchors(target), f"{page.name}: {path}#{anchor}")

    def test_tests_that_are_named_are_there(self):
        for page in PAGES:
            for folder, name in re.findall(r"`(unit|theory|property|golden|cli|pitfall)\.([a-z0-9_]+)`", page.read_text()):
                found = list((SOURCE / "tests" / folder).glob(f"test_{name}.*")) + list(
                    (SOURCE / "tests" / folder).glob(f"{name}.sh"))
                if folder == "pitfall":
                    found = re.findall(rf"def test_{name}_", (SOURCE / "tests/pitfalls/test_pitfalls.py").read_text())
                self.assertTrue(found, f"{page.name}: {folder}.{name}")

    def test_output_that_is_shown_is_printed(self):
        for page in (SOURCE / "analysis/docs").glob("*.md"):
            for (kind, name), text in blocks(page.name).items():
                if kind == "output":
                    program, *words = name.split()
                    self.assertEqual(self.output(*words, program=program), text)


class Tutorial(harness.ProgramTest):
    """Every command of it but the first three, with profiles made up: what measures depends on the machine."""

    def network(self):
        """my.onnx as the page makes it, or where there is no PyTorch, my.model from the zoo."""
        export = re.search(r"```python\n(.*?)```", (SOURCE / "analysis/docs/tutorial.md").read_text(), re.DOTALL)[1]
        made = subprocess.run([sys.executable, "-c", export], cwd=self.folder, capture_output=True, check=False)
        if made.returncode == 0 and self.call("model", "cuts", "my.onnx").returncode == 0:
            return True
        self.output("model", "export", "squeezenet1.1", "-o", "my.model")
        return False

    def measure(self, words):
        self.assertEqual(words[:4], ["edgesplit", "profile", "run", "--model"])
        text = self.read("my.model").decode()
        model = re.search(r"(?m)^# name: (.*)$", text)[1]
        n_blocks = len({line.split(",")[4] for line in text.splitlines() if re.match(r"\d", line)})
        output = words[words.index("-o") + 1]
        kind, unit_s = ("head", 6e-3) if output.startswith("slow") else ("tail", 1.5e-3)
        self.write(output, block_profile(kind, {"model": model, "n": n_blocks}, unit_s))
        options = {word for word in words if word.startswith("--")}
        self.assertLessEqual(options, set(re.findall(r"--[a-z-]+", self.output("profile", "run", "--help"))))

    def test_word_for_word(self):
        found = blocks("tutorial.md")
        commands = [line for (kind, _), text in found.items() if kind == "commands" for line in text.splitlines()]
        self.assertLessEqual(len(commands), MOST_COMMANDS)
        self.assertEqual([line.split()[0] for line in commands[:3]], ["git", "./bootstrap", "export"])
        for (kind, name), text in found.items():
            if kind == "file":
                self.write(name, text)
        with_onnx = self.network()
        for line in commands[3:]:
            words = shlex.split(line)
            if words[1] == "profile":
                self.measure(words)
            elif with_onnx or words[2] != "export":
                result = self.call(*words[1:])
                self.expect(result, NO_PYTHON if words[1] == "plot" and result.returncode == NO_PYTHON else 0)
        self.assertIn("dynamic-split is ", self.output("compare", "my.h5"))
        if (self.folder / "figures").exists():
            drawn = {path.name for path in (self.folder / "figures").iterdir()}
            self.assertLessEqual({"timeline.png", "latency_cdf.png"}, drawn)


if __name__ == "__main__":
    harness.main()
