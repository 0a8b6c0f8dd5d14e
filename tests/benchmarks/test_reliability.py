from typing import Any

import pytest

from benchmarks.reliability import FULL, SHORT, WARM, broken, lost_hits
from commands.load_options import chosen_profile

BORNE = {
    "what": "cache-down",
    "side": "ec2",
    "blocks": 3,
    "not_applicable": None,
    "failed": 0,
    "failed_after": 0,
    "not_recovered": 0,
    "recovered_seconds_max": 1.2,
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"failed": 2, "failed_after": 1}, "cache-down on ec2: 3 requests failed"),
        ({"not_recovered": 1}, "it did not recover by itself"),
        ({"recovered_seconds_max": 3.5}, "it took 3.5 s to recover"),
        ({"blocks": 0}, "it was not injected"),
    ],
)
def test_what_must_not_be_is_said(changes: dict[str, Any], words: str) -> None:
    (sentence,) = broken([{**BORNE, **changes}])

    assert words in sentence


def test_what_is_borne_or_cannot_be_had_is_not_broken() -> None:
    unfit = {**BORNE, "blocks": 0, "not_applicable": "ec2 has no RDS Proxy"}

    assert list(broken([BORNE, unfit, {**BORNE, "what": "db-down", "failed": 40}])) == []


def test_no_hit_may_depend_on_the_database() -> None:
    (sentence,) = lost_hits([{**BORNE, "what": "db-down", "failed": 1}])

    assert sentence == "db-down on ec2: 1 requests failed that the cache could answer"


@pytest.mark.parametrize("arguments", [SHORT, FULL, WARM])
def test_its_faults_fit_into_their_blocks(arguments: tuple[str, ...]) -> None:
    pairs = list(zip(arguments[::2], arguments[1::2], strict=True))
    values = dict(pairs)
    rate, duration = values.get("--rate"), values.get("--duration")

    profile = chosen_profile(
        values["--profile"],
        rate=float(rate) if rate else None,
        duration=float(duration) if duration else None,
        faults=[value for flag, value in pairs if flag == "--fault"],
    )

    assert len(profile.faults) >= 3
