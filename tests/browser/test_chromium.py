from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from emulation.debian_packages import PackageError
from tests.browser.chromium import PACKAGES, packages_of, unpacked_chromium


class Shelf:
    """Packages by their first name; remembers what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[list[tuple[str, ...]]] = []

    def unpack(self, wanted: Sequence[Sequence[str]]) -> Path:
        self.asked.append([tuple(names) for names in wanted])
        root = self.folder / wanted[0][0]
        (root / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
        return root


def test_libraries_are_fetched_until_none_is_missing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    said = iter(
        ["libnss3.so => not found\nlibX11.so.6 => not found", "libxcb.so.1 => not found", ""]
    )

    found = unpacked_chromium(shelf.unpack, lambda program, environment: next(said))

    assert shelf.asked[0] == list(PACKAGES)
    assert [one[0][-1] for one in shelf.asked[1:]] == ["libx11-6", "libxcb1"]
    folders = found.environment["LD_LIBRARY_PATH"].split(":")
    assert [str(tmp_path / "libxcb1t64") in folder for folder in folders] == [False] * 4 + [
        True
    ] * 2


def test_a_library_that_never_comes_is_an_error_that_names_it(tmp_path: Path) -> None:
    def ldd(program: Path, environment: Mapping[str, str]) -> str:
        return "libxcb.so.1 => not found"

    with pytest.raises(PackageError, match=r"still lacks libxcb\.so\.1"):
        unpacked_chromium(lambda wanted: tmp_path, ldd)


def test_several_libraries_of_one_package_are_one_package() -> None:
    asked = packages_of(["libgio-2.0.so.0", "libglib-2.0.so.0", "libnssutil3.so", "libdbus-1.so.3"])

    assert [one[-1] for one in asked] == ["libglib2.0-0", "libnss3", "libdbus-1-3"]
