"""A report in a real browser, opened from the disk."""

import random
import shutil

import pytest

from facecues.reports.numbers import MINUS, rounded

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
PAGES = ("index", "tables", "figures", "clips", "coverage", "about")


@pytest.fixture(scope="module")
def browser():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium here")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def page(browser, site):
    """A page that fails its test on any error in the console and any request that leaves the folder."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened = context.new_page()
    errors, requests = [], []
    opened.on("console", lambda message: errors.append(message.text) if message.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    yield opened
    context.close()
    inside = (site.as_uri(), "data:image/svg+xml", "about:blank")
    assert not errors
    assert not [url for url in requests if not url.startswith(inside)]


def go(page, site, name, place=""):
    page.goto("about:blank")  # so that another place of the same page is loaded anew
    page.goto((site / f"{name}.html").as_uri() + place)


@pytest.mark.parametrize("width", [400, 1400])
def test_no_page_is_wider_than_the_screen(page, site, width):
    page.set_viewport_size({"width": width, "height": 800})
    for name in PAGES:
        go(page, site, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_the_policy_stops_what_comes_from_elsewhere(browser, site):
    page = browser.new_page()
    go(page, site, "index")
    stopped = page.evaluate(
        """() => new Promise((resolve) => {
            document.addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective));
            Object.assign(document.body.appendChild(new Image()), { src: "https://example.invalid/x.png" });
        })"""
    )
    page.close()
    assert stopped == "img-src"


def test_a_column_sorts_by_its_exact_values_by_click_and_by_key(page, site):
    go(page, site, "tables")
    column = page.locator("table.values thead th").nth(1)
    values = "rows => rows.map((row) => Number(row.cells[1].dataset.value))"
    rows = page.locator("tbody[data-kind=methods] tr")
    column.locator("button").click()
    up = rows.evaluate_all(values)
    assert column.get_attribute("aria-sort") == "ascending" and up == sorted(up)
    page.keyboard.press("Enter")
    assert column.get_attribute("aria-sort") == "descending" and rows.evaluate_all(values) == up[::-1]
    assert page.locator("tbody").last.get_attribute("data-kind") == "limits"


def test_a_cell_says_what_stands_behind_it(page, site):
    go(page, site, "index")
    page.locator("tbody td").first.click()
    assert "exactly" in page.locator(".detail").inner_text()
    page.keyboard.press("ArrowDown")
    assert page.locator(".detail").inner_text().startswith("theirs")


def test_a_figure_opens_turns_and_closes_by_key(page, site):
    go(page, site, "figures")
    page.locator(".enlarge").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog").evaluate("dialog => dialog.open")
    assert page.locator("dialog img").evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
    page.keyboard.press("ArrowRight")
    assert page.locator("#viewer-title").inner_text() == "The second"
    page.keyboard.press("Escape")
    assert not page.locator("dialog").evaluate("dialog => dialog.open")


def ready(page):
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('video')];"
        " return all.length > 1 && all.every((video) => video.readyState >= 2); }"
    )


def test_videos_play_together_and_step_by_frames(page, site):
    go(page, site, "clips", "#clip=one")
    ready(page)
    page.locator("body").press(" ")
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.7")
    times = page.locator("video").evaluate_all("videos => videos.map((video) => video.currentTime)")
    assert len(times) == 3 and max(times) - min(times) < 0.1
    page.locator("body").press(" ")
    assert page.locator("video").evaluate_all("videos => videos.every((video) => video.paused)")
    before = page.locator("video").first.evaluate("video => Math.floor(video.currentTime * 25)")
    page.locator("body").press(".")
    page.wait_for_function(
        f"() => [...document.querySelectorAll('video')].every((v) => Math.floor(v.currentTime * 25) === {before + 1})"
    )
    heard = page.locator("video").evaluate_all("videos => videos.map((video) => !video.muted)")
    assert heard == [True, False, False]
    page.locator("#heard").select_option("1")
    assert page.locator("video").evaluate_all("v => v.map((video) => !video.muted)") == [False, True, False]


def test_a_loop_begins_again_together(page, site):
    go(page, site, "clips", "#clip=one")
    ready(page)
    page.locator("#scrub").evaluate("bar => { bar.value = 1.8; bar.dispatchEvent(new Event('input')); }")
    page.locator("[data-do=play]").click()
    page.wait_for_function("() => { const t = document.querySelector('video').currentTime; return t > 0.3 && t < 1; }")
    times = page.locator("video").evaluate_all("videos => videos.map((video) => video.currentTime)")
    assert max(times) - min(times) < 0.1


def test_clips_are_ordered_filtered_linked_and_turned_by_arrows(page, site):
    go(page, site, "clips")
    page.locator("#with-video").uncheck()
    assert page.locator("#list button").count() == 3
    page.locator("#metric").select_option(label="SSIM ↑")
    numbers = [float(text) for text in page.locator("#list .number").all_inner_texts()]
    assert numbers == sorted(numbers)
    page.locator("#direction").select_option("best")
    assert [float(text) for text in page.locator("#list .number").all_inner_texts()] == numbers[::-1]
    page.locator("#list button").first.click()
    page.keyboard.press("ArrowDown")
    second = page.locator("#list button").nth(1)
    assert second.get_attribute("aria-current") == "true" and page.url.endswith(second.locator(".id").inner_text())
    page.locator("#search").fill("thr")
    assert page.locator("#list button").count() == 1
    page.locator("#extremes a").first.click()
    assert page.locator("#clip").inner_text() == page.locator("#extremes a .number").first.evaluate(
        "number => number.parentElement.firstChild.textContent"
    )


def test_a_missing_video_and_a_missing_score_say_why(page, site):
    go(page, site, "clips", "#clip=two")
    assert "cannot be read" in page.locator("#screens").inner_text()
    go(page, site, "clips", "#clip=three")
    assert "not there any more" in page.locator("#no-video").inner_text()
    assert "no frame has a face on both sides" in page.locator("#scores tbody tr").last.locator(
        "td"
    ).first.get_attribute("title")


def test_numbers_are_rounded_as_in_the_tables(page, site):
    go(page, site, "clips")
    draw = random.Random(0)
    values = [0.125, 0.375, 2.5, -0.0, -0.001, 1e-7, 1e21, 123456.5, -1.005, 5e-324]
    values += [draw.uniform(-1, 1) * 10 ** draw.randint(-9, 9) for _ in range(500)]
    shown = page.evaluate("values => values.map((value, index) => rounded(value, index % 5))", values)
    assert shown == [rounded(value, index % 5).replace("-", MINUS) for index, value in enumerate(values)]


def test_light_and_dark_follow_the_system_and_the_button_is_remembered(page, site):
    go(page, site, "index")
    color = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(color)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(color)
    assert light != dark
    page.locator("#theme").click()
    assert page.evaluate(color) == light
    go(page, site, "tables")
    assert page.evaluate(color) == light


def test_the_first_tab_skips_to_the_content(page, site):
    go(page, site, "index")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
