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
