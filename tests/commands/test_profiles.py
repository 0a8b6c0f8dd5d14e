import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands.load_chart import chart, over_time
from commands.load_options import chosen_profile
from commands.profiles import describe, profiles
from loadtests.profiles import PROFILES, from_document
from measurement.errors import ArgumentError

EVERY = pytest.mark.parametrize("name", PROFILES)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(profiles, arguments, catch_exceptions=False)


def test_every_profile_has_one_line() -> None:
    lines = run().output.splitlines()

    assert [line.split()[0] for line in lines[: len(PROFILES)]] == list(PROFILES)
    assert max(map(len, lines)) <= 80


@EVERY
def test_a_description_fits_a_terminal_and_has_no_colour(name: str) -> None:
    output = run(name).output

    assert output.startswith(f"{name}: ")
    assert max(map(len, output.splitlines())) <= 80
    assert "\x1b" not in output


def test_an_open_model_says_its_rate_and_a_closed_one_its_users() -> None:
    assert "up to 100 requests/s, at random (Poisson); 1500 in a block" in run("arrivals").output
    assert "20, starting 10 a second" in run("quick").output
    assert "50, starting 10% every 15 s, 10 a second" in run("origin").output
    assert "0.1 to 0.3 s, all equally likely" in run("quick").output


def test_routes_are_shown_by_their_share() -> None:
    assert "GET 80% /customerdata/{id}, 20% /customer/{id}" in run("steady").output


def test_a_file_of_the_user_is_described_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = (Path("loadtests/profiles") / "spike.toml").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")

    assert run(str(path)).output == describe(PROFILES["spike"]).replace("spike:", "mine:") + "\n"


def test_what_json_says_is_the_profile_itself() -> None:
    values = json.loads(run("wave", "--json").output)

    drawn = values.pop("over_time")
    assert from_document(values) == PROFILES["wave"]
    assert len(drawn) == 100
    assert max(rate for _, rate in drawn) == pytest.approx(100, rel=0.02)


def test_json_without_a_name_holds_all() -> None:
    assert [one["name"] for one in json.loads(run("--json").output)] == list(PROFILES)


def test_an_unknown_name_is_wrong_usage() -> None:
    with pytest.raises(ArgumentError, match="--profile: no profile 'quik'; choose one of: "):
        run("quik")


def test_the_flags_change_the_profile() -> None:
    changed = chosen_profile("quick", users=7, duration=3.0, blocks=2)

    assert (changed.users, changed.block_seconds, changed.blocks) == (7, 3.0, 2)
    assert changed.warm_up_seconds == 0.9
    assert chosen_profile("arrivals", rate=12.5).rate == 12.5


def test_a_flag_that_does_not_fit_the_profile_is_wrong_usage() -> None:
    with pytest.raises(ArgumentError, match="--users: profile arrivals is an open model"):
        chosen_profile("arrivals", users=7)


def test_users_over_time_are_those_of_the_steps() -> None:
    origin = chosen_profile("origin", users=10)

    # One column for each step of 15 s, in its middle.
    assert over_time(origin, 12) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10]


def test_the_chart_shows_the_spike_and_nothing_above_the_axis_label() -> None:
    lines = chart(PROFILES["spike"], width=65)

    assert lines[0].startswith("100 │")
    top, bottom = (line.partition("│")[2] for line in (lines[0], lines[7]))
    assert top.strip() == "█" * 19
    assert set(bottom) <= {"▆", "▇", "█"}
    assert lines[8] == "  0 └" + "─" * 60
    assert lines[9].split() == ["0", "s", "^", "measured", "from", "5", "s", "on", "60", "s"]


def test_little_load_is_not_drawn_as_none() -> None:
    lines = chart(chosen_profile("origin", users=1000), width=80)

    assert lines[7].partition("│")[2].startswith(("▁", "▂", "▃", "▄", "▅", "▆", "▇"))
