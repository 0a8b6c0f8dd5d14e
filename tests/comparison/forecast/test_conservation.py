"""What must hold in any scenario: nothing is lost, nothing is counted twice, no limit is passed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.forecast.load import Load
from comparison.forecast.outcome import Outcome
from comparison.forecast.scenario import (
    Accept,
    Cache,
    Client,
    CpuTime,
    Credits,
    Database,
    RequestKind,
    Scenario,
    constant_time,
)
from comparison.forecast.simulation import simulate
from tests.comparison.forecast.builders import ec2, function

LEVELS = st.lists(st.integers(0, 120).map(float), min_size=1, max_size=6).map(tuple)
LOADS = st.builds(
    Load,
    model=st.sampled_from(["open", "closed"]),
    levels=LEVELS,
    step_seconds=st.sampled_from([0.5, 1.0]),
    think_min_seconds=st.just(0.1),
    think_max_seconds=st.sampled_from([0.1, 2.0]),
    warm_up_seconds=st.sampled_from([0.0, 1.0]),
)
KINDS = st.builds(
    RequestKind,
    name=st.just("any"),
    share=st.sampled_from([1.0, 3.0]),
    service=st.sampled_from([0.0, 5.0, 80.0]).map(constant_time),
    cpu=st.builds(
        CpuTime,
        app_ms=st.sampled_from([0.0, 1.0, 20.0]),
        database_ms=st.sampled_from([0.0, 10.0]),
        cache_ms=st.sampled_from([0.0, 1.0]),
    ),
    connects_to_database=st.booleans(),
)
COMMON = {
    "load": LOADS,
    "requests": st.lists(KINDS, min_size=1, max_size=3).map(tuple),
    "client": st.builds(
        Client, timeout_seconds=st.sampled_from([0.05, 3.0]), retries=st.integers(0, 2)
    ),
    "database": st.none()
    | st.builds(
        Database, st.sampled_from([1.0, 1.5]), st.integers(1, 5), st.booleans(), st.just(1.0)
    ),
    "cache": st.none() | st.just(Cache()),
}
INSTANCES = st.fixed_dictionaries(
    {
        **COMMON,
        "instances": st.integers(1, 3),
        "workers": st.integers(1, 4),
        "vcpus": st.sampled_from([1.0, 2.0]),
        "one_queue": st.booleans(),
        "accept": st.builds(
            Accept, st.none() | st.integers(1, 3), st.just(5.0), st.integers(0, 3), st.just(0.2)
        ),
        "credits": st.none()
        | st.builds(Credits, st.just(0.1), st.just(0.01), st.just(1.0), st.booleans()),
    }
)
FUNCTIONS = st.fixed_dictionaries(
    {
        **COMMON,
        "reserved_concurrency": st.none() | st.integers(0, 30),
        "provisioned": st.integers(0, 5),
        "scaling_environments": st.sampled_from([5, 1000]),
        "idle_expiry_seconds": st.sampled_from([0.1, 600.0]),
        "host_vcpus": st.none() | st.just(2.0),
    }
)


def everything_is_accounted_for(scenario: Scenario, seed: int) -> Outcome:
    outcome = simulate(scenario, seed)

    failed_attempts = sum(outcome.attempt_errors.values())
    assert outcome.requests == outcome.answered + sum(outcome.errors.values())
    assert outcome.attempts == outcome.answered + failed_attempts
    assert outcome.latencies.samples == outcome.answered
    assert outcome.timeline.sent.sum() >= outcome.attempts
    assert outcome.timeline.failed.sum() >= failed_attempts
    longest = scenario.client.timeout_seconds * (scenario.client.retries + 1) + 1
    assert all(outcome.latencies.values_us <= longest * 1e6)
    return outcome


@settings(max_examples=60)
@given(INSTANCES, st.integers(0, 5))
def test_nothing_is_lost_on_instances(parts: dict[str, object], seed: int) -> None:
    load, kinds = parts.pop("load"), parts.pop("requests")
    scenario = ec2(load, *kinds, **parts)  # type: ignore[arg-type,misc] # built above

    outcome = everything_is_accounted_for(scenario, seed)

    assert 0 <= outcome.utilisation["instances"] <= 1 + 1e-9
    assert outcome.peak_units == scenario.instances


@settings(max_examples=60)
@given(FUNCTIONS, st.integers(0, 5))
def test_nothing_is_lost_by_a_function(parts: dict[str, object], seed: int) -> None:
    load, kinds = parts.pop("load"), parts.pop("requests")
    scenario = function(load, *kinds, **parts)  # type: ignore[arg-type,misc] # built above

    outcome = everything_is_accounted_for(scenario, seed)

    most = max(scenario.concurrency, scenario.provisioned)
    assert all(outcome.timeline.busy <= most + 1e-9)
    assert outcome.peak_units <= scenario.concurrency + scenario.provisioned
