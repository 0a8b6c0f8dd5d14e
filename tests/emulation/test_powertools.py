"""Every event that is made is one to aws-lambda-powertools' model, whose authors work at AWS."""

from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventModel
from hypothesis import given
from hypothesis import strategies as st

from emulation.events import RestApi, proxy_event
from emulation.gateway import new_context
from emulation.messages import Request
from emulation.routes import ANY_METHOD, RouteTable

ROUTES = RouteTable({"/": {ANY_METHOD: None}, "/{proxy+}": {ANY_METHOD: None}})
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="|"))


@given(
    METHODS,
    TEXT,
    TEXT,
    st.dictionaries(st.sampled_from(["Accept", "X-A", "User-Agent"]), TEXT),
    st.binary(),
)
def test_every_event_validates(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    target = "/" + path.replace("?", "%3F") + (f"?{query}" if query else "")
    sent = (("Host", "abc.execute-api.eu-central-1.amazonaws.com"), *headers.items())
    request = Request(method, target, "1.1", sent, body, "127.0.0.1")
    match = ROUTES.match(method, target.partition("?")[0])
    if match is None:
        return
    event = proxy_event(request, match, RestApi("dev"), new_context())

    model = APIGatewayProxyEventModel.model_validate(event)

    assert model.httpMethod == method
    assert model.path == event["path"]
