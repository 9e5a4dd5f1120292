"""`edgesplit report`: the page, read as HTML, against the result it tells of, and opened in a browser where there is one."""
import base64
import hashlib
import html.parser
import json
import re
import shutil
import unittest

import browser
import harness
import test_result_readers
from harness import SCENARIO
from test_result_readers import CANT_CREATE, FLEET, FULL, GRID, INVALID, LONG, NO_INPUT, REPLICATED, SATURATED, USAGE, ResultTest

STUDY = SCENARIO.replace("duration = 20s", "duration = 20s\nseed = 3") \
    .replace("rate = 8Mbit/s", "rate = ${rate=4,8,16}Mbit/s") \
    .replace("[workload]", "[transfer]\nfeature_bytes = ${bytes=1,4}B\n[sweep]\nrepeat = 3\n[workload]") \
    + "[policy full-offload]\n[policy seer]\ntype = oracle\n"
VOID = {"meta", "br", "input", "link"}
COMMAND = re.compile("[A-Za-z]|-?[0-9.]+")


def prepare():
    global np, h5py
    test_result_readers.prepare()
    import h5py
    import numpy as np


class Page(html.parser.HTMLParser):
    """Elements as (name, attributes, text directly in them), tables as rows of text, and whether tags are closed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.text, self.elements, self.open, self.tables, self.details = text, [], [], [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append([tag, attributes, ""])
        if tag == "table":
            self.tables.append([])
            inside = [entry for entry in self.open if entry[0] == "details"]
            if inside and "id" in inside[-1][1]:
                self.details[inside[-1][1]["id"]] = self.tables[-1]
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(self.elements[-1])

    def handle_startendtag(self, tag, attributes):
        self.elements.append([tag, dict(attributes), ""])

    def handle_endtag(self, tag):
        found = self.open.pop()
        if found[0] != tag:
            raise AssertionError(f"</{tag}> closes <{found[0]}>")

    def handle_data(self, data):
        if self.open:
            self.open[-1][2] += data
            if self.open[-1][0] in ("td", "th"):
                self.tables[-1][-1][-1] += data

    def all(self, tag, **wanted):
        return [entry for entry in self.elements if entry[0] == tag
                and all(entry[1].get(name.strip("_")) == value for name, value in wanted.items())]

    def download(self, name):
        (_, attributes, _), = self.all("a", download=name)
        kind, data = attributes["href"].split(";base64,")
        assert kind.startswith("data:"), kind
        return base64.b64decode(data).decode()


def points(path):
    """The points that M, L, l, h, v, H and V lead to."""
    words, x, y, found = COMMAND.findall(path), 0.0, 0.0, []
    while words:
        command = words.pop(0)
        if command == "z":
            continue
        if command in "Hh":
            x = float(words.pop(0)) + (x if command == "h" else 0)
        elif command in "Vv":
            y = float(words.pop(0)) + (y if command == "v" else 0)
        else:
            dx, dy = float(words.pop(0)), float(words.pop(0))
            x, y = (x + dx, y + dy) if command == "l" else (dx, dy)
        found.append((x, y))
    return np.array(found)


class ReportPage(ResultTest):
    def page(self, path, name="page.html", *words):
        self.expect(self.call("report", path, "-o", name, *words), 0, [])
        self.bytes = self.read(name)
        return Page(self.bytes.decode("utf-8"))

    def summary(self, path):
        return json.loads(self.output("summary", path, "--json"), parse_float=str, parse_int=str)

    def columns(self, path, policy):
        with h5py.File(path) as file:
            p = list(file["policy"].asstr()).index(policy)
            n = file["n_steps"][p]
            return {name: file[name][p, :n] for name in file if getattr(file[name], "ndim", 0) == 2}

    def check(self, page):
        """What holds for every page."""
        self.assertEqual(page.open, [])
        policy = page.all("meta")[1][1]["content"]
        self.assertIn("default-src 'none'", policy)
        for tag, directive in (("style", "style-src"), ("script", "script-src")):
            (_, attributes, content), = page.all(tag)
            self.assertEqual(attributes, {})
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            self.assertIn(f"{directive} 'sha256-{digest}'", policy)
        self.assertNotRegex(policy, "unsafe|nonce|http")
        for tag, attributes, _ in page.elements:
            self.assertNotIn("style", attributes)
            self.assertNotIn("src", attributes)
            self.assertFalse([name for name in attributes if name.startswith("on")])
            self.assertNotIn(tag, ("img", "link", "iframe", "object", "form"))
            if tag == "a":
                self.assertRegex(attributes["href"], "^(#|data:)")
            if tag == "svg" and "aria-hidden" not in attributes:
                self.assertEqual(attributes["role"], "img")
                self.assertTrue(attributes["aria-label"])
            if tag == "th":
                self.assertIn(attributes["scope"], ("col", "row"))
            if tag == "button":
                self.assertTrue(attributes["aria-label"])
        self.assertNotRegex(page.text, r"https?://|@import|url\(")
        self.assertEqual(page.all("html")[0][1]["lang"], "en")
        self.assertEqual([len(page.all(tag)) for tag in ("h1", "main", "header", "footer")], [1, 1, 1, 1])
        self.assertEqual(len(page.all("caption")), len(page.tables))
        identities = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
        self.assertEqual(len(identities), len(set(identities)))
        for _, attributes, _ in page.all("section"):
            self.assertIn(attributes["aria-labelledby"], identities)
        self.assertLess(len(self.bytes), 1_000_000)


class Numbers(ReportPage):
    def test_tables_have_the_numbers_of_the_summary(self):
        for scenario, name in ((FULL, "full.h5"), (SATURATED, "saturated.h5"), (GRID, "grid.h5")):
            path = self.result(scenario, name)
            page, told = self.page(path, f"{name}.html"), self.summary(path)
            policies = [policy["name"] for policy in told["policies"]]
            header, *rows = page.details["figures"]
            self.assertEqual(header, ["figure", "unit", *policies])
            self.assertEqual([row[0] for row in rows], list(told["units"]))
            for row in rows:
                self.assertEqual(row[1], told["units"][row[0]])
                self.assertEqual(row[2:], [policy["figures"][row[0]] or "not known" for policy in told["policies"]])
            self.assertEqual([tuple(row) for row in page.details["gains"][1:]],
                             [(gain["policy"], gain["baseline"], gain["mean_of_ratios"] or "not known",
                               gain["ratio_of_means"] or "not known") for gain in told["gains"]])
            self.assertEqual(page.download("summary.csv"), self.output("summary", path, "--csv"))

    def test_gains_of_replications_have_their_half_widths(self):
        path = self.result(REPLICATED.replace("warmup = 5s", "warmup = auto"))
        page, told = self.page(path), self.summary(path)
        self.assertEqual([tuple(row) for row in page.details["gains"]][1:],
                         [tuple(gain[name] or "not known" for name in (
                             "policy", "baseline", "mean_of_ratios", "mean_of_ratios_half_width", "ratio_of_means",
                             "ratio_of_means_half_width")) for gain in told["gains"]])
        self.assertIn("of all 4 replications", page.text)
        self.assertIn("Time of arrival, s, of the first replication.", page.text)

    def test_groups_of_devices_have_a_section(self):
        path = self.result(FLEET)
        page, told = self.page(path), self.summary(path)
        self.check(page)
        table, = [table for table in page.tables if table[0][:3] == ["policy", "group", "devices"]]
        rows = [row for row in table[1:]]
        groups = [group for policy in told["policies"] for group in policy["groups"]]
        self.assertEqual([row[1] for row in rows], [group["group"] for group in groups])
        self.assertEqual([row[7] for row in rows], [f"{1e3 * float(group['latency_mean']):.2f}" for group in groups])
        self.assertEqual(len(page.details["group-gains"]), 1 + 2 * len(told["gains"]))

    def test_verdict_is_that_of_compare(self):
        for replications in ("", "replications = 3\n"):
            with self.subTest(replications):
                self.check_verdict(FULL.replace("duration = 60s\nwarmup = 5s", f"duration = 200s\nwarmup = auto\n{replications}"))
        self.check_verdict(FULL.replace("duration = 60s", "duration = 400s"))

    def check_verdict(self, scenario):
        path = self.result(scenario + "[policy seer]\ntype = oracle\n", f"{len(self.files())}.h5")
        page = self.page(path, f"{len(self.files())}.html")
        (_, _, verdict), = page.all("p", class_="verdict")
        means = {policy["name"]: float(policy["figures"]["latency_mean"]) for policy in self.summary(path)["policies"]}
        if "auto" not in scenario:  # else each is a mean over other requests
            self.assertEqual(min(means, key=means.get), "seer")
        best, following = [name for name in sorted(means, key=means.get) if name != "seer"][:2]
        told, *_ = json.loads(self.output("compare", path, "--policy", best, "--over", following, "--json"))
        self.assertIn(f"{best} wins" if told["high_s"] < 0 else "No winner is certain", verdict)
        self.assertIn(f"{1e3 * means[best]:.4g} ms", verdict)
        for name in ("difference_s", "low_s", "high_s"):
            self.assertIn(f"{abs(1e3 * told[name]):.4g}", verdict)
        self.assertIn(f"of {told['steps']} steps", verdict)
        sentences = [text for tag, _, text in page.elements if tag == "li"
                     and text.startswith((f"{best} ", f"No difference between {best} "))]
        self.assertEqual(len(sentences), len(means) - 1)
        for other in means:
            if other != best:
                row, *_ = json.loads(self.output("compare", path, "--policy", best, "--over", other, "--json"))
                start = row["conclusion"].split(" By deciles")[0]
                self.assertTrue(any(text.startswith(start) for text in sentences), start)

    def edges(self, kind, path, n):
        """The highest and the lowest point of each column."""
        top, bottom = np.full(n, np.nan), np.full(n, np.nan)
        line = points(path)
        if kind == "plain":
            for x, y in line[:-1]:
                top[int(x)] = bottom[int(x)] = y  # where the line leaves the column
            return top, bottom
        for (x, y), (to, _) in zip(line, line[1:]):
            if to > x:
                top[int(x): int(to)] = y
            elif to < x:
                bottom[int(to): int(x)] = y
        return top, bottom

    def test_strips_lose_no_extreme(self):
        """The least and the largest value in each column are those of the steps, to a pixel of 400."""
        for scenario, kind in ((LONG.replace("rate = 8Mbit/s", "trace = link.csv"), "span"),
                               (SCENARIO.replace("rate = 8Mbit/s", "trace = link.csv")
                                .replace("arrivals = poisson", "arrivals = periodic"), "plain")):
            path = self.result(scenario, f"{kind}.h5")
            page = self.page(path, f"{kind}.html")
            (_, figure, _), = page.all("figure", id="series")
            n, end = int(figure["data-columns"]), float(figure["data-end"])
            strips = [text for text in re.findall(r'<div class="strip">.*?</svg>', page.text, re.S)
                      if 'class="line"' in text]
            steps = self.columns(path, "dynamic-split")
            self.assertEqual(end, steps["arrival_time"][-1])
            at = np.minimum((steps["arrival_time"] / end * n).astype(int), n - 1)
            checked = 0
            for strip in strips:
                label = re.search("<h3>(.*?)</h3>", strip).group(1)
                column, unit = next((pair for name, pair in (
                    ("uplink rate", ("rate_true", 1e6)), ("latency of dynamic-split", ("latency", 1e-3)))
                    if label.startswith(name)), (None, None))
                if column is None:
                    continue
                checked += 1
                low, high = (float(re.findall("<span>(.*?)</span>", strip)[i]) for i in (2, 0))
                scale = np.log if "logarithmic" in label else np.asarray
                top, bottom = self.edges(kind, re.search(f'class="{kind}" d="(.*?)"', strip).group(1), n)
                for found, extreme in ((top, np.fmax), (bottom, np.fmin)):
                    expected = np.full(n, np.nan)
                    extreme.at(expected, at, steps[column] / unit)
                    known = np.isfinite(expected)
                    expected = 14 + 372 * (1 - (scale(expected) - scale(low)) / (scale(high) - scale(low)))
                    self.assertLessEqual(abs(found - expected)[known].max(), 0.51, label)
            self.assertEqual(checked, 2)

    def test_curves_are_the_distribution(self):
        path = self.result(FULL)
        page = self.page(path)
        with h5py.File(path) as file:
            policies = list(file["policy"].asstr())
        legend = re.search('id="distribution".*?<ul class="legend".*?</ul>', page.text, re.S).group(0)
        names = re.findall("</svg>(.*?)</li>", legend)
        self.assertLessEqual(len(names), 8)
        self.assertEqual(names, [name for name in policies if name in names])
        charts = re.findall(r'<svg role="img" aria-label="[^"]*istribution.*?</svg>', page.text, re.S)
        n_checked = 0
        for chart, tail in zip(charts, (False, True)):
            ticks = re.findall(r'<text x="([0-9.]+)" y="[0-9]+" text-anchor="middle">([0-9.e+]+)</text>', chart)
            (x0, low), (x1, high) = ((float(x), float(value)) for x, value in (ticks[0], ticks[-1]))
            least_share = min(float(value) for value in re.findall(r'text-anchor="end">([0-9.e-]+)</text>', chart)[:1])
            is_log = abs(float(ticks[1][0]) - x0 - (x1 - x0) / (len(ticks) - 1)) > 1
            for name, path_data in zip(names, re.findall('<path class="curve [^"]*" d="(.*?)"', chart)):
                line, steps = points(path_data), self.columns(path, name)
                counted = steps["arrival_time"] >= 5
                latencies = 1e3 * steps["latency"][counted & np.isfinite(steps["latency"])]
                for x, y in line[2::4]:
                    share = (x - x0) / (x1 - x0)
                    at = low * (high / low) ** share if is_log else low + (high - low) * share
                    pixel = at * np.log(high / low) / (x1 - x0) if is_log else (high - low) / (x1 - x0)
                    least, most = (np.count_nonzero(latencies <= at + d) / counted.sum() for d in (-pixel / 9, pixel / 9))
                    if tail:
                        least, most = 1 - most, 1 - least
                    found = least_share ** ((y - 8) / 238) if tail else (246 - y) / 238
                    self.assertTrue(least * 0.995 - 3e-4 <= found <= most * 1.005 + 3e-4,
                                    (name, tail, at, found, least, most))
                    n_checked += 1
        self.assertGreater(n_checked, 100)

    def test_scenario_of_the_page_gives_the_same_figures(self):
        path = self.result(FULL)
        page = self.page(path)
        self.write("again.ini", page.download("scenario.ini"))
        self.assertIn("edgesplit verify out.h5", [text for tag, _, text in page.elements if tag == "pre"])
        self.run_scenario("again.ini", "again.h5")
        self.assertEqual(self.summary(path)["policies"], self.summary(self.folder / "again.h5")["policies"])
        with h5py.File(path) as file:
            for digest in file["inputs/sha256"].asstr():
                self.assertIn(digest, self.bytes.decode())


class Safety(ReportPage):
    def test_pages_ask_for_nothing_and_are_accessible(self):
        for i, scenario in enumerate((FULL, SATURATED, GRID, LONG)):
            self.check(self.page(self.result(scenario, f"{i}.h5"), f"{i}.html"))

    def test_text_of_others_stays_text(self):
        path = self.result(FULL.replace("title = one", "title = <script>alert(1)</script> \"&amp; one"))
        page = self.page(path)
        self.check(page)
        self.assertEqual(page.all("h1")[0][2], test_result_readers.TITLE.replace(
            "one", "<script>alert(1)</script> \"&amp; one", 1))

    def test_warnings(self):
        page = self.page(self.result(SATURATED))
        for text in ("device profile is modelled, not measured", "no-offload: saturated: stopped when",
                     "no warm-up is left out", "bytes per element are a convention: 1 for the input and 4 for features"):
            self.assertTrue([item for item in page.all("li") if text in item[2]], text)
        page = self.page(self.result(FULL, "full.h5"), "full.html")
        self.assertFalse([item for item in page.all("li") if "warm-up is left out" in item[2]])

    def test_closed_mode_is_compared_unpaired(self):
        page = self.page(self.result(FULL.replace("arrivals = poisson\nrate = 5/s", "mode = closed")))
        self.check(page)
        self.assertIn("Not paired (in closed mode each policy has arrivals of its own)", page.text)

    def test_same_result_same_bytes(self):
        path = self.result(FULL)
        self.page(path)
        first = self.bytes
        self.page(path, "again.html")
        self.assertEqual(first, self.bytes)

    def test_files(self):
        path = self.result(GRID)
        self.expect(self.call("report", path), USAGE, [".*--output.*"])
        self.write("mine.html", "mine")
        self.expect(self.call("report", path, "-o", "mine.html"), CANT_CREATE, [".*--force.*"])
        self.assertEqual(self.read("mine.html"), b"mine")
        self.page(path, "mine.html", "--force")
        self.expect(self.call("report", "none.h5", "-o", "x.html"), NO_INPUT, ["none.h5: No such file.*"])
        self.expect(self.call("report", "mine.html", "-o", "x.html"), INVALID, ["mine.html: not an HDF5 file"])
        shutil.copy(path, self.folder / "less.h5")
        with h5py.File(self.folder / "less.h5", "r+") as file:
            del file["load_true"]
        self.expect(self.call("report", "less.h5", "-o", "x.html"), INVALID, ["less.h5: load_true is missing or damaged"])
        self.assertNotIn("x.html", self.files())

    def test_variables_that_are_not_known_do_no_harm(self):
        path = self.result(FULL)
        self.page(path)
        with h5py.File(path, "r+") as file:
            file["unheard_of"] = np.zeros((2, 3, 4))
            file["summary/unheard_of"] = ["a", "b"]
            del file["energy"], file["deadline"], file["series"]
        self.check(self.page(path, "more.html"))


class Sweep(ReportPage):
    def cube(self, study=STUDY):
        self.write("study.ini", study)
        self.expect(self.call("sweep", "run", "study.ini", "-o", "runs"), 0)
        self.expect(self.call("sweep", "merge", "runs", "-o", "cube.h5"), 0)
        return self.folder / "cube.h5"

    def test_pages_ask_for_nothing_and_are_accessible(self):
        self.check(self.page(self.cube()))

    def test_settings_are_counted(self):
        path = self.cube()
        page = self.page(path)
        with h5py.File(path) as file:
            latency, policies = file["latency_mean"][...], list(file["policy"].asstr())
            self.assertEqual(latency.shape, (2, 3, 3, 4) if latency.shape[0] == 2 else (3, 2, 3, 4))
        means = latency.mean(axis=2)[..., :3]
        won = (means < means.min(axis=-1, keepdims=True) + 5e-10).reshape(-1, 3).sum(axis=0)
        rows = {row[0]: row for row in page.tables[0]}
        self.assertEqual([int(rows[name][1]) for name in policies[:3]], list(won))
        self.assertEqual(rows["seer"][1], "sees the future")
        for p, name in enumerate(policies):
            values = 1e3 * latency.mean(axis=2)[..., p]
            self.assertEqual([float(text) for text in rows[name][3:]],
                             [float(f"{value:.4g}") for value in (values.min(), np.median(values), values.max())])
        lines = page.download("sweep.csv").splitlines()
        self.assertEqual(len(lines), 1 + latency.size)
        column = lines[0].split(",").index("latency_mean")
        np.testing.assert_array_equal([float(line.split(",")[column]) for line in lines[1:]], latency.ravel())
        self.assertEqual(page.download("study.ini"), STUDY)
        self.assertIn("edgesplit sweep run study.ini", page.text)

    def test_runs_that_are_missing_are_told(self):
        path = self.cube()
        with h5py.File(path, "r+") as file:
            file["run_state"][0, 0, 0] = 2
            file["latency_mean"][0, 0, 0] = np.nan
        self.assertIn("0 runs failed and 1 are missing", self.page(path).text)
        with h5py.File(path, "r+") as file:
            file["run_state"][...] = 1
            file["latency_mean"][...] = np.nan
        self.assertIn("No run is finished", self.page(path, "none.html").text)

    def test_one_variable_of_text(self):
        page = self.page(self.cube(STUDY.replace("${rate=4,8,16}Mbit/s", "8Mbit/s").replace("${bytes=1,4}B", "1B")
                                   .replace("duration = 20s", "duration = 20s\ntitle = ${name=first,second}")))
        self.check(page)
        self.assertNotIn("Latency over the sweep", page.text)


class InBrowser(ReportPage):
    def setUp(self):
        super().setUp()
        if browser.PROGRAM is None:
            print("skipped: there is no chromium: the page is not opened in a browser")
            self.skipTest("there is no chromium")

    def open(self, *arguments, **options):
        opened = browser.Browser(*arguments, **options)
        self.addCleanup(opened.close)
        return opened

    def test_no_complaint_and_no_request_at_any_width(self):
        self.page(self.result(FULL))
        for width in (390, 1100):
            for scheme in ("light", "dark"):
                with browser.Browser(width=width, scheme=scheme) as page:
                    page.open(self.folder / "page.html")
                    self.assertEqual(page.complaints(), [])
                    self.assertEqual(page.requests(), [(self.folder / "page.html").as_uri()])
                    self.assertLessEqual(page.run("document.documentElement.scrollWidth"), width)

    def test_series_zoom_by_button_key_and_mouse(self):
        self.page(self.result(FULL))
        page = self.open()
        page.open(self.folder / "page.html")
        box = "document.querySelector('.strip svg').getAttribute('viewBox').split(' ').map(Number)"
        whole = page.run(box)
        page.run("document.querySelector('[data-action=in]').click()")
        self.assertEqual(page.run(box)[:3:2], [whole[2] / 4, whole[2] / 2])
        self.assertEqual(page.run("new Set([...document.querySelectorAll('.strip svg')].map(chart =>"
                                  " chart.getAttribute('viewBox').split(' ').filter((_, i) => i % 2 == 0).join())).size"), 1)
        for action in ("in", "out"):
            page.run(f"document.querySelector('[data-action={action}]').click()")
        self.assertEqual(page.run(box)[:3:2], [whole[2] / 4, whole[2] / 2])
        page.run("document.getElementById('series').focus()")
        page.key("ArrowRight")
        self.assertEqual(page.run(box)[:3:2], [whole[2] / 2, whole[2] / 2])
        self.assertEqual(page.run("document.querySelector('.times span').textContent"),
                         page.run("(Number(document.getElementById('series').dataset.end) / 2)"
                                  ".toLocaleString('en', {maximumSignificantDigits: 6, useGrouping: false})"))
        self.assertIn("Shown: ", page.run("document.getElementById('shown').textContent"))
        page.key("0")
        self.assertEqual(page.run(box), whole)
        page.run("document.querySelector('.strip svg').scrollIntoView({block: 'center'})")
        left, top, width, height = page.run("(box => [box.left, box.top, box.width, box.height])"
                                            "(document.querySelector('.strip svg').getBoundingClientRect())")
        page.drag((left + width / 4, top + height / 2), (left + width / 2, top + height / 2))
        start, _, size, _ = page.run(box)
        self.assertAlmostEqual(start, whole[2] / 4, delta=whole[2] / 100)
        self.assertAlmostEqual(size, whole[2] / 4, delta=whole[2] / 100)
        self.assertEqual(page.complaints(), [])

    def test_without_scripts_all_is_there(self):
        self.page(self.result(FULL))
        page = self.open()
        page.ask("Emulation.setScriptExecutionDisabled", value=True)
        page.open(self.folder / "page.html")
        self.assertEqual(page.complaints(), [])
        self.assertEqual(page.run("getComputedStyle(document.querySelector('.controls')).display"), "none")
        self.assertGreater(page.run("document.querySelector('.strip svg.line path:last-child').getBBox().width"), 100)


if __name__ == "__main__":
    harness.main(prepare)
