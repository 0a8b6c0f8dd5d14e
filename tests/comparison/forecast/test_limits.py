import re

import pytest

from comparison.forecast.limits import FIGURES, Figure, default


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES.keys())
def test_every_figure_has_a_source_a_date_and_a_way_to_raise_it(figure: Figure) -> None:
    assert figure.value > 0
    assert figure.source.startswith("https://")
    assert re.fullmatch(r"20\d\d(-\d\d)?", figure.as_of)
    assert figure.note
    assert figure.raising


def test_a_default_is_the_value_of_the_figure() -> None:
    assert default("lambda.account_concurrency") == 1000
