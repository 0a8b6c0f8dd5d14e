import json
from importlib import resources
from typing import Any

import jsonschema_rs
import pytest

from comparison.architectures import Setup
from comparison.forecast.typed_inputs import TypedInputError, schema, typed_inputs
from comparison.latency import percentile_ms

EC2 = {"p50_ms": 0.8, "p95_ms": 1.6, "cpu_ms": 0.4}
FUNCTION = {**EC2, "memory_mb": 512, "billed_ms": 3, "init_ms": 180}
MISS = {"share": 0.1, "p50_ms": 2.5, "p95_ms": 5, "cpu_ms": 0.9, "database_cpu_ms": 0.5}


def test_service_times_have_the_percentiles_that_were_typed() -> None:
    (side,) = typed_inputs({"ec2": EC2}, Setup()).sides

    (hits,) = side.calibration.kinds
    assert percentile_ms(hits.service, "50") == pytest.approx(0.8, rel=0.01)
    assert percentile_ms(hits.service, "95") == pytest.approx(1.6, rel=0.01)
    assert side.calibration.init is None
    assert side.demand.rate_per_instance == pytest.approx(2 * 0.7 / 0.0004)


def test_misses_have_their_share_and_their_queries() -> None:
    (side,) = typed_inputs({"ec2": {**EC2, "miss": MISS}}, Setup()).sides

    hits, misses = side.calibration.kinds
    assert (hits.share, misses.share) == (0.9, 0.1)
    assert misses.connects_to_database
    assert hits.service.samples == pytest.approx(9 * misses.service.samples)
    assert side.calibration.hit_share == pytest.approx(0.9)


def test_a_function_has_its_memory_its_bill_and_its_init() -> None:
    typed = typed_inputs({"think_seconds": [5, 9], "serverless": FUNCTION}, Setup())

    (side,) = typed.sides
    assert typed.think_seconds == (5.0, 9.0)
    assert side.demand.function is not None
    assert side.demand.function.mean_billed_ms == 3
    assert side.calibration.memory_mb == 512
    assert side.calibration.init is not None


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({}, "ec2", "no side"),
        ({"fargate": EC2}, "fargate", "is not known; there are think_seconds, three-tier"),
        ({"ec2": 3}, "ec2", "must be a table, not 3"),
        ({"ec2": {"p50_ms": 1}}, "ec2.p95_ms", "is missing"),
        ({"ec2": {**EC2, "p50": 1}}, "ec2.p50", "is not known; there are: p50_ms"),
        ({"ec2": {**EC2, "cpu_ms": "x"}}, "ec2.cpu_ms", "must be a number, not 'x'"),
        ({"ec2": {**EC2, "cpu_ms": 0}}, "ec2.cpu_ms", "must be above 0, not 0"),
        ({"ec2": {**EC2, "cpu_ms": float("nan")}}, "ec2.cpu_ms", "must be a number"),
        ({"ec2": {**EC2, "cpu_ms": 9}}, "ec2.cpu_ms", "at most p95_ms"),
        ({"ec2": {**EC2, "p95_ms": 0.5}}, "ec2.p95_ms", "at least p50_ms"),
        ({"ec2": {**EC2, "memory_mb": 512}}, "ec2.memory_mb", "is not known"),
        ({"ec2": {**EC2, "miss": {**MISS, "share": 2}}}, "ec2.miss.share", "at most 1"),
        ({"serverless": EC2}, "serverless.memory_mb", "is missing: Of the function."),
        (
            {"serverless": {**FUNCTION, "architecture": "mips"}},
            "serverless.architecture",
            "must be one of x86_64, arm64",
        ),
        ({"think_seconds": 5, "ec2": EC2}, "think_seconds", "must be [shortest, longest]"),
        ({"think_seconds": [9, 5], "ec2": EC2}, "think_seconds", "must be [shortest, longest]"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(TypedInputError) as caught:
        typed_inputs(values, Setup())

    assert caught.value.field == field
    assert says in caught.value.message


def test_the_schema_is_written_down_and_says_the_same() -> None:
    file = resources.files("comparison.forecast").joinpath("inputs.schema.json")
    written = json.loads(file.read_text(encoding="utf-8"))

    assert written == schema()
    assert jsonschema_rs.is_valid(written, {"ec2": {**EC2, "miss": MISS}, "serverless": FUNCTION})
    assert not jsonschema_rs.is_valid(written, {"ec2": {**EC2, "cpu_ms": 0}})
    assert not jsonschema_rs.is_valid(written, {"ec2": FUNCTION})
