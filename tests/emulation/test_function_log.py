import asyncio
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from emulation.function_log import FLUSH_SECONDS, FunctionLog, LineSplitter
from emulation.report_lines import ReportLine


def test_lines_are_written_after_a_moment_and_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log"

    async def write() -> bytes:
        log = FunctionLog(path)
        log.write("START", b"printed \xff")
        await asyncio.sleep(FLUSH_SECONDS * 3)
        flushed = path.read_bytes()
        log.write(ReportLine("id", 1.0, 1, 128, 30))
        log.close()
        return flushed

    assert asyncio.run(write()) == b"START\nprinted \xff\n"
    assert path.read_bytes().endswith(
        b"\nREPORT RequestId: id\tDuration: 1.00 ms\tBilled "
        b"Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: "
        b"30 MB\n"
    )


def test_appends_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("before\n", encoding="utf-8")

    async def write() -> None:
        log = FunctionLog(path)
        log.write("after")
        log.close()

    asyncio.run(write())
    assert path.read_text(encoding="utf-8") == "before\nafter\n"


@given(st.lists(st.binary()))
def test_lines_do_not_depend_on_how_the_output_arrives(pieces: list[bytes]) -> None:
    lines: list[bytes] = []
    splitter = LineSplitter(lines.append)

    for piece in pieces:
        splitter.feed(piece)
    splitter.end()

    assert b"\n".join(lines) == b"".join(pieces).removesuffix(b"\n")
