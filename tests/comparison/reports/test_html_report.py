"""The page as text and as a tree; what a browser makes of it stands in tests/browser/."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from importlib import resources

from comparison.reports import html_report, json_report
from comparison.reports.text_report import break_even_lines
from tests.comparison.builders import FOUR_SIDES, ec2_block, four_sides, load, rounds, run
from tests.comparison.price_books import book_with_break_even
from tests.comparison.reports.hostile import NAME
from tests.comparison.reports.pages import (
    Element,
    finished,
    hostile_material,
    kept_data,
    lively,
    lively_blocks,
    material,
    parsed,
    report_of,
)

MOST_BYTES = 2_500_000


def test_the_page_begins_with_the_verdict() -> None:
    verdict = material().comparison.verdict

    (main,) = parsed(finished()).all("main")

    assert main.text.startswith(f"ec2 or serverless? {verdict} ")


def test_the_same_records_give_the_same_bytes() -> None:
    assert html_report.render(material()) == finished()


def test_nothing_on_the_page_is_asked_for_elsewhere() -> None:
    page = parsed(finished())

    assert [one for one in page.all("script") if "src" in one.attributes] == []
    assert [one.attributes["href"] for one in page.all("link")] == ["data:,"]
    assert page.all("img") == page.all("iframe") == []
    assert "url(" not in page.all("style")[0].text


def test_the_page_allows_its_own_scripts_only() -> None:
    page = parsed(finished())
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    programs = [one for one in page.all("script") if not one.attributes]

    hashes = [hashlib.sha256(one.source.encode()).digest() for one in programs]

    assert len(hashes) == 2
    for one in hashes:
        assert f"'sha256-{base64.b64encode(one).decode()}'" in policy.attributes["content"]
    assert policy.attributes["content"].startswith("default-src 'none';")


def test_every_chart_has_words_and_a_table_of_its_numbers() -> None:
    page = parsed(finished())
    figures = page.all("figure")

    assert len(figures) == 9
    assert {one.attributes["id"] for one in figures} == set(kept_data(page, "specs")["charts"])
    for figure in figures:
        (chart,) = figure.all("div", role="img")
        (table,) = figure.all("details")[0].all("table")
        assert len(chart.attributes["aria-label"]) > len(figure.all("h3")[0].text)
        assert len(table.all("tbody")[0].all("tr")) > 1


def test_headings_and_tables_can_be_found_without_seeing_them() -> None:
    page = parsed(finished())

    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("nav")) == 1
    assert page.all("html")[0].attributes["lang"] == "en"
    for section in page.all("section"):
        title = section.attributes["aria-labelledby"]
        assert any(one.attributes.get("id") == title for one in section.all("h2") + page.all("h1"))
    for table in page.all("table", **{"class": "data"}):
        assert table.all("caption")[0].text
        assert all(one.attributes["scope"] for one in table.all("th"))


def test_links_lead_to_sections_that_are_there() -> None:
    page = parsed(finished())
    links = [one.attributes["href"] for one in page.all("a")]
    inside = [link.removeprefix("#") for link in links if link.startswith("#")]

    there = {one.attributes["id"] for one in page.all("section")}

    assert there.issuperset(inside)
    assert [link for link in links if not link.startswith("#")] == ["https://aws.amazon.com/"]


def test_the_table_of_percentiles_says_what_the_report_says() -> None:
    (side,) = (one for one in material().comparison.sides if one.side == "serverless")
    (figure,) = parsed(finished()).all("figure", id="percentiles")

    rows = [row.text for row in figure.all("tbody")[0].all("tr")]

    p95 = side.latency.percentile("95")
    assert any(row.startswith(f"serverless p95 {p95.value_ms:.1f} ms") for row in rows)


def test_the_page_hands_out_the_report_and_the_raw_records() -> None:
    made = material()
    page = parsed(finished())

    assert report_of(finished()) == json.loads(json_report.render(made.comparison))
    raw = json.loads(kept_data(page, "file-2"))
    assert [block["index"] for block in raw["blocks"]] == [1, 2, 3, 4, 5, 6]
    names = [one.attributes["data-name"] for one in page.all("button") if "Save" in one.text]
    assert names == ["report.json", "figures.csv", "raw.json"]


def test_a_long_run_with_many_blocks_stays_a_page_that_can_be_sent() -> None:
    two = lively_blocks()[:2]
    many = [
        replace(block, index=2 * pair - 1 + at, pair=pair)
        for pair in range(1, 201)
        for at, block in enumerate(two)
    ]

    page = html_report.render(material(run(("ec2", "serverless") * 200), many))

    assert len(page.encode()) < MOST_BYTES
    assert "Save raw.json" not in page


def test_an_interrupted_run_says_so_first() -> None:
    page = parsed(html_report.render(material(run(interrupted=True))))

    assert page.all("main")[0].text.startswith("Partial run. It was interrupted")


def test_a_run_with_one_side_compares_nothing() -> None:
    alone = [lively(ec2_block(1), 1.9, 9_000)]

    page = parsed(html_report.render(material(run(interrupted=True), alone)))

    assert page.all("main")[0].text.startswith("Incomplete run. Only one side was measured")
    drawn = {one.attributes["id"] for one in page.all("figure")}
    assert "percentiles" in drawn
    assert drawn.isdisjoint({"pairs", "cost-by-rate"})


def test_an_invalid_run_says_so_and_draws_no_comparison() -> None:
    record = run(answers_different=("GET /customer/0: 400 against 403",))

    page = parsed(html_report.render(material(record)))

    assert page.all("main")[0].text.startswith("Invalid run. Nothing is compared")
    drawn = {one.attributes["id"] for one in page.all("figure")}
    assert drawn.isdisjoint({"pairs", "cost-by-rate"})


def test_without_any_request_there_is_still_a_page() -> None:
    silent = replace(ec2_block(1), load=load([], requests=0), cpu_seconds={})

    page = parsed(html_report.render(material(run(interrupted=True), [silent])))

    assert page.all("figure", id="percentiles") == []
    assert "0 of 0" in page.all("main")[0].text


def hostile_page() -> Element:
    return parsed(html_report.render(hostile_material()))


def test_a_hostile_name_stays_text() -> None:
    page = hostile_page()

    usual = parsed(finished())
    assert len(page.all("script")) == len(usual.all("script"))
    assert [one for one in page.all("a") if "evil" in one.attributes["href"]] == []
    assert "<script>alert(1)</script>" in page.all("main")[0].text
    assert re.search(r"[\x00-\x08\x0b-\x1f\u202e]", page.all("main")[0].text) is None


def test_a_hostile_name_ends_no_script_and_is_kept_whole() -> None:
    page = hostile_page()

    report = json.loads(kept_data(page, "file-0"))
    charts = kept_data(page, "specs")["charts"]

    assert report["run"]["profile"] == NAME
    assert "<script>alert(1)</script>" in json.dumps(charts["cpu"])


def test_the_break_even_stands_in_words() -> None:
    (section,) = parsed(finished()).all("section", id="cost")

    for line in break_even_lines(material().comparison):
        assert line in section.text


def test_a_break_even_is_marked_with_how_far_the_billed_ms_move_it() -> None:
    page = parsed(html_report.render(material(book=book_with_break_even())))
    (figure,) = page.all("figure", id="cost-by-rate")

    said = re.search(r"Equal cost at ([\d.]+) requests/s \[([\d.]+), ([\d.]+)\]", figure.text)

    assert said is not None
    rate, low, high = map(float, said.groups())
    assert low <= rate <= high
    assert f"equal: {said[1]}" in json.dumps(kept_data(page, "specs")["charts"]["cost-by-rate"])


def test_the_same_architecture_twice_has_two_colours() -> None:
    made = [block for block in lively_blocks() if block.side == "ec2"]
    twice = [
        replace(block, side=side, index=2 * block.pair - 1 + at)
        for block in made
        for at, side in enumerate(("ec2", "ec2#2"))
    ]
    record = run(("ec2", "ec2#2") * 3, targets=("ec2", "ec2#2"))

    page = parsed(html_report.render(material(record, twice)))

    colours = [one.attributes["style"] for one in page.all("dl")[0].all("dt")]
    assert colours == ["color: var(--first)", "color: var(--second)"]
    assert page.all("figure", id="cost-by-rate") == []


def test_four_sides_have_a_colour_each_a_ranking_and_a_chart_of_pairs_for_every_other_side() -> (
    None
):
    page = parsed(html_report.render(material(four_sides(slo="p95<5ms"), rounds(FOUR_SIDES))))

    colours = [one.attributes["style"] for one in page.all("dl")[0].all("dt")]
    charts = [one.attributes["id"] for one in page.all("figure")]
    captions = [one.text for one in page.all("caption")]
    assert len(set(colours)) == 4
    assert [name for name in charts if name.startswith("pairs")] == [
        "pairs-1",
        "pairs-2",
        "pairs-3",
    ]
    assert {"Which side", "Differences from cached in ms"} <= set(captions)
    assert len(charts) == len(set(charts))


def test_four_sides_stand_in_every_chart_with_a_mark_of_their_own() -> None:
    page = parsed(html_report.render(material(four_sides(), rounds(FOUR_SIDES))))

    charts = kept_data(page, "specs")["charts"]
    shapes = json.dumps(charts["percentiles"])
    assert all(f'"{shape}"' in shapes for shape in ("circle", "square", "triangle-up", "diamond"))
    for name in ("percentiles", "distribution", "over-time", "cpu", "cost-lines", "cost-by-rate"):
        assert json.dumps(list(FOUR_SIDES)) in json.dumps(charts[name])


def test_servers_that_are_known_by_their_url_have_no_cost_and_nothing_emulated() -> None:
    urls = {"ec2": "http://127.0.0.1:1", "serverless": "http://127.0.0.1:2"}

    page = parsed(html_report.render(material(run(urls=urls, emulated=()))))

    assert page.all("section", id="cost") == []
    assert "servers that were there already" in page.all("section", id="fidelity")[0].text
    assert "http://127.0.0.1:1" in page.all("dl")[0].text


def test_documents_bring_no_links_to_files_that_are_not_there() -> None:
    (method,) = parsed(finished()).all("section", id="method")

    assert "See cost and AWS." in method.text


def test_the_chart_library_is_as_it_was_made() -> None:
    file = resources.files("comparison") / "reports" / "page" / "vega.js"
    text = file.read_text(encoding="utf-8")

    head, _, body = text.partition("*/\n")

    said = re.search(r"sha256:([0-9a-f]{64})", head)
    assert said is not None
    assert hashlib.sha256(body.encode()).hexdigest() == said[1]
    assert "University of Washington" in head
