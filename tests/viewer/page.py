"""A page of the viewer in a real browser, as tests drive it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np


class Page:
    """A page of the viewer, waited for on what it shows and never on time alone."""

    def __init__(self, browser: Any, address: str, size: dict[str, int]):
        self.errors: list[str] = []
        self.page = browser.new_page(viewport=size)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address)
        self.until("window.jaxmmo && window.jaxmmo.frame && window.jaxmmo.stage.drawn > 2")

    def until(self, condition: str, seconds: float = 40) -> None:
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

    def read(self, name: str) -> str:
        return self.page.locator(f'[data-field="{name}"]').first.inner_text()

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
