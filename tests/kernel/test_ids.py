import hashlib
import hmac
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.kernel import ids
from promises.kernel.ids import (
    crockford,
    group_code,
    mac,
    new_id,
    new_ids,
    new_token,
    normalise_code,
)


class StandingClock:
    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


def test_new_id_is_version_7_of_the_standard_variant_and_carries_the_time():
    before = datetime.now(UTC)
    made = new_id()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    carried = datetime.fromtimestamp((made.int >> 80) / 1000, UTC)
    assert abs(carried - before) < timedelta(seconds=5)


def test_new_id_grows_while_the_clock_stands_still_or_goes_back(monkeypatch):
    clock = StandingClock(datetime.now(UTC) + timedelta(hours=1))
    monkeypatch.setattr(ids, "process_clock", clock)
    monkeypatch.setattr(ids, "_last_tick", 0)
    made = [new_id() for _ in range(5000)]
    clock.at -= timedelta(minutes=5)
    made += [new_id() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 10_000
    assert {one.version for one in made} == {7}


def test_new_id_is_unique_and_ordered_within_each_of_many_threads():
    made = [[] for _ in range(8)]

    def work(mine):
        mine.extend(new_id() for _ in range(2000))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in made)
    assert len({one for mine in made for one in mine}) == 16_000


@pytest.mark.parametrize(("bits", "length"), [(128, 22), (80, 14), (81, 15), (256, 43)])
def test_new_token_has_at_least_the_bits_asked_for(bits, length):
    made = {new_token(bits) for _ in range(50)}
    assert len(made) == 50
    assert {len(one) for one in made} == {length}
    assert all(c.isalnum() or c in "-_" for one in made for c in one)


def test_mac_is_hmac_sha256_of_the_utf8_text():
    expected = hmac.new(b"key", "ääni".encode(), hashlib.sha256).digest()
    assert mac(b"key", "ääni") == expected
    assert mac(b"other", "ääni") != expected


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", ""),
        (b"\x00", "00"),
        (b"\xff", "ZW"),
        (b"\x00\x00\x00\x00\x00", "00000000"),
        (b"\xff\xff\xff\xff\xff", "ZZZZZZZZ"),
        (bytes(range(10)), "000G40R40M30E209"),
    ],
)
def test_crockford_writes_first_bits_first(data, code):
    assert crockford(data) == code


@given(st.binary(max_size=20))
def test_crockford_can_be_read_back(data):
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    bits = "".join(f"{alphabet.index(c):05b}" for c in crockford(data))
    assert bytes(int(bits[i : i + 8], 2) for i in range(0, len(data) * 8, 8)) == data


@pytest.mark.parametrize(
    "typed", ["abcd-ef01", " ABCD EFO1", "abcd–efoi", "abcd_ef0l", "A.B.C.D.E.F.0.1", "abcdef01\n"]
)
def test_normalise_code_reads_what_people_type(typed):
    assert normalise_code(typed) == "ABCDEF01"


def test_normalise_code_keeps_what_is_no_code():
    assert normalise_code("u/ü") == "U/Ü"


@pytest.mark.parametrize(
    ("code", "grouped"), [("", ""), ("ABC", "ABC"), ("ABCDEFGH", "ABCD-EFGH"), ("ABCDE", "ABCD-E")]
)
def test_group_code_cuts_into_fours(code, grouped):
    assert group_code(code) == grouped
    assert normalise_code(grouped) == code


def test_many_ids_at_once_are_ordered_distinct_and_after_the_one_before():
    before = new_id()
    many = new_ids(500)
    after = new_id()
    assert [before, *many, after] == sorted({before, *many, after})
    assert {made.version for made in many} == {7}
    assert {made.variant for made in many} == {uuid.RFC_4122}


def test_no_ids_are_no_ids():
    assert new_ids(0) == []


def ticks(made):
    """Milliseconds and the fraction of each id, as one number."""
    return [(one.int >> 80) << 12 | (one.int >> 64) & 0xFFF for one in made]


@pytest.mark.parametrize(("micros", "fraction"), [(0, 0), (1, 4), (500, 2048), (999, 4091)])
def test_new_id_carries_the_fraction_of_the_millisecond(monkeypatch, micros, fraction):
    at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(milliseconds=7, microseconds=micros)
    monkeypatch.setattr(ids, "process_clock", StandingClock(at))
    monkeypatch.setattr(ids, "_last_tick", 0)
    made = new_id().int
    assert made >> 80 == int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000) + 7
    assert (made >> 64) & 0xFFF == fraction


def test_ids_count_on_by_one_while_the_clock_stands_still(monkeypatch):
    monkeypatch.setattr(ids, "process_clock", StandingClock(datetime(2026, 3, 1, tzinfo=UTC)))
    monkeypatch.setattr(ids, "_last_tick", 0)
    made = ticks([new_id(), *new_ids(1), *new_ids(3), new_id(), *new_ids(2), new_id()])
    assert made == list(range(made[0], made[0] + 9))


def test_many_ids_of_none_are_none():
    assert (new_ids(0), new_ids(-1)) == ([], [])


def test_new_token_has_128_bits_unless_told_otherwise():
    assert len(new_token()) == len(new_token(128))
