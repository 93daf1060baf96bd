"""Opening a file: unpacking, decoding, splitting into rows with true line numbers.

Reads as a stream; memory does not grow with the file. Limits bind what comes out of a packed file,
so a small file cannot unpack without end.
"""

import codecs
import csv
import gzip
import io
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from promises.desk.imports.mapping import Encoding, FileForm
from promises.desk.imports.problems import (
    FileEmpty,
    FileTooLarge,
    HeaderUnreadable,
    LineTooLong,
    LooksLikeUtf8,
    PackingBroken,
    Problem,
    QuoteNeverClosed,
    Unreadable,
    WrongEncoding,
)

MEGABYTE = 1024 * 1024
LARGEST_BYTES = 100 * MEGABYTE
"""Of a file as it is sent, and of what it unpacks to."""
LONGEST_LINE = MEGABYTE
_CHUNK = 256 * 1024
_SAMPLE_LINES = 50
_GZIP = b"\x1f\x8b"
_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_CODECS = {Encoding.UTF_8: "utf-8-sig"}
_EIGHT_BIT = (Encoding.ISO_8859_1, Encoding.ISO_8859_15, Encoding.WINDOWS_1252)

Row = tuple[int, "list[str] | Unreadable"]


@dataclass(frozen=True, slots=True)
class OpenFile:
    """`header` holds the names without empty ones at the end, or None; `width` is how many cells a
    row has. Each row comes with the line it begins on; blank rows are left out. A row that cannot
    be split comes as its problem."""

    header: tuple[str, ...] | None
    width: int
    rows: Iterator[Row]


def pack(content: bytes) -> bytes:
    """How a file is stored until its import has ended."""
    return content if content.startswith(_GZIP) else gzip.compress(content, 1, mtime=0)


def open_file(content: bytes, form: FileForm, columns: Iterable[str]) -> OpenFile:
    """`columns` are the headers that the mapping names; they help to find the delimiter.

    Raises FileUnreadable and its kinds, here and while the rows are read.
    """
    guard = _Guard(_unpacked(content))
    encoding = _CODECS.get(form.encoding, form.encoding.value)
    text = io.TextIOWrapper(io.BufferedReader(guard, _CHUNK), encoding, newline="")
    lines = _decoded(text, content, encoding, form.encoding)
    _check_encoding(content, form.encoding)
    skipped = len(list(itertools.islice(lines, form.skip_lines)))
    sample = list(itertools.islice(lines, _SAMPLE_LINES))
    delimiter = form.delimiter
    if sample and (found := _SEPARATOR_LINE.fullmatch(sample[0])):
        delimiter = delimiter or found.group(1)
        skipped += 1
        del sample[0]
    if not any(line.strip() for line in sample):
        raise FileEmpty
    delimiter = delimiter or _find_delimiter(sample, form, tuple(columns))
    rows = _split(itertools.chain(sample, lines), delimiter, form.quote, skipped, guard)
    if not form.header:
        return OpenFile(None, _usual_width(_split_sample(sample, delimiter, form)), rows)
    header = _header(rows)
    return OpenFile(header, len(header), rows)


def _unpacked(content: bytes) -> io.BufferedIOBase:
    plain = io.BytesIO(content)
    return gzip.GzipFile(fileobj=plain) if content.startswith(_GZIP) else plain


