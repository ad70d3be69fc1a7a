from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ailona.stack import lock
from ailona.stack.ports import AddressTaken, free_port, listen_for_pages, parse_address


def test_lock_refuses_a_second_process_and_names_the_first(tmp_path: Path) -> None:
    lock.hold(tmp_path / "up.lock")
    code = (
        "import sys, pathlib; from ailona.stack import lock\n"
        "try: lock.hold(pathlib.Path(sys.argv[1]))\n"
        "except lock.AlreadyRunning as error: sys.exit(str(error))"
    )

    second = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "up.lock")], capture_output=True, text=True, check=False
    )

    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert (tmp_path / "up.lock").read_text() in second.stderr


def test_pages_refuse_an_address_that_was_asked_for_and_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(AddressTaken, match=str(port)):
            listen_for_pages(f"127.0.0.1:{port}")


def test_free_port_leaves_a_taken_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert free_port(preferred=port) != port


@pytest.mark.parametrize("text", ["8000", "localhost", ":8000", "localhost:http", ""])
def test_address_without_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected host:port"):
        parse_address(text)


def test_address_in_brackets_is_ipv6() -> None:
    assert parse_address("[::1]:8000") == ("::1", 8000)
