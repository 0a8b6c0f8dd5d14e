from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from emulation.binaries import (
    MARIADB,
    REDIS,
    find_installed,
    find_packaged,
    missing_sonames,
    package_names,
    search_directories,
)
from emulation.debian_packages import PackageError
from emulation.errors import EmulationError
from tests.emulation.processes import program

LDD = """\
\tlinux-vdso.so.1 (0x00007ffd)
\tlibssl.so.3 => not found
\tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f)
\tlibaio.so.1 => not found
\tlibssl.so.3 => not found
"""


def test_a_mariadb_on_path_is_found(tmp_path: Path) -> None:
    path = program(tmp_path, "mariadbd", "echo 'mariadbd  Ver 11.4.2-MariaDB for Linux'")

    found = find_installed(MARIADB, [tmp_path])

    assert (found.path, found.source) == (path, str(path))


def test_the_old_name_counts_when_it_is_mariadb(tmp_path: Path) -> None:
    path = program(tmp_path, "mysqld", "echo 'mysqld  Ver 10.6.1-MariaDB'")

    assert find_installed(MARIADB, [tmp_path]).path == path


def test_a_mysql_is_not_taken_for_mariadb(tmp_path: Path) -> None:
    program(tmp_path, "mysqld", "echo 'mysqld  Ver 8.0.36 for Linux'")

    with pytest.raises(EmulationError, match="mysqld is not MariaDB"):
        find_installed(MARIADB, [tmp_path])


@pytest.mark.parametrize(
    ("name", "banner"),
    [
        ("redis-server", "Redis server v=7.0.15 sha=00000000:0"),
        ("valkey-server", "Valkey server v=8.0.1 sha=00000000:0"),
        ("redis-server", "Server v=7.2.4 sha=00000000:0"),
    ],
)
def test_redis_and_valkey_are_found(tmp_path: Path, name: str, banner: str) -> None:
    path = program(tmp_path, name, f"echo '{banner}'")

    assert find_installed(REDIS, [tmp_path]).path == path


def test_absent_programs_are_named(tmp_path: Path) -> None:
    with pytest.raises(EmulationError, match="mariadbd and mysqld are not installed"):
        find_installed(MARIADB, [tmp_path])


def test_a_found_program_gets_a_clean_environment(tmp_path: Path) -> None:
    program(tmp_path, "redis-server", "echo 'Redis server v=7.0.15'")

    assert set(find_installed(REDIS, [tmp_path]).environment) == {"PATH", "LC_ALL"}


def test_path_is_searched_first_and_then_where_servers_lie(tmp_path: Path) -> None:
    formula = tmp_path / "opt" / "mariadb@10.11" / "bin"
    formula.mkdir(parents=True)

    directories = search_directories({"PATH": "/mine:/usr/sbin", "HOMEBREW_PREFIX": str(tmp_path)})

    assert directories[:2] == [Path("/mine"), Path("/usr/sbin")]
    assert directories.count(Path("/usr/sbin")) == 1
    assert {Path("/usr/local/sbin"), tmp_path / "bin", formula} <= set(directories)


def test_libraries_that_are_not_found_are_read_from_ldd() -> None:
    assert missing_sonames(LDD) == ["libaio.so.1", "libssl.so.3"]


@pytest.mark.parametrize(
    ("soname", "package"),
    [
        ("libssl.so.3", "libssl3"),
        ("libssl.so.3", "libssl3t64"),
        ("libcrypto.so.3", "libssl3"),
        ("libaio.so.1", "libaio1t64"),
        ("libpcre2-8.so.0", "libpcre2-8-0"),
        ("liblz4.so.1", "liblz4-1"),
        ("libstdc++.so.6", "libstdc++6"),
        ("libgcc_s.so.1", "libgcc-s1"),
        ("libz.so.1", "zlib1g"),
        ("libhiredis.so.0.14", "libhiredis0.14"),
        ("liblua5.1.so.0", "liblua5.1-0"),
        ("liblua5.1-cjson.so.0", "lua-cjson"),
    ],
)
def test_a_library_leads_to_its_package(soname: str, package: str) -> None:
    assert package in package_names(soname)


def test_a_library_without_a_version_has_no_package() -> None:
    with pytest.raises(PackageError, match=r"no package is known for the library libplugin\.so"):
        package_names("libplugin.so")


class Packages:
    """Unpacks one folder per call, each with the given program, and notes what was asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.asked: list[Sequence[Sequence[str]]] = []
        self.name = name

    def unpack(self, alternatives: Sequence[Sequence[str]], environ: Mapping[str, str]) -> Path:
        self.asked.append(alternatives)
        root = self.folder / str(len(self.asked))
        (root / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
        program(root / "usr/bin", self.name, "exit 0")
        return root


def test_a_packaged_program_gets_its_libraries_and_nothing_else(tmp_path: Path) -> None:
    packages = Packages(tmp_path, "redis-server")

    found = find_packaged(REDIS, {"HOME": "/home/me"}, packages.unpack)

    assert found.path == tmp_path / "1/usr/bin/redis-server"
    assert found.environment["LD_LIBRARY_PATH"] == str(tmp_path / "1/usr/lib/x86_64-linux-gnu")
    assert "HOME" not in found.environment
    assert len(packages.asked) == 1


def test_libraries_that_the_base_system_lacks_are_fetched(tmp_path: Path) -> None:
    packages = Packages(tmp_path, "redis-server")
    outputs = iter([LDD, "\tlibssl.so.3 => /there/libssl.so.3\n"])

    found = find_packaged(REDIS, {}, packages.unpack, lambda path, environment: next(outputs))

    assert packages.asked[1] == [("libaio1t64", "libaio1"), ("libssl3t64", "libssl3")]
    assert str(tmp_path / "2/usr/lib/x86_64-linux-gnu") in found.environment["LD_LIBRARY_PATH"]


def test_a_library_that_stays_away_is_named(tmp_path: Path) -> None:
    packages = Packages(tmp_path, "redis-server")

    with pytest.raises(
        PackageError, match=r"redis-server still lacks libaio\.so\.1, libssl\.so\.3"
    ):
        find_packaged(REDIS, {}, packages.unpack, lambda path, environment: LDD)


def test_packages_without_the_program_are_an_error(tmp_path: Path) -> None:
    packages = Packages(tmp_path, "something-else")

    with pytest.raises(PackageError, match="no redis-server in the unpacked packages"):
        find_packaged(REDIS, {}, packages.unpack)
