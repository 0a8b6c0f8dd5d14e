"""Profiles as plain values, TOML's or JSON's, and back; and the line of a file that a fault is on.

Separate from the records, which say what is right: here their types are walked, so that a field
is added in one place only. Nothing is guessed: an unknown or missing field is an error.
"""

import dataclasses
import re
import types
import typing
from collections import Counter
from collections.abc import Mapping
from typing import Any

from loadtests.errors import FieldError
from loadtests.profiles.profile import Point, Profile

_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
_TABLE = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_LISTED_TABLE = re.compile(r"^\s*\[\[\s*([^\[\]]+?)\s*\]\]\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*("[^"]*"|'[^']*'|[\w-]+(?:\s*\.\s*[\w-]+)*)\s*=""")


def from_document(values: Mapping[str, object]) -> Profile:
    """The profile that these values describe; raises FieldError naming the first that is wrong."""
    return typing.cast(Profile, _record(Profile, values))


def to_document(profile: Profile) -> dict[str, Any]:
    """All values of a profile, defaults included; from_document() of it gives the same profile."""
    document = _plain(profile)
    assert isinstance(document, dict)
    return {name: value for name, value in document.items() if value is not None}


def line_of(field: str, text: str) -> int | None:
    """The line, from 1, where a TOML text sets this field or the table nearest around it."""
    lines: dict[str, int] = {}
    table = ""
    listed: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _LISTED_TABLE.match(line):
            name = found[1].replace(" ", "")
            listed[name] += 1
            table = f"{name}[{listed[name]}]"
            lines[table] = number
            lines.setdefault(name, number)
        elif found := _TABLE.match(line):
            table = found[1].replace(" ", "")
            lines.setdefault(table, number)
        elif found := _KEY.match(line):
            key = re.sub(r"\s*\.\s*", ".", found[1]).strip("\"'")
            lines.setdefault(f"{table}.{key}" if table else key, number)
    while field and field not in lines:
        field = field.rpartition(".")[0]
    return lines.get(field)


def table_kind(hint: object, values: Mapping[str, object]) -> type | None:
    """Which of the records that `hint` allows these values are, by their `kind`."""
    allowed: tuple[Any, ...] = typing.get_args(hint) or (hint,)
    kinds: list[Any] = [kind for kind in allowed if dataclasses.is_dataclass(kind)]
    if len(kinds) == 1:
        return typing.cast(type, kinds[0])
    named: dict[str, type] = {kind.kind: kind for kind in kinds}
    chosen = values.get("kind")
    return named.get(chosen) if isinstance(chosen, str) else None


def _record(kind: type, values: Mapping[str, object]) -> object:
    hints = typing.get_type_hints(kind)
    known = {field.name: field for field in dataclasses.fields(kind)}
    given = {name: value for name, value in values.items() if not _names_kind(kind, name)}
    for name in given:
        if name not in known:
            raise FieldError(name, f"is not known; there are: {', '.join(known)}")
    for name, field in known.items():
        optional = (
            field.default is not dataclasses.MISSING
            or field.default_factory is not dataclasses.MISSING
        )
        if name not in given and not optional:
            raise FieldError(name, "is missing")
    return kind(**{name: _value(hints[name], value, name) for name, value in given.items()})


def _names_kind(kind: type, name: str) -> bool:
    return name == "kind" and hasattr(kind, "kind")


def _value(hint: Any, value: object, name: str) -> object:  # noqa: ANN401 - any type of a field
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        choices = typing.get_args(hint)
        if value in choices:
            return value
        raise FieldError(name, f"must be one of {', '.join(choices)}, not {value!r}")
    if origin is Mapping:
        table = _table(value, name)
        return {key: _value(float, one, f"{name}.{key}") for key, one in table.items()}
    if origin is tuple:
        item = typing.get_args(hint)[0]
        return _points(value, name) if item is Point else _records(item, value, name)
    if origin is types.UnionType or dataclasses.is_dataclass(hint):
        return _nested(hint, _table(value, name), name)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise FieldError(name, f"must be {_WORDS[hint]}, not {value!r}")
    return value


def _nested(hint: object, values: Mapping[str, object], name: str) -> object:
    kind = table_kind(hint, values)
    if kind is None:
        kinds = ", ".join(one.kind for one in typing.get_args(hint))
        raise FieldError(f"{name}.kind", f"must be one of {kinds}, not {values.get('kind')!r}")
    try:
        return _record(kind, values)
    except FieldError as error:
        raise error.within(name) from None


def _records(kind: type, value: object, name: str) -> tuple[object, ...]:
    """One record per table of a list; the first is called faults[1]."""
    if not isinstance(value, list | tuple):
        raise FieldError(name, f"must be a list of tables, not {value!r}")
    return tuple(
        _nested(kind, _table(one, f"{name}[{number}]"), f"{name}[{number}]")
        for number, one in enumerate(value, start=1)
    )


def _table(value: object, name: str) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    raise FieldError(name, f"must be a table, not {value!r}")


def _points(value: object, name: str) -> tuple[Point, ...]:
    pairs: list[Any] | tuple[Any, ...] = value if isinstance(value, list | tuple) else [value]
    for pair in pairs:
        if not isinstance(pair, list | tuple) or [*map(type, pair)] not in _PAIRS:
            raise FieldError(name, f"must be a list of [at, level], not {value!r}")
    try:
        return tuple(Point(float(at), float(level)) for at, level in pairs)
    except FieldError as error:
        raise error.within(name) from None


_PAIRS = [[one, other] for one in (int, float) for other in (int, float)]


def _plain(value: object) -> object:
    if isinstance(value, Point):
        return [value.at, value.level]
    if dataclasses.is_dataclass(value):
        kind = {"kind": value.kind} if hasattr(value, "kind") else {}
        names = [field.name for field in dataclasses.fields(value)]
        return kind | {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
