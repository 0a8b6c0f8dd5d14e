"""The text is, to the byte, what json makes of the event that events.py describes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from emulation.event_text import EventWriter
from emulation.events import RequestContext, RestApi, proxy_event
from emulation.messages import Request
from emulation.routes import Match

CONTEXT = RequestContext(
    "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    "JKJaXmPLvHcESHA=",
    "1-5e66d96f-7491f09f4e0d2a79d18acf3d",
    "53995c3f42cd8ad8",
    1_583_349_317_135,
)
# As http1 decodes them: any byte may come in a header's value.
LATIN = st.text(st.characters(max_codepoint=255), max_size=12)
NAMES = st.sampled_from(
    [
        *("Host", "HOST", "Accept", "accept", "Content-Type", "user-agent", "Authorization"),
        *("Connection", "X-Forwarded-For", "x-forwarded-for", "X-Amzn-Trace-Id", "X-Own"),
    ]
)
VALUES = LATIN | st.sampled_from(
    ["api.test:8080", "image/png", "Root=1-00000000-" + "a" * 24, "10.0.0.1", "[::1]:80", '"\\']
)
REQUESTS = st.builds(
    Request,
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.from_regex(r"//?[a-z%/]{0,8}(\?[a-c=&;%+\"]{0,12})?", fullmatch=True),
    st.sampled_from(["1.0", "1.1"]),
    st.lists(st.tuples(NAMES, VALUES), max_size=8).map(tuple),
    st.binary(max_size=20) | st.just("Müller".encode()),
    st.sampled_from(["127.0.0.1", "fe80::1%lo"]),
)
MATCHES = st.builds(
    Match,
    st.sampled_from(["/", "/customer/{id}", '/a"b/{proxy+}']),
    st.just("0a1b2c"),
    st.none() | st.dictionaries(st.sampled_from(["id", "proxy"]), LATIN, min_size=1, max_size=2),
    st.none(),
)
APIS = st.builds(
    RestApi,
    st.sampled_from(["dev", 'st"age']),
    binary_media_types=st.sampled_from([frozenset(), frozenset({"image/png"})]),
    stage_variables=st.none() | st.dictionaries(LATIN, LATIN, max_size=2),
)


@given(REQUESTS, MATCHES, APIS)
def test_the_text_is_that_of_the_event(request: Request, match: Match, api: RestApi) -> None:
    text = EventWriter(api).write(request, match, CONTEXT)

    assert text.decode("ascii") == json.dumps(proxy_event(request, match, api, CONTEXT))


def test_one_writer_keeps_nothing_of_the_requests_before() -> None:
    writer = EventWriter(RestApi("dev"))
    match = Match("/", "0a1b2c", None, None)
    first = Request("POST", "/?a=b", "1.1", (("Host", "one"), ("Cookie", "c")), b"body", "::1")
    second = Request("GET", "/", "1.1", (("Host", "two"),), b"", "127.0.0.1")

    writer.write(first, match, CONTEXT)

    expected = proxy_event(second, match, RestApi("dev"), CONTEXT)
    assert json.loads(writer.write(second, match, CONTEXT)) == expected
