# ruff: noqa: INP001 - a program of its own, like install.py beside it
"""Writes comparison/reports/page/vega.js: the chart library that every HTML page carries in itself.

    uv run --no-project --with vl-convert-python==1.9.0.post1 python requirements/make_vega.py

Kept in the repository because making it needs a compiler of 88 MB and seven seconds, and its bytes
change only with its version. The same version of vl-convert-python gives the same bytes.
"""

import hashlib
import sys
from importlib import import_module
from pathlib import Path

TARGET = Path(__file__).parent.parent / "comparison" / "reports" / "page" / "vega.js"
LICENCE = TARGET.with_name("vega-licence.txt")
SNIPPET = "window.vegaEmbed = vegaEmbed;"


def main() -> int:
    # By name: nothing that is locked here needs it, so type checkers do not find it either.
    converter = import_module("vl_convert")
    vega_lite = converter.get_vegalite_versions()[-1]
    bundle = converter.javascript_bundle(SNIPPET, vega_lite)
    # In a function, so that the library's own names stay its own.
    body = f"(() => {{{bundle}\n}})();\n"
    head = (
        f"/*! Vega {converter.get_vega_version()}, Vega-Lite {vega_lite},"
        f" Vega-Embed {converter.get_vega_embed_version()}"
        f" sha256:{hashlib.sha256(body.encode()).hexdigest()}\n"
        f"{LICENCE.read_text(encoding='utf-8')}*/\n"
    )
    TARGET.write_text(head + body, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
