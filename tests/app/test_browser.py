"""The app in a browser: upload, change, compare, download; nothing goes elsewhere."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion.app.results import FAST
from skfusion.compose import PreserveChroma
from skfusion.fusers import AverageFuser
from skfusion.images import read_image
from skfusion.model_files import load_pipeline

webdriver = pytest.importorskip("selenium.webdriver")
pytest.importorskip("streamlit")

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

FLAGS = (
    "headless=new",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "disable-dev-shm-usage",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
)
WIDE, NARROW = (1400, 900), (420, 900)
# The viewers, which live in shadow roots.
VIEWERS = """
const found = [];
const look = (node) => node.querySelectorAll("*").forEach((each) => {
  if (each.matches(".viewer")) found.push(each);
  if (each.shadowRoot) look(each.shadowRoot);
});
look(document);
return found;
"""
STATE = """
const style = getComputedStyle(arguments[0]);
const images = [...arguments[0].querySelectorAll("img")];
return {
  wipe: Number(style.getPropertyValue("--wipe")),
  moves: [...new Set(images.map((image) => getComputedStyle(image).transform))],
  names: [...arguments[0].querySelectorAll("figure img")].map((image) => image.alt),
  sources: images.filter((image) => image.src).map((image) => image.src.slice(0, 22)),
  fused: arguments[0].querySelector("figure:last-child img").src,
  drawn: images.every((image) => image.complete && image.naturalWidth > 0),
  label: arguments[0].getAttribute("aria-label"),
  stage: arguments[0].querySelector(".stage").getAttribute("aria-label"),
};
"""
# Whatever takes input has to have a name for those who cannot see it.
WITH_NAMES = {"button", "checkbox", "combobox", "radio", "slider", "spinbutton"}
WITH_NAMES |= {"textbox", "image"}


@contextlib.contextmanager
def served():
    """Serve the app from a process of its own; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "skfusion", "app", "--no-browser", "--port"]
    process = subprocess.Popen([*words, str(port)], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line == f"skfusion app: http://127.0.0.1:{port} (Ctrl-C ends it)\n"
        for _ in range(600):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        assert process.wait(20) is not None
        process.stdout.close()


class Visitor:
    """Somebody with a browser."""

    def __init__(self, driver):
        self.driver = driver

    def resize(self, size):
        how = dict(zip(("width", "height"), size), deviceScaleFactor=1, mobile=False)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", how)

    def wait(self, what, seconds=120):
        return WebDriverWait(self.driver, seconds, 0.1).until(lambda _: what())

    def find(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def idle(self):
        self.wait(lambda: not self.find('[data-testid="stStatusWidget"]'))

    def viewer(self, place=0):
        found = self.wait(lambda: self.driver.execute_script(VIEWERS)[place:])
        return found[0]

    def state(self, place=0):
        return self.driver.execute_script(STATE, self.viewer(place))

    def next_state(self, before):
        """Return the state once another picture is fused."""
        self.wait(lambda: self.state()["fused"] != before["fused"])
        self.idle()
        return self.state()

    def titled(self, words):
        path = f"//*[contains(text(), '{words}')]"
        return len(self.driver.find_elements(By.XPATH, path))

    def choose(self, label, word):
        box = self.driver.find_element(By.CSS_SELECTOR, f'input[aria-label*="{label}"]')
        self.driver.execute_script("arguments[0].scrollIntoView()", box)
        box.send_keys(Keys.CONTROL, "a")
        box.send_keys(word, Keys.ENTER)

    def tick(self, word):
        path = f"//label[.//p[normalize-space()='{word}']]"
        box = self.wait(lambda: self.driver.find_elements(By.XPATH, path))[0]
        self.driver.execute_script("arguments[0].scrollIntoView()", box)
        box.click()


@pytest.fixture(scope="module")
def visitor(tmp_path_factory):
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    chromedriver = shutil.which("chromedriver")
    if browser is None or chromedriver is None:
        pytest.skip("there is no Chromium with its driver here")
    folder = tmp_path_factory.mktemp("browser")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"user-data-dir={folder / 'profile'}"):
        options.add_argument(f"--{flag}")
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    driver = webdriver.Chrome(options, webdriver.ChromeService(chromedriver))
    kept = {"behavior": "allow", "downloadPath": str(folder)}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", kept)
    with served() as address:
        try:
            visitor = Visitor(driver)
            visitor.folder, visitor.address = folder, address
            yield visitor
        finally:
            driver.quit()


@pytest.fixture(scope="module")
def visit(visitor, pair_files):
    """One visit from the first picture to the downloads; what was seen on the way."""
    seen, driver = {}, visitor.driver
    visitor.resize(WIDE)
    driver.get("about:blank")
    requests(driver)  # of the page that a browser begins with
    driver.get(visitor.address)
    visitor.viewer()
    visitor.idle()
    seen["first"] = visitor.state()
    seen["named"] = unnamed(driver)

    visitor.tick("Upload")
    chooser = 'input[type="file"]'
    visitor.wait(lambda: len(visitor.find(chooser)) == 2)
    for place, path in zip(visitor.find(chooser), pair_files):
        place.send_keys(str(path))
    seen["uploaded"] = visitor.next_state(seen["first"])

    visitor.choose("Method", "average: weighted mean")
    seen["changed"] = visitor.next_state(seen["uploaded"])
    seen["title"] = visitor.titled("my vis: average, 128 x 96 pixels")

    compare(visitor, seen)
    visitor.tick("Download")
    download(visitor)
    choose_in_gallery(visitor, seen)
    visitor.resize(NARROW)
    seen["narrow"] = driver.execute_script(
        "return [document.documentElement.scrollWidth, innerWidth,"
        " arguments[0].getBoundingClientRect().width]",
        visitor.viewer(),
    )
    seen["console"] = driver.get_log("browser")
    seen["requests"] = requests(driver)
    return seen


def compare(visitor, seen):
    """Use the wipe and the zoom, by pointer and by keys."""
    stage = visitor.viewer().find_element(By.CSS_SELECTOR, ".stage")
    visitor.driver.execute_script("arguments[0].scrollIntoView()", stage)
    width = stage.size["width"]
    ActionChains(visitor.driver).move_to_element(stage).click_and_hold().move_by_offset(
        int(width * 0.25), 0
    ).release().perform()
    seen["dragged"] = visitor.state()
    visitor.driver.execute_script("arguments[0].focus()", stage)
    for name, key in (("pushed", Keys.ARROW_LEFT), ("zoomed", "+"), ("moved", None)):
        ActionChains(visitor.driver).send_keys(key or Keys.ARROW_RIGHT).perform()
        seen[name] = visitor.state()
    ActionChains(visitor.driver).send_keys("0").perform()
    seen["whole"] = visitor.state()
    left = visitor.viewer().find_element(By.CSS_SELECTOR, "select.left")
    left.send_keys("infrared")
    seen["sides"] = visitor.state()


def download(visitor):
    wanted = ("my_vis_fused.png", "my_vis_fused.tif", "pipeline.json", "fuse.py")
    path = '[data-testid="stDownloadButton"] button'
    visitor.wait(lambda: len(visitor.find(path)) == len(wanted))
    visitor.idle()
    for button, name in zip(visitor.find(path), wanted):
        visitor.driver.execute_script("arguments[0].scrollIntoView()", button)
        button.click()
        visitor.wait((visitor.folder / name).is_file, 30)


def choose_in_gallery(visitor, seen):
    """Run the fast methods, and take over one of them by its picture."""
    before = visitor.state()
    visitor.tick("Gallery")
    run = "//button[contains(., 'fast methods')]"
    visitor.wait(lambda: visitor.driver.find_elements(By.XPATH, run))[0].click()
    visitor.wait(lambda: len(visitor.driver.execute_script(VIEWERS)) == 2, 600)
    visitor.idle()
    gallery = visitor.viewer(1)
    uses = gallery.find_elements(By.CSS_SELECTOR, "figcaption button")
    seen["uses"] = [each.get_attribute("aria-label") for each in uses]
    use = gallery.find_element(By.CSS_SELECTOR, 'button[aria-label="Use tif"]')
    middle = "arguments[0].scrollIntoView({block: 'center'})"  # not under the header
    visitor.driver.execute_script(middle, use)
    use.click()
    seen["used"] = visitor.next_state(before)
    seen["used title"] = visitor.titled("my vis: tif, 128 x 96 pixels")
    box = 'input[aria-label*="Method"]'
    seen["used box"] = visitor.find(box)[0].get_attribute("value")
    seen["used, later"] = len(visitor.driver.execute_script(VIEWERS))


def unnamed(driver):
    """Return what takes input and has no name, and how many have one."""
    driver.execute_cdp_cmd("Accessibility.enable", {})
    nodes = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    shown = [node for node in nodes if not node["ignored"]]
    roles = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in shown
        if node.get("role", {}).get("value") in WITH_NAMES
    ]
    return [role for role, name in roles if not name.strip()], len(roles)


