"""The Lambda front door: Chalice routes -> shared.api; nothing else.

Each route passes method and path on and returns the answer. API Gateway knows the routes from
`chalice deploy`; what else may be asked, and what is answered, stands in shared/api.py.
"""

import functools
import os
from urllib.parse import unquote

from chalice import Chalice, Response
from chalice.app import Request

from shared.access_log import write_now
from shared.api import Api
from shared.bootstrap import build_api
from shared.contract import METHODS
from shared.settings import settings_from_environ

app = Chalice(app_name="customer-data")
# All answers are text. Chalice looks through this list of binary types three times per request,
# which took a tenth of the handler's time.
app.api.binary_types = []
# Chalice answers 415 to a GET that names another Content-Type than JSON, unless the list of
# accepted ones is empty. Nobody reads a body here, and EC2 answers such a request.
_CONTENT_TYPE_UNCHECKED: list[str] = []
_METHODS = list(METHODS)


@functools.cache
def api() -> Api:
    """The API of this execution environment, made at the first request.

    Not at import: `chalice package` and `chalice deploy` import this module on machines that have
    no DATABASE_URL.
    """
    return build_api(settings_from_environ(os.environ), write_now)


@app.route("/", methods=_METHODS, content_types=_CONTENT_TYPE_UNCHECKED)
def welcome() -> Response:
    return _answer()


@app.route("/health", methods=_METHODS, content_types=_CONTENT_TYPE_UNCHECKED)
def health() -> Response:
    return _answer()


@app.route("/openapi.json", methods=_METHODS, content_types=_CONTENT_TYPE_UNCHECKED)
def description() -> Response:
    return _answer()


@app.route("/customer/{customer_id}", methods=_METHODS, content_types=_CONTENT_TYPE_UNCHECKED)
def customer(customer_id: str) -> Response:  # noqa: ARG001 - Chalice wants the route's parameter
    return _answer()


@app.route("/customerdata/{customer_id}", methods=_METHODS, content_types=_CONTENT_TYPE_UNCHECKED)
def customer_data(customer_id: str) -> Response:  # noqa: ARG001 - Chalice wants the parameter
    return _answer()


def _answer() -> Response:
    request = app.current_request
    # API Gateway hands path parameters over percent-encoded, as they were sent; Chalice leaves
    # them so. The resource path has the stage and a trailing slash taken off already.
    path = request.context["resourcePath"].format_map(request.uri_params or {})
    response = api().handle(
        request.method,
        unquote(path, errors="replace"),
        _header(request, "if-none-match"),
        _header(request, "x-request-id"),
    )
    return Response(
        body=response.body.decode(),
        headers=dict(response.headers),
        status_code=response.status,
    )


def _header(request: Request, lower_name: str) -> str:
    """The header's values as one list, as WSGI hands them over; "" where it was not sent."""
    if lower_name not in request.headers:
        return ""
    # Chalice keeps only the last of several values.
    sent = request.to_original_event()["multiValueHeaders"]
    return ",".join(
        value for name, values in sent.items() if name.lower() == lower_name for value in values
    )
