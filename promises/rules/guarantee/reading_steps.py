"""The steps from the amount to what is paid, as the document writes them."""

from fractions import Fraction

from promises.kernel.documents import Section
from promises.kernel.text import N_
from promises.rules.guarantee import clauses as k
from promises.rules.guarantee.numbers import Literal, Window
from promises.rules.guarantee.reading import Reader, below
from promises.rules.guarantee.reading_lists import read_window
from promises.rules.guarantee.reading_numbers import read_to
from promises.rules.guarantee.vocabulary import FactType, Instant, Rounding

_KINDS = (
    "round", "unpaid", "cap", "at_least", "excess", "window_cap", "window_count", "once_per",
    "nothing_when",
)  # fmt: skip


def read_steps(reader: Reader, top: Section) -> tuple[k.Step, ...]:
    """In the order in which they are taken."""
    if top.get("steps") is None:
        return ()
    found = []
    for entry, place in reader.entries(top.get("steps"), below(top, "steps"), 0):
        section = reader.section(entry, place, (), _KINDS)
        kinds = [kind for kind in _KINDS if section.has(kind)]
        if len(kinds) != 1:
            text = N_("A step does one of these: %(allowed)s.")
            reader.refuse(place, text, allowed=", ".join(_KINDS))
            continue
        found.append(_step(reader, section, kinds[0]))
    return tuple(found)


def _step(reader: Reader, section: Section, kind: str) -> k.Step:
    value, place = section.get(kind), below(section, kind)
    match kind:
        case "cap":
            return k.CapStep(reader.number(value, place))
        case "at_least":
            return k.FloorStep(reader.number(value, place))
        case "excess":
            return k.ExcessStep(reader.number(value, place))
        case "nothing_when":
            return k.NothingStep(reader.condition(value, place))
        case "once_per":
            return k.OncePerStep(reader.fact(value, place, FactType.TEXT))
        case "round":
            inner = reader.section(value, place, ("how",), ("to",))
            return k.RoundStep(read_to(reader, inner), inner.choice("how", Rounding))
        case "unpaid":
            return _unpaid(reader, value, place)
    return _window(reader, value, place, counting=kind == "window_count")


def _unpaid(reader: Reader, value: object, place: str) -> k.Step:
    section = reader.section(value, place, (), ("below", "at_most"))
    if (section.get("below") is None) == (section.get("at_most") is None):
        reader.refuse(place, N_("This needs `below` or `at_most`: is the limit itself paid?"))
        return k.CapStep(Literal(Fraction(0)))
    key = "below" if section.get("below") is not None else "at_most"
    return k.UnpaidStep(
        reader.number(section.get(key), below(section, key)), at_limit=key == "at_most"
    )


def _window(reader: Reader, value: object, place: str, *, counting: bool) -> k.Step:
    optional = ("window", "dated", "used", *(() if counting else ("spread",)))
    section = reader.section(value, place, ("most",), optional)
    most = reader.number(section.get("most"), below(section, "most"))
    used = reader.optional_fact(section, "used", FactType.BY_PERIOD, FactType.NUMBER)
    spec = reader.names.facts.get(used or "")
    if spec is not None and spec.type is FactType.NUMBER:
        for key in ("window", "dated", "spread"):
            if section.get(key) is not None:
                text = N_("One number for what was used needs no window. Leave this out.")
                section.refuse(key, text)
        if counting:
            return k.WindowCountStep(most, None, used, None)
        return k.WindowCapStep(most, None, used, None, None)
    for key in ("window", "dated"):
        if section.get(key) is None:
            section.refuse(key, N_("This is missing."))
    window = read_window(reader, section)
    dated = reader.instant(section.get("dated"), below(section, "dated"))
    if used is not None and window.rolling_days is not None:
        section.refuse("used", N_("Numbers by period do not fit a window of the last days."))
    if counting:
        return k.WindowCountStep(most, window, used, dated)
    return k.WindowCapStep(most, window, used, dated, _spread(reader, section, window))


def _spread(reader: Reader, section: Section, window: Window) -> tuple[Instant, Instant] | None:
    if section.get("spread") is None:
        return None
    inner = reader.section(section.get("spread"), below(section, "spread"), ("from", "to"))
    if window.rolling_days is not None:
        section.refuse("spread", N_("Only days, months and years divide a case."))
    return (
        reader.instant(inner.get("from"), below(inner, "from")),
        reader.instant(inner.get("to"), below(inner, "to")),
    )
