from xml.etree import ElementTree as ET

from comparison.prices import load_price_book
from comparison.reports import picture
from comparison.verdict import compare
from tests.comparison.builders import blocks, run

BOOK = load_price_book("eu-central-1")


def drawn(**changes: object) -> str:
    return picture.render(compare(run(**changes), blocks(), BOOK))


def test_the_picture_is_an_svg_that_shows_the_verdict() -> None:
    root = ET.fromstring(drawn())  # noqa: S314 - our own output

    assert root.tag.endswith("svg")
    assert "slower" in "".join(root.itertext())


def test_the_same_records_give_the_same_picture() -> None:
    assert drawn() == drawn()


def test_a_hostile_name_stays_text() -> None:
    root = ET.fromstring(drawn(answers_different=("<script>alert(1)</script>\x1b",)))  # noqa: S314 - our own output

    assert not [element for element in root.iter() if element.tag.endswith("script")]
