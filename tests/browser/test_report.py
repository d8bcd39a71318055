"""The report on a model, opened from disk in a real browser under the policy it carries."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from service.__main__ import main
from tests.browser.test_accessibility import findings
from tests.tiny_model import train_tiny_model

pytestmark = pytest.mark.browser

WRITTEN = Path(__file__).parents[1] / "scoring" / "written"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models on three files in two dozen languages."""
    folder = tmp_path_factory.mktemp("report")
    files = [str(WRITTEN / f"{name}.jsonl") for name in ("honest_topics", "spam", "languages")]
    other = str(train_tiny_model(folder / "models"))
    words = ("evaluate", "base", *files, "--against", other, "--report", str(folder / "r.html"))
    assert main(["--data-dir", str(folder / "data"), *words]) == 0
    return folder / "r.html"


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1200, "light")])
def test_the_report_is_clean_and_never_wider_than_the_screen(
    report: Path, scheme: str, width: int, open_page: Callable[..., Page]
) -> None:
    page = open_page(
        report.as_uri(),
        color_scheme=scheme,
        viewport={"width": width, "height": 740},
        bypass_csp=True,  # for axe
    )

    for summary in page.locator("summary").all():
        summary.click()

    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_policy_of_the_report_hinders_nothing_in_it(
    report: Path, open_page: Callable[..., Page]
) -> None:
    page = open_page(report.as_uri())  # what is hindered is complained about, which fails

    assert page.locator("svg").count() == 4
    assert page.locator("main").evaluate("e => getComputedStyle(e).maxWidth") == "1152px"
