"""Which sides a run compares: the product's own, or servers by their URLs."""

import io
from dataclasses import replace

import pytest

import compare
from commands.aws_house import aws_order
from commands.run_order import RunOrder
from commands.side_options import Sides, chosen_sides, confirm_hosts
from infrastructure.errors import SettingError
from loadtests.profiles import Profile, find_profile
from measurement.errors import ArgumentError

TWO_URLS = "a=http://127.0.0.1:1,b=http://127.0.0.1:2"
OWN = Sides(("ec2", "serverless"), {}, "all")
OTHERS = Sides(("a", "b"), {"a": "http://127.0.0.1:1", "b": "http://127.0.0.1:2"}, "all")


def search() -> Profile:
    return replace(find_profile("quick"), paths={"/search?q={id}": 1.0})


def test_without_any_flag_the_two_usual_sides_are_compared() -> None:
    assert chosen_sides(None, None, None, "all") == OWN


def test_servers_are_named_by_their_urls_and_any_may_be_the_reference() -> None:
    found = chosen_sides(None, TWO_URLS, "b", "status")

    assert found.targets == ("b", "a")
    assert found.urls == OTHERS.urls
    assert found.answers_compared == "status"


@pytest.mark.parametrize(
    ("targets", "urls", "answers", "says"),
    [
        ("ec2,ec2", TWO_URLS, "all", "--targets and --urls: one of them"),
        (None, "a=http://127.0.0.1:1", "all", "--urls: 1 given; name 2 to 6"),
        (None, None, "status", "--answers: this product's sides must answer alike"),
    ],
)
def test_flags_that_do_not_go_together_are_wrong_arguments(
    targets: str | None, urls: str | None, answers: str, says: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        chosen_sides(targets, urls, None, answers)

    assert str(caught.value).startswith(says)


def test_this_products_sides_are_not_asked_for_paths_that_they_do_not_have() -> None:
    OTHERS.refuse_profile(search())

    with pytest.raises(ArgumentError, match="does not answer /search"):
        OWN.refuse_profile(search())


def test_the_cache_behind_a_url_is_unknown_and_cannot_be_chosen() -> None:
    assert (OWN.cache(None), OWN.cache("warm"), OTHERS.cache(None)) == (
        "profile",
        "warm",
        "unknown",
    )
    with pytest.raises(ArgumentError, match="--cache, --preload"):
        OTHERS.cache("cold")


def test_other_hosts_are_named_before_any_load_goes_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody to ask
    urls = {"a": "https://one.example/api", "b": "http://two.example", "c": "http://[::1]:80"}

    with pytest.raises(SettingError, match="--yes is missing"):
        confirm_hosts(urls, given=False)
    confirm_hosts(urls, given=True)

    assert capsys.readouterr().err.count("the load goes to one.example, two.example:") == 2


def test_for_this_machine_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    confirm_hosts({"a": "http://localhost:1", "b": "http://127.0.0.1:2"}, given=False)

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (("cached", "three-tier"), "what ./compare.py up has created"),
        (("ec2", "serverless", "scaled-out"), "more of them run on this machine"),
        (("serverless", "serverless#2"), "one side on instances and one serverless"),
    ],
)
def test_on_aws_there_is_what_up_creates(order: tuple[str, ...], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        aws_order(RunOrder(find_profile("quick"), 1, order, "profile", None, 60.0))


def test_servers_of_others_are_not_on_aws_for_us() -> None:
    order = RunOrder(
        find_profile("quick"), 1, OTHERS.targets, "unknown", None, 60.0, urls=OTHERS.urls
    )

    with pytest.raises(ArgumentError, match="leave out --on aws"):
        aws_order(order)


def test_a_wrong_url_ends_the_command_before_anything_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert compare.main(["run", "--urls", "a=http://127.0.0.1:1,b=nowhere"]) == 2
    assert "--urls b: 'nowhere' is no http:// or https:// URL" in capsys.readouterr().err
