"""Makes text from records harmless on a terminal: anyone may have named what was measured."""

LONGEST = 300
"""Characters of one text from a record that a report shows; ours are all shorter."""


def printable(text: str) -> str:
    r"""The text with every character that could steer a terminal written out: ESC as \x1b.

    str.isprintable() is False for control, format (also right-to-left overrides), separator and
    surrogate characters, so line breaks are written out as well.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def plain(text: str) -> str:
    """printable(), cut to LONGEST characters."""
    shown = printable(text[: LONGEST + 1])
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."
