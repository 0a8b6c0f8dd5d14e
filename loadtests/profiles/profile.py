"""What a load is made of, as frozen records; the words of a profile file are their field names.

Separate from the reading of files and from the JSON Schema, which both follow from the types here:
`Annotated` carries each field's limits and its one-line description.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from loadtests.profiles.faults import Fault, fault_rules
from loadtests.profiles.limits import KeyPattern, Limits, Pattern, require, require_limits

# Locust warns above 100 new users a second; its own latencies are wrong then.
MAX_SPAWN_RATE = 100.0
CUSTOMER_DATA = "/customerdata/{id}"
ROUTES = (CUSTOMER_DATA, "/customer/{id}", "/")
PATH = KeyPattern(
    r"^/(?:[!$-z|~]|\{id\}){0,200}$",
    "a path that begins with /, in ASCII without spaces, # and quotes, {id} where the key stands",
)


Seconds = Annotated[float, Limits(minimum=0)]
Share = Annotated[float, Limits(minimum=0, maximum=1)]
SpawnRate = Annotated[
    float,
    Limits(above=0, maximum=MAX_SPAWN_RATE),
    "Users started per second at most.",
]


@dataclass(frozen=True, slots=True)
class Point:
    """A corner of a curve; in a file: [at, level]."""

    at: Annotated[float, Limits(minimum=0, maximum=1)]
    """Share of the block that has passed."""
    level: Annotated[float, Limits(minimum=0, maximum=1)]
    """Share of the full load."""

    def __post_init__(self) -> None:
        require_limits(self)


Curve = Annotated[
    tuple[Point, ...],
    "Corners [share of the block, share of the full load], straight lines in between; from 0 to 1.",
]


def require_curve(name: str, points: tuple[Point, ...]) -> None:
    """A curve covers the block from 0 to 1, never goes back, and is not zero throughout."""
    shown = [[point.at, point.level] for point in points]
    order = [point.at for point in points]
    covers = len(points) >= 2 and (order[0], order[-1]) == (0, 1)
    must_be = "corners from [0, …] to [1, …] in order of time, one of them above level 0"
    valid = covers and order == sorted(order) and any(point.level > 0 for point in points)
    require(name, shown, must_be, valid=valid)


@dataclass(frozen=True, slots=True)
class ConstantThinkTime:
    """Always the same wait between an answer and the user's next request."""

    kind: ClassVar[str] = "constant"
    seconds: Annotated[Seconds, "The wait."]

    def __post_init__(self) -> None:
        require_limits(self)


@dataclass(frozen=True, slots=True)
class UniformThinkTime:
    """A wait from a range, all of it equally likely."""

    kind: ClassVar[str] = "uniform"
    min_seconds: Annotated[Seconds, "Shortest wait."]
    max_seconds: Annotated[Seconds, "Longest wait."]

    def __post_init__(self) -> None:
        require_limits(self)
        low, high = self.min_seconds, self.max_seconds
        require("max_seconds", high, f"at least min_seconds ({low:g})", valid=low <= high)


@dataclass(frozen=True, slots=True)
class ExponentialThinkTime:
    """A wait without memory: many short ones, few long ones."""

    kind: ClassVar[str] = "exponential"
    mean_seconds: Annotated[float, Limits(above=0), "The mean wait."]

    def __post_init__(self) -> None:
        require_limits(self)


ThinkTime = ConstantThinkTime | UniformThinkTime | ExponentialThinkTime


@dataclass(frozen=True, slots=True)
class Steps:
    """Users are added in equal steps until all are there."""

    kind: ClassVar[str] = "steps"
    every_seconds: Annotated[float, Limits(above=0), "Time between steps; the first is at 0."]
    share: Annotated[float, Limits(minimum=0.01, maximum=1), "Share of the users in each step."]
    spawn_rate: SpawnRate
    """Within a step; a step that is not done delays the next."""

    def __post_init__(self) -> None:
        require_limits(self)


@dataclass(frozen=True, slots=True)
class UserCurve:
    """The number of users follows a curve, up and down."""

    kind: ClassVar[str] = "curve"
    points: Curve
    spawn_rate: SpawnRate

    def __post_init__(self) -> None:
        require_limits(self)
        require_curve("points", self.points)


@dataclass(frozen=True, slots=True)
class ClosedModel:
    """Users who wait for each answer, and then a while, before they ask again."""

    users: Annotated[int, Limits(minimum=1), "Users at full load."]
    think_time: Annotated[ThinkTime, "The wait between an answer and the next request."]
    shape: Annotated[Steps | UserCurve, "Users over time."]

    def __post_init__(self) -> None:
        require_limits(self)


@dataclass(frozen=True, slots=True)
class OpenModel:
    """Requests start when they are due, whatever the answers do."""

    rate: Annotated[float, Limits(above=0, maximum=1e6), "Requests per second at full load."]
    spacing: Annotated[Literal["constant", "poisson"], "Equal gaps, or arrivals at random."]
    max_connections: Annotated[
        int, Limits(minimum=1), "Requests in flight at most, over all processes; others wait."
    ]
    curve: Curve = (Point(0, 1), Point(1, 1))

    def __post_init__(self) -> None:
        require_limits(self)
        require_curve("curve", self.curve)


