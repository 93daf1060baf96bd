"""Random facts of every type, as JSON values, close to each other and around a change of clocks."""

from datetime import UTC, date, datetime, timedelta

BASE = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)  # two days before Europe changes its clocks
ZONES = ("Europe/Helsinki", "Europe/London", "America/New_York", "UTC")
WORDS = ("red", "green", "blue")
CALENDARS = {
    "shop": {
        "format": 1,
        "zone": "Europe/Helsinki",
        "weekly": [[["09:00", "12:00"], ["12:30", "17:00"]]] * 5 + [[["10:00", "14:00"]], []],
        "exceptions": {"2026-04-03": [], "2026-04-06": [], "2026-03-30": [["09:00", "11:00"]]},
    },
    "round-the-clock": {
        "format": 1,
        "zone": "Europe/London",
        "weekly": [[["00:00", "24:00"]]] * 4 + [[["00:00", "27:00"]], [], []],
    },
}
KEYS = ("household", "incident")
RECORD_FIELDS = {"at": "instant", "size": "number", "colour": "text"} | {
    "flag": {"type": "boolean", "when_missing": False}
}


def instant(random, days=12):
    """Often the very same instants, so that limits are met to the microsecond."""
    if random.random() < 0.5:
        at = BASE + timedelta(minutes=random.choice([-15, 0, 5, 15, 60, 1440, 2880]))
        return _written(at + timedelta(microseconds=random.choice([-1, 0, 0, 0, 1])))
    span = timedelta(days=days) // timedelta(minutes=1)
    return _written(BASE + timedelta(minutes=random.randrange(-span // 4, span)))


def _written(at):
    return at.isoformat()


def day(random):
    return (date(2026, 3, 20) + timedelta(days=random.randrange(30))).isoformat()


def decimal(random):
    """A small number: a count, an amount, or one with decimals."""
    choice = random.random()
    if choice < 0.5:
        return random.choice([0, 1, 2, 3, 5, 10, 15, 60, 1000])
    if choice < 0.9:
        return random.randrange(0, 20_000)
    return f"{random.randrange(0, 300)}.{random.randrange(1, 1000):03d}"


def period(random):
    return random.choice(["2026-03", "2026-04", "2026", "2025-12"])


def interval(random):
    start = datetime.fromisoformat(instant(random))
    end = None
    if random.random() < 0.9:
        end = (start + timedelta(minutes=random.choice([0, 1, 30, 90, 600, 5000]))).isoformat()
    if random.random() < 0.5:
        return [start.isoformat(), end]
    return {"start": start.isoformat(), "end": end, "reason": random.choice([None, *WORDS])}


def record(random):
    made = {
        "at": instant(random),
        "size": decimal(random),
        "flag": random.random() < 0.5,
        "colour": random.choice(WORDS),
    }
    return {name: value for name, value in made.items() if random.random() < 0.9}


def _several(random, one):
    return [one(random) for _ in range(random.choice([0, 1, 1, 2, 3, 6]))]


def _by_period(random):
    year = random.choice(["2025", "2025", "2025/26", "2025-26", "2025/2026", "2025-2026"])
    names = (year, "2026", "2026-03", "2026-04", "2026-03-27", "2026-03-28")
    return {name: decimal(random) for name in names if random.random() < 0.5}


MAKE = {
    "instant": instant,
    "date": day,
    "period": period,
    "number": decimal,
    "boolean": lambda random: random.random() < 0.5,
    "text": lambda random: random.choice(WORDS),
    "instants": lambda random: _several(random, instant),
    "intervals": lambda random: _several(random, interval),
    "numbers": lambda random: _several(random, decimal),
    "records": lambda random: _several(random, record),
    "by_period": _by_period,
}


def value(random, kind):
    """A value of a fact type, as a document or a case gives it."""
    return MAKE[kind](random)


def random_facts(random, document):
    """Facts for a document of terms, some of them missing, `now` mostly among them. A case that
    recurs has the facts of one occurrence."""
    specs = {
        name: spec if isinstance(spec, str) else spec["type"]
        for name, spec in document["facts"].items()
    }
    if "recurring" in document:
        specs |= {"period_start": "instant", "word_at": "instant"}
    known = random.choice([0.4, 0.8, 0.9, 1.0, 1.0])
    facts = {name: value(random, kind) for name, kind in specs.items() if random.random() < known}
    if random.random() < 0.85:
        facts["now"] = instant(random, days=40)
    return facts


def random_history(random):
    """Earlier awards, some of the same household or incident."""
    return [
        {
            "at": instant(random),
            "amount_minor": random.randrange(0, 20_000),
            **{key: random.choice(WORDS) for key in KEYS if random.random() < 0.7},
        }
        for _ in range(random.choice([0, 0, 1, 2, 5]))
    ]
