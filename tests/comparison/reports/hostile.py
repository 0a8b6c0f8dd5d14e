"""A name that attacks each format at once, and a run that carries it wherever it can."""

from dataclasses import replace

from comparison.outcome import Comparison
from comparison.prices import load_price_book
from comparison.verdict import compare
from tests.comparison.builders import blocks, run

NAME = (
    "=cmd()|'/bin/sh'!A1 <script>alert(1)</script> ](http://evil.example) @everyone `x` **b** "
    "\x1b[31m\r\n# title\n\x07\x9b2J\u202e \ud800"
)


def hostile_comparison() -> Comparison:
    made = [
        replace(
            block,
            load=replace(block.load, failures=1, errors={NAME: 1}),
            cpu_seconds={NAME: 1.0},
        )
        for block in blocks()
    ]
    record = run(
        created_at=NAME,
        profile=NAME,
        emulated=(NAME,),
        answers_different=(NAME,),
        versions={NAME: NAME},
        machine={NAME: NAME},
    )
    return compare(record, made, load_price_book("eu-central-1"))
