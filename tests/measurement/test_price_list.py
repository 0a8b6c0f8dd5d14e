"""Real answers through a real boto3 client; only the server is our own."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from measurement.errors import MeasurementError
from measurement.price_list import PriceListAnswers, ask_price_list, pricing_client
from tests.measurement.pricing_api import (
    PricingApi,
    item,
    recorded,
    recorded_rows,
    serving_prices,
    use_aws,
)

IRELAND = {
    "ec2.linux.t3.micro": "0.0114",
    "ec2.linux.m5.large": "0.107",
    "ec2.cpu_credits.t3.linux": "0.05",
    "ec2.cpu_credits.t4g.linux": "0.04",
    "ebs.gp3.storage": "0.088",
    "nat.hour": "0.048",
    "nat.gb": "0.048",
    "alb.hour": "0.0252",
    "alb.lcu_hour": "0.008",
    "rds.mariadb.single_az.db.t3.micro": "0.018",
    "rds.storage.gp2": "0.127",
    "rds.storage.gp3": "0.127",
    "rds.cpu_credits.db_t3_t4g.mariadb": "0.075",
    "rds.proxy.vcpu_hour": "0.016",
    "elasticache.redis.cache.t3.micro": "0.018",
    "cloudwatch.logs.ingest": "0.57",
}
"""What AWS charged in eu-west-1 on 2023-02-23."""


Ask = Callable[..., PriceListAnswers]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[PricingApi, Any]]:
    """The API and a client of it; boto3 takes long to make one."""
    api = PricingApi([])
    with serving_prices(api) as url, pytest.MonkeyPatch.context() as patch:
        use_aws(patch, url)
        yield api, pricing_client("eu-west-1")


@pytest.fixture
def api(server: tuple[PricingApi, Any]) -> PricingApi:
    api, _ = server
    api.items, api.page_size, api.failure = recorded_rows(), 2, None
    api.asked.clear()
    return api


@pytest.fixture
def ask(api: PricingApi, server: tuple[PricingApi, Any]) -> Ask:
    _, client = server

    def ask(*price_ids: str, region: str = "eu-west-1") -> PriceListAnswers:
        return ask_price_list(client, region, price_ids, lambda _: None)

    return ask


def ask_anew() -> PriceListAnswers:
    """With a client of its own, which finds its own credentials and waits for nobody."""
    return ask_price_list(pricing_client("eu-west-1"), "eu-west-1", ["alb.hour"], lambda _: None)


def test_each_price_of_a_region_is_found_among_its_neighbours(ask: Ask) -> None:
    answers = ask(*IRELAND)

    assert answers.missed == {}
    found = {price_id: found.tiers[0].usd for price_id, found in answers.found.items()}
    assert found == {price_id: Decimal(usd) for price_id, usd in IRELAND.items()}


def test_an_answer_of_many_pages_is_read_to_its_end(api: PricingApi, ask: Ask) -> None:
    api.page_size = 1

    assert ask("nat.hour").found["nat.hour"].tiers[0].usd == Decimal("0.048")
    assert len(api.asked) == 4


def test_questions_that_several_prices_share_are_asked_once(api: PricingApi, ask: Ask) -> None:
    api.page_size = 100

    ask("nat.hour", "nat.gb", "alb.hour", "alb.lcu_hour")

    assert len(api.asked) == 2


def test_the_source_names_service_and_sku(ask: Ask) -> None:
    source = ask("alb.hour").found["alb.hour"].source

    assert source == "AWS Price List API, AWSELB, SKU T29JAP5UEZ7HXAM7"


def test_complete_items_of_other_years_and_services_are_read(api: PricingApi, ask: Ask) -> None:
    api.items = [
        *recorded("ec2_t3_micro_2026-09-10.json"),
        recorded("rds_mariadb_us-east-1_2026-03-18.json"),
    ]

    found = ask("ec2.linux.t3.micro", "rds.mariadb.single_az.db.t3.micro", region="us-east-1").found

    assert [answer.tiers[0].usd for answer in found.values()] == [
        Decimal("0.0104"),
        Decimal("0.017"),
    ]


def test_what_the_list_does_not_have_is_missed_and_the_rest_is_found(ask: Ask) -> None:
    answers = ask("lambda.requests", "alb.hour", "my.own.price")

    assert list(answers.found) == ["alb.hour"]
    assert answers.missed == {
        "lambda.requests": "no product matches",
        "my.own.price": "how to ask for it is not known",
    }


def test_an_ambiguous_answer_is_missed_with_the_prices_it_could_be(
    api: PricingApi, ask: Ask
) -> None:
    twin = {"regionCode": "eu-west-1", "usagetype": "EU-LCUUsage"}
    api.items.append(
        item("TWIN", "AWSELB", "Load Balancer-Application", twin, [["0", "LCU-Hrs", "0.009"]])
    )

    missed = ask("alb.lcu_hour").missed["alb.lcu_hour"]

    assert "different prices: YE8QE7GMG9794PDX $0.008, TWIN $0.009" in missed


def test_data_transfer_is_asked_for_by_its_whole_usage_type(api: PricingApi, ask: Ask) -> None:
    attributes = {"usagetype": "EUC1-DataTransfer-Out-Bytes"}
    tiers = [["10240", "GB", "0.085"], ["0", "GB", "0.09"]]
    api.items.append(item("OUT", "AWSDataTransfer", "Data Transfer", attributes, tiers))

    found = ask("dto.internet", region="eu-central-1").found["dto.internet"]

    assert [str(tier.usd) for tier in found.tiers] == ["0.09", "0.085"]
    assert ask("dto.internet").missed["dto.internet"].startswith("the usage types")


def test_the_request_and_its_response_have_the_shape_of_botocores_example() -> None:
    example = recorded("botocore_example_2017-09-01.json")
    client = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    page = {name: value for name, value in example["output"].items() if name != "NextToken"}
    filters = {"regionCode": "ca-central-1", "productFamily": "Storage", "volumeApiName": "gp3"}
    expected = {
        "ServiceCode": "AmazonEC2",
        "FormatVersion": "aws_v1",
        "Filters": [
            {"Type": "TERM_MATCH", "Field": field, "Value": value}
            for field, value in filters.items()
        ],
    }

    with Stubber(client) as stubber:
        stubber.add_response("get_products", page, expected)
        answers = ask_price_list(client, "ca-central-1", ["ebs.gp3.storage"], lambda _: None)

    # The example is a volume of another kind: what the filters should have kept out is refused.
    assert answers.missed == {"ebs.gp3.storage": "no product matches"}


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("AccessDeniedException", "allow your user pricing:GetProducts"),
        ("UnrecognizedClientException", "does not accept the credentials"),
        ("ExpiredTokenException", "log in again"),
        ("ThrottlingException", "wait a minute, then repeat"),
        ("InvalidParameterException", "the AWS Price List API refuses: "),
    ],
)
def test_a_refusal_says_what_to_do(code: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    api = PricingApi([])
    api.failure = (400, code)

    with serving_prices(api) as url:
        use_aws(monkeypatch, url)
        with pytest.raises(MeasurementError, match=says) as error:
            ask_anew()
    assert "\n" not in str(error.value)


def test_without_credentials_the_error_says_how_to_give_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_aws(monkeypatch, "http://127.0.0.1:9", credentials=False)

    with pytest.raises(MeasurementError, match=r"no usable AWS credentials: .*AWS_PROFILE"):
        ask_anew()


def test_a_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    use_aws(monkeypatch, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "nosuch")

    with pytest.raises(MeasurementError, match="nosuch"):
        ask_anew()


def test_without_a_network_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_prices(PricingApi([])) as url:
        pass
    use_aws(monkeypatch, url)

    with pytest.raises(MeasurementError, match=r"cannot be reached: .*check the network"):
        ask_anew()


@pytest.mark.parametrize(
    ("region", "asked"),
    [("eu-central-1", "eu-central-1"), ("us-east-1", "us-east-1"), ("eu-west-1", "us-east-1")],
)
def test_the_api_is_asked_where_it_answers(
    region: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_aws(monkeypatch, "http://127.0.0.1:9")

    assert pricing_client(region).meta.region_name == asked
