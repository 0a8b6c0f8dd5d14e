"""The readers under test by name, each with what must hold for it and with seeds.

Seeds are what an honest sender sends, so that whoever mutates them gets past the first check.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from comparison.records import to_json
from comparison.reports.json_report import FORMAT
from emulation.rds_proxy.protocol import packet
from tests.fuzz import properties
from tests.measurement.records import a_block, a_log, a_run

CORPUS = Path(__file__).with_name("corpus")
"""A folder for each target: inputs that broke it once."""
_PROFILES = Path(__file__).resolve().parents[2] / "loadtests" / "profiles"


@dataclass(frozen=True)
class Target:
    """A reader under test."""

    check: Callable[[bytes], None]
    seeds: Sequence[bytes]


_GET = b"GET /customer/1?a=b&c=%20 HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n"
_POST = b"POST /customer/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
_CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
_RUNTIME = b"/2018-06-01/runtime/invocation/"
_LOGIN = (
    b"\x8f\xa6\xff\x01"
    b"\0\0\0\x01"
    b"\x2d" + bytes(23) + b"service\0\x14" + b"p" * 20 + b"hausarbeit\0mysql_native_password\0"
)
_OK = packet(1, b"\0\0\0\2\0\0\0")

TARGETS: Mapping[str, Target] = {
    "api_path": Target(properties.api_path, [b"/customer/1", b'/customerdata/1\n"0-0", *\nid-1']),
    "ec2_http": Target(properties.ec2_http, [_GET, _GET * 3, _POST + _GET, _CHUNKED]),
    "emulated_http": Target(
        properties.emulated_http, [_GET, _GET * 3, _POST + _GET, _CHUNKED + _GET]
    ),
    "function_result": Target(
        properties.function_result,
        [
            b'{"statusCode":200,"headers":{"A":"b"},"multiValueHeaders":{"C":["d",1]},"body":"x"}',
            b'{"statusCode":"404","isBase64Encoded":true,"body":"eA=="}',
        ],
    ),
    "runtime_api": Target(
        properties.runtime_api,
        [
            b"GET "
            + _RUNTIME
            + b"next HTTP/1.1\r\nHost: x\r\n\r\n\xffPOST "
            + _RUNTIME
            + b"r1/response HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
            b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\n\r\n",
        ],
    ),
    "proxy_client": Target(
        properties.proxy_client,
        [
            packet(1, _LOGIN) + packet(0, b"\x03SELECT 1") + packet(0, b"\x01"),
            packet(0, b"\x03SET NAMES utf8mb4, autocommit=1, sql_mode='A;B'"),
            packet(0, b"\x03/* a */ CREATE TEMPORARY TABLE t (a INT)") + packet(0, b"\x02other"),
        ],
    ),
    "proxy_server": Target(
        properties.proxy_server,
        [
            _OK,
            packet(1, b"\xff\x15\x04#28000Access denied"),
            packet(1, b"\1")
            + packet(2, b"\3def")
            + packet(3, b"\xfe\0\0\2\0")
            + packet(4, b"\1a")
            + packet(5, b"\xfe\0\0\2\0"),
        ],
    ),
    "profile_file": Target(
        properties.profile_file,
        [file.read_bytes() for file in sorted((_PROFILES).glob("*.toml"))],
    ),
    "price_file": Target(
        properties.price_file,
        [
            (
                b'region = "eu-central-1"\n[discount_percent]\nlambda = 17\n[prices]\n'
                b'"ec2.linux.t3.micro" = 0.01\n'
            ),
            b'{"prices": {"lambda.requests": [{"up_to": null, "usd": "0.0000002"}]}}',
        ],
    ),
    "run_record": Target(
        properties.run_record,
        [json.dumps(to_json(record)).encode() for record in (a_run(), a_block(2, "serverless"))],
    ),
    "latency_log": Target(properties.latency_log, [a_log().encode()]),
    "baseline": Target(
        properties.baseline,
        [
            json.dumps(
                {
                    "format": FORMAT,
                    "standing": "valid",
                    "region": "eu-central-1",
                    "run": to_json(a_run()),
                    "figures": [],
                }
            ).encode()
        ],
    ),
    "configuration": Target(
        properties.configuration,
        [b'[run]\nusers = 5\nfail-if = ["a", "b"]\nquiet = true\n[cost]\nslo = "x"\n'],
    ),
}
