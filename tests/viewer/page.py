"""A page of the viewer in a real browser, as tests drive it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 400, "height": 800}
DRIVER = "GL Driver Message"
"""What a driver says of its own speed when a test reads the picture back."""


class Page:
    """A page of the viewer, waited for on what it shows and never on time alone."""

    def __init__(self, browser: Any, address: str, size: dict[str, int], **context: Any):
        self.errors: list[str] = []
        self.page = browser.new_page(viewport=size, **context)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("request", self._asked)
        self.host = address.split("/")[2]
        self.page.goto(address)
        self.until("window.jaxmmo && window.jaxmmo.frame && window.jaxmmo.stage.drawn > 2")

    def _heard(self, message: Any) -> None:
        if message.type in ("warning", "error") and DRIVER not in message.text:
            self.errors.append(message.text)

    def _asked(self, request: Any) -> None:
        if (
            not request.url.startswith(("data:", "blob:"))
            and request.url.split("/")[2] != self.host
        ):
            self.errors.append(f"a request to {request.url}")

    def until(self, condition: str, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not self.page.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < deadline, f"not within {seconds} s: {condition}"
            time.sleep(0.05)

    def settled(self) -> None:
        """Waits until agents stand on their tiles and the camera rests."""
        drawn = self.page.evaluate("jaxmmo.stage.drawn")
        self.until(f"jaxmmo.stage.drawn > {drawn + 2}")
        self.until("performance.now() - jaxmmo.view.agents.started > jaxmmo.view.agents.duration")
        drawn = self.page.evaluate("jaxmmo.stage.drawn")
        self.until(f"jaxmmo.stage.drawn > {drawn + 2}")

    def surveyed(self) -> None:
        """Waits until the whole recording was read."""
        self.until("jaxmmo.source.surveyed")

    def seek(self, index: int) -> None:
        """Goes to a frame of a recording with the slider."""
        self.page.locator("#timeline").fill(str(index))
        self.until(f"jaxmmo.source.index === {index}")
        self.settled()

    def read(self, name: str) -> str:
        """The text that the page shows of a number."""
        return self.page.locator(f'[data-field="{name}"]').first.inner_text()

    def fields(self) -> dict[str, str]:
        """Every number that the panel shows, by name, in one look."""
        script = """Object.fromEntries([...document.querySelectorAll("#agent [data-field]")]
            .map((e) => [e.dataset.field, e.textContent]))"""
        return self.page.evaluate(script)

    def free(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what the panels leave of the page."""
        insets = self.page.evaluate("jaxmmo.stage.insets")
        size = self.page.viewport_size
        return (
            insets["left"],
            insets["top"],
            size["width"] - insets["right"],
            size["height"] - insets["bottom"],
        )

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels f64[N, 2] of points f64[N, 3] of the world, reckoned here from the camera."""
        script = "[jaxmmo.stage.camera.matrixWorldInverse, jaxmmo.stage.camera.projectionMatrix]"
        view, projection = (
            np.array(m["elements"]).reshape(4, 4).T
            for m in self.page.evaluate(f"{script}.map((m) => ({{elements: m.elements}}))")
        )
        clip = np.concatenate([points, np.ones((len(points), 1))], 1) @ (projection @ view).T
        flat = clip[:, :2] / clip[:, 3:]
        size = self.page.viewport_size
        return (
            np.stack([(flat[:, 0] + 1) * size["width"], (1 - flat[:, 1]) * size["height"]], 1) / 2
        )

    def close(self) -> None:
        """Ends the page; nothing may have gone wrong on it."""
        assert self.errors == []
        self.page.close()
