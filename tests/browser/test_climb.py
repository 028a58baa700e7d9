"""The page *Climb* as a reader uses it: presets, links, a photograph, what is kept; and each way it can fail."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import re
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from axe import DRAWN, violations
from built_site import ROOT, SITE, in_theme, report, resize
from PIL import Image
from requests_made import forget, requests_made
from test_pages import our_errors, wait_until

from tools.browser.chromium import Quiet

PAGE, LIVE = "book/climb.html", SITE / "_static" / "live"
LONG = 240  # seconds that a climb may take on a busy machine
QUICK = "size=96&steps=6"
STATUS = "return document.querySelector('.pom-climb').dataset.status"
TEXT = "return document.querySelector(arguments[0]).textContent"
CLICK = "document.querySelector(arguments[0]).click()"
SET = """
const control = document.querySelector(arguments[0]);
if (control.type === 'checkbox') control.checked = arguments[1]; else control.value = arguments[1];
control.dispatchEvent(new Event('change', {bubbles: true}));
"""
PICTURE = """
const canvas = document.querySelector('.climb-canvas');
const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
let text = '';
for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
return [canvas.width, canvas.height, btoa(text)];
"""
LATER = """
const now = performance.now.bind(performance), seconds = arguments[0];
performance.now = () => now() + 1000 * seconds;
"""
WATCH_WORKERS = """
window.workers = [];
window.Worker = class extends Worker { constructor(...a) { super(...a); workers.push(this); } };
"""
FOLLOW = """
const [address, done] = arguments;
window.addEventListener('hashchange', () => done(true), {once: true}); // after the page's own listener
location.hash = address;
"""
GIVE = """
const [kind, text, type, place] = arguments, given = new DataTransfer();
given.items.add(new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], 'given', {type}));
document.querySelector(place).dispatchEvent(kind === 'drop'
  ? new DragEvent('drop', {dataTransfer: given, bubbles: true, cancelable: true})
  : new ClipboardEvent('paste', {clipboardData: given, bubbles: true}));
