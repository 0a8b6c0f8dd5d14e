import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import ComparisonError
from comparison.records import BlockRecord, LoadRecord, RunRecord, from_json, to_json
from tests.comparison.builders import ec2_block, load, run, serverless_block


@pytest.mark.parametrize("record", [run(), ec2_block(1), serverless_block(2), load([1000])])
def test_a_record_survives_its_file(record: RunRecord | BlockRecord | LoadRecord) -> None:
    text = json.dumps(to_json(record))

    assert from_json(type(record), json.loads(text), "file") == record


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
def test_a_number_that_nothing_can_measure_is_refused(number: str) -> None:
    values = to_json(ec2_block(1)) | {"wall_seconds": json.loads(number)}

    with pytest.raises(ComparisonError, match=r"blocks/01-ec2\.json: wall_seconds"):
        from_json(BlockRecord, values, "blocks/01-ec2.json")


OPTIONAL = {"faults", "urls", "keep_alive", "preload_share", "answers_compared", "slo"}
"""Fields that runs of earlier versions did not write."""


@given(st.sampled_from(sorted(to_json(run()).keys() - OPTIONAL)))
def test_a_missing_field_is_named(field: str) -> None:
    values = to_json(run())
    del values[field]

    with pytest.raises(ComparisonError, match=rf"^run\.json: .*{field}"):
        from_json(RunRecord, values, "run.json")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format": 1}, "format 1; this version reads format 2"),
        ({"colour": "red"}, "unknown field 'colour'"),
        ({"index": "1"}, "index: '1' is not a valid value"),
        ({"index": True}, "index: True is not a valid value"),
        ({"cpu_seconds": {"app": "much"}}, "cpu_seconds: 'much' is not a valid value"),
        ({"load": []}, "load: not a JSON object"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(ComparisonError, match=f"block: {complaint}"):
        from_json(BlockRecord, to_json(ec2_block(1)) | changes, "block")


@given(st.sampled_from(sorted(OPTIONAL)))
def test_a_run_from_before_a_field_was_there_is_read_with_its_default(field: str) -> None:
    values = to_json(run())
    del values[field]

    assert from_json(RunRecord, values, "run.json") == run()
