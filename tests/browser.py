"""The real browser of the tests that look at pages: which one, and how it is started."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = os.environ.get("JAXMMO_BROWSER") or next(filter(None, map(shutil.which, PROGRAMS)), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
]


@contextlib.contextmanager
def start_browser() -> Iterator[Any]:
    """A headless browser; it is an error where there is none."""
    from playwright.sync_api import sync_playwright

    assert PROGRAM, "no browser is installed: install chromium, or set JAXMMO_BROWSER"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        yield browser
        browser.close()
