"""The page in a browser: no error, the table sorts, all pictures move together."""

import html
import json
import re
import shutil
import subprocess

import pytest

from .test_page import CLOSING, HOSTILE, hostile_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

# Runs behind the page's own script, uses it as a person would and notes what it sees.
DRIVER = """
const found = {};
const rows = () => [...document.querySelectorAll(".scroll tbody tr")];
const column = (k) => rows().map((row) => row.cells[k].dataset.value);
const head = (k) => document.querySelectorAll(".scroll thead th")[k];
const click = (id) => document.getElementById(id).click();
const moves = () => [...document.querySelectorAll("#grid img")].map(
  (image) => getComputedStyle(image).transform);
const pictures = () => [...document.querySelectorAll("#grid img")].map((i) => i.alt);
const bars = () => [...document.querySelectorAll("#bar-list .label")].map(
  (label) => label.textContent);

found.hacked = document.body.dataset.hacked || null;
found.title = document.title;
head(3).querySelector("button").click();
found.best = column(3);
found.bestSort = head(3).getAttribute("aria-sort");
found.noSort = head(0).getAttribute("aria-sort");
head(3).querySelector("button").click();
found.worst = column(3);
found.worstSort = head(3).getAttribute("aria-sort");
head(5).querySelector("button").click();
found.seconds = column(5);
head(1).querySelector("button").click();
found.names = column(1);

found.pairs = [...document.getElementById("pair").options].map((o) => o.textContent);
found.pictures = pictures();
found.start = moves();
click("zoom-in");
found.zoomed = moves();
const frame = document.querySelectorAll("#grid .view")[1];
const box = frame.getBoundingClientRect();
const wheel = new WheelEvent("wheel", {
  bubbles: true, cancelable: true, deltaY: -100,
  clientX: box.left + box.width / 4, clientY: box.top + box.height / 4 });
frame.dispatchEvent(wheel);
found.wheelKeepsPage = wheel.defaultPrevented;
found.wheeled = moves();
frame.dispatchEvent(new PointerEvent("pointermove", {
  bubbles: true, buttons: 1, movementX: -20, movementY: -10 }));
found.dragged = moves();
document.getElementById("grid").dispatchEvent(
  new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
found.pushed = moves();
frame.dispatchEvent(new PointerEvent("pointermove", {
  bubbles: true, buttons: 1, movementX: 1e6, movementY: 1e6 }));
found.corner = moves();
click("zoom-reset");
found.reset = moves();
found.scale = document.getElementById("zoom").textContent;
click("choose-none");
found.none = pictures();
click("next");
document.querySelector("#chips button").click();
found.second = document.getElementById("pair").selectedIndex;
found.one = pictures();
found.pressed = document.querySelector("#chips button").getAttribute("aria-pressed");

found.bars = bars();
const metric = document.getElementById("metric");
metric.selectedIndex = 1;
metric.dispatchEvent(new Event("change"));
found.otherBars = bars();
found.widths = [...document.querySelectorAll("#bar-list .bar")].map(
  (bar) => bar.style.width);
const result = document.createElement("pre");
result.id = "found";
result.textContent = JSON.stringify(found);
document.body.append(result);
"""


@pytest.fixture(scope="module")
def browser():
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    pytest.skip("there is no Chromium here")


def run_page(browser, path, profile):
    """Return the document after its scripts, and the lines of the console."""
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            f"--user-data-dir={profile}",
            "--window-size=1200,1000",
            "--enable-logging=stderr",
            "--v=0",
            "--virtual-time-budget=2000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="module")
def visit(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    board, out = hostile_report(folder)
    text = (out / "index.html").read_text(encoding="utf-8")
    driven = folder / "driven.html"
    driver = f"<script>{DRIVER}</script></body>"
    driven.write_text(text.replace("</body>", driver), encoding="utf-8")
    document, console = run_page(browser, driven, folder / "profile")
    found = re.search(r'<pre id="found">(.*?)</pre>', document, re.S)
    assert found, (console, document[:2000])
    return board, json.loads(html.unescape(found[1])), console


def test_no_error_and_no_name_runs(visit):
    _, found, console = visit
    assert console == []
    assert found["hacked"] is None
    assert found["title"] == f"Leaderboard: {CLOSING}"
    assert found["pairs"] == [HOSTILE, CLOSING]


def test_a_broken_page_would_be_noticed(browser, tmp_path):
    page = tmp_path / "broken.html"
    page.write_text("<body><script>missing()</script></body>")
    _, console = run_page(browser, page, tmp_path / "profile")
    assert len(console) == 1 and "missing is not defined" in console[0]


def test_sorting(visit):
    board, found, _ = visit
    best = [repr(value) for value in sorted(board.table["en"], reverse=True)]
    assert found["best"] == best and found["bestSort"] == "descending"
    assert found["worst"] == best[::-1] and found["worstSort"] == "ascending"
    assert found["noSort"] is None
    assert found["seconds"][-1] == ""  # unknown for a published method: last
    known = [float(key) for key in found["seconds"][:-1]]
    assert known == sorted(known)
    assert sorted(found["names"]) == sorted(board.table.index)


def matrix(text):
    return [float(word) for word in text.removeprefix("matrix(")[:-1].split(",")]


def test_all_pictures_zoom_and_move_together(visit):
    _, found, _ = visit
    steps = ("start", "zoomed", "wheeled", "dragged", "pushed", "corner", "reset")
    for step in steps:
        assert len(set(found[step])) == 1 and len(found[step]) >= 4, step
    at = {step: matrix(found[step][0]) for step in steps}
    assert at["start"] == at["reset"] == [1, 0, 0, 1, 0, 0]
    assert at["zoomed"][0] == at["zoomed"][3] == 1.5
    assert at["wheeled"][0] > 1.5 and found["wheelKeepsPage"]
    moved = [b - a for a, b in zip(at["wheeled"], at["dragged"])]
    assert moved[4:] == pytest.approx([-20, -10], abs=0.01)
    assert at["pushed"][4] > at["dragged"][4] and at["pushed"][5] == at["dragged"][5]
    assert at["corner"][4:] == [0, 0]  # never beyond the picture's edge
    assert found["scale"] == "1×"


def test_the_sources_are_always_there(visit):
    board, found, _ = visit
    assert found["pictures"][:2] == ["infrared", "visible"]
    assert set(found["pictures"][2:]) <= set(board.table.index)
    assert found["none"] == ["infrared", "visible"]
    assert found["second"] == 1 and found["pressed"] == "true"
    assert found["one"] == ["infrared", "visible", board.table.index[0]]


def test_bars_are_best_first(visit):
    board, found, _ = visit
    by_entropy = board.table["en"].sort_values(ascending=False)
    assert sorted(found["bars"]) == sorted(by_entropy.index)
    assert found["bars"][0] == by_entropy.index[0]
    assert (
        found["otherBars"][0]
        in board.table.index[board.table["rmse"] == board.table["rmse"].min()].tolist()
    )
    widths = [float(width[:-1]) for width in found["widths"]]
    assert widths == sorted(widths) and widths[-1] == pytest.approx(100)
