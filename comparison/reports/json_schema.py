"""The JSON Schema of report.json, made from the records that the report is made from.

`python -m comparison.reports.json_schema` prints it; it is kept as report.schema.json beside this
module, and a test holds the two together. Descriptions are the records' own docstrings.
"""

import ast
import dataclasses
import inspect
import json
import textwrap
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from comparison.figures import Figure
from comparison.outcome import Comparison
from comparison.reports.json_report import FORMAT

_PLAIN: Final[Mapping[Any, Mapping[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Decimal: {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
}
_FORMAT_RULE: Final = (
    "Raised when a field changes its meaning or goes away; new fields do not raise it."
)


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of one report."""
    definitions: dict[str, Any] = {}
    top = _object(Comparison, definitions)
    figures = {
        "type": "array",
        "items": _of(Figure, definitions),
        "description": "The same numbers under the names that --fail-if takes.",
    }
    number = {"const": FORMAT, "description": _FORMAT_RULE}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "report.json of ./compare.py",
        **top,
        "required": ["format", *top["required"], "figures"],
        "properties": {"format": number, **top["properties"], "figures": figures},
        "$defs": dict(sorted(definitions.items())),
    }


def render() -> str:
    """The schema as the file has it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _object(record: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(record)
    said = _field_docstrings(record)
    properties = {}
    for field in dataclasses.fields(record):
        described = {"description": said[field.name]} if field.name in said else {}
        properties[field.name] = {**_of(hints[field.name], definitions), **described}
    return {
        "type": "object",
        "description": " ".join((inspect.getdoc(record) or "").split()),
        "required": list(properties),
        "properties": properties,
    }


def _of(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a type hint of any kind
    """The schema of one type hint; records go to `definitions`."""
    arguments, origin = typing.get_args(hint), typing.get_origin(hint)
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # before its fields, which may hold it again
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_of(one, definitions) for one in arguments]}
    if origin is tuple:
        return {"type": "array", **_items(arguments, definitions)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    raise TypeError(f"no JSON Schema is known for {hint!r}")


def _items(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if arguments[-1] is Ellipsis:
        return {"items": _of(arguments[0], definitions)}
    one_by_one = [_of(one, definitions) for one in arguments]
    return {"prefixItems": one_by_one, "minItems": len(one_by_one), "maxItems": len(one_by_one)}


def _field_docstrings(record: type[Any]) -> dict[str, str]:
    """The text under each field, which Python itself does not keep."""
    body = ast.parse(textwrap.dedent(inspect.getsource(record))).body[0]
    found: dict[str, str] = {}
    name = None
    for statement in body.body if isinstance(body, ast.ClassDef) else ():
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            if name is not None:
                found[name] = " ".join(str(statement.value.value).split())
            name = None
        else:
            name = None
    return found


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - a program when started like this
