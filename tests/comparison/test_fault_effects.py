"""What faults did, from blocks whose every second is made up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from comparison.fault_effects import FaultEffect, fault_effects
from comparison.latency_log import INTENDED, MEASURED, SENT, LatencyLog, parse
from comparison.records import BlockRecord, FaultRecord, InjectedFault, RunRecord
from comparison.summary import Method
from loadtests.histogram_log import Tag, header
from tests.comparison import builders
from tests.loadtests.log_lines import line

FAULT = FaultRecord("cache-down", at_seconds=8, seconds=4, delay_ms=0, loss_percent=0)
RUN = builders.run(("ec2", "serverless"), block_seconds=20.0, warm_up_seconds=2.0, faults=(FAULT,))
PER_SECOND = 50
Kind = tuple[str, str, float]
"""Status class, X-Cache, and ms of one request."""
HIT: Kind = ("2xx", "hit", 1.0)
BYPASS: Kind = ("2xx", "bypass", 3.0)
FAILED: Kind = ("5xx", "none", 2.0)
SLOW: Kind = ("2xx", "hit", 60.0)


def log(special: Mapping[int, Sequence[Kind]], until: int = 20) -> LatencyLog:
    """Hits in every second, and in some seconds these requests among them."""
    lines = []
    for second in range(until):
        kinds = [*special.get(second, ()), HIT]
        for status, state, ms in kinds:
            for start in (SENT, INTENDED):
                tag = Tag(MEASURED, "/", status, state, "warm", start)
                count = PER_SECOND if (status, state, ms) == HIT else 10
                lines.append(line(tag, second, {round(ms * 1000): count}))
    return parse(header(0.0) + "".join(lines), "log")


def block(
    special: Mapping[int, Sequence[Kind]],
    began: float | None = 8.0,
    ended: float | None = 12.0,
    **changes: object,
) -> BlockRecord:
    load = builders.load((1000,), latencies=log(special))
    reason = None if began is not None else "ec2 has no RDS Proxy"
    injected = InjectedFault("cache-down", began, ended, reason)
    return builders.ec2_block(1, load=load, faults=(injected,), **changes)


def effect(*blocks: BlockRecord, run: RunRecord = RUN) -> FaultEffect:
    found = fault_effects(run, blocks, Method())
    assert found[0].side == "ec2"
    return found[0]


def test_a_run_without_faults_has_no_effects() -> None:
    assert fault_effects(replace(RUN, faults=()), [block({})], Method()) == ()


def test_what_nobody_noticed_cost_nothing() -> None:
    found = effect(block({}))

    assert (found.requests, found.failed, found.failed_after) == (5 * PER_SECOND, 0, 0)
    assert found.noticed_seconds is None
    assert found.recovered_seconds_max == 0


def test_failures_count_while_the_fault_lasts_and_apart_after_it() -> None:
    found = effect(block({3: [FAILED], 9: [FAILED], 12: [FAILED], 13: [FAILED], 17: [FAILED]}))

    assert found.failed == 20  # seconds 9 and 12, in which it ended
    assert found.failed_after == 20


def test_it_is_noticed_by_the_end_of_the_first_disturbed_second() -> None:
    found = effect(block({10: [BYPASS], 11: [BYPASS]}, began=8.25))

    assert found.noticed_seconds is not None
    assert found.noticed_seconds.value == pytest.approx(2.75)


@pytest.mark.parametrize("kind", [FAILED, BYPASS, SLOW])
def test_it_is_over_with_the_first_of_two_undisturbed_seconds(kind: Kind) -> None:
    found = effect(block({12: [kind], 13: [kind], 15: [kind]}, ended=12.5))

    assert found.recovered_seconds_max == 3.5  # second 14 alone may be luck


def test_a_second_without_any_answer_is_disturbed() -> None:
    silent = builders.load((1000,), latencies=log({}, until=14))

    assert effect(replace(block({}, ended=12.0), load=silent)).not_recovered == 0
    assert effect(replace(block({}, ended=13.0), load=silent)).not_recovered == 1


def test_who_is_disturbed_to_the_end_has_not_recovered() -> None:
    found = effect(block({second: [FAILED] for second in range(8, 20)}), block({}))

    assert (found.blocks, found.not_recovered) == (2, 1)
    assert found.recovered_seconds is None


def test_three_blocks_give_an_interval() -> None:
    found = effect(
        *(block({second: [FAILED] for second in range(8, 12 + last)}) for last in (0, 1, 2))
    )

    assert found.recovered_seconds is not None
    assert found.recovered_seconds.value == 1
    assert found.recovered_seconds.interval is not None
    assert found.recovered_seconds.interval.low == 0  # no time is negative


def test_p99_is_of_successful_answers_before_during_and_after() -> None:
    during = {second: [SLOW, FAILED] for second in range(8, 13)}
    found = effect(block(during))

    values = [found.p99_before_ms, found.p99_during_ms, found.p99_after_ms]
    assert [one and round(one.value) for one in values] == [1, 60, 1]


def test_what_cannot_be_injected_says_why() -> None:
    found = effect(block({}, began=None, ended=None))

    assert found.not_applicable == "ec2 has no RDS Proxy"
    assert (found.blocks, found.requests, found.not_recovered) == (0, 0, 0)


def test_each_fault_ends_where_the_next_begins() -> None:
    second = FaultRecord("db-down", at_seconds=15, seconds=2, delay_ms=0, loss_percent=0)
    run = replace(RUN, faults=(FAULT, second))
    both = replace(
        block({13: [FAILED], 16: [FAILED], 18: [FAILED]}),
        faults=(
            InjectedFault("cache-down", 8.0, 12.0, None),
            InjectedFault("db-down", 15.0, 17.0, None),
        ),
    )

    cache, database = fault_effects(run, [both], Method())

    assert (cache.failed, cache.failed_after) == (0, 10)
    assert (database.failed, database.failed_after) == (10, 10)
