"""`run --on aws`: a deployment whose outputs point to both sides on this machine.

The account is moto's: stacks with the outputs of the real ones, a function, a log group. What
answers at the endpoints is the local EC2 side and the emulator, whose REPORT lines are written to
moto's CloudWatch Logs while somebody waits for them. CloudWatch has no metrics here. The load is a
few requests instead of Locust, which tests/integration/ runs.
"""

import io
import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

import compare
from commands.aws_house import (
    AwsHouse,
    aws_order,
    refuse_other_architecture,
    refuse_unreachable,
    start_aws_house,
)
from commands.aws_house import Place as AwsPlace
from commands.conducting import conduct
from commands.run import run_record
from commands.run_order import RunOrder
from commands.showing import compare_folder
from commands.starting import check_sides, package_to_run_here
from comparison.prices import load_price_book
from comparison.records import BlockRecord, RunRecord
from comparison.reports import text_report
from emulation.private_servers import DataServers
from emulation.supervision import Supervisor
from infrastructure.account import Account
from infrastructure.endpoints import Endpoints
from infrastructure.errors import InfrastructureError
from infrastructure.plan import stack_tags
from infrastructure.stacks import StackOrder, Stacks
from loadtests.profiles import Profile, customised, find_profile, shortened
from measurement.cache_state import preload
from measurement.errors import ArgumentError
from measurement.experiment import PlannedBlock, RunningTarget
from measurement.progress_display import ProgressDisplay
from measurement.results import ResultsFolder, create_results, read_results
from measurement.targets import LOG_DELAY_SECONDS, Ec2Target, EmulatedServerlessTarget, Place
from tests.infrastructure.moto_account import REGION
from tests.measurement.records import a_block, leave_log

NAME, STAGE, FUNCTION = "here", "test", "customer-data-test"
LOG_GROUP = f"/aws/lambda/{FUNCTION}"
CUSTOMERS = 2
# What moto's Lambda asks of a function's role.
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def a_profile() -> Profile:
    quick = shortened(customised(find_profile("quick"), users=2, blocks=1), 1.0)
    return replace(quick, keys=replace(quick.keys, first_id=1, last_id=CUSTOMERS))


def an_order(targets: tuple[str, ...] = ("ec2", "serverless"), cache: str = "profile") -> RunOrder:
    return RunOrder(a_profile(), 1, targets, cache, until_ci_percent=None, max_seconds=60.0)


ORDER = aws_order(an_order())


class CopiedLog:
    """Hands the emulator's log on to CloudWatch Logs whenever somebody waits."""

    def __init__(self, account: Account, log: Path) -> None:
        self._logs = account.client("logs")
        self._logs.create_log_group(logGroupName=LOG_GROUP)
        self._logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="one")
        self._log = log
        self._copied = 0

    def sleep(self, _: float) -> None:
        time.sleep(LOG_DELAY_SECONDS)
        lines = self._log.read_text().splitlines()
        now = int(datetime.now(UTC).timestamp() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines[self._copied :] if line]
        if events:
            self._logs.put_log_events(logGroupName=LOG_GROUP, logStreamName="one", logEvents=events)
        self._copied = len(lines)


def make_stack(account: Account, kind: str, values: Mapping[str, str]) -> None:
    """A stack with these outputs, and parameters of the same values where up gives them."""
    parameters = {name: values[name] for name in ("Architecture", "InstanceType") if name in values}
    template = {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in values.items()},
    }
    order = StackOrder(f"{NAME}-{kind}", json.dumps(template), parameters, stack_tags(NAME))
    Stacks(account.client("cloudformation"), lambda _: None).deploy(order)


