import pytest

from comparison.errors import ComparisonError
from comparison.forecast.levels import levels_of
from tests.comparison import builders
from tests.comparison.forecast.measured import measured


def test_a_run_gives_a_level_for_each_side_in_the_order_of_the_targets() -> None:
    ec2, serverless = levels_of(measured())

    assert (ec2.side, serverless.side) == ("ec2", "serverless")
    assert ec2.requests == 3 * 580
    assert ec2.rate == pytest.approx(3 * 580 / 48)
    assert serverless.init_us[:2] == (208_400, 209_900)


def test_cpu_time_is_per_request_of_the_whole_block() -> None:
    ec2, _ = levels_of(measured())

    assert ec2.cpu_ms["app"] == pytest.approx(1000 * 0.083 / 640)


def test_the_host_is_shared_with_the_generator() -> None:
    ec2, _ = levels_of(measured())

    used = ec2.rate * (0.083 + 0.021 + 0.017 + 2.4) / 640
    assert ec2.host_share == pytest.approx(used / 2)


def test_nothing_is_known_of_the_host_on_aws() -> None:
    ec2, _ = levels_of(measured(versions={"region": "eu-central-1"}))

    assert ec2.on_aws
    assert ec2.host_share is None


def test_servers_known_by_their_url_are_refused() -> None:
    with pytest.raises(ComparisonError, match=r"--urls.*--inputs"):
        levels_of(measured(urls={"ec2": "http://here", "serverless": "http://there"}))


def test_a_side_without_measured_requests_is_named() -> None:
    empty = builders.ec2_block(1, load=builders.load((), measured_requests=0))

    with pytest.raises(ComparisonError, match="run: ec2 has no measured requests"):
        levels_of(measured(blocks=[empty]))
