"""The JSON Schema of a profile file, made from the records' types.

Editors that know the schema complete and check a profile while it is written. What it cannot say
(`warm_up_seconds` below `block_seconds`, a curve in order of time) the records check.
`python -m loadtests.profiles.schema` prints it; profile.schema.json is what it printed, and a test
keeps the two alike.
"""

import dataclasses
import json
import math
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

from loadtests.profiles.limits import KeyPattern, Limits, Pattern
from loadtests.profiles.profile import ROUTES, Point, Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAMES = {int: "integer", float: "number", str: "string", bool: "boolean"}


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the values that a profile file may hold."""
    found = {"$schema": DIALECT, "title": "Load profile", **_record(Profile)}
    required = [name for name in found["required"] if name != "name"]
    one_model = [{"required": ["closed"]}, {"required": ["open"]}]
    return {**found, "required": required, "oneOf": one_model}


def _record(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = dataclasses.fields(kind)
    properties = {field.name: _annotated(hints[field.name]) for field in fields}
    required = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if hasattr(kind, "kind"):
        properties = {"kind": {"const": kind.kind}, **properties}
        required = ["kind", *required]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _annotated(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - any type of a field
    described = [text for text in hint.__metadata__ if isinstance(text, str)]
    limits = [one for one in hint.__metadata__ if isinstance(one, Limits)]
    patterns = [{"pattern": one.regex} for one in hint.__metadata__ if isinstance(one, Pattern)]
    found = {"description": described[-1]} if described else {}
    keys = [one.regex for one in hint.__metadata__ if isinstance(one, KeyPattern)]
    if keys:
        weight = {"type": "number", **_limits(limits)}
        any_key = {"type": "object", "patternProperties": {keys[0]: weight}}
        return {**found, **any_key, "additionalProperties": False}
    return {**found, **_type(hint.__origin__, limits), **(patterns[0] if patterns else {})}


def _type(hint: Any, limits: list[Limits]) -> dict[str, Any]:  # noqa: ANN401 - as above
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return {"enum": list(typing.get_args(hint))}
    if origin is Mapping:
        weight = {"type": "number", **_limits(limits)}
        allowed = dict.fromkeys(ROUTES, weight)
        return {
            "type": "object",
            "properties": allowed,
            "minProperties": 1,
            "additionalProperties": False,
        }
    if origin is tuple:
        return _list_of(typing.get_args(hint)[0])
    if origin is types.UnionType:
        kinds = [kind for kind in typing.get_args(hint) if dataclasses.is_dataclass(kind)]
        tables = [_record(typing.cast(type, kind)) for kind in kinds]
        return tables[0] if len(tables) == 1 else {"oneOf": tables}
    if dataclasses.is_dataclass(hint):
        return _record(typing.cast(type, hint))
    return {"type": _NAMES[hint], **_limits(limits)}


def _list_of(kind: type) -> dict[str, Any]:
    if kind is not Point:
        return {"type": "array", "items": _record(kind)}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    pair = {"type": "array", "prefixItems": [share, share], "items": False, "minItems": 2}
    return {"type": "array", "items": pair, "minItems": 2}


def _limits(limits: list[Limits]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in limits:
        found |= {"minimum": one.minimum, "maximum": one.maximum, "exclusiveMinimum": one.above}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def as_text() -> str:
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_text())
