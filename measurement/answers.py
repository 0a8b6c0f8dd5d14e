"""Do all sides answer the same? Asked before any load: an unequal comparison compares nothing.

Each probe goes to every side over HTTP; status, content type, cache headers and body must be
equal, byte for byte (X-Cache depends on what was asked before). Where API Gateway itself answers
(a route or method it does not know), its documented answer is expected from the serverless side
instead; such probes are listed as what they are. The whole contract is tests/contract/corpus.json.
"""

import http.client
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from measurement.base_url import connect
from measurement.errors import MeasurementError

TIMEOUT_SECONDS: Final = 30.0
HEALTH: Final = "/health"
_CACHE_IN_HEALTH: Final = re.compile(rb',"cache":"ok"')


@dataclass(frozen=True, slots=True)
class Probe:
    method: str
    path: str
    status: int
    """What the service must answer: two sides that are broken alike are not equal but broken."""
    gateway_answers: bool = False
    """API Gateway refuses this before the function is called."""
    if_none_match: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes
    cache_control: str = ""
    etag: str = ""


# API Gateway answers an unknown route or method itself, whatever the function would say:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
GATEWAY_REFUSAL: Final = Answer(
    403, "application/json", b'{"message":"Missing Authentication Token"}'
)

_STATUS_OF_ID: Final[Mapping[str, int]] = {
    **dict.fromkeys(("1", "2", "2500", "4499", "5000", "007", "%31", "1/", "1?id=2"), 200),
    **dict.fromkeys(("5001", "4294967295", "1%2F2"), 404),
    **dict.fromkeys(("0", "-1", "1.0", "4294967296", f"1{'0' * 30}"), 400),
    **dict.fromkeys(("abc", "%20", "%C3%BC", "%FF"), 400),
}

PROBES: Final[Sequence[Probe]] = (
    Probe("GET", "/", 200),
    Probe("GET", HEALTH, 200),
    Probe("GET", "/openapi.json", 200),
    *(
        Probe("GET", f"/{route}/{customer_id}", status)
        for route in ("customer", "customerdata")
        for customer_id, status in _STATUS_OF_ID.items()
    ),
    Probe("HEAD", "/customer/1", 200),
    Probe("HEAD", "/customerdata/5001", 404),
    Probe("GET", "/customerdata/1", 304, if_none_match="*"),
    Probe("GET", "/customerdata/1", 200, if_none_match='"another"'),
    Probe("GET", "/unknown", 404, gateway_answers=True),
    Probe("GET", "/customer", 404, gateway_answers=True),
    Probe("GET", "/customer/1/2", 404, gateway_answers=True),
    Probe("POST", "/customer/1", 405, gateway_answers=True),
    Probe("DELETE", "/customerdata/1", 405, gateway_answers=True),
    Probe("OPTIONS", "/customerdata/1", 405, gateway_answers=True),
)


@dataclass(frozen=True, slots=True)
class AnswerCheck:
    checked: int
    different: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One side that is asked."""

    name: str
    url: str
    behind_gateway: bool
    """API Gateway refuses unknown routes and methods itself, before the service is asked."""
    has_cache: bool = True
    """A side without one has nothing to say of its health."""


def check_answers(
    sides: Sequence[Asked],
    probes: Sequence[Probe] = PROBES,
    see: Callable[[Answer], Answer] = lambda answer: answer,
) -> AnswerCheck:
    """Send every probe to all sides; `different` says in words which were answered unequally.

    `see` takes out of an answer what need not be equal.
    """
    different = [words for probe in probes for words in _differences(probe, sides, see)]
    return AnswerCheck(len(probes), tuple(different))


def comparable(answer: Answer, *, bodies: bool) -> Answer:
    """Status and type, perhaps the body: what servers of others can be held to."""
    return Answer(answer.status, answer.content_type, answer.body if bodies else b"")


def _differences(
    probe: Probe, sides: Sequence[Asked], see: Callable[[Answer], Answer]
) -> Iterator[str]:
    """What the service answers, it answers everywhere alike: the first side is the pattern."""
    pattern: Answer | None = None
    cached_everywhere = all(side.has_cache for side in sides)
    for side in sides:
        answer = see(ask(side.url, probe))
        if probe.path == HEALTH and not cached_everywhere:
            answer = replace(answer, body=_CACHE_IN_HEALTH.sub(b"", answer.body))
        if side.behind_gateway and probe.gateway_answers:
            expected = GATEWAY_REFUSAL
        else:
            if pattern is None:
                pattern = answer
                if answer.status != probe.status:
                    yield _unexpected(probe, str(probe.status), side, answer)
            expected = pattern
        if answer != expected:
            yield _unexpected(probe, _words(expected), side, answer)


def _unexpected(probe: Probe, expected: str, side: Asked, answer: Answer) -> str:
    return (
        f"{probe.method} {probe.path}: {expected} was expected of {side.name}, "
        f"it answered {_words(answer)}"
    )


def refuse_unequal(
    check: AnswerCheck, advice: str = "mend the service or the target first"
) -> None:
    """Raise MeasurementError, naming every difference, unless all sides answered alike."""
    if check.different:
        raise MeasurementError(
            f"{len(check.different)} of {check.checked} requests were answered differently, so "
            f"there is nothing to compare; {advice}:\n  " + "\n  ".join(check.different)
        )


def ask(base_url: str, probe: Probe) -> Answer:
    """One request on a connection of its own; raises MeasurementError without an answer."""
    connection = connect(base_url, TIMEOUT_SECONDS)
    try:
        headers = {} if probe.if_none_match is None else {"If-None-Match": probe.if_none_match}
        path = connection.prefix + probe.path
        connection.http.request(probe.method, path, headers=headers)
        response = connection.http.getresponse()
        return Answer(
            response.status,
            response.getheader("Content-Type", "").strip(),
            response.read(),
            response.getheader("Cache-Control", "").strip(),
            response.getheader("ETag", "").strip(),
        )
    except (OSError, http.client.HTTPException) as error:
        raise MeasurementError(
            f"no answer from {base_url} to {probe.method} {probe.path}: {error!r}"
        ) from error
    finally:
        connection.http.close()


def _words(answer: Answer) -> str:
    body = answer.body[:60].decode("utf-8", "replace")
    headers = (("Cache-Control", answer.cache_control), ("ETag", answer.etag))
    sent = "".join(f" {name}: {value}" for name, value in headers if value)
    return f"{answer.status} {answer.content_type}{sent} {body!r}"
