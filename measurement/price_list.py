"""Asks AWS's Price List Query API: the only place where prices come from outside.

Separate from comparison/price_list.py, which knows what to ask and how to read the answers. The
API costs nothing but wants a login and the right pricing:GetProducts
(https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config

from comparison.price_list import (
    Found,
    Lookup,
    NotInPriceListError,
    Product,
    find_price,
    lookup,
    parse_product,
)
from measurement.errors import MeasurementError

ENDPOINT_REGIONS = ("us-east-1", "eu-central-1", "ap-south-1")
"""Where the API answers, for the prices of every region; the first is asked for all others."""
CONNECT_SECONDS, READ_SECONDS = 5, 20
REJECTED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
"""AWS's codes for credentials that it does not accept (any more)."""


@dataclass(frozen=True, slots=True)
class PriceListAnswers:
    """What the API knows of the prices that were asked for."""

    found: dict[str, Found]
    missed: dict[str, str]
    """Price id -> why there is no price to take."""


def pricing_client(region: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    """A boto3 client with the credentials that the AWS command line would take.

    Raises MeasurementError when these cannot even be looked for.
    """
    endpoint = region if region in ENDPOINT_REGIONS else ENDPOINT_REGIONS[0]
    try:
        return boto3.session.Session().client(
            "pricing",
            region_name=endpoint,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "adaptive"},
            ),
        )
    except exceptions.BotoCoreError as error:
        raise MeasurementError(_words(error)) from error


def ask_price_list(
    client: Any,  # noqa: ANN401 - boto3 makes clients at run time
    region: str,
    price_ids: Iterable[str],
    show: Callable[[str], None],
) -> PriceListAnswers:
    """Ask for each price; `show` gets its id before the question.

    Raises MeasurementError when AWS does not answer at all: then nothing is known.
    """
    answers = PriceListAnswers({}, {})
    pages: dict[tuple[str, tuple[tuple[str, str], ...]], list[Product]] = {}
    for price_id in price_ids:
        show(price_id)
        try:
            asked = lookup(price_id, region)
            key = asked.service, asked.filters
            if key not in pages:
                pages[key] = _products(client, asked)
            answers.found[price_id] = find_price(asked, pages[key])
        except NotInPriceListError as error:
            answers.missed[price_id] = str(error)
    return answers


def _products(client: Any, asked: Lookup) -> list[Product]:  # noqa: ANN401 - as above
    """Every product that the filters leave, over all pages."""
    filters = [
        {"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in asked.filters
    ]
    pages = client.get_paginator("get_products").paginate(
        ServiceCode=asked.service, Filters=filters, FormatVersion="aws_v1"
    )
    try:
        texts = [text for page in pages for text in page["PriceList"]]
    except (exceptions.BotoCoreError, exceptions.ClientError) as error:
        raise MeasurementError(_words(error)) from error
    return [parse_product(text) for text in texts]


def _words(error: Exception) -> str:
    """What AWS or the way to it refuses, and the next step, in one line."""
    said = " ".join(str(error).split())
    if isinstance(error, exceptions.ClientError):
        return _answer_words(str(error.response.get("Error", {}).get("Code", "")), said)
    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return f"the AWS Price List API cannot be reached: {said}; check the network, then repeat"
    return (
        f"no usable AWS credentials: {said}; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and"
        " AWS_SECRET_ACCESS_KEY, or run: aws sso login (asking for prices costs nothing)"
    )


def _answer_words(code: str, said: str) -> str:
    if code in {"AccessDenied", "AccessDeniedException"}:
        return f"AWS denies access to its prices: {said}; allow your user pricing:GetProducts"
    if code in REJECTED:
        return f"AWS does not accept the credentials: {said}; log in again, or set AWS_PROFILE"
    if "Throttling" in code or code == "TooManyRequestsException":
        return f"AWS throttles the questions: {said}; wait a minute, then repeat"
    return f"the AWS Price List API refuses: {said}"
