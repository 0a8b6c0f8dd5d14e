"""`./compare.py run --urls` for real: servers that are not this product's, loaded and compared."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import compare
from measurement.answers import Answer
from measurement.results import read_results
from tests.measurement.web import serving

PROFILE = """
description = "A search"
block_seconds = 1
warm_up_seconds = 0
blocks = 1

[keys]
first_id = 1
last_id = 50
preload_share = 0

[paths]
"/search?q={id}" = 3
"/about" = 1

[open]
rate = 40
spacing = "constant"
max_connections = 20
"""


@pytest.fixture
def servers() -> Iterator[str]:
    """Two that answer alike, as --urls wants them."""

    def answer(_: str, path: str) -> Answer:
        return Answer(200, "text/plain", path.encode())

    with ExitStack() as stack:
        urls = [stack.enter_context(serving(answer)) for _ in range(2)]
        yield f"old={urls[0]},new={urls[1]}"


@pytest.fixture
def profile(tmp_path: Path) -> str:
    path = tmp_path / "search.toml"
    path.write_text(PROFILE, encoding="utf-8")
    return str(path)


def test_any_servers_are_loaded_with_the_profiles_paths(
    servers: str, profile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    order = ["--urls", servers, "--profile", profile, "--keep-alive", "off", "--slo", "p95<1000ms"]

    code = compare.main(["run", *order, "--no-calibration", "--quiet", "--out", str(folder)])

    run, blocks = read_results(folder)
    assert code == 0, capsys.readouterr().err
    assert "No cost is given" in capsys.readouterr().out
    assert (list(run.urls), run.keep_alive, run.slo, run.cache) == (
        ["old", "new"],
        False,
        "p95<1000ms",
        "unknown",
    )
    for block in blocks:
        assert block.load.failures == 0
        assert block.load.connections_opened == block.load.requests
        assert {tag.route for tag in block.load.latencies.tags} == {"/search?q={id}", "/about"}


def test_servers_that_answer_differently_get_no_load(
    profile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    with (
        serving(lambda m, p: Answer(200, "text/plain", b"a")) as one,
        serving(lambda m, p: Answer(200, "text/plain", b"b")) as other,
    ):
        urls = f"a={one},b={other}"
        code = compare.main(["run", "--urls", urls, "--profile", profile, "--out", str(folder)])

    assert code == 1
    assert "or compare status alone: --answers status" in capsys.readouterr().err
    assert not folder.exists()
