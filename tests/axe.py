"""axe, which finds what keeps people out of a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "web" / "node_modules" / "axe-core" / "axe.min.js"


THEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # to describe what passes takes two thirds of its time
}


def complaints(page: Page) -> list[str]:
    """What axe finds wrong on the page as it stands."""
    # A colour on its way to another one is no colour that anybody reads by.
    page.wait_for_function("() => document.getAnimations().every((one) => !(one instanceof CSSTransition))")
    if page.evaluate("() => !('axe' in window)"):
        page.evaluate(AXE.read_text())
    return in_words(page.evaluate("(options) => axe.run(document, options)", OPTIONS))


def complaints_in_both_themes(page: Page) -> list[str]:
    """What axe finds wrong on the page as it stands, in the light theme and in the dark one."""
    found = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        found += [f"{theme}: {said}" for said in complaints(page)]
    return found


def in_words(found: dict[str, Any]) -> list[str]:
    """What axe said, a line each."""
    return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]