class _Guard(io.RawIOBase):
    """Counts what comes out, and stops at the limits. `has_nul` is set before the text that holds
    a NUL is handed on."""

    def __init__(self, source: io.BufferedIOBase) -> None:
        self._source = source
        self._total = 0
        self._lines = 1
        self._since_line_end = 0
        self.has_nul = False

    def readable(self) -> bool:
        return True

    # BufferedReader passes nothing but memory of bytes
    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        try:
            chunk = self._source.read(len(buffer))
        except (OSError, EOFError, zlib.error) as error:
            raise PackingBroken from error
        self._total += len(chunk)
        if self._total > LARGEST_BYTES:
            raise FileTooLarge(most=LARGEST_BYTES // MEGABYTE)
        self._watch_lines(chunk)
        self.has_nul = self.has_nul or b"\0" in chunk
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _watch_lines(self, chunk: bytes) -> None:
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        if last < 0:
            self._since_line_end += len(chunk)
            if self._since_line_end > LONGEST_LINE:
                raise LineTooLong(line=str(self._lines))
            return
        self._lines += chunk.count(b"\n") or chunk.count(b"\r")
        self._since_line_end = len(chunk) - last - 1


def _decoded(text: io.TextIOWrapper, content: bytes, codec: str, named: Encoding) -> Iterator[str]:
    try:
        yield from text
    except UnicodeError as error:
        line = _line_of_fault(content, codec)
        raise WrongEncoding(line=str(line), encoding=named.value) from error


def _line_of_fault(content: bytes, codec: str) -> int:
    """The first line that does not decode."""
    decoder = codecs.getincrementaldecoder(codec)()
    source = _unpacked(content)
    line = 1
    while chunk := source.read(_CHUNK):
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            held = error.object[: error.start]
            return line + (held.count(b"\n") or held.count(b"\r"))
        except UnicodeError:  # UTF-16 without its mark at the start
            return line
        line += text.count("\n") or text.count("\r")
    return line


def _check_encoding(content: bytes, encoding: Encoding) -> None:
    """An eight-bit reading of UTF-8 never fails, it only spoils the letters: so look before."""
    if encoding not in _EIGHT_BIT:
        return
    sample = _unpacked(content).read(_CHUNK)
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    if sample.isascii():
        return
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError:
        return
    raise LooksLikeUtf8(encoding=encoding.value)


def _find_delimiter(sample: list[str], form: FileForm, columns: tuple[str, ...]) -> str:
    """The mark by which the named columns are there, else by which the rows are most alike."""

    def score(delimiter: str) -> tuple[int, int, int]:
        rows = _split_sample(sample, delimiter, form)
        width = _usual_width(rows)
        named = 0
        if form.header and rows:
            header = {cell.strip() for cell in rows[0]}
            named = sum(name in header for name in columns)
        alike = sum(len(row) == width for row in rows) if width > 1 else 0
        return named, alike, width

    return max(_DELIMITERS, key=score)


def _split_sample(sample: list[str], delimiter: str, form: FileForm) -> list[list[str]]:
    reader = csv.reader(sample, delimiter=delimiter, **_quoting(form.quote))
    rows: list[list[str]] = []
    try:
        rows.extend(row for row in reader if any(row))
    except csv.Error:
        return rows
    return rows


def _usual_width(rows: list[list[str]]) -> int:
    widths = Counter(len(row) for row in rows)
    return widths.most_common(1)[0][0] if widths else 0


def _quoting(quote: str | None) -> dict[str, Any]:
    if quote is None:
        return {"quoting": csv.QUOTE_NONE, "quotechar": None}
    return {"quotechar": quote, "skipinitialspace": True}


def _header(rows: Iterator[Row]) -> tuple[str, ...]:
    for line, cells in rows:
        if isinstance(cells, Unreadable):
            raise HeaderUnreadable(line=str(line))
        names = [cell.strip() for cell in cells]
        while names and not names[-1]:
            names.pop()
        return tuple(names)
    raise FileEmpty


def _split(
    lines: Iterator[str], delimiter: str, quote: str | None, skipped: int, guard: _Guard
) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True, **_quoting(quote))
    before = 0
    while True:
        line = skipped + before + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error) or "limit" in str(error):
                raise QuoteNeverClosed(line=str(line)) from error
            before = reader.line_num
            yield line, Unreadable(Problem.QUOTES, last_line=skipped + before)
            continue
        before = reader.line_num
        if not any(cells):
            continue
        if guard.has_nul and any("\0" in cell for cell in cells):
            yield line, Unreadable(Problem.NUL)
        else:
            yield line, cells
