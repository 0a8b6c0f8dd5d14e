"""What all disturbances have in common; each thing that can fail has a module of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Disturbance:
    """How one fault is begun and taken back; both raise what the world raises."""

    begin: Callable[[], None]
    end: Callable[[], None] = _nothing
    again: Callable[[], None] = _nothing
    """Called every second in between: what was killed comes back by itself."""


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """Why a fault cannot be had on this side."""

    reason: str


Prepared: TypeAlias = Disturbance | NotApplicable
