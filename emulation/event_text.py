"""API Gateway's event as JSON text, written at once.

What an event holds is said in events.py, as a dict; of that this is `json.dumps`, to the byte,
which the tests prove by random requests. Separate because it is there for speed alone: most of an
event is the same for all requests or stands in it twice, and making sixty objects to be encoded one
by one takes three times as long.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted

from emulation.events import (
    ACCOUNT_ID,
    RequestContext,
    RestApi,
    event_body,
    event_header_name,
    event_query,
    forwarded_for,
    host_name,
    request_time,
    sent_trace,
)
from emulation.messages import Request
from emulation.routes import Match

# An event refers nowhere to itself; not looking for that saves a third of the time.
_json = json.JSONEncoder(check_circular=False).encode
# API Gateway serves nothing but HTTPS.
_PORT, _PROTOCOL = ('"X-Forwarded-Port": "443"', '"X-Forwarded-Proto": "https"')
_PORTS, _PROTOCOLS = ('"X-Forwarded-Port": ["443"]', '"X-Forwarded-Proto": ["https"]')


class EventWriter:
    """Writes the events of one API."""

    def __init__(self, api: RestApi) -> None:
        self._api = api
        self._path_begin = _quoted(f"/{api.stage}")[:-1]
        self._stage = _quoted(api.stage)
        self._stage_variables = _json(api.stage_variables)
        self._api_end = (
            f'"deploymentId": {_quoted(api.deployment_id)}, "apiId": {_quoted(api.api_id)}'
        )

    def write(self, request: Request, match: Match, context: RequestContext) -> bytes:
        """Write the event of one request, as UTF-8 (ASCII, in fact)."""
        path, _, query = request.target.partition("?")
        method, resource = _quoted(request.method), _quoted(match.resource)
        one, every = _headers(request, context)
        last_values, values = map(_json, event_query(query)) if query else ("null", "null")
        parameters = _texts(match.path_parameters)
        body, is_base64 = "null", "false"
        if request.body:
            text, binary = event_body(request, self._api)
            body, is_base64 = _json(text), _json(binary)
        return (
            f'{{"resource": {resource}, "path": {_quoted("/" + path.lstrip("/"))},'
            f' "httpMethod": {method}, "headers": {one}, "multiValueHeaders": {every},'
            f' "queryStringParameters": {last_values},'
            f' "multiValueQueryStringParameters": {values}, "pathParameters": {parameters},'
            f' "stageVariables": {self._stage_variables}, "requestContext":'
            f' {{"resourceId": "{match.resource_id}", "resourcePath": {resource},'
            f' "httpMethod": {method}, {self._context(request, context, path)}}},'
            f' "body": {body}, "isBase64Encoded": {is_base64}}}'
        ).encode("ascii")

    def _context(self, request: Request, context: RequestContext, path: str) -> str:
        """The request context, from the third field on."""
        domain_name = host_name(request.header("host") or "")
        user_agent = request.header("user-agent")
        return (
            f'"extendedRequestId": "{context.extended_request_id}",'
            f' "requestTime": "{request_time(context.epoch_ms // 1000)}",'
            f' "path": {self._path_begin}{_quoted(path)[1:]}, "accountId": "{ACCOUNT_ID}",'
            f' "protocol": "HTTP/{request.version}", "stage": {self._stage},'
            f' "domainPrefix": {_quoted(domain_name.partition(".")[0])},'
            f' "requestTimeEpoch": {context.epoch_ms}, "requestId": "{context.request_id}",'
            ' "identity": {"cognitoIdentityPoolId": null, "accountId": null,'
            ' "cognitoIdentityId": null, "caller": null,'
            f' "sourceIp": {_quoted(request.source_ip)}, "principalOrgId": null, "accessKey": null,'
            ' "cognitoAuthenticationType": null, "cognitoAuthenticationProvider": null,'
            f' "userArn": null, "userAgent": {_json_or_null(user_agent)}, "user": null}},'
            f' "domainName": {_quoted(domain_name)}, {self._api_end}'
        )


def _texts(values: Mapping[str, str] | None) -> str:
    if values is None:
        return "null"
    members = [f"{_quoted(name)}: {_quoted(value)}" for name, value in values.items()]
    return f"{{{', '.join(members)}}}"


def _json_or_null(text: str | None) -> str:
    return "null" if text is None else _quoted(text)


def _headers(request: Request, context: RequestContext) -> tuple[str, str]:
    """`headers` and `multiValueHeaders`."""
    last: dict[str, str] = {}
    several: dict[str, str] = {}
    for name, value in request.headers:
        key = _key(name)
        if key is None:
            continue
        quoted = _quoted(value)
        if key in last:
            several[key] = f"{several.get(key, last[key])}, {quoted}"
        last[key] = quoted
    trace = _quoted(sent_trace(request) or f"Root={context.trace_root}")
    address = _quoted(forwarded_for(request))
    last['"X-Amzn-Trace-Id"'], last['"X-Forwarded-For"'] = trace, address
    one = ", ".join([f"{key}: {value}" for key, value in last.items()])
    every = ", ".join([f"{key}: [{several.get(key, value)}]" for key, value in last.items()])
    return f"{{{one}, {_PORT}, {_PROTOCOL}}}", f"{{{every}, {_PORTS}, {_PROTOCOLS}}}"


@lru_cache(maxsize=1024)
def _key(name: str) -> str | None:
    """A header's name as an event has it, in quotes; None for one that is not passed on."""
    event_name = event_header_name(name)
    return None if event_name is None else _quoted(event_name)
