"""The sheet and the templates keep their promises: contrast, one dark theme, nothing inline."""

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "promises"
SHEET = (PACKAGE / "static" / "theme.css").read_text(encoding="utf-8")
TEMPLATES = sorted(PACKAGE.rglob("templates/**/*.html"))
TEXT, LARGE, WALL = 4.5, 3.0, 7.0

# foreground, background, the least ratio
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "ink-2", "link", "danger", "warning")
      for ground in ("ground", "surface", "sunken")),
    *((tone, f"{tone}-bg", TEXT)
      for tone in ("neutral", "info", "success", "warning", "danger", "accent")),
    ("on-brand", "brand", TEXT), ("on-brand", "brand-2", TEXT),
    *((edge, ground, LARGE) for edge in ("line-strong", "focus", "brand")
      for ground in ("ground", "surface")),
    *((f"{tone}-solid", "surface", LARGE) for tone in ("success", "warning", "danger")),
]  # fmt: skip
WALL_PAIRS = [
    ("ink", "ground"), ("on-brand", "brand"), ("link", "surface"), ("success", "success-bg"),
    ("warning", "warning-bg"),
]  # fmt: skip


def tokens(selector):
    block = SHEET[SHEET.index(selector) + len(selector) :].split("}")[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))


LIGHT = tokens(":root {")
DARK = LIGHT | tokens(':root[data-theme="dark"] {')


def luminance(colour):
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_the_standard_says():
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_and_edge_has_enough_contrast(theme):
    faint = {
        (front, back): round(contrast(theme[front], theme[back]), 2)
        for front, back, least in PAIRS
        if contrast(theme[front], theme[back]) < least
    }
    assert faint == {}


def test_display_on_the_wall_has_contrast_of_seven():
    faint = {
        pair: round(contrast(DARK[pair[0]], DARK[pair[1]]), 2)
        for pair in WALL_PAIRS
        if contrast(DARK[pair[0]], DARK[pair[1]]) < WALL
    }
    assert faint == {}


def test_dark_is_the_same_by_the_device_and_by_choice():
    by_device = tokens(':root:not([data-theme="light"]) {')
    assert by_device == tokens(':root[data-theme="dark"] {')


def test_every_token_used_exists():
    used = set(re.findall(r"var\(--([\w-]+)\)", SHEET))
    local = set(re.findall(r"--([\w-]+):", SHEET))
    assert used - local == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_template_holds_nothing_inline(path):
    source = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"<[^>]*\sstyle\s*=|<style|<[^>]*\son\w+\s*=|javascript:", source) == []
    for tag in re.findall(r"<script[^>]*>", source):
        assert "nonce=" in tag and "src=" in tag
