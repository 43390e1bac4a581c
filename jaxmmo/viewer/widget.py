"""A replay in a notebook cell: the whole client and the recording in one piece of HTML."""

from __future__ import annotations

import base64
import html
from importlib import resources
from pathlib import Path

from jaxmmo.replay.replay import Replay

HEIGHTS = (200, 4000)


class Widget:
    """Shows itself as HTML in notebooks; needs no server, network or kernel once shown.

    Attributes:
      page: a complete HTML page, which can be saved and opened by itself.
      height: pixels of the cell's output.
    """

    def __init__(self, replay: Replay | str | Path, height: int = 640):
        """Embeds a replay, given itself or as a file.

        Raises:
          ValueError: for a height out of range or a file that is no replay.
        """
        low, high = HEIGHTS
        if isinstance(height, bool) or not isinstance(height, int) or not low <= height <= high:
            raise ValueError(f"height={height!r}: must be an integer in [{low}, {high}] pixels")
        replay = replay if isinstance(replay, Replay) else Replay.load(replay)
        self.page, self.height = standalone(replay), height

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self.page)}" width="100%" height="{self.height}" '
            'style="border:0;border-radius:12px" title="A jaxmmo replay"></iframe>'
        )


def _shown(replay: Replay) -> str:
    return Widget(replay)._repr_html_()


setattr(Replay, "_repr_html_", _shown)  # noqa: B010 (the format knows nothing of browsers)


def standalone(replay: Replay) -> str:
    """The client as one HTML page that plays a replay."""
    static = resources.files("jaxmmo.viewer") / "static"
    script = (static / "viewer.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    style = (static / "viewer.css").read_text(encoding="utf-8")
    page = (static / "index.html").read_text(encoding="utf-8")
    data = base64.b64encode(replay.data).decode()
    lines = [
        line for line in page.splitlines() if "viewer.js" not in line and "viewer.css" not in line
    ]
    body = (
        f'<script type="application/octet-stream" id="replay-data">{data}</script>\n'
        f'<script type="module">{script}</script>\n</body>'
    )
    page = "\n".join(lines).replace("</head>", f"<style>{style}</style>\n</head>", 1)
    return page.replace("</body>", body, 1)
