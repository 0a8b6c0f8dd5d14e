"""Reads the latencies of a block: an HdrHistogram log, text in, columns of numbers out.

The only place that knows this form. It is the standard one (format version 1.3, histograms in V2
encoding: https://github.com/HdrHistogram/HdrHistogram, HistogramLogReader.java), with tags as
`Tag` says. All histograms of a log are decoded together with numpy: a log of an hour holds tens of
thousands, and `hdrh`, which decodes one at a time into 17,408 counters, would take minutes.
"""

import binascii
import dataclasses
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from comparison.errors import ComparisonError
from comparison.latency import Distribution

MEASURED, WARM_UP = "measured", "warm-up"
SENT, INTENDED = "sent", "intended"
SUCCESS = "2xx"
_FIRST_LINE = "#[Histogram log format version 1."
_LEGEND = '"StartTimestamp"'
_WORDS: dict[str, frozenset[str]] = {
    "phase": frozenset({MEASURED, WARM_UP}),
    "status_class": frozenset({"1xx", SUCCESS, "3xx", "4xx", "5xx", "error"}),
    "cache_state": frozenset({"hit", "miss", "bypass", "none"}),
    "temperature": frozenset({"cold", "warm"}),
    "start": frozenset({SENT, INTENDED}),
}
_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_BASE_TIME = re.compile(r"#\[BaseTime: ([0-9]{1,12}(?:\.[0-9]{1,9})?) ")
_COMPRESSED_HEADER = struct.Struct(">II")
_COMPRESSED_COOKIE = 0x1C849314
_PAYLOAD_HEADER = struct.Struct(">IIIIQQd")
_PAYLOAD_COOKIE = 0x1C849313
# Microseconds to 60 s at 3 digits: what the recorder writes, and 17 x 1,024 counters.
_LOWEST_US, _HIGHEST_US, _DIGITS = 1, 60_000_000, 3
_HALF_BITS = 10
_COUNTERS = 17 << _HALF_BITS
# Histograms are decoded in portions of so many bytes: what comes in between stays in the CPU cache.
_PORTION_BYTES = 1 << 16
# A counter of more than 8 bytes is above 2^55: damage, not a count of requests.
_MAX_VARINT_BYTES = 8
_MOST_PAYLOAD_BYTES = _PAYLOAD_HEADER.size + _COUNTERS * (_MAX_VARINT_BYTES + 1)


def _highest_values_us() -> NDArray[np.int64]:
    """The highest value that each counter stands for."""
    index = np.arange(_COUNTERS)
    shift = np.maximum((index >> _HALF_BITS) - 1, 0)
    highest: NDArray[np.int64] = ((index - (shift << _HALF_BITS) + 1) << shift) - 1
    return highest


_VALUES_US = _highest_values_us()


@dataclass(frozen=True, slots=True)
class Tag:
    """What the requests of one line have in common; the log joins these with `;`."""

    phase: str
    """"measured" or "warm-up": whether the intended start lies in the measured window."""
    route: str
    """The name of the request, as "/customerdata/{id}"."""
    status_class: str
    """"2xx" for the answer that was asked for, "3xx" to "5xx" for another, else "error"."""
    cache_state: str
    """The answer's X-Cache header: "hit", "miss", "bypass", or "none"."""
    temperature: str
    """"cold" for the first answer of a process, "warm" for all others."""
    start: str
    """What the latency counts from: "sent" or "intended"."""


@dataclass(frozen=True, slots=True, eq=False)
class LatencyLog:
    """Latencies by second and tag: lines, and the counters above zero of each line."""

    tags: tuple[Tag, ...]
    line_tags: NDArray[np.int64]
    """Of each line, the position of its tag in `tags`."""
    line_seconds: NDArray[np.float64]
    """Of each line, when its interval begins, from the block's beginning; answers count in the
    interval in which they came."""
    line_sizes: NDArray[np.int64]
    """How many counters of each line are above zero; these stand one line after the other in:"""
    counters: NDArray[np.uint16]
    counts: NDArray[np.integer[Any]]
    """In as few bytes as they need: a long run has tens of millions."""
    began_at: float = 0.0
    """The block's beginning in seconds since the epoch, as the header says; 0 without one."""
    cut_line: int | None = None
    """The number of a last line that is not whole, as a killed generator leaves it: left out."""

    def only(self, **wanted: str) -> "LatencyLog":
        """The lines whose tag has these values, as phase="measured" and start="sent"."""
        chosen = [
            all(getattr(tag, name) == value for name, value in wanted.items()) for tag in self.tags
        ]
        return self._lines(np.array(chosen, bool)[self.line_tags])

    def distribution(self) -> Distribution:
        """All latencies together; choose one `start` before, or each request counts twice."""
        sums = np.zeros(_COUNTERS, np.int64)
        np.add.at(sums, self.counters, self.counts.astype(np.int64, copy=False))
        used = np.flatnonzero(sums)
        return Distribution(_VALUES_US[used], sums[used])

    def by(self, name: str) -> dict[str, "LatencyLog"]:
        """The log divided by one field of its tags, as "cache_state"; values in order."""
        values = sorted({getattr(tag, name) for tag in self.tags})
        parts = {value: self.only(**{name: value}) for value in values}
        return {value: part for value, part in parts.items() if len(part.line_tags)}

    def by_second(self) -> dict[float, "LatencyLog"]:
        """The log divided by interval, in the order of time."""
        return {
            float(second): self._lines(self.line_seconds == second)
            for second in np.unique(self.line_seconds)
        }

    def _lines(self, chosen: NDArray[np.bool_]) -> "LatencyLog":
        cells = np.repeat(chosen, self.line_sizes)
        return dataclasses.replace(
            self,
            line_tags=self.line_tags[chosen],
            line_seconds=self.line_seconds[chosen],
            line_sizes=self.line_sizes[chosen],
            counters=self.counters[cells],
            counts=self.counts[cells],
        )


