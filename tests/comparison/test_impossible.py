"""Records that no run has written are refused before anybody computes with them."""

from dataclasses import replace
from typing import Any

import pytest

from comparison.errors import ComparisonError
from comparison.impossible import refuse_impossible_blocks, refuse_impossible_run
from tests.measurement.records import a_block, a_run


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"users": -1}, "run.json: users: -1 cannot be"),
        ({"block_seconds": -0.5}, "run.json: block_seconds: -0.5 cannot be"),
        ({"rate": 1e300}, "run.json: rate: 1e[+]300 cannot be"),
        ({"block_seconds": 5e-324}, "run.json: block_seconds: 5e-324 cannot be"),
        ({"seed": 10**300}, "run.json: seed: 10* cannot be"),
        ({"targets": ()}, r"run.json: targets: \(\) are not different sides"),
        ({"targets": ("ec2", "ec2")}, "are not different sides"),
        ({"order": ("ec2", "moon")}, "order: 'moon' is none of the targets"),
        ({"order": ("ec2",) * 100_001}, "order: 100,001 blocks are too many"),
    ],
)
def test_what_is_wrong_with_a_run_is_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ComparisonError, match=says):
        refuse_impossible_run(replace(a_run(), **changes), "run.json")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"side": "moon"}, "block 01-moon: side: 'moon' is none of the run's targets"),
        ({"cpu_seconds": {"app": -1.0}}, "block 01-ec2: cpu_seconds.app: -1.0 cannot be"),
        ({"wall_seconds": -2.0}, "wall_seconds: -2.0 cannot be"),
        ({"load": replace(a_block(1, "ec2").load, requests=-3)}, "load.requests: -3 cannot be"),
    ],
)
def test_what_is_wrong_with_a_block_is_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ComparisonError, match=says):
        refuse_impossible_blocks(a_run(), [replace(a_block(1, "ec2"), **changes)])


@pytest.mark.parametrize(
    "billed_ms", ["", "-1", "1.5", "x", "\N{ARABIC-INDIC DIGIT ONE}", "1" * 10]
)
def test_a_billed_duration_is_a_number_of_milliseconds(billed_ms: str) -> None:
    block = a_block(2, "serverless")
    assert block.serverless is not None
    billed = replace(block.serverless, billed_ms_counts={billed_ms: 1})

    with pytest.raises(ComparisonError, match=r"block 02-serverless: .* is no duration in ms"):
        refuse_impossible_blocks(a_run(), [replace(block, serverless=billed)])


def test_a_pair_has_one_block_of_each_side() -> None:
    with pytest.raises(ComparisonError, match="pair: 1 has two blocks of this side"):
        refuse_impossible_blocks(a_run(), [a_block(1, "ec2"), a_block(2, "ec2")])


def test_what_a_run_writes_is_possible() -> None:
    refuse_impossible_run(a_run(), "run.json")
    refuse_impossible_blocks(a_run(), [a_block(1, "ec2"), a_block(2, "serverless")])


def test_the_last_bit_of_a_difference_is_possible() -> None:
    block = replace(a_block(1, "ec2"), cpu_seconds={"environments": 4.440892098500626e-16})

    refuse_impossible_blocks(a_run(), [block])
