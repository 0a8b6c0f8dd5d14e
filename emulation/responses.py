"""API Gateway's answers: a function's result as an HTTP response, and the gateway's own errors.

Pure. Sources: "Lambda proxy integrations", "Important notes" (header table) and "Gateway response
types" in https://docs.aws.amazon.com/apigateway/latest/developerguide, and the answers that
LocalStack recorded from AWS (test_aws_proxy_response_payload_format_validation and others in
tests/aws/services/apigateway of its repository).
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulation.events import RequestContext, RestApi, is_binary
from emulation.messages import Headers, Response

MAX_HEAD_BYTES = 10_240
"""Request line and header values together: "Quotas for REST APIs". It bounds the URL, too."""
MAX_REQUEST_BODY_BYTES = 10 * 1024 * 1024
"""API Gateway's payload limit: "Quotas for REST APIs"."""
# json.loads() first looks which of five encodings bytes have; these two are UTF-8's alone.
_decode = json.JSONDecoder().decode
_RESULT_KEYS = frozenset(("statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"))
_RENAMED_HEADERS = frozenset(
    (
        "authorization",
        "connection",
        "content-md5",
        "date",
        "max-forwards",
        "server",
        "user-agent",
        "www-authenticate",
    )
)
_REMOVED_HEADERS = frozenset(
    (
        "content-length",  # made anew from the body
        "expect",
        "host",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    )
)


@dataclass(frozen=True, slots=True)
class GatewayError:
    """An answer of API Gateway itself.

    The bodies are those seen on AWS, to the byte: some have a space after the colon.
    """

    status: int
    body: str
    error_type: str | None
    content_type: str = "application/json"


UNKNOWN_ROUTE = GatewayError(
    403, '{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"
)
BODY_TOO_LARGE = GatewayError(
    413,
    "HTTP content length exceeded 10485760 bytes.",
    "RequestEntityTooLargeException",
    content_type="text/plain",
)
# Seen on AWS: https://github.com/SalesforceCommerceCloud/pwa-kit/issues/2160
HEAD_TOO_LARGE = GatewayError(
    413, "HTTP header is larger than 10240 bytes.", None, content_type="text/plain"
)
# That it is refused is documented ("Important notes"); the answer's form is assumed.
UNESCAPED_BAR = GatewayError(400, '{"message":"Bad Request"}', "BadRequestException")
# Measured in a real account: https://github.com/ministackorg/ministack/issues/1746
TOO_MANY_REQUESTS = GatewayError(429, '{"message":"Too Many Requests"}', "TooManyRequestsException")
EVENT_TOO_LARGE = GatewayError(413, '{"message": "Request Too Long"}', "BadRequestException")
# AWS answers a throttled invocation with 500, not 429: "Monitor and troubleshoot API Gateway" of
# https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html
FUNCTION_THROTTLED = GatewayError(
    500, '{"message": "Internal server error"}', "InternalServerErrorException"
)
FUNCTION_FAILED = GatewayError(
    502, '{"message": "Internal server error"}', "InternalServerErrorException"
)
INTEGRATION_TIMEOUT = GatewayError(
    504, '{"message": "Endpoint request timed out"}', "InternalServerErrorException"
)


class _MalformedResultError(Exception):
    """The function's result is not a proxy response."""


def error_response(error: GatewayError, context: RequestContext) -> Response:
    headers: Headers = (("Content-Type", error.content_type), *_gateway_headers(context))
    if error.error_type is not None:
        headers += (("x-amzn-ErrorType", error.error_type),)
    return Response(error.status, headers, error.body.encode())


def unsigned_error(authorization: str) -> GatewayError:
    """What an unknown route answers to an Authorization header that is no AWS signature.

    The text was seen with Bearer tokens; that the header's whole value is hashed is assumed.
    """
    digest = base64.b64encode(hashlib.sha256(authorization.encode()).digest()).decode()
    message = (
        "Invalid key=value pair (missing equal-sign) in Authorization header"
        f" (hashed with SHA-256 and encoded with Base64): '{digest}'."
    )
    return GatewayError(403, json.dumps({"message": message}), "IncompleteSignatureException")