NO_LATENCIES = LatencyLog(
    tags=(),
    line_tags=np.empty(0, np.int64),
    line_seconds=np.empty(0),
    line_sizes=np.empty(0, np.int64),
    counters=np.empty(0, np.uint16),
    counts=np.empty(0, np.uint8),
)


def measured_successes(log: LatencyLog, start: str) -> Distribution:
    """Latencies of the successful requests of the measured window, from SENT or INTENDED."""
    return log.only(phase=MEASURED, status_class=SUCCESS, start=start).distribution()


def began_at(text: str) -> float | None:
    """The block's beginning in seconds since the epoch; None before the log's head is there."""
    found = re.search(_BASE_TIME.pattern, text, re.MULTILINE)
    return float(found[1]) if found else None


def parse(text: str, where: str) -> LatencyLog:
    """Read a log; raises ComparisonError naming `where` (the file) and the line.

    A last line without its end is left out: that is how a killed generator leaves the file.
    """
    lines = text.split("\n")
    cut = lines.pop()
    if not lines or not lines[0].startswith(_FIRST_LINE):
        raise ComparisonError(f"{where}: line 1: not an HdrHistogram log of format version 1")
    log = _Reader(where).read(lines)
    return dataclasses.replace(log, cut_line=len(lines) + 1 if cut else None)


