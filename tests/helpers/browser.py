"""A headless Chromium, where there is one, that records what a page asks for and is refused it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium: apt-get install chromium"
)


@dataclass
class Seen:
    """A page, what it asked for beside itself, and what went wrong in it."""

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def opened(path: Path, **context: Any) -> Iterator[Seen]:
    """A file in a browser without a network, its charts drawn.

    Args:
        path: of the page.
        context: as `viewport` and `color_scheme`.
    """
    from playwright.sync_api import sync_playwright

    address = path.absolute().as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        try:
            page = browser.new_context(offline=True, **context).new_page()
            seen = Seen(page)
            page.on("request", lambda request: seen.requests.append(request.url))
            page.on("pageerror", lambda error: seen.errors.append(str(error)))
            page.on(
                "console",
                lambda said: seen.errors.append(said.text) if said.type == "error" else None,
            )
            page.goto(address)
            page.wait_for_function(
                "[...document.querySelectorAll('[data-draw]')].every(e => e.dataset.done)"
            )
            seen.requests.remove(address)
            yield seen
        finally:
            browser.close()


def names_that_meet(page: Any, chart: str) -> list[tuple[str, str]]:
    """The pairs of names in a chart that cover each other; there is more than one name."""
    page.wait_for_timeout(400)
    boxes = page.locator(f"[data-draw={chart}] .mark-text.role-mark text").evaluate_all(
        "all => all.filter(e => e.getAttribute('opacity') !== '0')"
        ".map(e => { const b = e.getBoundingClientRect();"
        " return [e.textContent, b.left, b.top + 2, b.right, b.bottom - 3]; })"
    )
    assert len(boxes) > 1
    return [
        (name, other)
        for at, (name, left, top, right, bottom) in enumerate(boxes)
        for other, left2, top2, right2, bottom2 in boxes[at + 1 :]
        if left < right2 and left2 < right and top < bottom2 and top2 < bottom
    ]


def zoom_in(page: Any, chart: str) -> None:
    """Turn the wheel with Ctrl, in the middle of a chart."""
    place = page.locator(f"[data-draw={chart}]")
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
