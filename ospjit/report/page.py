"""Puts the report's page together: the template with style, script and data in it, and nothing outside."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

_ASSETS = Path(__file__).parent / "assets"


def page(data: dict[str, Any]) -> str:
    """The page that shows `data`, as `Recorder.write` gathers it."""
    # In a script element only "</" and "<!--" mean something; JSON may spell "<" otherwise.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "TITLE": html.escape(str(data["title"])),
        "STYLE": _asset("report.css"),
        "SCRIPT": _asset("report.js"),
        "DATA": text,
    }
    before, *rest = _asset("report.html").split("{{")
    out = [before]
    for piece in rest:
        name, _, following = piece.partition("}}")
        out += [parts[name], following]
    return "".join(out)


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
