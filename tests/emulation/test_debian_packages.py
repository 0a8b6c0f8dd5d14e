import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from emulation import debian_packages
from emulation.debian_packages import PackageError, cache_directory, unpack
from tests.emulation.processes import clean_path, program

# A distribution in which libnew and tool exist, and libold is only installed, not on offer.
SHOW = """
for name in "$@"; do case $name in
libnew) printf 'Package: libnew\\nFilename: pool/libnew.deb\\n\\n';;
tool) printf 'Package: tool\\nVersion: 1\\nFilename: pool/tool.deb\\n\\n';;
libold) printf 'Package: libold\\nStatus: install ok installed\\n\\n';;
esac; done
"""
DOWNLOAD = """
for name in "$@"; do case $name in libnew|tool) echo "$name" >"$name.deb";; esac; done
"""
UNPACK = 'mkdir -p "$3" && cp "$2" "$3/"'


class Distribution:
    """apt-get, apt-cache and dpkg-deb as shell scripts that note each call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bin"
        self.calls_file = folder / "calls"
        self.cache = folder / "cache"
        self.environ = {**clean_path(self.folder), "XDG_CACHE_HOME": str(self.cache)}
        self.script("apt-cache", SHOW)
        self.script("apt-get", DOWNLOAD)
        self.script("dpkg-deb", UNPACK)

    def script(self, name: str, script: str) -> None:
        program(self.folder, name, f'echo "{name} $*" >>{self.calls_file}\n{script}')

    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    def leftovers(self) -> list[Path]:
        return [path for path in self.cache.glob("*/*/.*") if path.name != ".lock"]


@pytest.fixture
def distribution(tmp_path: Path) -> Distribution:
    return Distribution(tmp_path)


def test_of_each_entry_the_first_known_name_is_unpacked(distribution: Distribution) -> None:
    root = unpack([["libold", "libnew"], ["tool", "libold"]], distribution.environ)

    assert sorted(path.name for path in root.iterdir()) == ["libnew.deb", "tool.deb"]


def test_the_folder_lies_in_the_user_cache(distribution: Distribution) -> None:
    root = unpack([["tool"]], distribution.environ)

    assert root.parent == distribution.cache / "server-or-serverless" / "debian-packages"


def test_a_second_call_asks_nobody(distribution: Distribution) -> None:
    first = unpack([["tool"]], distribution.environ)
    distribution.calls_file.unlink()

    assert unpack([["tool"]], distribution.environ) == first
    assert distribution.calls() == []


def test_other_packages_go_into_another_folder(distribution: Distribution) -> None:
    assert unpack([["tool"]], distribution.environ) != unpack([["libnew"]], distribution.environ)


def test_empty_package_lists_are_fetched_into_folders_of_our_own(
    distribution: Distribution,
) -> None:
    marker = distribution.folder.parent / "updated"
    distribution.script("apt-cache", f"[ -e {marker} ] || exit 100\n{SHOW}")
    distribution.script("apt-get", f'case "$*" in *update) : >{marker};; esac\n{DOWNLOAD}')

    root = unpack([["tool"]], distribution.environ)

    assert (root / "tool.deb").exists()
    update = next(call for call in distribution.calls() if call.endswith("update"))
    assert f"-o Dir::State={distribution.cache}" in update
    assert f"-o Dir::Cache={distribution.cache}" in update
    assert not distribution.leftovers()


def test_lists_with_packages_long_gone_are_renewed(distribution: Distribution) -> None:
    marker = distribution.folder.parent / "updated"
    distribution.script(
        "apt-get",
        f'case "$*" in *update) : >{marker};; esac\n'
        f'[ -e {marker} ] || {{ echo "E: 404  Not Found" >&2; exit 100; }}\n{DOWNLOAD}',
    )

    assert (unpack([["tool"]], distribution.environ) / "tool.deb").exists()


def test_an_unknown_package_is_named_with_what_apt_said(distribution: Distribution) -> None:
    distribution.script("apt-get", 'echo "W: Failed to fetch http://deb.example/" >&2')

    with pytest.raises(PackageError, match=r"no package libx1 or libx2.*Failed to fetch"):
        unpack([["libx1", "libx2"]], distribution.environ)
    assert not distribution.leftovers()


def test_a_failing_download_leaves_nothing_behind(distribution: Distribution) -> None:
    distribution.script("apt-get", 'echo "E: no route to host" >&2; exit 100')

    with pytest.raises(PackageError, match="apt-get download: E: no route to host"):
        unpack([["tool"]], distribution.environ)
    assert not distribution.leftovers()


def test_a_failure_while_unpacking_is_not_kept(distribution: Distribution) -> None:
    distribution.script("dpkg-deb", "echo 'corrupt' >&2; exit 2")
    with pytest.raises(PackageError, match="dpkg-deb -x: corrupt"):
        unpack([["tool"]], distribution.environ)
    distribution.script("dpkg-deb", UNPACK)

    assert (unpack([["tool"]], distribution.environ) / "tool.deb").exists()


def test_two_at_once_fetch_once(distribution: Distribution) -> None:
    distribution.script("apt-get", f"sleep 0.2\n{DOWNLOAD}")

    with multiprocessing.get_context("spawn").Pool(2) as pool:
        roots = pool.starmap(unpack, [([["tool"]], distribution.environ)] * 2)

    assert roots[0] == roots[1]
    assert sum("download" in call for call in distribution.calls()) == 1


def test_a_machine_without_apt_is_told_apart(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}

    with pytest.raises(PackageError, match="apt-get is not on PATH: this is no Debian"):
        unpack([["tool"]], environ)


def test_a_cache_that_cannot_be_written_names_the_variable(distribution: Distribution) -> None:
    blocked = distribution.folder.parent / "file"
    blocked.write_text("where a folder should be")

    with pytest.raises(PackageError, match="set XDG_CACHE_HOME to a folder that you can write"):
        unpack([["tool"]], {**distribution.environ, "XDG_CACHE_HOME": str(blocked)})


def test_the_cache_is_in_home_where_xdg_cache_home_is_absent_or_relative() -> None:
    expected = Path("/home/me/.cache/server-or-serverless")

    assert cache_directory({"HOME": "/home/me"}) == expected
    assert cache_directory({"HOME": "/home/me", "XDG_CACHE_HOME": "cache"}) == expected


def test_it_runs_on_a_python_without_any_package() -> None:
    root = Path(debian_packages.__file__).parent.parent

    code = "import sys; import emulation.debian_packages; print(*sys.modules)"
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(root)!r}); {code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    ours = {name for name in done.stdout.split() if name.partition(".")[0] == "emulation"}
    assert ours == {"emulation", "emulation.errors", "emulation.debian_packages"}
