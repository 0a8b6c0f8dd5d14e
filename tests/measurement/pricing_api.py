"""AWS's Price List Query API on this machine: it answers with what was recorded."""

import csv
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

RECORDED = Path(__file__).with_name("price_list")
ATTRIBUTE_NAMES = {"UsageType": "usagetype", "PreInstalledSW": "preInstalledSw"}
"""Names of the recorded rows that differ from AWS's in more than their first letter's case."""
ATTRIBUTE_NAMES |= {"CapacityStatus": "capacitystatus", "VolumeAPIName": "volumeApiName"}


def item(  # noqa: PLR0917 - one argument per part of an item
    sku: str,
    service: str,
    family: str,
    attributes: Mapping[str, str],
    prices: list[list[str]],
    end: str = "Inf",
) -> dict[str, Any]:
    """One element of PriceList; `prices` are (begin, unit, USD) of each tier, in any order."""
    begins = sorted((price[0] for price in prices), key=float)
    ends = dict(zip(begins, [*begins[1:], end], strict=True))
    dimensions = {
        f"{sku}.JRTCKXETXF.{begin}": {
            "unit": unit,
            "beginRange": begin,
            "endRange": ends[begin],
            "pricePerUnit": {"USD": usd},
        }
        for begin, unit, usd in prices
    }
    term = {"offerTermCode": "JRTCKXETXF", "priceDimensions": dimensions}
    return {
        "product": {
            "productFamily": family,
            "attributes": {"servicecode": service, **attributes},
            "sku": sku,
        },
        "serviceCode": service,
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
    }


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


def recorded_rows() -> list[dict[str, Any]]:
    """The products of eu-west-1, in the form of the API."""
    return [
        item(
            row["sku"],
            row["service"],
            row["family"],
            {"regionCode": "eu-west-1"}
            | {
                ATTRIBUTE_NAMES.get(name, name[0].lower() + name[1:]): value
                for name, value in row["attributes"].items()
            },
            row["prices"],
        )
        for row in recorded("rows_eu-west-1_2023-02-23.json")
    ]


def recorded_tiers() -> dict[str, Any]:
    """The product with four tiers, in the form of the API."""
    lines = (RECORDED / "comprehend_ap-south-1_2026-01-16.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(lines.splitlines()))
    prices = [[row["StartingRange"], row["Unit"], row["PricePerUnit"]] for row in rows]
    first = rows[0]
    attributes = {"usagetype": first["usageType"], "regionCode": first["Region Code"]}
    return item(first["SKU"], first["serviceCode"], first["Product Family"], attributes, prices)


class PricingApi:
    """Answers GetProducts in pages, with TERM_MATCH as AWS does it."""

    def __init__(self, items: list[dict[str, Any]], page_size: int = 2) -> None:
        self.items = items
        self.page_size = page_size
        self.failure: tuple[int, str] | None = None
        """HTTP status and AWS's error code, to refuse everything with."""
        self.asked: list[dict[str, Any]] = []

    def answer(self, question: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append(question)
        if self.failure:
            status, code = self.failure
            return status, {"__type": code, "message": "said AWS"}
        found = [json.dumps(item) for item in self.items if _matches(item, question)]
        start = int(question.get("NextToken", "0"))
        page = {"FormatVersion": "aws_v1", "PriceList": found[start : start + self.page_size]}
        more = start + self.page_size
        return 200, page | ({"NextToken": str(more)} if more < len(found) else {})


def _matches(item: Mapping[str, Any], question: Mapping[str, Any]) -> bool:
    """As AWS, but an attribute that the record lacks matches: some records are cut."""
    product = item["product"]
    values = {"productFamily": product["productFamily"], **product["attributes"]}
    service = product["attributes"]["servicecode"] == question["ServiceCode"]
    return service and all(
        values.get(term["Field"], term["Value"]) == term["Value"] for term in question["Filters"]
    )


@contextmanager
def serving_prices(api: PricingApi) -> Iterator[str]:
    """Serve the API on a free port; yields its URL, for AWS_ENDPOINT_URL_PRICING."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            status, page = api.answer(json.loads(self.rfile.read(length)))
            body = json.dumps(page).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def use_aws(monkeypatch: pytest.MonkeyPatch, endpoint: str, *, credentials: bool = True) -> None:
    """Point boto3 at the endpoint, away from whatever account this machine may have."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", endpoint)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    if credentials:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