def requests(driver):
    """Return the addresses that the page asked for."""
    found = set()
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.add(message["params"]["request"]["url"])
        elif message["method"] == "Network.webSocketCreated":
            found.add(message["params"]["url"])
    return found


def test_the_first_picture_is_there_without_a_choice(visit):
    first = visit["first"]
    assert first["drawn"] and first["names"] == ["infrared", "visible", "fused"]
    assert first["sources"] == ["data:image/png;base64,"] * 5
    assert first["label"].startswith("Comparison of the infrared")
    assert first["stage"] == "visible on the left of the wipe, fused on the right"


def test_an_upload_and_a_change_make_a_new_picture(visit):
    pictures = [visit[step]["fused"] for step in ("first", "uploaded", "changed")]
    assert len(set(pictures)) == 3
    assert visit["changed"]["drawn"] and visit["title"] == 1


def test_the_wipe_follows_pointer_and_keys(visit):
    assert visit["changed"]["wipe"] == 50
    assert visit["dragged"]["wipe"] == pytest.approx(75, abs=1)
    assert visit["pushed"]["wipe"] == pytest.approx(visit["dragged"]["wipe"] - 5)
    assert visit["sides"]["stage"].startswith("infrared on the left")


def test_all_pictures_zoom_and_move_together(visit):
    def matrix(step):
        (move,) = visit[step]["moves"]
        return [float(word) for word in re.findall(r"-?[\d.]+(?:e-?\d+)?", move)]

    assert matrix("changed")[0] == matrix("whole")[0] == 1
    for step in ("zoomed", "moved"):
        scales = {re.match(r"matrix\(([\d.]+),", m)[1] for m in visit[step]["moves"]}
        assert scales == {"1.5"}
    assert visit["moved"]["moves"] != visit["zoomed"]["moves"]


