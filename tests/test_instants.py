"""No arithmetic on wall clocks: aware datetimes are in UTC, by the way they are made."""

import ast
from pathlib import Path

PROMISES = Path(__file__).parents[1] / "promises"
WHERE_CLOCKS_ARE_READ = {"kernel/zones.py"}
UTC = {"UTC", "dt.UTC", "datetime.UTC"}


def _wall_clocks(source):
    """Lines on which an aware datetime of another zone than UTC may come to be."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        zones = [one.value for one in node.keywords if one.arg in ("tzinfo", "tz")]
        if name == "astimezone":
            zones += node.args or [ast.Constant("the zone of the machine")]
        elif name == "combine":
            zones += node.args[2:]
        elif name in ("now", "fromtimestamp"):
            zones += node.args[-1:]
        elif name == "babel_time" or ast.unparse(node.func) == "babel_time":
            continue  # shows a clock, and gives text
        for zone in zones:
            bare = isinstance(zone, ast.Constant) and zone.value is None
            if not bare and ast.unparse(zone) not in UTC:
                yield node.lineno


def test_only_one_module_turns_instants_into_clocks():
    found = [
        f"{path.relative_to(PROMISES)}:{line}"
        for path in sorted(PROMISES.rglob("*.py"))
        if str(path.relative_to(PROMISES)) not in WHERE_CLOCKS_ARE_READ
        for line in _wall_clocks(path.read_text())
    ]
    assert found == []


def test_rule_finds_what_makes_wall_clocks():
    for made in (
        "at.astimezone(zone_of(zone))",
        "at.astimezone()",
        "at.replace(tzinfo=ZoneInfo('Europe/Helsinki'))",
        "datetime(2026, 3, 29, tzinfo=zone)",
        "datetime.combine(day, time.min, zone)",
        "datetime.fromtimestamp(0, zone)",
    ):
        assert list(_wall_clocks(made)), made
    for made in (
        "at.astimezone(UTC)",
        "dt.datetime(2026, 3, 29, tzinfo=dt.UTC)",
        "found.replace(tzinfo=None)",
        "datetime.combine(day, time.min)",
    ):
        assert not list(_wall_clocks(made)), made


def test_no_module_but_one_builds_zones():
    found = [
        str(path.relative_to(PROMISES))
        for path in sorted(PROMISES.rglob("*.py"))
        if "ZoneInfo(" in path.read_text()
    ]
    assert found == sorted(WHERE_CLOCKS_ARE_READ)
