from pathlib import Path

import pytest

from comparison.forecast.limits import FIGURES

PAGE = Path(__file__).parents[3] / "docs" / "forecast.md"


@pytest.mark.parametrize("name", list(FIGURES))
def test_the_documentation_has_every_limit_as_it_is(name: str) -> None:
    figure = FIGURES[name]

    line = next(
        one for one in PAGE.read_text("utf-8").splitlines() if one.startswith(f"| `{name}`")
    )

    assert f"| {figure.value:,g} {figure.unit} |" in line
    assert ("others saw it" in line) is not figure.documented