def test_downloads_are_what_the_library_makes(visit, visitor, pair_files, monkeypatch):
    folder = visitor.folder
    pair = ImagePairs(*([path] for path in pair_files))
    expected = PreserveChroma(AverageFuser()).transform(pair)[0]
    png = read_image(folder / "my_vis_fused.png")
    assert np.array_equal(png, np.floor(expected * 255 + np.float32(0.5)))
    tiff = read_image(folder / "my_vis_fused.tif")
    assert tiff.dtype == np.uint16
    assert np.abs(tiff / 65535 - expected).max() <= 0.51 / 65535
    again = load_pipeline(folder / "pipeline.json").transform(pair)[0]
    assert np.array_equal(again, expected)
    for path in pair_files:
        shutil.copy(path, folder)
    monkeypatch.chdir(folder)
    exec((folder / "fuse.py").read_text(), {})
    assert np.array_equal(read_image(folder / "fused.png"), png)


def test_use_below_a_picture_of_the_gallery_takes_its_method_over(visit):
    assert visit["uses"] == [f"Use {name}" for name in FAST]
    assert visit["used"]["drawn"]
    assert visit["used"]["fused"] != visit["changed"]["fused"]
    assert visit["used title"] == 1 and visit["used box"].startswith("tif")
    assert visit["used, later"] == 2  # the gallery stays


def test_nothing_went_wrong_and_nothing_left_the_machine(visit, visitor):
    assert [entry["message"] for entry in visit["console"]] == []
    place = visitor.address.removeprefix("http://")
    own = re.compile(rf"(http|ws)://{re.escape(place)}|(data|blob):")
    assert len(visit["requests"]) > 5
    assert [url for url in visit["requests"] if not own.match(url)] == []


def test_whatever_takes_input_has_a_name(visit):
    without, count = visit["named"]
    assert without == [] and count > 20


def test_a_narrow_window_shows_the_whole_width(visit):
    wide, window, viewer = visit["narrow"]
    assert wide <= window == NARROW[0]
    assert 0.85 * window < viewer <= window
