"""What errors of other libraries say, for people."""

from __future__ import annotations


def one_line(error: BaseException) -> str:
    """What an error says, short enough for a line; the name of its kind if it says nothing."""
    text = " ".join((str(error) or type(error).__name__).split())
    return text if len(text) <= 200 else text[:200] + "..."