def make_deployment(account: Account, checkout: Path, ec2_url: str, serverless_url: str) -> None:
    make_stack(
        account, "data", {"DatabaseIdentifier": "db", "ProxyName": "proxy", "CacheName": "cache"}
    )
    make_stack(
        account,
        "ec2",
        {
            "InstanceUrl": ec2_url,
            "InstanceId": "i-0",
            "Architecture": "cached",
            "InstanceType": "t3.micro",
        },
    )
    make_stack(account, "serverless", {"FunctionLogGroupName": LOG_GROUP})
    role = account.client("iam").create_role(
        RoleName=FUNCTION, AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "")
    account.client("lambda").create_function(
        FunctionName=FUNCTION,
        Runtime="python3.13",
        Role=role,
        Handler="app.app",
        MemorySize=768,
        Code={"ZipFile": packed.getvalue()},
    )
    record = checkout / f"chalice_app/.chalice/deployed/{STAGE}.json"
    record.parent.mkdir(parents=True)
    record.write_text(
        json.dumps({"resources": [{"name": "rest_api", "rest_api_url": f"{serverless_url}/"}]})
    )


class FewRequests:
    """What Experiment does around a block's load, with a load of three requests."""

    def __init__(self, targets: Mapping[str, RunningTarget], results: ResultsFolder) -> None:
        self._targets = targets
        self._results = results

    def run(self, blocks: list[PlannedBlock], _: object) -> Iterator[BlockRecord]:
        for block in blocks:
            running = self._targets[block.side]
            running.cache.restore()
            running.target.usage()
            preload(running.url, [1, 2, 1])
            usage = running.target.usage()
            record = replace(
                a_block(block.index, block.side),
                cpu_seconds={**usage.cpu_seconds, "generator": 0.1},
                usage=usage.held,
                serverless=usage.serverless,
            )
            leave_log(self._results.logs, record)
            yield record


@dataclass(frozen=True)
class Run:
    house: AwsHouse
    checked: int
    record: RunRecord
    blocks: list[BlockRecord]
    folder: Path


