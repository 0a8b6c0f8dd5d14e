"""What a number or a text of a profile must be: limits that stand in the types of its records.

Separate from profile.py, whose records they are, because faults.py has them too.
"""

import dataclasses
import math
import re
import typing
from dataclasses import dataclass
from typing import Any

from loadtests.errors import FieldError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number must be; every number must also be finite."""

    minimum: float = -math.inf
    maximum: float = math.inf
    above: float = -math.inf
    """Exclusive minimum."""

    def allow(self, value: float) -> bool:
        return (
            math.isfinite(value)
            and self.minimum <= value <= self.maximum
            and (value > self.above or self.above == -math.inf)
        )

    def __str__(self) -> str:
        words = []
        if self.minimum > -math.inf:
            words.append(f"at least {self.minimum:g}")
        if self.above > -math.inf:
            words.append(f"above {self.above:g}")
        if self.maximum < math.inf:
            words.append(f"at most {self.maximum:g}")
        return " and ".join(words) or "a finite number"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a text must be: it is shown on terminals and in reports."""

    regex: str
    words: str


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """What the keys of a table must be, where they are no field names."""

    regex: str
    words: str


def require(field_name: str, value: object, must_be: str, *, valid: bool) -> None:
    """Raise FieldError naming the field unless its value is valid."""
    if not valid:
        raise FieldError(field_name, f"must be {must_be}, not {value!r}")


def require_limits(record: Any) -> None:  # noqa: ANN401 - any record of a profile
    """Check each number and text of a record against what its type states."""
    hints = typing.get_type_hints(type(record), include_extras=True)
    for part in dataclasses.fields(record):
        limits = [one for one in hints[part.name].__metadata__ if isinstance(one, Limits)]
        value = getattr(record, part.name)
        for limit in limits if isinstance(value, int | float) else ():
            require(part.name, value, str(limit), valid=limit.allow(value))
        for pattern in (one for one in hints[part.name].__metadata__ if isinstance(one, Pattern)):
            matches = re.fullmatch(pattern.regex, value) is not None
            require(part.name, value, pattern.words, valid=matches)
