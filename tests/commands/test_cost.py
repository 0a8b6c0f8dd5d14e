"""The command line of cost; AWS's own worked examples go through it to the cent."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import compare
from measurement.results import create_results
from tests.measurement.records import a_block, a_run, keep

LAMBDA = "https://aws.amazon.com/lambda/pricing/"
GATEWAY = "https://aws.amazon.com/api-gateway/pricing/"
BALANCER = "https://aws.amazon.com/elasticloadbalancing/pricing/"
GUIDE = "EC2 User Guide, Unlimited mode"
VPC = "https://aws.amazon.com/vpc/pricing/"

EXAMPLES = [
    (LAMBDA, "mobile backend", "2.73", ("--requests 3000000 --billed-ms 120 --memory 1536"
     " --free-tier")),
    (LAMBDA, "streaming telemetry", "249.49", "--requests 7440000 --billed-ms 2000 --memory 1024"),
    (LAMBDA, "language model", "106.41", ("--requests 6000000 --billed-ms 280 --memory 4096"
     " --ephemeral-mb 2048 --free-tier")),
    (LAMBDA, "launch day", "19.96", ("--requests 3000000 --billed-ms 120 --memory 1536 --free-tier"
     " --provisioned-concurrency 100 --provisioned-hours 8 --provisioned-requests 500000"
     " --provisioned-billed-ms 100")),
    (LAMBDA, "Cyber Monday", "32.26", ("--requests 2000000 --billed-ms 280 --memory 4096"
     " --provisioned-concurrency 7 --provisioned-hours 24")),
    (LAMBDA, "SnapStart", "263.92", ("--requests 7440000 --billed-ms 2000 --memory 1024"
     " --snapstart-hours 744 --snapstart-restores 74400")),
    (LAMBDA, "2018: 30 million of 200 ms", "11.63", ("--requests 30000000 --billed-ms 200"
     " --memory 128 --free-tier --price lambda.duration.x86=0.00001667")),
    (LAMBDA, "2018: 3 million of 1 s", "18.74", ("--requests 3000000 --billed-ms 1000"
     " --memory 512 --free-tier --price lambda.duration.x86=0.00001667")),
    (LAMBDA, "streamed pages", "39.04", ("--requests 3000000 --billed-ms 500 --memory 1536"
     " --free-tier --line streamed-gb=976.5625@0.008")),
    (LAMBDA, "SQS poller with its event poller units", "580.00",
     "--requests 30000000 --billed-ms 1000 --memory 1024 --line epu-hours=8000@0.00925"),
    (GATEWAY, "REST, 5 million calls of 3 KB", "18.79",
     "--requests 5000000 --api rest --egress-gb 14.3"),
    (GATEWAY, "REST, all tiers to 20 billion", "48253.10", "--requests 20000000000 --api rest"),
    (GATEWAY, "REST, 15 billion", "36353.10", "--requests 15000000000 --api rest"),
    (GATEWAY, "HTTP, 432 million", "418.80", "--requests 432000000 --api http"),
    (GATEWAY, "HTTP, 513 KB count twice", "2.00",
     "--requests 1000000 --api http --payload-kb 513"),
    (BALANCER, "example 1", "22.42", ("--hours 720 --new-connections 1 --active-connections 120"
     " --processed-gb 1.08 --rules 60 --balanced-requests 5")),
    (BALANCER, "example 1 of mutual TLS, 30 days", "26.45", ("--hours 720 --new-connections 1"
     " --active-connections 120 --processed-gb 1.08 --rules 1 --balanced-requests 5 --mutual-tls"
     " --line trust-store-hours=720@0.0056")),
    (BALANCER, "example 2", "50.76", ("--hours 720 --new-connections 100"
     " --active-connections 18000 --processed-gb 3.6 --rules 20 --balanced-requests 400")),
    (GUIDE, "t3.nano over seven phases", "0.84", ("--instance t3.nano --hours 114 --cpu-phase 24:0"
     " --cpu-phase 12:2.5 --cpu-phase 24:7 --cpu-phase 12:2.5 --cpu-phase 5:100 --cpu-phase 13:5"
     " --cpu-phase 24:0")),
    (GUIDE, "25 surplus credits", "0.02", "--surplus-vcpu-hours 0.42"),
    (GUIDE, "t3.large at its break-even with m5.large, 100 h", "9.60",
     "--instance t3.large --hours 100 --surplus-vcpu-hours 25 --price ec2.linux.t3.large=0.0835"),
    ("https://aws.amazon.com/rds/proxy/pricing/", "t2.small, 30 days", "21.60",
     "--proxy-vcpus 1 --hours 720"),
    (VPC, "NAT gateway, 100 hours and 100 GB", "9.00", "--nat-gateways 1 --hours 100 --nat-gb 100"),
    ("https://aws.amazon.com/ec2/pricing/on-demand/", "egress over all tiers", "13886.20",
     "--egress-gb 200000 --free-tier"),
    ("https://aws.amazon.com/ec2/pricing/on-demand/", "10 TB of egress", "921.60",
     "--egress-gb 10240"),
    ("https://aws.amazon.com/ebs/pricing/", "gp3, 2,000 GB for 12 hours of 30 days", "2.67",
     "--ebs-gb 2000 --ebs-hours 12 --hours 720"),
    ("https://aws.amazon.com/secrets-manager/pricing/", "a secret and 10,000 calls", "0.45",
     "--secrets 1 --secret-calls 10000"),
]  # fmt: skip
"""(source, which, total in USD, flags), with the prices of us-east-1."""


def run(arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    exit_code = compare.main(["cost", *arguments.split()])
    output = capsys.readouterr()
    return exit_code, output.out, output.err


@pytest.fixture
def results(tmp_path: Path) -> str:
    """A finished run of both sides."""
    folder = create_results(tmp_path / "run", datetime(2026, 11, 23, tzinfo=UTC))
    folder.write_run(a_run())
    for index, side in enumerate(("ec2", "serverless") * 3, start=1):
        keep(folder, a_block(index, side))
    return str(folder.path)


@pytest.mark.parametrize(
    ("total", "flags"),
    [pytest.param(total, flags, id=f"{which}") for _, which, total, flags in EXAMPLES],
)
def test_awss_worked_examples_come_out_to_the_cent(
    total: str, flags: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, out, _ = run(f"{flags} --region us-east-1 --json", capsys)

    assert exit_code == 0
    page = json.loads(out)
    assert page["total_usd"] == total
    assert sum(Decimal(item["amount_usd"]) for item in page["items"]) == Decimal(total)


def test_lines_below_a_cent_add_up_in_the_unrounded_total(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # https://aws.amazon.com/vpc/pricing/: one hour of a NAT gateway and one GB cost $0.045 each,
    # which AWS's example adds to $0.09; a bill has two lines of $0.05.
    _, out, _ = run("--hours 1 --nat-gb 1 --region us-east-1 --json", capsys)

    page = json.loads(out)
    assert (page["total_usd"], page["unrounded_usd"]) == ("0.10", "0.090")


def test_every_line_can_be_redone_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(
        "--requests 400000000 --api rest --billed-ms 20 --memory 128 --region us-east-1 --json",
        capsys,
    )

    for item in json.loads(out)["items"]:
        amounts = [Decimal(tier["quantity"]) * Decimal(tier["unit_usd"]) for tier in item["tiers"]]
        assert round(sum(amounts), 2) == Decimal(item["amount_usd"])
        assert sum(Decimal(tier["quantity"]) for tier in item["tiers"]) == Decimal(item["quantity"])


def test_a_rate_is_a_month_of_requests(capsys: pytest.CaptureFixture[str]) -> None:
    by_rate = run("--rate 2 --hours 720 --billed-ms 10 --memory 128 --json", capsys)
    by_requests = run("--requests 5184000 --billed-ms 10 --memory 128 --json", capsys)

    assert by_rate == by_requests


def test_unrounded_durations_are_rounded_up_one_by_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Cold: 133.61 + 80 ms -> 214; warm: 134. One in ten is cold: 142 ms on average.
    flags = "--requests 1000000 --memory 1024 --json"
    rounded = run(f"{flags} --duration-ms 133.61 --init-ms 80 --cold-share 10", capsys)

    assert rounded == run(f"{flags} --billed-ms 142", capsys)


def test_functions_of_one_account_share_the_free_tier(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = run(
        "--free-tier --function 3000000x120x1536 --function 1000000x100x1024:arm64"
        " --region us-east-1 --json",
        capsys,
    )

    quantities = {item["price_id"]: Decimal(item["quantity"]) for item in json.loads(out)["items"]}
    assert quantities == {
        "lambda.requests": 3_000_000,
        "lambda.duration.x86": 140_000,
        "lambda.duration.arm64": 100_000,
    }


def test_explain_shows_quantity_price_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run("--secrets 2 --region us-east-1 --explain", capsys)

    assert "Secrets Manager secrets: 2 x $0.40 = $0.80" in out
    assert "secretsmanager.secret, 2024-07-01" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "nothing to bill"),
        ("--billed-ms 120 --memory 128", "--requests"),
        ("--requests 5 --billed-ms 120", "--memory"),
        ("--requests 5 --rate 5", "give one of them"),
        ("--requests -5", "'-5' is not a number of 0 or more"),
        ("--requests 2.5 --api rest", "a whole number"),
        ("--requests nan", "'nan' is not a number"),
        ("--egress-gb ten", "--egress-gb"),
        ("--cache-nodes 2", "--cache-node too"),
        ("--cpu-phase 3", "'?' is not a number"),
        ("--cpu-phase 3:101 --instance t3.nano", "a CPU has 100 percent"),
        ("--cpu-phase 3:10", "--instance"),
        ("--cold-share 5 --duration-ms 3", "--init-ms"),
        ("--line rds.backup", "write a price's id"),
        ("--function 3x4", "requests x billed ms x MB"),
        ("--shape wave --requests 5", "needs DIR or --sides"),
        ("--sides cached --rate 5", "--cpu-ms"),
        ("--sides cached --cpu-ms 5", "--rate"),
        ("--sides serverless --rate 5 --memory 128", "--billed-ms"),
        ("--sides two-tier --rate 5", "three-tier, cached, scaled-out, serverless"),
        ("--sides cached --rate 5 --cpu-ms 1 --egress-gb 5", "--egress-gb is for a bill without"),
        ("--sides cached --rate 5 --cpu-ms 1 --headroom 100", "--headroom"),
        ("--hours 0 --secrets 1", "--hours 0"),
        ("--requests 1e40 --billed-ms 1e30 --memory 128", "too large"),
        ("nowhere", "nowhere"),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_flag(
    arguments: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, out, error = run(arguments, capsys)

    assert exit_code == 2
    assert not out
    assert error.count("\n") == 1
    assert says in error


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--requests 5 --billed-ms 1 --memory 64", "Lambda has 128 to 10,240 MB"),
        ("--requests 5 --billed-ms 0 --memory 128", "is billed a millisecond"),
        ("--line no.such=1", "there is no price 'no.such'"),
        ("--sides cached --cpu-ms 1 --rate 5 --slo fast", "such as p95<200ms"),
        ("--sides cached --cpu-ms 1 --rate 5 --instance z1", "its vCPUs are not known"),
        ("--sides serverless --rate 1 --billed-ms 9 --memory 128 --what-if bigger", "memory=MB"),
        ("--sides serverless --rate 1 --billed-ms 9 --memory 128 --what-if memory", "memory=MB"),
    ],
)
def test_a_quantity_that_cannot_be_is_one_line_and_a_failure(
    arguments: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, _, error = run(arguments, capsys)

    assert exit_code == 1
    assert error.count("\n") == 1
    assert says in error


def test_an_unknown_price_refuses_the_total_and_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exit_code, out, error = run("--requests 400000000 --api rest --json", capsys)

    assert exit_code == 1
    assert json.loads(out)["total_usd"] is None
    assert "apigw.rest.requests per request above 333,000,000 is unknown" in error


def test_an_unknown_price_can_be_taken_from_another_region(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exit_code, out, _ = run("--requests 400000000 --api rest --assume us-east-1 --json", capsys)

    assert exit_code == 0
    # 333 million at Frankfurt's $3.70, 67 million at Virginia's $2.80.
    assert json.loads(out)["total_usd"] == "1419.70"


def test_a_run_is_billed_for_any_rate_with_all_its_answers(
    results: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, out, _ = run(
        f"{results} --rate 50 --shape wave --slo p95<200ms --region us-east-1 --json", capsys
    )

    page = json.loads(out)
    assert exit_code == 0
    assert [side["side"] for side in page["sides"]] == ["ec2", "serverless"]
    assert page["requests_per_month"] == 50 * 730 * 3600
    assert all(side["slo"]["holds"] for side in page["sides"])
    assert page["sides"][0]["instances"] == 1
    assert page["sides"][0]["usage"]["response_bytes"] == "600.000"
    assert len(page["crossings"]) == 1
    assert [point["rate"] for point in page["curve"]][0::18] == ["0.01", "10000"]


def test_without_a_rate_the_measured_one_is_taken(
    results: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(f"{results} --json", capsys)

    # Each block measured 1,000 requests in 10 s.
    assert json.loads(out)["rate"] == "100.0"


def test_a_run_can_be_billed_as_any_architecture(
    results: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(f"{results} --sides three-tier,cached,scaled-out,serverless --json", capsys)

    sides = json.loads(out)["sides"]
    assert [side["side"] for side in sides] == ["three-tier", "cached", "scaled-out", "serverless"]
    totals = [Decimal(side["bill"]["total_usd"]) for side in sides]
    assert totals[0] < totals[1] < totals[2] < totals[3]


def test_a_typed_figure_replaces_the_measured_one(
    results: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(f"{results} --billed-ms 500 --memory 1024 --json", capsys)

    items = json.loads(out)["sides"][1]["bill"]["items"]
    duration = next(item for item in items if item["price_id"].startswith("lambda.duration"))
    assert "500 ms billed x 1024 MB" in duration["reason"]


def test_the_page_fits_eighty_columns(results: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(
        f"{results} --rate 20 --slo p95<200ms --what-if http-api --what-if no-cache"
        " --assume us-east-1 --explain",
        capsys,
    )

    assert max(len(line) for line in out.splitlines()) <= 80
    assert "Break-even" in out
    assert "serverless, http-api" in out


def test_an_slo_that_no_side_holds_is_said(
    results: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(f"{results} --slo p50<0.001ms", capsys)

    assert out.count("NOT held") == 2
