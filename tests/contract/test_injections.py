"""Texts that mean something to SQL, Redis, HTTP, logs or a shell (injections.json), on both sides.

They are answered as what they are, an id that is none or an unknown path; nothing of them gets into
the answers' headers or the logs, and the data is what it was.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pymysql
import pytest

from emulation.data_connections import connect_database
from emulation.private_servers import DataServers
from tests.contract.sides import Answer, Client, Sides, client
from tests.contract.test_access_log import wait_for_line

MARK = "zx81hostilemark"
CORPUS: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("injections.json").read_text(encoding="utf-8")
)
TEXTS = {
    one["name"]: one["text"].replace("{mark}", MARK).replace("{1,000 letters}", "a" * 1000)
    for one in CORPUS["texts"]
}
PATHS = ("/customer/{}", "/customerdata/{}", "/customer/1/{}", "/{}", "/customer/1?id={}")
HEADERS = ("X-Request-Id", "If-None-Match", "User-Agent", "Referer")
SIDES = ("ec2", "serverless")


@pytest.fixture(scope="module")
def asked(sides: Sides) -> Iterator[dict[str, Client]]:
    with client(sides.ec2) as ec2, client(sides.serverless) as serverless:
        yield {"ec2": ec2, "serverless": serverless}


def clean(answer: Answer) -> None:
    """No part of the text became a header, and no server broke over it."""
    assert answer.status < 500
    assert answer.header("x-injected") is None
    assert MARK not in str(answer.headers)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_in_the_path_is_no_id_and_no_route(
    name: str, side: str, asked: Mapping[str, Client]
) -> None:
    encoded = quote(TEXTS[name], safe="")

    answers = [asked[side].ask("GET", path.format(encoded)) for path in PATHS]

    for answer in answers:
        clean(answer)
    unknown = 404 if side == "ec2" else 403
    no_id = 404 if "/" in TEXTS[name] else 400  # an encoded slash parts a path as any other does
    assert [answer.status for answer in answers] == [no_id, no_id, unknown, unknown, 200]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_in_a_header_changes_no_answer(
    name: str, side: str, asked: Mapping[str, Client]
) -> None:
    value = TEXTS[name].replace("\r", "").replace("\n", "").replace("\0", "").replace("\x1b", "")

    for header in HEADERS:
        answer = asked[side].ask("GET", "/customer/1", [(header, value)])
        clean(answer)
        assert (answer.status, json.loads(answer.body)["Id"]) == (200, 1)


def test_the_logs_hold_nothing_of_it_and_the_data_is_what_it_was(
    sides: Sides, asked: Mapping[str, Client], data_servers: DataServers
) -> None:
    for side, log in (("ec2", sides.ec2_log), ("serverless", sides.serverless_log)):
        asked[side].ask("GET", f"/customer/{MARK}", [("X-Request-Id", f"last-{side}")])
        wait_for_line(log, f"last-{side}")
        assert MARK not in log.read_text(encoding="utf-8")
    with closing(connect_database(data_servers.database_url)) as connection:
        assert customers(connection) == 5000


def customers(connection: "pymysql.Connection[Any]") -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM Customers")
        [(count,)] = cursor.fetchall()
    return int(count)


def test_the_corpus_names_each_text_and_marks_it() -> None:
    assert len(TEXTS) == len(CORPUS["texts"]) >= 40
    assert all(MARK in text for text in TEXTS.values())