@dataclass(frozen=True, slots=True)
class Keys:
    """Which customers are asked for."""

    first_id: Annotated[int, Limits(minimum=1), "Smallest customer id."]
    last_id: Annotated[int, Limits(minimum=1), "Largest customer id, included."]
    preload_share: Annotated[Share, "Share of them that the cache holds when a block begins."] = 0.0
    zipf_exponent: Annotated[
        float,
        Limits(minimum=0, maximum=10),
        "The n-th id is asked for in proportion to 1/n^exponent; 0: all equally often.",
    ] = 0.0

    def __post_init__(self) -> None:
        require_limits(self)
        first, last = self.first_id, self.last_id
        require("last_id", last, f"at least first_id ({first})", valid=first <= last)


@dataclass(frozen=True, slots=True)
class Connections:
    """How requests are sent."""

    keep_alive: Annotated[bool, "Use a connection again; otherwise each request opens one."] = True
    connect_timeout_seconds: Annotated[
        float, Limits(above=0, maximum=600), "For opening a connection."
    ] = 10.0
    timeout_seconds: Annotated[
        float, Limits(above=0, maximum=600), "From the send to the last byte of the answer."
    ] = 30.0

    def __post_init__(self) -> None:
        require_limits(self)


def _customer_data_only() -> Mapping[str, float]:
    return {CUSTOMER_DATA: 1.0}


@dataclass(frozen=True, slots=True)
class Profile:
    """One load: a block of it is what one side gets before it is the other side's turn.

    Raises FieldError, naming the field, where a value makes no sense.
    """

    name: Annotated[
        str,
        Pattern(r"^[A-Za-z0-9_.+-]{1,40}$", "1 to 40 letters, digits and . _ + -"),
        "What reports call it; the file's own name where it is left out.",
    ]
    description: Annotated[
        str,
        Pattern(r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "one line of 1 to 200 characters"),
        "One line for `./compare.py profiles`.",
    ]
    block_seconds: Annotated[
        float,
        Limits(minimum=1, maximum=86_400),
        "No request starts after this time; those in flight are waited for.",
    ]
    warm_up_seconds: Annotated[
        Seconds, "Requests that start earlier are reported apart; they are not in any latency."
    ]
    blocks: Annotated[int, Limits(minimum=1), "Blocks per side."]
    keys: Annotated[Keys, "Which customers are asked for."]
    closed: Annotated[ClosedModel | None, "Users who wait for answers. Either this or open."] = None
    open: Annotated[OpenModel | None, "Requests at a given rate. Either this or closed."] = None
    routes: Annotated[
        Mapping[str, float], Limits(above=0), "How often each route is asked for, as weights."
    ] = field(default_factory=_customer_data_only)
    paths: Annotated[
        Mapping[str, float],
        Limits(above=0),
        PATH,
        "Instead of routes, of servers named with --urls: any paths, as weights; {id} is a key.",
    ] = field(default_factory=dict)
    connections: Annotated[Connections, "How requests are sent."] = Connections()
    faults: Annotated[
        tuple[Fault, ...], "What goes wrong in every block, each at its moment, on every side."
    ] = ()

    def __post_init__(self) -> None:
        require_limits(self)
        for name, value, must_be, valid in self._rules():
            require(name, value, must_be, valid=valid)

    def _rules(self) -> Iterator[tuple[str, object, str, bool]]:
        length, warm_up = self.block_seconds, self.warm_up_seconds
        yield "warm_up_seconds", warm_up, f"below block_seconds ({length:g})", warm_up < length
        both = [name for name in ("closed", "open") if getattr(self, name) is not None]
        yield "closed", both, "given, or open, and not both", len(both) == 1
        known = f"one or more of {', '.join(ROUTES)}"
        yield (
            "routes",
            list(self.routes),
            known,
            bool(self.routes) and set(self.routes) <= {*ROUTES},
        )
        for weight in self.routes.values():
            yield "routes", weight, "above 0", 0 < weight < math.inf
        routed = bool(self.paths) and self.routes != _customer_data_only()
        yield "paths", list(self.paths), "left out where routes are given", not routed
        for path, weight in self.paths.items():
            yield f"paths.{path}", path, PATH.words, re.fullmatch(PATH.regex, path) is not None
            yield f"paths.{path}", weight, "above 0", 0 < weight < math.inf
        yield from fault_rules(self.faults, warm_up, length)

    @property
    def asked(self) -> Mapping[str, float]:
        """What is asked for, as weights: the paths, or else the product's routes."""
        return self.paths or self.routes

    @property
    def users(self) -> int:
        """Users at full load; 0 in an open model, which has none."""
        return self.closed.users if self.closed else 0

    @property
    def rate(self) -> float:
        """Requests per second at full load that an open model sends; 0 in a closed one."""
        return self.open.rate if self.open else 0.0

    @property
    def longest_request_seconds(self) -> float:
        """After which a request has been answered or has failed."""
        return self.connections.connect_timeout_seconds + self.connections.timeout_seconds

    @property
    def last_end_seconds(self) -> float:
        """When the last request of a block has ended, at the latest.

        One that waited for a connection of an open model may be sent a whole timeout late.
        """
        return self.block_seconds + 2 * self.longest_request_seconds

    @property
    def first_id(self) -> int:
        return self.keys.first_id

    @property
    def last_id(self) -> int:
        return self.keys.last_id

    @property
    def preload_share(self) -> float:
        return self.keys.preload_share
