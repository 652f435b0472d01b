"""The page in a browser: offline and silent, readable on a phone and on a desk, fit to print."""

import shutil

import pytest

from made_up import HOSTILE, assessment
from tropism.assessment.dossier import Dossier
from tropism.report import write_report

pytestmark = pytest.mark.browser

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

WIDTHS = (390, 1440)

#: Pairs of words in a chart that touch, and words that leave their chart.
COLLISIONS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.getBoundingClientRect();
    if (!frame.width) continue;
    const texts = [...svg.querySelectorAll('text')].filter(text => text.textContent.trim());
    const boxes = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
    boxes.forEach(([a, p], i) => {
      const outside = Math.max(
        frame.left - p.left, p.right - frame.right, frame.top - p.top, p.bottom - frame.bottom);
      if (outside > 1) found.push(`${a} leaves its chart`);
      for (const [b, q] of boxes.slice(i + 1)) {
        const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
        const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
        // A box is higher than its letters.
        if (wide > 1 && high > 2) found.push(`${a} / ${b}`);
      }
    });
  }
  return found;
}"""

#: Elements that stick out of the window, or whose words do not fit in them.
CLIPPED = """() => {
  const width = document.documentElement.clientWidth;
  const shown = element => !element.closest('svg') && element.getClientRects().length
    && getComputedStyle(element.closest('thead') || element).position !== 'absolute';
  const clipped = element => {
    const box = element.getBoundingClientRect();
    const inline = getComputedStyle(element).display === 'inline';
    const overflows = !inline && element.scrollWidth > element.clientWidth + 1;
    return overflows || box.left < -1 || box.right > width + 1;
  };
  const found = [...document.querySelectorAll('body *')].filter(shown).filter(clipped);
  return found.map(element => `${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}`);
}"""


@pytest.fixture(scope="module")
def browser():
    found = next(
        (
            shutil.which(name)
            for name in ("chromium", "chromium-browser", "google-chrome")
            if shutil.which(name)
        ),
        None,
    )
    if found is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def pakistan():
    from tropism import assess

    return assess("PAK", toward="RUS", away_from="USA")


def cuba():
    from tropism import assess

    return assess("CUB", toward="RUS", away_from="USA", event=1959)


def congo():
    from tropism import assess

    return assess("COD", toward="CHN", away_from="GBR")


def made_up():
    return Dossier.of(assessment())


@pytest.fixture(scope="module", params=[made_up, pakistan, cuba, congo], ids=lambda make: make.__name__)
def address(request, tmp_path_factory):
    return write_report(request.param(), tmp_path_factory.mktemp("page") / "page.html").as_uri()


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width}px")
def page(request, browser, address):
    context = browser.new_context(viewport={"width": request.param, "height": 900}, offline=True)
    page = context.new_page()
    page.complaints, page.asked = [], []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda asked: page.asked.append(asked.url))
    page.goto(address)
    yield page
    context.close()


def test_the_page_is_silent_and_asks_for_nothing_but_itself(page, address):
    assert page.complaints == []
    assert page.asked == [address]


def test_the_style_sheet_passes_the_policy(page):
    assert page.evaluate("getComputedStyle(document.querySelector('.overview-row')).display") == "grid"


def test_nothing_scrolls_sideways_or_is_clipped(page):
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.evaluate(CLIPPED) == []


def test_words_in_charts_do_not_touch(page):
    assert page.evaluate(COLLISIONS) == []


def test_every_chart_is_drawn_and_legible(page):
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect().width / 420)"
    )
    # 12 px in the chart's own scale must stay 9 px on the screen.
    assert sizes and min(sizes) > 0.75


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_the_page_prints_on_paper_with_its_tables(page, tmp_path):
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    paper = pypdf.PdfReader(tmp_path / "page.pdf")
    # A4 in points; the browser rounds to whole pixels.
    assert float(paper.pages[0].mediabox.width) == pytest.approx(595, abs=2)
    assert float(paper.pages[0].mediabox.height) == pytest.approx(842, abs=2)
    printed = " ".join(" ".join(sheet.extract_text() for sheet in paper.pages).split())
    first = " ".join(paper.pages[0].extract_text().split())
    question = page.inner_text("h1")
    assert question in first
    assert "The evidence in numbers" in printed and "SHA-256" in printed
    assert len(paper.pages) < 40


def test_foreign_text_does_not_run(browser, tmp_path):
    answer = Dossier.of(assessment(names=(HOSTILE, HOSTILE, HOSTILE), reading=(HOSTILE,)))
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(write_report(answer, tmp_path / "hostile.html").as_uri())
    assert HOSTILE in page.inner_text(".answer")
    assert page.evaluate("window.__x") is None
    context.close()


def test_the_policy_stops_a_script_that_gets_in(browser, tmp_path):
    path = write_report(Dossier.of(assessment()), tmp_path / "page.html")
    text = path.read_text(encoding="utf-8").replace("<main>", "<main><script>window.__x = 1</script>")
    path.write_text(text, encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.evaluate("window.__x") is None
    context.close()


def test_charts_stay_readable_in_the_dark(browser, address):
    context = browser.new_context(color_scheme="dark", offline=True)
    page = context.new_page()
    page.goto(address)
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.chart:not(.none)')).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    context.close()
