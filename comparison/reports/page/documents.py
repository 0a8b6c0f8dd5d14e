"""Our own Markdown pages as HTML: tables and text, no markup of their own, nothing that loads."""

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

DEEPER = 2
"""Headings stand below the page's own: # becomes h3."""
DEEPEST = 6


def document_html(markdown: str) -> Markup:
    """HTML of a page of docs/, without its title; links to other pages become their text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = _without_title(parser.parse(markdown))
    for token in tokens:
        if token.tag.startswith("h") and token.tag[1:].isdigit():
            token.tag = f"h{min(int(token.tag[1:]) + DEEPER - 1, DEEPEST)}"
        if token.children is not None:
            token.children = _without_local_links(token.children)
    html = parser.renderer.render(tokens, parser.options, {})
    # A wide table scrolls by itself, also by keyboard, and never widens the page.
    box = '<div class="scrolls" tabindex="0" role="region" aria-label="Table">'
    html = html.replace("<table>", f"{box}<table>").replace("</table>", "</table></div>")
    return Markup(html)  # noqa: S704 - made by the parser with HTML switched off


def _without_title(tokens: list[Token]) -> list[Token]:
    if tokens and tokens[0].tag == "h1":
        return tokens[3:]
    return tokens


def _without_local_links(children: list[Token]) -> list[Token]:
    """Files of docs/ are not beside a results folder."""
    kept = []
    dropping = False
    for child in children:
        if child.type == "link_open":
            dropping = not str(child.attrs.get("href", "")).startswith("https://")
        if not (dropping and child.type in {"link_open", "link_close"}):
            kept.append(child)
        if child.type == "link_close":
            dropping = False
    return kept