@pytest.fixture(scope="module")
def run(
    account: Account, data_servers: DataServers, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """What run.py does with --on aws, with a clock that nobody has to wait for."""
    folder = tmp_path_factory.mktemp("run")
    results = create_results(folder / "results", datetime.now(UTC))
    display = ProgressDisplay(Console(stderr=True), quiet=True)
    with Supervisor() as supervisor:
        place = Place(supervisor, data_servers, results.logs)
        ec2 = Ec2Target(place)
        serverless = EmulatedServerlessTarget(place, package_to_run_here())
        make_deployment(account, folder, ec2.start(), serverless.start())
        log = CopiedLog(account, results.logs / "serverless.lambda.log")

        house = start_aws_house(
            ORDER, account, AwsPlace("aws", NAME, STAGE), display, folder, log.sleep
        )
        answers = check_sides(house, ORDER)
        record = run_record(ORDER, answers, None, house.facts)
        results.write_profile(ORDER.profile)
        load = FewRequests(house.targets, results)
        conduct(load, record, results, ORDER.enough(display.step), lambda _: None)
        house.finish(results)
    record, blocks = read_results(results.path)
    return Run(house, answers.checked, record, blocks, results.path)


def test_the_sides_are_found_by_the_stacks_outputs_and_chalices_record(run: Run) -> None:
    endpoints = run.house.endpoints

    assert endpoints.ec2_url.startswith("http://127.0.0.1:")
    assert endpoints.serverless_url.startswith("http://127.0.0.1:")
    assert endpoints.memory_mb == 768
    assert run.checked > 40


def test_the_record_says_that_nothing_was_emulated_and_how_the_cache_was(run: Run) -> None:
    assert run.record.emulated == ()
    assert run.record.cache == "warm"
    assert run.record.lambda_memory_mb == 768
    assert run.record.versions["ec2"] == "cached on t3.micro"
    assert not run.record.interrupted


def test_each_block_has_latencies_and_the_serverless_one_what_was_billed(run: Run) -> None:
    blocks = {block.side: block for block in run.blocks}

    assert blocks["ec2"].serverless is None
    billed = blocks["serverless"].serverless
    assert billed is not None
    # The cache was filled and the answers were checked before: of that nothing is counted.
    assert billed.invocations == 3
    assert set(blocks["serverless"].cpu_seconds) == {"generator"}


def test_cloudwatchs_metrics_of_each_block_stand_beside_its_record(run: Run) -> None:
    found = sorted(path.name for path in (run.folder / "aws").iterdir())
    metrics = json.loads((run.folder / "aws" / found[0]).read_text())

    assert found == sorted(path.name for path in (run.folder / "blocks").glob("*.json"))
    assert metrics["begin"] <= metrics["end"]
    assert "function ConcurrentExecutions Maximum" in metrics["values"]


def test_the_report_is_the_same_as_of_a_local_run(run: Run) -> None:
    report = text_report.render(compare_folder(run.folder, load_price_book(REGION)))

    assert "Latency, ms" in report
    assert "AWS's REPORT lines" in report


def test_a_deployment_that_is_not_there_is_named_with_the_next_step(account: Account) -> None:
    display = ProgressDisplay(Console(stderr=True), quiet=True)

    with pytest.raises(InfrastructureError, match=r"stack nosuch-data .*\./compare.py up"):
        start_aws_house(ORDER, account, AwsPlace("aws", "nosuch", STAGE), display)


@pytest.mark.parametrize(
    ("targets", "cache", "flag"),
    [(("ec2", "ec2#2"), "profile", "--targets"), (("ec2", "serverless"), "cold", "--cache cold")],
)
def test_what_aws_does_not_allow_names_its_flag(
    targets: tuple[str, ...], cache: str, flag: str
) -> None:
    with pytest.raises(ArgumentError, match=flag):
        aws_order(an_order(targets, cache))


def scaled_out(ec2_url: str) -> Endpoints:
    """A deployment whose load balancer is http://balancer."""
    return Endpoints(
        ec2_url=ec2_url,
        ec2_load_url="http://balancer",
        serverless_url="",
        ec2_architecture="scaled-out",
        instance_id="",
        instance_type="",
        function="",
        log_group="",
        api="",
        stage="",
        memory_mb=512,
        lambda_architecture="x86_64",
        runtime="",
        provisioned_concurrency=0,
        database="",
        proxy="",
        cache="",
    )


@pytest.mark.parametrize(
    ("ec2_url", "loadgen", "says"),
    [
        ("http://instance", 0, "--loadgen is missing"),
        ("http://balancer", 4, "--architecture scaled-out --loadgen"),
    ],
)
def test_a_load_balancer_out_of_the_loads_reach_is_refused(
    ec2_url: str, loadgen: int, says: str
) -> None:
    with pytest.raises(ArgumentError, match=says):
        refuse_unreachable(scaled_out(ec2_url), AwsPlace("aws", NAME, STAGE, loadgen))


@pytest.mark.parametrize("side", ["ec2", "cached", "three-tier"])
def test_a_deployment_is_measured_and_billed_as_what_it_is(side: str) -> None:
    order = replace(ORDER, targets=("serverless", side))

    with pytest.raises(ArgumentError, match=f"is scaled-out, not {side}; run with --targets scal"):
        refuse_other_architecture(order, scaled_out("http://balancer"))


def test_the_deployed_architecture_may_be_named_on_aws() -> None:
    order = aws_order(replace(ORDER, targets=("scaled-out", "serverless")))

    refuse_other_architecture(order, scaled_out("http://balancer"))
    refuse_other_architecture(
        replace(ORDER, targets=("cached", "serverless")),
        replace(scaled_out("http://instance"), ec2_architecture="cached"),
    )


def test_load_from_fargate_needs_aws_and_no_processes(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["run", "--loadgen", "2"]) == 2
    assert compare.main(["run", "--on", "aws", "--loadgen", "2", "--processes", "2"]) == 2

    first, second = capsys.readouterr().err.splitlines()
    assert "--loadgen" in first
    assert "--processes" in second
