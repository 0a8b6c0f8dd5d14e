from dataclasses import replace

import pytest

from loadtests.profiles import find_profile
from measurement.answers import Answer, Asked, check_answers, comparable
from measurement.errors import ArgumentError
from measurement.url_targets import UrlTarget, other_hosts, parse_urls, profile_probes
from tests.measurement.web import serving


def test_each_name_has_its_base_url() -> None:
    found = parse_urls("old=http://127.0.0.1:8080/, new-one=https://api.example/v2")

    assert found == {"old": "http://127.0.0.1:8080", "new-one": "https://api.example/v2"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http://x", "'http://x' is no NAME=URL"),
        ("1=http://x", "'1' is no name of a side"),
        ("difference=http://x", "'difference' is no name of a side"),
        ("a.b=http://x", "'a.b' is no name of a side"),
        ("a=http://x,a=http://y", "'a' stands twice"),
        ("a=ftp://x", "a: 'ftp://x' is no http:// or https:// URL"),
        ("a=http://", "a: 'http://' is no http:// or https:// URL"),
        ("a=http://x:99999", "a: 'http://x:99999' is no http:// or https:// URL"),
        ("a=http://me:secret@x", "a: a base URL has no user, query or fragment"),
        ("a=http://x?y=1", "a: a base URL has no user, query or fragment"),
    ],
)
def test_the_part_at_fault_is_named(text: str, says: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse_urls(text)

    assert str(caught.value).startswith(("--urls: ", "--urls a: "))
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_hosts_that_are_not_this_machine_are_known_each_once() -> None:
    urls = {
        "a": "http://127.0.0.2:1",
        "b": "http://localhost",
        "c": "http://[::1]:8080",
        "d": "https://api.example/1",
        "e": "https://api.example/2",
        "f": "http://192.168.1.5",
    }

    assert other_hosts(urls) == ("api.example", "192.168.1.5")


def test_each_path_of_the_profile_is_asked_for_with_the_ends_and_the_middle_of_its_ids() -> None:
    quick = find_profile("quick")
    keys = replace(quick.keys, first_id=1, last_id=9)
    profile = replace(quick, keys=keys, paths={"/items/{id}?full=1": 2.0, "/": 1.0})

    probes = profile_probes(profile)

    assert [one.path for one in probes] == [
        "/items/1?full=1",
        "/items/5?full=1",
        "/items/9?full=1",
        "/",
    ]
    assert {(one.method, one.status) for one in probes} == {("GET", 200)}


def test_headers_of_other_servers_are_their_own_business_and_bodies_if_asked_for() -> None:
    one = Answer(200, "text/html", b"12:01", cache_control="no-store", etag='"a"')
    other = replace(one, body=b"12:02", etag='"b"')

    def different(*, bodies: bool) -> int:
        with serving(lambda m, p: one) as first, serving(lambda m, p: other) as second:
            sides = [
                Asked(name, url, behind_gateway=False)
                for name, url in (("a", first), ("b", second))
            ]
            probes = profile_probes(find_profile("quick"))
            check = check_answers(sides, probes, lambda found: comparable(found, bodies=bodies))
            return len(check.different)

    assert different(bodies=False) == 0
    assert different(bodies=True) == 3


def test_a_named_server_is_there_already_and_tells_nothing_of_itself() -> None:
    target = UrlTarget("old", "http://127.0.0.1:1")

    assert target.start() == "http://127.0.0.1:1"
    assert target.running()
    used = target.usage()
    assert (used.cpu_seconds, used.held.memory_bytes, used.serverless) == ({}, {}, None)
    target.stop()
