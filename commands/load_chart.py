"""Draws a load over time in characters: users, or requests per second.

Separate from the command, which describes in words: numbers in, lines out.
"""

from collections.abc import Sequence

from loadtests.arrivals import rate_at
from loadtests.profiles import Profile
from loadtests.shape import Presence, presences

ROWS = 8
_EIGHTHS = " ▁▂▃▄▅▆▇█"


def over_time(profile: Profile, columns: int) -> list[float]:
    """Users, or requests per second, in the middle of each of so many parts of a block."""
    shares = [(column + 0.5) / columns for column in range(columns)]
    if profile.open:
        return [rate_at(profile.open, share) for share in shares]
    there = [one for user in presences(profile) for one in user]
    return [float(_users(there, share * profile.block_seconds)) for share in shares]


def chart(profile: Profile, width: int = 80) -> list[str]:
    """The load of one block as lines of at most `width` columns, with both axes."""
    top = max(float(profile.users), profile.rate)
    label = max(len(_number(top)), len(_number(top / 2)))
    values = over_time(profile, width - label - 2)
    lines = []
    for row in reversed(range(ROWS)):
        named = {ROWS - 1: _number(top), ROWS // 2 - 1: _number(top / 2)}.get(row, "")
        lines.append(f"{named:>{label}} │{_row(values, top, row)}".rstrip())
    lines.append(f"{'0':>{label}} └{'─' * len(values)}")
    if profile.faults:
        lines.append(" " * (label + 2) + _faults(profile, len(values)).rstrip())
    lines.append(" " * (label + 2) + _times(profile, len(values)))
    return lines


def _users(there: Sequence[Presence], seconds: float) -> int:
    return sum(one.start_seconds <= seconds < one.end_seconds for one in there)


def _row(values: Sequence[float], top: float, row: int) -> str:
    cells = []
    for value in values:
        eighths = round(value / top * ROWS * 8) - row * 8
        cells.append(_EIGHTHS[min(max(eighths, 0), 8)])
    # Whatever is not nothing shows.
    if row == 0:
        cells = [
            "▁" if cell == " " and value > 0 else cell
            for cell, value in zip(cells, values, strict=True)
        ]
    return "".join(cells)


def fault_letter(number: int) -> str:
    """What marks the fault of this number, from 0, below the chart: A, B, … Z, A, …"""
    return chr(ord("A") + number % 26)


def _faults(profile: Profile, columns: int) -> str:
    """Each fault's letter for as long as it lasts; at least once."""
    cells = [" "] * columns
    for number, fault in enumerate(profile.faults):
        first = int(fault.at_seconds / profile.block_seconds * columns)
        after = int(fault.end_seconds / profile.block_seconds * columns)
        for column in range(first, max(after, first + 1)):
            cells[column] = fault_letter(number)
    return "".join(cells)


def _times(profile: Profile, columns: int) -> str:
    end = f"{_number(profile.block_seconds)} s"
    line = f"0 s{end:>{columns - 3}}"
    warm_up = f"^ measured from {_number(profile.warm_up_seconds)} s on"
    at = round(profile.warm_up_seconds / profile.block_seconds * columns)
    if at < 4 or at + len(warm_up) > columns - len(end) - 1:
        return line
    return line[:at] + warm_up + line[at + len(warm_up) :]


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
