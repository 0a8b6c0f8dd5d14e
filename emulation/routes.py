"""Which requests a REST API knows: method and path to one of its resources.

Pure and separate from the event mapping, because the rules are API Gateway's own: a literal
segment wins over `{parameter}` and that over `{proxy+}`; a method is looked up only after the
resource is found, and if it has none, only a `{proxy+}` may still take the request; a trailing
slash and doubled leading slashes do not matter; nothing is percent-decoded. Sources: "Set up REST
API methods" in https://docs.aws.amazon.com/apigateway/latest/developerguide and what LocalStack
recorded from AWS (tests/aws/services/apigateway/test_apigateway_lambda.py in its repository).
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from emulation.errors import EmulationError
from emulation.messages import Response

ANY_METHOD = "ANY"
CATCH_ALL = "/{proxy+}"
_LITERAL, _PARAMETER, _GREEDY = 0, 1, 2


class Match(NamedTuple):
    """The resource and method that serve a request."""

    resource: str
    """The resource's path with its parameters in braces, such as `/customer/{id}`."""
    resource_id: str
    path_parameters: Mapping[str, str] | None
    """Percent-encoded as sent; None if the resource has none."""
    mock: Response | None
    """The fixed answer of a mock integration (CORS preflight); None: the function answers."""


@dataclass(frozen=True, slots=True)
class _Resource:
    path: str
    resource_id: str
    segments: tuple[tuple[int, str], ...]
    methods: Mapping[str, Response | None]

    @property
    def greedy(self) -> bool:
        return bool(self.segments) and self.segments[-1][0] == _GREEDY

    def may_take(self, length: int) -> bool:
        """Whether paths of so many segments can be this resource's."""
        return length == len(self.segments) or (self.greedy and length > len(self.segments))


class RouteTable:
    """All resources of one API, most specific first."""

    def __init__(self, paths: Mapping[str, Mapping[str, Response | None]]) -> None:
        """Take path template -> method (upper case, or ANY) -> mock answer or None."""
        resources = [
            _Resource(path, _resource_id(path), _template(path), methods)
            for path, methods in paths.items()
        ]
        resources.sort(key=lambda resource: resource.segments)
        longest = max([len(resource.segments) for resource in resources], default=0)
        # The last entry is for all longer paths, which only a {proxy+} can take.
        self._by_length = [
            [resource for resource in resources if resource.may_take(length)]
            for length in range(longest + 2)
        ]

    def match(self, method: str, path: str) -> Match | None:
        """Find what serves `method` on the percent-encoded `path`; None is API Gateway's 403."""
        segments = _segments(path)
        resource_found = False
        for resource in self._by_length[min(len(segments), len(self._by_length) - 1)]:
            if resource_found and not resource.greedy:
                continue
            parameters = _parameters(resource.segments, segments)
            if parameters is None:
                continue
            resource_found = True
            served_as = method if method in resource.methods else ANY_METHOD
            if served_as in resource.methods:
                mock = resource.methods[served_as]
                return Match(resource.path, resource.resource_id, parameters or None, mock)
        return None


def _segments(path: str) -> list[str]:
    inner = path.lstrip("/").removesuffix("/")
    return inner.split("/") if inner else []


def _template(path: str) -> tuple[tuple[int, str], ...]:
    segments = _segments(path)
    kinds = tuple(_kind(segment) for segment in segments)
    if any(kind == _GREEDY for kind, _ in kinds[:-1]):
        raise EmulationError(f"path {path!r}: {{name+}} may only be the last segment")
    return kinds


def _kind(segment: str) -> tuple[int, str]:
    if segment.startswith("{") and segment.endswith("+}"):
        return _GREEDY, segment[1:-2]
    if segment.startswith("{") and segment.endswith("}"):
        return _PARAMETER, segment[1:-1]
    return _LITERAL, segment


def _parameters(
    template: tuple[tuple[int, str], ...], segments: list[str]
) -> dict[str, str] | None:
    """What the template's parameters stand for; None if the path is not of this template.

    The path has as many segments as the template, or more for a greedy one.
    """
    found = {}
    for position, (kind, name) in enumerate(template):
        segment = segments[position]
        if kind == _GREEDY:
            found[name] = "/".join(segments[position:])
        elif kind == _PARAMETER and segment:
            found[name] = segment
        elif kind == _PARAMETER or segment != name:
            return None
    return found


def _resource_id(path: str) -> str:
    """Six characters, the same for the same path, in the form that API Gateway gives them."""
    return f"{zlib.crc32(path.encode()):06x}"[:6]
