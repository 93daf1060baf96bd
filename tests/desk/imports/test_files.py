"""Opening files of all sorts; what cannot be opened says why and where."""

import dataclasses
import gzip

import pytest

from promises.desk.imports import files
from promises.desk.imports.files import open_file, pack
from promises.desk.imports.mapping import Encoding, FileForm
from promises.desk.imports.problems import (
    FileEmpty,
    FileTooLarge,
    HeaderUnreadable,
    LineTooLong,
    LooksLikeUtf8,
    PackingBroken,
    QuoteNeverClosed,
    Unreadable,
    WrongEncoding,
)

FORM = FileForm(None, '"', Encoding.UTF_8, True, 0, ())


def read(content, *, columns=("a", "b"), **changes):
    content = content.encode() if isinstance(content, str) else content
    opened = open_file(content, dataclasses.replace(FORM, **changes), columns)
    rows = [
        (line, cells.code.value if isinstance(cells, Unreadable) else cells)
        for line, cells in opened.rows
    ]
    return opened, rows


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_found(mark, end):
    opened, rows = read(end.join((f"a{mark}b", f"1{mark}2,5", f"3{mark}4")).replace("2,5", "25"))
    assert opened.header == ("a", "b")
    assert rows == [(2, ["1", "25"]), (3, ["3", "4"])]


def test_named_columns_find_the_delimiter_where_another_is_more_frequent():
    opened, rows = read("a;b\n1,5,5;2,5,5\n2,5,5;3,5,5\n")
    assert opened.header == ("a", "b")
    assert rows[0] == (2, ["1,5,5", "2,5,5"])


def test_line_numbers_are_true_after_quoted_line_ends_and_blank_lines():
    _, rows = read('a,b\n\n1,"x\ny\n"\n\n,\n3,4\n')
    assert rows == [(3, ["1", "x\ny\n"]), (8, ["3", "4"])]


def test_empty_headers_at_the_end_are_dropped():
    opened, rows = read("a;b;\n1;2;\n")
    assert (opened.header, opened.width) == (("a", "b"), 2)
    assert rows == [(2, ["1", "2", ""])]


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        (Encoding.UTF_8, "utf-8"),
        (Encoding.UTF_8, "utf-8-sig"),
        (Encoding.UTF_8_SIG, "utf-8"),
        (Encoding.UTF_16, "utf-16"),
        (Encoding.ISO_8859_1, "iso-8859-1"),
        (Encoding.ISO_8859_15, "iso-8859-15"),
        (Encoding.WINDOWS_1252, "windows-1252"),
    ],
)
def test_encoding_of_the_mapping_is_used(encoding, codec):
    opened, rows = read("a;b\nä;ö\n".encode(codec), encoding=encoding)
    assert (opened.header, rows) == (("a", "b"), [(2, ["ä", "ö"])])


def test_wrong_encoding_tells_the_line():
    lines = [b"a;b"] + [b"1;2"] * 50_000 + ["ä;3".encode("iso-8859-1"), b"4;5"]
    with pytest.raises(WrongEncoding) as refused:
        read(b"\n".join(lines))
    assert refused.value.params == {"line": "50002", "encoding": "utf-8"}


def test_utf_16_read_as_utf_8_is_refused():
    with pytest.raises(WrongEncoding):
        read("a;b\n1;2\n".encode("utf-16"))


def test_utf_8_read_as_eight_bit_is_refused_before_letters_are_spoilt():
    with pytest.raises(LooksLikeUtf8):
        read("a;b\nä;2\n", encoding=Encoding.ISO_8859_1)


def test_quotation_mark_that_never_closes_is_told_with_its_line():
    with pytest.raises(QuoteNeverClosed) as refused:
        read('a;b\n1;2\n3;"4\n5;6\n')
    assert refused.value.params == {"line": "3"}


def test_row_with_broken_quotes_is_one_problem_and_reading_goes_on():
    _, rows = read('a;b\n1;"2"x\n3;4\n')
    assert rows == [(2, "quotes"), (3, ["3", "4"])]


def test_quotation_marks_mean_nothing_where_the_mapping_says_so():
    _, rows = read('a\tb\n"1\t2\n', quote=None)
    assert rows == [(2, ['"1', "2"])]


def test_nul_character_is_reported_by_line():
    _, rows = read(b"a,b\n1,2\n3,\x00\n4,5\n")
    assert rows == [(2, ["1", "2"]), (3, "nul"), (4, ["4", "5"])]


def test_separator_line_of_a_spreadsheet_is_taken_and_counted():
    opened, rows = read("sep=|\r\na|b\r\n1|2\r\n")
    assert (opened.header, rows) == (("a", "b"), [(3, ["1", "2"])])


def test_title_lines_are_skipped_and_counted():
    opened, rows = read("Calls of March\nfor the board; secret\na;b\n1;2\n", skip_lines=2)
    assert (opened.header, rows) == (("a", "b"), [(4, ["1", "2"])])


def test_without_header_the_usual_row_gives_the_width():
    opened, rows = read("1;2\n3\n4;5\n6;7\n", header=False)
    assert (opened.header, opened.width) == (None, 2)
    assert rows[1] == (2, ["3"])


def test_packed_file_is_read_like_a_plain_one():
    plain = b"a;b\n1;2\n"
    assert read(gzip.compress(plain))[1] == read(plain)[1] == read(pack(plain))[1]
    assert pack(gzip.compress(plain, mtime=0)) == gzip.compress(plain, mtime=0)


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"a;b\n1;2\n" * 99, mtime=0)[:-9], b"\x1f\x8bnonsense"],
    ids=["cut off", "nonsense"],
)
def test_broken_packing_is_refused(content):
    with pytest.raises(PackingBroken):
        read(content)


def test_small_file_that_unpacks_without_end_is_stopped():
    content = gzip.compress(b"a;b\n" + (b"1;" + b"2" * 997 + b"\n") * 120_000, 9)
    assert len(content) < files.MEGABYTE
    with pytest.raises(FileTooLarge):
        for _row in open_file(content, FORM, ("a",)).rows:
            pass


def test_line_without_end_is_refused():
    with pytest.raises(LineTooLong) as refused:
        read(b"a;b\n1;2\n" + b"x" * 3 * files.MEGABYTE)
    assert refused.value.params == {"line": "3"}


@pytest.mark.parametrize("content", [b"a\x00;b\n1;2\n", b'"a"x;b\n1;2\n'])
def test_headings_that_cannot_be_read_are_refused(content):
    with pytest.raises(HeaderUnreadable) as refused:
        read(content)
    assert refused.value.params == {"line": "1"}


@pytest.mark.parametrize("content", ["", "\n\n", "   \n", "\ufeff"])
def test_file_without_rows_is_refused(content):
    with pytest.raises(FileEmpty):
        read(content)