"""


@pytest.fixture(scope="module", autouse=True)
def live(site):
    if not (LIVE / "squeezenet1_1.onnx").is_file() or not (LIVE / "onnxruntime").is_dir():
        pytest.skip("this site was built without its live networks")


def show(browser, address: str, asked: str = "", size: str = "desk") -> None:
    """Open the page with an address, the console emptied before, and wait until it may be started."""
    resize(browser, size)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(f"{address}/{PAGE}{asked}")
    wait_until(browser, lambda: browser.execute_script(STATUS) == "idle", 30)


def follow(browser, asked: str) -> None:
    """Lead the page that is open to another address: what it has loaded stays, and a new climb may be started."""
    for address in ("#hen&recipe=original&seed=99", asked):
        assert browser.execute_async_script(FOLLOW, address) is True
    may_start = "return !document.querySelector('.climb-go').disabled"
    wait_until(browser, lambda: browser.execute_script(may_start), 30)
    assert browser.execute_script(STATUS) == "idle" and step(browser) == 0


def text(browser, place: str) -> str:
    return browser.execute_script(TEXT, f".climb-{place}")


def click(browser, name: str) -> None:
    browser.execute_script(CLICK, f".climb-{name}")


def wait_for(browser, status: str, seconds: float = LONG) -> None:
    wait_until(browser, lambda: browser.execute_script(STATUS) == status, seconds)


def step(browser) -> int:
    return int(text(browser, "step").split()[1])


def picture(browser) -> np.ndarray:
    """What the canvas shows: (H, W, 3) bytes."""
    width, height, data = browser.execute_script(PICTURE)
    return np.frombuffer(base64.b64decode(data), dtype=np.uint8).reshape(height, width, 4)[..., :3]


def climb(browser, address: str, asked: str) -> np.ndarray:
    """Open an address, press Start, and wait for the end; nothing may go wrong."""
    show(browser, address, asked)
    return to_the_end(browser)


def to_the_end(browser) -> np.ndarray:
    click(browser, "go")
    wait_for(browser, "done")
    assert text(browser, "trouble") == ""
    return picture(browser)


def cat() -> str:
    return base64.b64encode((LIVE / "chelsea.jpg").read_bytes()).decode()


# --- the presets ---

PRESETS = {
    "original": "#pomeranian&recipe=original",
    "blurzoom": "#hen&recipe=blurzoom",
    "visualize": "#zebra&recipe=visualize",
    "feature": "#fire8:22&recipe=feature",
    "feature of VGG16": "#conv3_1:20&recipe=feature",
    "dream": "#fire7&recipe=dream&photo=chelsea",
}


@pytest.fixture
def page(browser, address):
    """The page; if it is open already, it is asked for the next climb where it stands."""
    if not browser.execute_script("return window.followed"):  # what another test has opened may look otherwise
        show(browser, address)
        browser.execute_script("window.followed = true")
    resize(browser, "desk")
    browser.get_log("browser")
    return browser


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_runs_to_its_end(page, preset):
    browser = page
    follow(browser, f"{PRESETS[preset]}&size=96&steps=8")
    made = to_the_end(browser)
    assert step(browser) == 8 and made.std() > 5
    assert re.search(r"score -?[\d.,e+]+$", text(browser, "score"))
    assert "8 steps" in text(browser, "caption") and "it scores" in text(browser, "caption")
    assert our_errors(browser) == []


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_runs_as_it_is(browser, address, preset):
    browser.set_script_timeout(LONG)
    climb(browser, address, PRESETS[preset])


def test_another_network_sees_the_pomeranian(browser, address):
    import torch

    from helpers import second_opinion

    made = climb(browser, address, "#pomeranian&recipe=visualize")
    seen = torch.tensor(made.copy()).permute(2, 0, 1)[None] / 255
    opinion = second_opinion(seen, "Pomeranian")
    assert opinion.rank[0] <= 5, str(opinion)
    click(browser, "judge")
    guesses = "return [...document.querySelectorAll('.climb-opinion li')].map(one => one.innerText.split('\\n'))"
    wait_until(browser, lambda: len(browser.execute_script(guesses)) == 5, LONG)
    here = browser.execute_script(guesses)
    assert here[0][0] == opinion.top[0][0][0], "the judge in the browser is another than the one in PyTorch"


def test_nothing_runs_until_it_is_started(watched, address):
    forget(watched)
    show(watched, address)
    urls = [request.url for request in requests_made(watched)]
    assert any(url.endswith("live.json") for url in urls)
    assert not [url for url in urls if url.endswith((".wasm", ".onnx"))]
    click(watched, "go")
    wait_until(watched, lambda: step(watched) > 2, LONG)
    click(watched, "go")
    urls = [request.url for request in requests_made(watched)]
    assert not [url for url in urls if not url.startswith((address + "/", "blob:"))]


# --- a link ---

NOTEBOOKS = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "notebooks").glob("*.ipynb")))
IN_CHAPTERS = sorted(set(re.findall(r"climb\.html(#[^)\"]+)", NOTEBOOKS)))


@pytest.mark.parametrize("asked", IN_CHAPTERS)
def test_a_chapter_s_link_asks_for_what_there_is(page, asked):
    follow(page, asked)
    assert text(page, "trouble") == ""
    click(page, "one")
    wait_for(page, "resting")
    assert text(page, "trouble") == ""
    understood = page.execute_script("return location.hash")
    words, *settings = asked.removeprefix("#").split("&")
    assert understood.startswith(f"#{words}&recipe=")
    recipe = next(one for one in settings if one.startswith("recipe="))
    assert recipe in understood and all(one in understood or one.startswith("photo=") for one in settings)


def test_chapters_lead_to_the_page(site):
    """From each of chapters 2 to 7, within the site."""
    assert len(IN_CHAPTERS) >= 9
    for path in sorted((site / "notebooks").glob("0[2-7]*.html")):
        page = path.read_text(encoding="utf-8")
        assert re.search(r'<p class="pom-climb-link"><a class="reference internal" href="\.\./book/climb\.html#', page)


def test_a_link_draws_the_same_picture(browser, address):
    asked = "#pomeranian&recipe=visualize&seed=3&size=96&steps=6"
    first = climb(browser, address, asked)
    assert np.array_equal(climb(browser, address, asked), first)
    follow(browser, asked.replace("seed=3", "seed=4"))
    assert not np.array_equal(to_the_end(browser), first)


CHANGED = "#pomeranian&recipe=visualize&size=96&steps=6"


@pytest.fixture(scope="module")
def unchanged(browser, address) -> np.ndarray:
    return climb(browser, address, CHANGED)


@pytest.mark.parametrize("key, value", [("rate", "0.3"), ("blur", "0.6"), ("basis", "pixels"), ("views", "none")])
def test_a_change_on_the_way_is_in_the_link(browser, address, unchanged, key, value):
    show(browser, address, CHANGED)
    for _ in range(3):
        click(browser, "one")
        wait_for(browser, "resting")
    browser.execute_script(SET, f"#climb-{key}", value)
    wait_until(browser, lambda: f"then=3:{key}~{value}" in browser.execute_script("return location.hash"))
    click(browser, "go")
    wait_for(browser, "done")
    changed, asked = picture(browser), browser.execute_script("return location.hash")
    follow(browser, asked)
    assert np.array_equal(to_the_end(browser), changed)
    assert not np.array_equal(unchanged, changed)


def test_change_while_it_climbs(browser, address):
    show(browser, address, "#pomeranian&recipe=original&size=96&steps=400")
    click(browser, "go")
    wait_until(browser, lambda: step(browser) >= 2, LONG)
    browser.execute_script(SET, "#climb-decay", "0")
    wait_until(browser, lambda: "decay~0" in browser.execute_script("return location.hash"), LONG)
    click(browser, "go")
    wait_for(browser, "resting")
    stopped = step(browser)
    assert f"until={stopped}" in browser.execute_script("return location.hash")
    before, asked = picture(browser), browser.execute_script("return location.hash")
    follow(browser, asked)
    click(browser, "go")
    wait_for(browser, "resting")
    assert step(browser) == stopped and np.array_equal(picture(browser), before)
    click(browser, "go")
    wait_until(browser, lambda: step(browser) > stopped, LONG)
    assert "until" not in browser.execute_script("return location.hash")
    click(browser, "go")
    wait_for(browser, "resting")


def test_an_address_that_makes_no_sense_is_answered(browser, address):
    resize(browser, "desk")
    browser.get("about:blank")
    browser.get(f"{address}/{PAGE}#pomerianan&recipe=nonsense&seed=-4&size=7&then=x:y")
    wait_until(browser, lambda: "Did you mean Pomeranian" in text(browser, "trouble"), 30)
    for asked, answer in [
        ("#fire6:9999&recipe=feature", "numbered 0 to 383"),
        ("#conv1_1:64&recipe=feature", "0 to 63"),
    ]:
        browser.get("about:blank")
        browser.get(f"{address}/{PAGE}{asked}")
        wait_until(browser, lambda answer=answer: answer in text(browser, "trouble"), 30)


def test_the_field_finds_classes_by_keys(browser, address):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    show(browser, address)
    field = browser.find_element(By.CSS_SELECTOR, "#climb-query")
    field.send_keys(Keys.CONTROL, "a", Keys.NULL, "zebr")
    wait_until(browser, lambda: field.get_attribute("aria-expanded") == "true")
    field.send_keys(Keys.ENTER)
    wait_until(browser, lambda: browser.execute_script("return location.hash").startswith("#zebra&"))
    assert browser.execute_script("return document.activeElement.className") == "climb-go"
    field.send_keys(Keys.CONTROL, "a", Keys.NULL, "pomerianan")
    wait_until(browser, lambda: "Did you mean Pomeranian?" in text(browser, "box"))
    field.send_keys(Keys.ESCAPE)
    assert field.get_attribute("aria-expanded") == "false"
    browser.execute_script(SET, ".climb-layer", "fire5")
    wait_until(browser, lambda: browser.execute_script("return location.hash").startswith("#fire5:"))


# --- a photograph ---


@pytest.mark.parametrize("kind", ["drop", "paste", "choose"])
def test_a_photograph_is_dreamt(browser, address, tmp_path, kind):
    show(browser, address, "#fire7&recipe=dream&size=96&steps=4")
    if kind == "choose":
        browser.find_element("css selector", ".climb-file").send_keys(str((LIVE / "chelsea.jpg").resolve()))
    else:
        browser.execute_script(GIVE, kind, cat(), "image/jpeg", ".climb-frame" if kind == "drop" else "body")
    wait_until(browser, lambda: not browser.execute_script("return document.querySelector('.climb-go').disabled"), 30)
    wait_until(browser, lambda: picture(browser).shape[:2] == (128, 192), 30)
    assert "photo=" not in browser.execute_script("return location.hash")
    if kind == "drop":  # however it came, it is dreamt alike
        before = picture(browser)
        click(browser, "go")
        wait_for(browser, "done")
        after = picture(browser)
        assert after.shape == before.shape and np.abs(after.astype(int) - before).mean() > 1
        assert "photo=" not in browser.execute_script("return location.hash")


def test_a_dropped_photograph_leads_to_the_dream(browser, address):
    show(browser, address, "#pomeranian&recipe=visualize&size=96")
    browser.execute_script(GIVE, "drop", cat(), "image/jpeg", ".climb-frame")
    wait_until(browser, lambda: "recipe=dream" in browser.execute_script("return location.hash"), 30)


def test_a_photo_that_is_no_photo(browser, address):
    show(browser, address, "#fire7&recipe=dream&photo=chelsea&size=96")
    wait_until(browser, lambda: picture(browser).shape[:2] == (128, 192), 30)
    before = picture(browser)
    browser.execute_script(GIVE, "drop", base64.b64encode(b"no picture").decode(), "image/png", ".climb-frame")
    wait_until(browser, lambda: "no picture that the browser can read" in text(browser, "trouble"))
    assert np.array_equal(picture(browser), before)
    strip = io.BytesIO()
    Image.new("RGB", (800, 40)).save(strip, "PNG")
    browser.execute_script(GIVE, "drop", base64.b64encode(strip.getvalue()).decode(), "image/png", ".climb-frame")
    wait_until(browser, lambda: "too narrow" in text(browser, "trouble"))


# --- what is kept ---


def test_png_and_gif(browser, address, tmp_path):
    made = climb(browser, address, f"#pomeranian&recipe=original&{QUICK}")
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    try:
        for kind in ("png", "gif"):
            click(browser, kind)
            wait_until(browser, lambda kind=kind: (tmp_path / f"pomeranian-original-0.{kind}").is_file(), 60)
    finally:
        browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "default"})
    still = Image.open(tmp_path / "pomeranian-original-0.png").convert("RGB")
    assert min(still.size) >= 512
    film = Image.open(tmp_path / "pomeranian-original-0.gif")
    assert film.n_frames == 7 and film.size == (192, 192)
    film.seek(6)
    assert np.abs(np.asarray(film.convert("RGB")).astype(int) - made).mean() < 12


@pytest.mark.parametrize("preset", PRESETS)
def test_the_line_for_a_notebook_runs(browser, address, preset, monkeypatch):
    import torch

    import helpers

    show(browser, address, f"{PRESETS[preset]}&size=96&steps={8 if preset == 'dream' else 2}")
    code = browser.execute_script(TEXT, ".climb-python code")
    torch.set_num_threads(1)
    monkeypatch.setattr(helpers, "show_images", lambda *_: None)
    space = {}
    exec(code, space)
    assert isinstance(space["result"], helpers.Result) and torch.isfinite(space["result"].images).all()


def test_all_settings_have_their_line(browser, address):
    show(
        browser,
        address,
        "#pomeranian&recipe=visualize&views=soft&blur=0.5&zoom=1.01&normalize=1&every=2&clamp=last&decay=0.1",
    )
    code = browser.execute_script(TEXT, ".climb-python code")
    for part in (
        "blur(0.5, every=2)",
        "zoom(1.01, every=2)",
        "normalize(every=2)",
        "random_blur(2.0)",
        "noise(0.2)",
        "weight_decay=0.1",
        "CosineAnnealingLR",
        "finish=spread_first",
        'class_margin("Pomeranian", 0.5)',
    ):
        assert part in code
    compile(code, "cell", "exec")


def test_the_atlas_leads_here(browser, address):
    browser.get(f"{address}/book/atlas.html#c=259")
    place = "return document.querySelector('.atlas-climb').href"
    wait_until(browser, lambda: browser.execute_script(place).endswith("climb.html#pomeranian&recipe=visualize"), 30)
    show(browser, address, "#134&recipe=visualize")  # two classes are called crane
    assert text(browser, "trouble") == ""


# --- what can go wrong ---


@contextmanager
def served_with(changed: dict[str, bytes | None]):
    """Serve the site with some files changed, or (None) missing."""

    class Changed(Quiet):
        def do_GET(self):
            name = next((name for name in changed if self.path.split("?")[0].endswith(name)), None)
            if name is None:
                return super().do_GET()
            if changed[name] is None:
                return self.send_error(404)
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(self.path))
            self.send_header("Content-Length", str(len(changed[name])))
            self.end_headers()
            return self.wfile.write(changed[name])

    handler = functools.partial(Changed, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def worker_after(line: str) -> dict[str, bytes]:
    """The worker, after a line that takes something away from it."""
    return {"live/worker.js": f"{line}\n".encode() + (LIVE / "worker.js").read_bytes()}


NETWORK, BUILD = "squeezenet1_1.onnx", "ort-wasm-simd-threaded.wasm"
FAILURES = {
    "no wasm": (lambda: worker_after("delete globalThis.WebAssembly;"), "no WebAssembly"),
    "too little memory": (
        lambda: worker_after(
            "WebAssembly.Memory = function () { throw new RangeError('could not allocate memory'); };"
        ),
        "too little memory",
    ),
    "a missing network": (lambda: {NETWORK: None}, f"{NETWORK} is missing on this site"),
    "a broken network": (lambda: {NETWORK: (LIVE / NETWORK).read_bytes()[:-1000]}, f"{NETWORK} is broken"),
    "another network": (lambda: {NETWORK: b"x" * (LIVE / NETWORK).stat().st_size}, f"{NETWORK} is broken"),
    "missing wasm": (lambda: {BUILD: None}, f"{BUILD} is missing on this site"),
    "broken wasm": (lambda: {BUILD: b"nothing"}, "could not be run here"),
    "a missing runtime": (lambda: {"ort.wasm.min.mjs": None}, "ort.wasm.min.mjs is missing or broken"),
    "a worker that does not start": (lambda: {"live/network.js": None}, "could not be started"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_is_missing_is_said(browser, failure):
    change, said = FAILURES[failure]
    with served_with(change()) as address:
        show(browser, address, f"#pomeranian&{QUICK}&engine=wasm")
        click(browser, "go")
        wait_until(browser, lambda: said in text(browser, "trouble"), 60)
        assert browser.execute_script("return document.querySelector('.climb-trouble').offsetHeight") > 0
        assert browser.execute_script(STATUS) == "idle"
        assert text(browser, "go") == "Start" and not browser.execute_script(
            "return document.querySelector('.climb-go').disabled"
        )


@pytest.mark.parametrize(
    "content", [None, b"{", b'{"networks": {}, "missing": {"runtime": "the npm registry is not within reach"}}']
)
def test_a_site_without_networks_says_so(browser, content):
    with served_with({"live.json": content}) as address:
        resize(browser, "desk")
        browser.get("about:blank")
        browser.get(f"{address}/{PAGE}")
        said = "npm registry" if content and len(content) > 9 else "live.json"
        wait_until(browser, lambda: said in text(browser, "trouble"), 30)


def test_a_broken_second_opinion_leaves_the_picture(browser):
    with served_with({"efficientnet_lite0.onnx": None}) as address:
        before = climb(browser, address, f"#pomeranian&{QUICK}")
        click(browser, "judge")
        wait_until(browser, lambda: "efficientnet_lite0.onnx is missing" in text(browser, "trouble"), 60)
        assert np.array_equal(picture(browser), before)


def test_a_killed_worker_leaves_the_picture(browser, address):
    script = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH_WORKERS})["identifier"]
    try:
        show(browser, address, "#pomeranian&size=96&steps=2000")
        click(browser, "go")
        wait_until(browser, lambda: step(browser) > 3 and picture(browser).std() > 2, LONG)
        browser.execute_script("workers.forEach(one => one.terminate())")
        browser.execute_script(LATER, 10)
        time.sleep(2)  # in which the page looks at its clock, and thinks that the worker computes
        assert browser.execute_script(STATUS) == "climbing"
        browser.execute_script(LATER, 600)
        wait_until(browser, lambda: "What was drawn is kept" in text(browser, "trouble"), LONG)
        assert picture(browser).std() > 2
        assert not browser.execute_script("return document.querySelector('.climb-png').disabled")
        click(browser, "go")
        wait_until(browser, lambda: browser.execute_script(STATUS) == "climbing" and step(browser) > 1, LONG)
        assert text(browser, "trouble") == ""
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})
        browser.get("about:blank")


def test_it_rests_in_the_background(browser, address):
    away = """
    Object.defineProperty(document, 'hidden', {configurable: true, get: () => arguments[0]});
    document.dispatchEvent(new Event('visibilitychange'));
    """
    show(browser, address, "#pomeranian&size=96&steps=2000")
    click(browser, "go")
    wait_until(browser, lambda: step(browser) > 1, LONG)
    browser.execute_script(away, True)
    wait_for(browser, "resting")
    assert "rests while this tab is in the background" in text(browser, "trouble")
    rested = step(browser)
    assert picture(browser).std() > 1
    browser.execute_script(away, False)
    wait_until(browser, lambda: step(browser) > rested, LONG)
    assert "rested" in text(browser, "trouble")
    assert "until" not in browser.execute_script("return location.hash")


def test_steps_that_are_too_long_say_so(browser, address):
    """Without a decay and in steps of 1000, pixels soon leave what a float can hold."""
    show(browser, address, "#pomeranian&recipe=original&rate=1000&decay=10&size=96&steps=400")
    click(browser, "go")
    wait_until(browser, lambda: "no longer a number" in text(browser, "trouble"), LONG)
    assert "learning rate" in text(browser, "trouble") and step(browser) > 0
    assert picture(browser).size  # what was drawn is kept


def test_opened_from_a_file_it_names_the_command(watched, site):
    forget(watched)
    watched.get_log("browser")
    watched.get(f"{site.as_uri()}/{PAGE}")
    wait_until(watched, lambda: "make serve" in text(watched, "trouble"), 30)
    assert watched.execute_script("return document.querySelector('.climb-go').disabled")
    assert [entry["message"] for entry in watched.get_log("browser") if entry["level"] == "SEVERE"] == []


# --- for everybody, and what it costs ---


@pytest.mark.parametrize("size, theme", [("desk", "light"), ("phone", "dark")])
def test_a_finished_climb_is_accessible(browser, address, size, theme):
    in_theme(browser, address, theme)
    try:
        show(browser, address, f"#pomeranian&{QUICK}", size)
        rules = DRAWN if size == "phone" else None
        assert violations(browser, rules) == []
        click(browser, "go")
        wait_for(browser, "done")
        browser.execute_script("document.querySelectorAll('.pom-climb details').forEach(one => { one.open = true; })")
        assert violations(browser, rules) == []
        wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert browser.execute_script(wide) <= 1
    finally:
        browser.execute_script("localStorage.clear()")


def test_the_score_is_spoken_now_and_then(browser, address):
    show(browser, address, "#pomeranian&size=64&steps=40")
    browser.execute_script("""
        window.said = [];
        new MutationObserver(() => said.push(document.querySelector('.climb-spoken').textContent))
          .observe(document.querySelector('.climb-spoken'), {childList: true, characterData: true, subtree: true});
    """)
    click(browser, "go")
    wait_for(browser, "done")
    said = browser.execute_script("return said")
    assert 3 <= len(said) <= 8 and said[0].startswith("Climbing") and said[-1].startswith("Done after 40 steps")


def test_with_reduced_motion_it_moves_eight_times(browser, address):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    try:
        show(browser, address, "#pomeranian&size=64&steps=32")
        browser.execute_script("""
            window.painted = 0;
            const put = CanvasRenderingContext2D.prototype.putImageData;
            CanvasRenderingContext2D.prototype.putImageData = function (...a) {
              painted += 1;
              return put.apply(this, a);
            };
        """)
        click(browser, "go")
        wait_for(browser, "done")
        assert 1 <= browser.execute_script("return painted") <= 12
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.slow
def test_the_page_never_stutters(browser, address):
    """What computes is elsewhere. On a machine that does nothing else: `benchmarks.speed.climb` measures it as well."""
    show(browser, address, "#pomeranian&recipe=original&size=224&steps=12")
    browser.execute_script("""
        window.longest = 0;
        new PerformanceObserver(list => {
          longest = Math.max(longest, ...list.getEntries().map(task => task.duration));
        }).observe({type: 'longtask', buffered: false});
    """)
    click(browser, "go")
    wait_for(browser, "done")
    longest = browser.execute_script("return longest")
    report("climb.txt", [f"the longest task of the page while it climbs at 224 × 224: {longest:.0f} ms"])
    assert longest < 100


def test_what_computes_is_not_on_the_page(browser, address):
    """The page listens while a worker takes its steps: it answers many times between two of them."""
    show(browser, address, "#pomeranian&recipe=original&size=224&steps=7")
    browser.execute_script("""
        window.ticks = {};
        setInterval(() => {
          const step = document.querySelector('.climb-step').textContent.split(' ')[1];
          ticks[step] = (ticks[step] || 0) + 1;
        }, 4);
    """)
    click(browser, "go")
    wait_for(browser, "done")
    ticks = browser.execute_script("return Object.values(ticks)")
    assert sorted(ticks)[len(ticks) // 2] >= 4, ticks


def resident(process: int) -> float:
    """Megabytes that a process and all that it started hold in memory, as Linux counts them."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = place.read_text().split(" (", 1)
            parents[int(number)] = int(rest.rsplit(") ", 1)[1].split()[1])
        except OSError:  # it has ended meanwhile
            continue
    family, grown = {process}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in family} - family
        family, grown = family | more, bool(more)
    pages = [Path(f"/proc/{one}/statm").read_text().split()[1] for one in family if Path(f"/proc/{one}/statm").exists()]
    return sum(map(int, pages)) * 4096 / 1e6


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read where Linux tells it")
def test_two_thousand_steps_are_flat_in_memory(browser, address):
    """All of Chromium's processes, the worker and its wasm among them: a fourth of the way, and at the end."""
    show(browser, address, "#pomeranian&recipe=original&size=96&steps=2000")
    click(browser, "go")
    held = []
    for at in (500, 1000, 1500, 2000):
        wait_until(browser, lambda at=at: step(browser) >= at, 3000)
        browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        held.append(resident(browser.service.process.pid))
    report("climb-memory.txt", [f"Chromium while it climbs, at step 500, 1,000, …: {[round(mb) for mb in held]} MB"])
    assert held[-1] < held[0] + 40


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_picture_covers_no_choice(browser, address, size):
    """It stays in sight while one is changed, beside them all."""
    show(browser, address, size=size)
    covered = browser.execute_script("""
        return ['views', 'clamp'].flatMap(name => {
          document.querySelector('#climb-' + name).scrollIntoView({block: 'center', behavior: 'instant'});
          const picture = document.querySelector('.climb-figure').getBoundingClientRect();
          return [...document.querySelectorAll('.climb-row')].filter(row => {
            const box = row.getBoundingClientRect();
            return box.right > picture.left && box.left < picture.right
              && box.bottom > picture.top && box.top < picture.bottom;
          }).map(row => row.textContent.trim().slice(0, 20));
        });
    """)
    assert covered == []