def mock_response(mock: Response, context: RequestContext) -> Response:
    """Answer for a mock integration, which no function ever sees."""
    headers = (("Content-Type", "application/json"), *_gateway_headers(context), *mock.headers)
    return Response(mock.status, headers, mock.body)


def function_response(
    result: bytes, accept: str | None, api: RestApi, context: RequestContext, trace: str
) -> Response:
    """Turn the JSON that the function returned into the client's response.

    `accept` is the request's Accept header, which decides whether a base64 body is decoded;
    `trace` the complete trace id. Whatever is not a proxy response gives the gateway's 502.
    """
    try:
        values = _result_object(result)
        status = _status(values.get("statusCode"))
        body = _body(values, accept, api)
        merged = _merged_headers(values.get("headers"), values.get("multiValueHeaders"))
    except _MalformedResultError:
        return error_response(FUNCTION_FAILED, context)
    headers = []
    for lower_name, (name, header_values) in merged.items():
        if lower_name in _REMOVED_HEADERS:
            continue
        client_name = f"x-amzn-Remapped-{name}" if lower_name in _RENAMED_HEADERS else name
        headers += [(client_name, value) for value in header_values]
    if "content-type" not in merged:
        headers.append(("Content-Type", "application/json"))
    headers += _gateway_headers(context)
    headers.append(("X-Amzn-Trace-Id", trace))
    return Response(status, tuple(headers), body)


def _gateway_headers(context: RequestContext) -> Headers:
    return (
        ("x-amzn-RequestId", context.request_id),
        ("x-amz-apigw-id", context.extended_request_id),
    )


def _result_object(result: bytes) -> dict[str, Any]:
    try:
        if result[:2] == b'{"':
            values = _decode(result.decode("utf-8", "surrogatepass"))
        else:
            values = json.loads(result)
    except (ValueError, RecursionError):  # the latter: nested too deep
        raise _MalformedResultError from None
    if not isinstance(values, dict) or not values.keys() <= _RESULT_KEYS:
        raise _MalformedResultError
    return values


def _status(status_code: object) -> int:
    """A number or its digits; a missing one is 200 (recorded)."""
    if status_code is None:
        return 200
    if isinstance(status_code, bool) or not isinstance(status_code, int | str):
        raise _MalformedResultError
    try:
        status = int(status_code)
    except ValueError:
        raise _MalformedResultError from None
    if not 200 <= status <= 599:
        raise _MalformedResultError
    return status


def _body(values: Mapping[str, Any], accept: str | None, api: RestApi) -> bytes:
    body = values.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise _MalformedResultError
    if values.get("isBase64Encoded") is True and is_binary(accept, api.binary_media_types):
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            raise _MalformedResultError from None
    return body.encode("utf-8", errors="replace")


def _merged_headers(single: object, multiple: object) -> dict[str, tuple[str, list[str]]]:
    """Lower-case name -> (name, values). A name in both maps has the values of both (recorded)."""
    merged: dict[str, tuple[str, list[str]]] = {}
    texts: list[str] = []
    for name, values in _object(multiple).items():
        if not isinstance(values, list):
            raise _MalformedResultError
        _, known = merged.setdefault(name.lower(), (name, []))
        added = [_text(value) for value in values]
        known += added
        texts += (name, *added)
    for name, value in _object(single).items():
        if value is None:
            continue
        text = value if isinstance(value, str) else _text(value)
        _, known = merged.setdefault(name.lower(), (name, []))
        if text not in known:
            known.append(text)
        texts += (name, text)
    _check("".join(texts))
    return merged


def _object(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _MalformedResultError
    return value


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise _MalformedResultError
    return str(value)


def _check(text: str) -> None:
    """Refuse what would end the header and begin another one, or the body."""
    if "\r" in text or "\n" in text or "\0" in text:
        raise _MalformedResultError
