"""Writes latencies as a standard HdrHistogram log, one line per interval and tag.

Separate from the recorder, which counts: here stands only the form. It is that of HdrHistogram's
own HistogramLogWriter, so that its tools (HistogramLogAnalyzer, HistogramLogProcessor, the `hdrh`
package) read the file: text of format version 1.3, histograms in V2 encoding, base64 of zlib of
ZigZag LEB128 counts (https://github.com/HdrHistogram/HdrHistogram, HistogramLogWriter.java and
AbstractHistogram.java, encodeIntoByteBuffer).

The histograms are made here with numpy: recording and encoding with `hdrh` takes four times as long
for a thousand different latencies, and gives the same bytes.
"""

import base64
import struct
import zlib
from dataclasses import astuple, dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

LOWEST_US = 1
HIGHEST_US = 60_000_000
SIGNIFICANT_DIGITS = 3
# 2 x 10^3 distinct values need 2^11 sub-buckets; each further bucket has the upper half of them.
_HALF_BITS = 10
_PAYLOAD_COOKIE = 0x1C849313
_COMPRESSED_COOKIE = 0x1C849314
_PAYLOAD_HEADER = struct.Struct(">IIIIQQd")
_COMPRESSED_HEADER = struct.Struct(">II")
_US_PER_MS = 1000


@dataclass(frozen=True, slots=True)
class Tag:
    """What the requests of one line have in common; the text form joins these with `;`."""

    phase: str
    """"measured" or "warm-up": whether the intended start lies in the measured window."""
    route: str
    """Locust's request name."""
    status_class: str
    """"2xx" for the answer that was asked for, "3xx" to "5xx" for another, else "error"."""
    cache_state: str
    """The answer's X-Cache header: "hit", "miss", "bypass", or "none"."""
    temperature: str
    """"cold" for the first answer of a process, "warm" for all others."""
    start: str
    """What the latency counts from: "sent" or "intended"."""

    def __str__(self) -> str:
        return ";".join(_word(part) for part in astuple(self))


def _word(part: str) -> str:
    """The part without what separates tags, fields and lines."""
    return "".join("_" if letter in ",;" or letter.isspace() else letter for letter in part)


def header(began_at: float) -> str:
    """The first lines of a log; `began_at` (seconds since the epoch) is second 0 of its lines."""
    began = datetime.fromtimestamp(began_at, UTC).isoformat(timespec="milliseconds")
    return (
        "#[Histogram log format version 1.3]\n"
        f"#[BaseTime: {began_at:.3f} (seconds since epoch)]\n"
        f"#[StartTime: {began_at:.3f} (seconds since epoch), {began}]\n"
        "#[Latencies in microseconds; Interval_Max in milliseconds; tags:"
        " phase;route;status;cache;temperature;start]\n"
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
    )


def line(
    tag: Tag, second: int, values_us: NDArray[np.int64], counts: NDArray[np.int64] | None = None
) -> str:
    """The line of the interval [second, second + 1), with at least one value.

    `counts` says how often each value occurred; None: once. Values beyond LOWEST_US and HIGHEST_US
    count at these ends.
    """
    values_us = np.clip(values_us, LOWEST_US, HIGHEST_US)
    max_ms = int(values_us.max()) / _US_PER_MS
    return f"Tag={tag},{second:.3f},1.000,{max_ms:.3f},{encode(values_us, counts)}\n"


def encode(values_us: NDArray[np.int64], counts: NDArray[np.int64] | None = None) -> str:
    """An HdrHistogram in V2 encoding, compressed, as base64; values within the bounds above."""
    sums = np.bincount(_bucket(values_us), counts).astype(np.int64)
    payload = _varints(_counts_in_runs(sums))
    head = _PAYLOAD_HEADER.pack(
        *(_PAYLOAD_COOKIE, len(payload), 0, SIGNIFICANT_DIGITS, LOWEST_US, HIGHEST_US, 1.0)
    )
    compressed = zlib.compress(head + payload)
    return base64.b64encode(
        _COMPRESSED_HEADER.pack(_COMPRESSED_COOKIE, len(compressed)) + compressed
    ).decode("ascii")


def _counts_in_runs(counters: NDArray[np.int64]) -> NDArray[np.int64]:
    """The counters in order, each run of zeros as one negative number, all ZigZag encoded."""
    used = np.flatnonzero(counters)
    zeros_before = np.diff(used, prepend=-1) - 1
    # ZigZag: n >= 0 becomes 2n, n < 0 becomes -2n - 1; no zeros at all become -1 and are left out.
    pairs = np.column_stack((2 * zeros_before - 1, 2 * counters[used])).ravel()
    return pairs[pairs > 0]


def _bucket(values_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """The counter of each value: exact below 2,048, then 1,024 counters per doubling."""
    _, bits = np.frexp(values_us.astype(np.float64))
    shift = np.maximum(bits.astype(np.int64) - 1 - _HALF_BITS, 0)
    return (shift << _HALF_BITS) + (values_us >> shift)


def _varints(numbers: NDArray[np.int64]) -> bytes:
    """LEB128: seven bits per byte, lowest first; the high bit says that another byte follows."""
    if not len(numbers):
        return b""
    width = -(-int(numbers.max()).bit_length() // 7)
    parts = numbers[:, np.newaxis] >> (7 * np.arange(width + 1))
    present = parts > 0
    septets = (parts[:, :-1] & 0x7F) | (present[:, 1:].astype(np.int64) << 7)
    return septets[present[:, :-1]].astype(np.uint8).tobytes()
