from comparison.reports.page.documents import document_html


def test_markup_in_a_document_is_text() -> None:
    assert "&lt;script&gt;" in document_html(
        "# T\n\n<script>alert(1)</script> and [x](javascript:y)"
    )


def test_headings_stand_below_those_of_the_page() -> None:
    assert document_html("# T\n\n## One\n\ntext") == "<h3>One</h3>\n<p>text</p>\n"


def test_tables_scroll_by_themselves() -> None:
    html = document_html("| a |\n|---|\n| `b` |\n")

    assert html.startswith('<div class="scrolls" tabindex="0" role="region"')
    assert "<td><code>b</code></td>" in html


def test_links_to_other_pages_become_their_text() -> None:
    html = document_html("See [cost](cost.md#x), [*AWS*](https://aws.amazon.com/) and [me](#me).")

    assert html == ('<p>See cost, <a href="https://aws.amazon.com/"><em>AWS</em></a> and me.</p>\n')
