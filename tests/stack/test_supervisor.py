from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ailona.stack import embedded
from ailona.stack.child import Child
from ailona.stack.embedded import PartDied, Stack
from ailona.stack.parts import LoopPart, Web

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


async def hello(scope: dict[str, object], receive: object, send: Callable[..., object]) -> None:
    """Answer everything."""


def _web() -> Web:
    server = socket.create_server(("127.0.0.1", 0))
    return Web(hello, server)


async def _until_stopped(stop: asyncio.Event) -> None:
    await stop.wait()


async def _ends_at_once(_stop: asyncio.Event) -> None:
    await asyncio.sleep(0)


async def test_stack_stops_every_part_on_a_signal() -> None:
    venue, part = Child("venue", SLEEPER), LoopPart("feed", _until_stopped)
    venue.start()
    stack = Stack(web=_web(), parts=[part], venue=venue)

    await stack.run(lambda: os.kill(os.getpid(), signal.SIGTERM))
    venue.stop()

    assert not part.alive()
    assert not venue.alive()


async def test_stack_names_the_part_that_died() -> None:
    venue, other = Child("venue", SLEEPER), LoopPart("trader", _until_stopped)
    venue.start()
    stack = Stack(web=_web(), parts=[other, LoopPart("feed", _ends_at_once)], venue=venue)

    with pytest.raises(PartDied, match="feed"):
        await stack.run(lambda: None)
    venue.stop()

    assert not other.alive()


async def test_stack_stops_when_the_venue_is_killed() -> None:
    venue = Child("venue", SLEEPER)
    venue.start()
    stack = Stack(web=_web(), parts=[], venue=venue)

    with pytest.raises(PartDied, match="venue"):
        await stack.run(lambda: os.kill(venue.pid, signal.SIGKILL))


def test_child_dies_with_a_killed_parent(eventually: Callable[..., object]) -> None:
    code = (
        "import sys, time; from ailona.stack.child import Child\n"
        f"child = Child('venue', {SLEEPER!r}); child.start(); print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())

    parent.kill()
    parent.wait()

    eventually(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


async def test_stack_starts_a_helper_that_dies_again_and_goes_on(
    eventually: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "RESTART_EVERY_S", 0.0)
    monkeypatch.setattr(embedded, "LOOK_EVERY_S", 0.01)
    venue, helper = Child("venue", SLEEPER), Child("compute process", SLEEPER)
    venue.start()
    stack = Stack(web=_web(), parts=[], venue=venue, helpers=[helper])
    running = asyncio.create_task(stack.run(lambda: None))
    await asyncio.to_thread(eventually, helper.alive)
    first = helper.pid

    os.kill(first, signal.SIGKILL)
    await asyncio.to_thread(eventually, lambda: helper.alive() and helper.pid != first)
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    venue.stop()

    assert not helper.alive()
