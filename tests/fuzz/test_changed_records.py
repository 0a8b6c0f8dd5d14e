"""Results with one field changed to what no run writes: refused in words, or computed; no crash."""

import copy
import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.errors import ComparisonError
from comparison.impossible import refuse_impossible_blocks, refuse_impossible_run
from comparison.latency_log import parse
from comparison.prices import load_price_book
from comparison.records import BlockRecord, RunRecord, from_json, to_json
from comparison.reports import json_report, text_report
from comparison.verdict import compare
from tests.measurement.records import a_block, a_log, a_run

BOOK = load_price_book("eu-central-1")
LATENCIES = parse(a_log(), "log")
DOCUMENTS: list[dict[str, Any]] = json.loads(
    json.dumps([to_json(one) for one in (a_run(), a_block(1, "ec2"), a_block(2, "serverless"))])
)
Place = tuple[int, tuple[str, ...]]


def places(value: object, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [path]
    return [path, *(one for key, inner in value.items() for one in places(inner, (*path, key)))]


PLACES: list[Place] = [
    (number, path)
    for number, document in enumerate(DOCUMENTS)
    for path in places(document, ())
    if path
]
STRANGE = st.one_of(
    st.sampled_from([0, 1, -1, 10**9, 10**18, 10**300, 0.0, -1.0, 1e300, 5e-324, True, None]),
    st.sampled_from(["", "x", "\0", "1e999", "\ud800", "ec2", "<script>", "a" * 1000]),
    st.sampled_from([[], ["x"], ["ec2"], ["ec2", "ec2"], {}, {"x": 1}, {"-1": 1}, {"1.5": 2}]),
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PLACES), STRANGE)
def test_results_with_a_strange_value_are_refused_or_reported(place: Place, value: object) -> None:
    documents = copy.deepcopy(DOCUMENTS)
    number, (*way, last) = place
    inner = documents[number]
    for key in way:
        inner = inner[key]
    inner[last] = value

    try:
        run = from_json(RunRecord, documents[0], "run.json")
        blocks = [from_json(BlockRecord, one, "block") for one in documents[1:]]
        refuse_impossible_run(run, "run.json")
        refuse_impossible_blocks(run, blocks)
        full = [replace(one, load=replace(one.load, latencies=LATENCIES)) for one in blocks]
        comparison = compare(run, full, BOOK)
    except ComparisonError:
        return
    assert json.loads(json_report.render(comparison))
    assert text_report.render(comparison)