class _Reader:
    """The columns of one log while they are read."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._began_at = 0.0
        self._tags: dict[str, int] = {}
        self._known: list[Tag] = []
        self._line_tags: list[int] = []
        self._line_seconds: list[float] = []
        self._line_sizes: list[NDArray[np.int64]] = []
        self._counters: list[NDArray[np.uint16]] = []
        self._counts: list[NDArray[np.integer[Any]]] = []

    def read(self, lines: Sequence[str]) -> LatencyLog:
        portion: list[bytes] = []
        numbers: list[int] = []
        size = 0
        for number, payload in self._payloads(lines):
            portion.append(payload)
            numbers.append(number)
            size += len(payload)
            if size >= _PORTION_BYTES:
                self._decode(portion, numbers)
                portion, numbers, size = [], [], 0
        self._decode(portion, numbers)
        return LatencyLog(
            tags=tuple(self._known),
            line_tags=np.array(self._line_tags, np.int64),
            line_seconds=np.array(self._line_seconds, np.float64),
            line_sizes=np.concatenate(self._line_sizes),
            counters=np.concatenate(self._counters),
            counts=np.concatenate(self._counts),
            began_at=self._began_at,
        )

    def _payloads(self, lines: Sequence[str]) -> Iterator[tuple[int, bytes]]:
        """Each line with a histogram: its number, and the encoded counters."""
        for number, line in enumerate(lines, start=1):
            if line.startswith(("#", _LEGEND)) or not line.strip():
                if base := _BASE_TIME.match(line):
                    self._began_at = float(base[1])
                continue
            fields = line.split(",")
            if len(fields) != 5 or not fields[0].startswith("Tag="):
                raise self._error(number, "not Tag=,start,length,max,histogram")
            tag = self._tags.get(fields[0])
            if tag is None:
                tag = self._tags[fields[0]] = self._new_tag(number, fields[0][4:])
            if not _SECONDS.fullmatch(fields[1]):
                raise self._error(number, f"{fields[1]!r} is not a time in seconds")
            self._line_seconds.append(float(fields[1]))
            self._line_tags.append(tag)
            yield number, self._payload(number, fields[4])

    def _new_tag(self, number: int, text: str) -> int:
        parts = text.split(";")
        names = [field.name for field in dataclasses.fields(Tag)]
        if len(parts) != len(names):
            raise self._error(number, f"tag {text!r} has not the parts {';'.join(names)}")
        for name, part in zip(names, parts, strict=True):
            if name in _WORDS and part not in _WORDS[name]:
                choice = ", ".join(sorted(_WORDS[name]))
                raise self._error(number, f"tag {text!r}: {name} is none of {choice}")
        self._known.append(Tag(*parts))
        return len(self._known) - 1

    def _payload(self, number: int, text: str) -> bytes:
        try:
            data = binascii.a2b_base64(text, strict_mode=True)
            cookie, length = _COMPRESSED_HEADER.unpack_from(data)
            if cookie != _COMPRESSED_COOKIE or length != len(data) - _COMPRESSED_HEADER.size:
                raise self._error(number, "not an HdrHistogram in V2 encoding")
            # Bounded: some hundred bytes may unpack to gigabytes.
            unpacker = zlib.decompressobj()
            content = unpacker.decompress(data[_COMPRESSED_HEADER.size :], _MOST_PAYLOAD_BYTES)
            header = _PAYLOAD_HEADER.unpack_from(content)
        except (ValueError, struct.error, zlib.error) as error:
            raise self._error(number, f"not an HdrHistogram in V2 encoding ({error})") from error
        if not unpacker.eof:
            raise self._error(number, "its histogram is cut off, or larger than any can be")
        counters = content[_PAYLOAD_HEADER.size :]
        if header[0] != _PAYLOAD_COOKIE or header[1] != len(counters):
            raise self._error(number, "not an HdrHistogram in V2 encoding")
        if header[3:6] != (_DIGITS, _LOWEST_US, _HIGHEST_US):
            raise self._error(number, "its histogram is not one of 1 us to 60 s with 3 digits")
        if counters and counters[-1] >= 0x80:
            raise self._error(number, "its histogram ends within a number")
        return counters

    def _decode(self, portion: Sequence[bytes], numbers: Sequence[int]) -> None:
        """Append the counters above zero of these histograms."""
        data = np.frombuffer(b"".join(portion), np.uint8)
        ends = np.flatnonzero(data < 0x80)
        starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
        last_of_line = np.searchsorted(ends, np.cumsum([len(payload) for payload in portion]))
        of_line = np.diff(last_of_line, prepend=0)
        lengths = ends - starts + 1
        self._refuse(lengths > _MAX_VARINT_BYTES, of_line, numbers)
        values = _unzigzag(_septets(data, starts, lengths))
        # A negative number is a run of so many zeros; any other is the count of one counter.
        steps = np.where(values < 0, -values, 1)
        after = np.cumsum(steps)
        before_line = np.concatenate(([0], after))[last_of_line - of_line]
        counters = after - steps - np.repeat(before_line, of_line)
        above = values > 0
        found = counters[above]
        if found.min(initial=0) < 0 or found.max(initial=0) >= _COUNTERS:
            self._refuse(above & ((counters < 0) | (counters >= _COUNTERS)), of_line, numbers)
        above_so_far = np.concatenate(([0], np.cumsum(above)))[last_of_line]
        self._line_sizes.append(np.diff(above_so_far, prepend=0))
        self._counters.append(found.astype(np.uint16))
        self._counts.append(_compact(values[above]))

    def _refuse(
        self, wrong: NDArray[np.bool_], of_line: NDArray[np.int64], numbers: Sequence[int]
    ) -> None:
        if wrong.any():
            line = np.repeat(np.arange(len(of_line)), of_line)
            number = numbers[int(line[np.argmax(wrong)])]
            raise self._error(number, "its histogram counts what cannot be")

    def _error(self, number: int, what: str) -> ComparisonError:
        return ComparisonError(f"{self._where}: line {number}: {what}")


def _compact(counts: NDArray[np.int64]) -> NDArray[np.integer[Any]]:
    for kind in (np.uint8, np.uint16, np.uint32):
        if counts.max(initial=0) <= np.iinfo(kind).max:
            return counts.astype(kind)
    return counts


def _septets(
    data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.int64]:
    """LEB128 numbers: seven bits of each byte, lowest first."""
    values = (data[starts] & 0x7F).astype(np.int64)
    for position in range(1, int(lengths.max(initial=1))):
        longer = lengths > position
        part = (data[starts[longer] + position] & 0x7F).astype(np.int64)
        values[longer] |= part << (7 * position)
    return values


def _unzigzag(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2, 3, ... to 0, -1, 1, -2, ..."""
    return (values >> 1) ^ -(values & 1)
