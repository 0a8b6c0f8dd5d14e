"""API Gateway's event: an HTTP request as a REST API hands it to a function.

This is Lambda proxy integration with payload format 1.0. Pure, so that every rule is tested by a
table: ids, clock and addresses are arguments. Sources: "Lambda proxy integrations" and "Important
notes" in https://docs.aws.amazon.com/apigateway/latest/developerguide, and the events that
LocalStack recorded from AWS (tests/aws/services/apigateway/*.snapshot.json in its repository).
"""

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from emulation.messages import Request
from emulation.routes import Match

ACCOUNT_ID = "123456789012"
# Not passed on to a function, or replaced by API Gateway's own ("Important notes").
_REMOVED_HEADERS = frozenset(
    (
        "connection",
        "content-length",
        "content-md5",
        "expect",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
        "x-amzn-trace-id",
        "x-forwarded-for",
        "x-forwarded-port",
        "x-forwarded-proto",
    )
)
# All other names keep the client's letter case (recorded).
_CAPITALISED_HEADERS = {
    "authorization": "Authorization",
    "host": "Host",
    "user-agent": "User-Agent",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TRACE_ROOT = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class RestApi:
    """What every event says about the API itself."""

    stage: str
    api_id: str = "emulated00"
    deployment_id: str = "dep100"
    binary_media_types: frozenset[str] = frozenset()
    stage_variables: Mapping[str, str] | None = None


class RequestContext(NamedTuple):
    """What API Gateway gives to one request on arrival."""

    request_id: str
    extended_request_id: str
    trace_root: str
    """A new trace id such as 1-5e66d96f-7491f09f4e0d2a79d18acf3d: used if none was sent."""
    trace_parent: str
    epoch_ms: int


def proxy_event(
    request: Request, match: Match, api: RestApi, context: RequestContext
) -> dict[str, Any]:
    """Build the event of one request; what a request does not have is None, never empty."""
    path, _, query = request.target.partition("?")
    headers, multi_value_headers = _event_headers(request, context)
    last_values, values = event_query(query)
    body, is_base64 = event_body(request, api)
    return {
        "resource": match.resource,
        "path": "/" + path.lstrip("/"),
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": multi_value_headers,
        "queryStringParameters": last_values,
        "multiValueQueryStringParameters": values,
        "pathParameters": match.path_parameters,
        "stageVariables": api.stage_variables,
        "requestContext": _request_context(request, match, api, context, path),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _request_context(
    request: Request, match: Match, api: RestApi, context: RequestContext, path: str
) -> dict[str, Any]:
    domain_name = host_name(request.header("host") or "")
    return {
        "resourceId": match.resource_id,
        "resourcePath": match.resource,
        "httpMethod": request.method,
        "extendedRequestId": context.extended_request_id,
        "requestTime": request_time(context.epoch_ms // 1000),
        "path": f"/{api.stage}{path}",
        "accountId": ACCOUNT_ID,
        "protocol": f"HTTP/{request.version}",
        "stage": api.stage,
        "domainPrefix": domain_name.partition(".")[0],
        "requestTimeEpoch": context.epoch_ms,
        "requestId": context.request_id,
        "identity": {
            "cognitoIdentityPoolId": None,
            "accountId": None,
            "cognitoIdentityId": None,
            "caller": None,
            "sourceIp": request.source_ip,
            "principalOrgId": None,
            "accessKey": None,
            "cognitoAuthenticationType": None,
            "cognitoAuthenticationProvider": None,
            "userArn": None,
            "userAgent": request.header("user-agent"),
            "user": None,
        },
        "domainName": domain_name,
        "deploymentId": api.deployment_id,
        "apiId": api.api_id,
    }


def _event_headers(
    request: Request, context: RequestContext
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """`headers`, with the last value of each name, and `multiValueHeaders`, with all."""
    every: dict[str, list[str]] = {}
    for name, value in request.headers:
        event_name = event_header_name(name)
        if event_name is not None:
            every.setdefault(event_name, []).append(value)
    every["X-Amzn-Trace-Id"] = [sent_trace(request) or f"Root={context.trace_root}"]
    every["X-Forwarded-For"] = [forwarded_for(request)]
    every["X-Forwarded-Port"] = ["443"]  # API Gateway serves nothing but HTTPS
    every["X-Forwarded-Proto"] = ["https"]
    return {name: values[-1] for name, values in every.items()}, every


def event_header_name(name: str) -> str | None:
    """How an event names a header; None: the header is not passed on, or replaced."""
    lower_name = name.lower()
    if lower_name in _REMOVED_HEADERS:
        return None
    return _CAPITALISED_HEADERS.get(lower_name, name)


def forwarded_for(request: Request) -> str:
    """The addresses that a request has come through, the client's own last."""
    if request.header("x-forwarded-for") is None:
        return request.source_ip
    sent = [value for name, value in request.headers if name.lower() == "x-forwarded-for"]
    return ", ".join([*sent, request.source_ip])


def sent_trace(request: Request) -> str | None:
    """The trace header of a request, if it is one."""
    sent = request.header("x-amzn-trace-id")
    return sent if sent is not None and _TRACE_ROOT.search(sent) else None


def trace_header(request: Request, context: RequestContext) -> str:
    """Complete the trace id of a request, as the function and the client get to see it.

    The Root that a client sent is kept, Parent and Sampled are appended if missing (recorded).
    """
    trace = sent_trace(request) or f"Root={context.trace_root}"
    if "Parent=" not in trace:
        trace += f";Parent={context.trace_parent}"
    if "Sampled=" not in trace:
        trace += ";Sampled=0"
    return trace


def parse_query(query: str) -> dict[str, list[str]]:
    """Decode a query string: all values by name, in order. `;` separates as `&` does."""
    values: dict[str, list[str]] = {}
    for part in query.replace(";", "&").split("&") if query else ():
        if part:
            name, _, value = part.partition("=")
            values.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return values


def event_query(query: str) -> tuple[dict[str, str] | None, dict[str, list[str]] | None]:
    """`queryStringParameters`, the last value of each name, and the multi-value form of it."""
    values = parse_query(query)
    return {name: each[-1] for name, each in values.items()} or None, values or None


def event_body(request: Request, api: RestApi) -> tuple[str | None, bool]:
    """The body as text, or as base64 if its media type is one of the API's binary types."""
    if not request.body:
        return None, False
    if is_binary(request.header("content-type"), api.binary_media_types):
        return base64.b64encode(request.body).decode("ascii"), True
    return request.body.decode("utf-8", errors="replace"), False


def is_binary(media_types: str | None, binary_media_types: frozenset[str]) -> bool:
    """Tell whether the first media type of a Content-Type or Accept header is a binary one."""
    if "*/*" in binary_media_types:
        return True
    first = (media_types or "").partition(",")[0].partition(";")[0].strip().lower()
    return first in binary_media_types


def host_name(host: str) -> str:
    """Remove the port from a Host header."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


@lru_cache(maxsize=4)
def request_time(epoch_seconds: int) -> str:
    """04/Mar/2020:19:15:17 +0000, in English whatever the locale."""
    at = time.gmtime(epoch_seconds)
    month = _MONTHS[at.tm_mon - 1]
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{at.tm_mday:02}/{month}/{at.tm_year}:{clock} +0000"
