"""`python -m tests.fuzz.one_target NAME FOLDER... -OPTION...`: what runs under libFuzzer.

A module of its own, because the product must be imported in here for atheris to follow it, and
because libFuzzer ends the process.
"""

import sys

import atheris  # type: ignore[import-untyped]  # it ships no types

_PRODUCT = ["comparison", "commands", "ec2_app", "emulation", "loadtests", "measurement", "shared"]

with atheris.instrument_imports(include=_PRODUCT):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name, *rest = sys.argv[1:]
    atheris.Setup([sys.argv[0], *rest], TARGETS[name].check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
