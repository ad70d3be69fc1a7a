"""Lock-step: the market's next event happens when the platform is quiet, and not before."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from django.db import Error as DatabaseError
from django.db import connections

from bots.services.quiet import activity, difference
from bots.services.venue_control import VenueControl, VenueUnreachable
from trading_core.errors import AilonaError

logger = logging.getLogger(__name__)

END = "end"
CANDLE = "candle"
MS = 1_000
LOOK_AFTER = 0.6
"""The first look comes after this part of the usual time."""
SMOOTHING = 0.1


class NotLockStep(AilonaError):
    """The venue's market runs by itself: there is nothing to conduct."""


@dataclass(frozen=True, slots=True)
class ConductorConfig:
    """How the conductor plays; seconds."""

    control: Callable[[], VenueControl]
    say: Callable[[str], None] = logger.info
    candles: int | None = None
    """Stop after so many candle times; None plays to the end."""
    poll_s: float = 0.003
    wait_max_s: float = 0.2
    retry_s: float = 0.2
    patience_s: float = 10.0
    """How long quiet may take before it is said what is waited for."""
    report_s: float = 5.0

    @classmethod
    def from_settings(cls) -> Self:
        """Return the configuration of this installation."""
        return cls(control=VenueControl.from_settings)


@dataclass(slots=True)
class Tally:
    """What was played, and how long the platform took after each event."""

    candles: int = 0
    fills: int = 0
    clock_ms: int = 0
    answers_ms: list[float] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def count(self, event: str, clock_ms: int) -> None:
        """Count an event."""
        self.candles += event == CANDLE
        self.fills += event not in (CANDLE, END)
        self.clock_ms = clock_ms

    def line(self) -> str:
        """Return the tally in one line."""
        seconds = max(time.monotonic() - self.began, 1e-9)
        spent = sorted(self.answers_ms) or [0.0]
        middle, late = spent[len(spent) // 2], spent[len(spent) * 99 // 100]
        return (
            f"{self.candles} candles, {self.fills} fills in {seconds:.1f} s: {self.candles / seconds:.1f} candles/s; "
            f"quiet again after {middle:.1f} ms (median), {late:.1f} ms (p99); market clock {self.clock_ms}"
        )


class Conductor:
    """Steps a lock-step venue through its market."""

    def __init__(self, config: ConductorConfig) -> None:
        self._config = config
        self._stopped = threading.Event()
        self._source = ""
        self._wordy = False
        """Whether the next look should say what exactly is waited for."""
        self._usual_s = 0.0
        """How long quiet took lately, smoothed: there is no use in looking much earlier."""
        self.tally = Tally()

    async def run(self, stop: asyncio.Event) -> None:
        """Play until the end of the market, or until told to stop; afterwards wait to be told."""
        player = asyncio.create_task(asyncio.to_thread(self._play_apart))
        waiter = asyncio.create_task(stop.wait())
        await asyncio.wait((player, waiter), return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            player.result()
            await waiter
        self._stopped.set()
        await player

    def _play_apart(self) -> None:
        try:
            self.play()
        finally:
            connections.close_all()

    def play(self) -> Tally:
        """Play in this thread; return what was played. Raises ``NotLockStep``."""
        control = self._config.control()
        reported = time.monotonic()
        try:
            while not self._stopped.is_set():
                if not self._until_quiet(control) or self._is_over() or not self._step(control):
                    break
                if time.monotonic() - reported > self._config.report_s:
                    reported = time.monotonic()
                    self._config.say(self.tally.line())
            self._until_quiet(control)
            self._config.say(self.tally.line())
        finally:
            control.close()
        return self.tally

    def stop(self) -> None:
        """End the play after the current step."""
        self._stopped.set()

    def _is_over(self) -> bool:
        return self._config.candles is not None and self.tally.candles >= self._config.candles

    def _step(self, control: VenueControl) -> bool:
        """Let the next event happen; False at the end of the market."""
        try:
            event, clock_ms = control.step()
        except VenueUnreachable as error:
            # The step may have happened: the next look at the market tells.
            self._config.say(f"conductor: {error}; trying again")
            self._stopped.wait(self._config.retry_s)
            return True
        self.tally.count(event, clock_ms)
        return event != END

    def _until_quiet(self, control: VenueControl) -> bool:
        """Wait until the platform is quiet; False if told to stop before."""
        began = said = time.monotonic()
        self._stopped.wait(min(LOOK_AFTER * self._usual_s, self._config.wait_max_s))
        while not self._stopped.is_set():
            waiting = self._waiting_for(control)
            now = time.monotonic()
            if not waiting:
                self._usual_s += SMOOTHING * (now - began - self._usual_s)
                self.tally.answers_ms.append((now - began) * MS)
                return True
            if self._wordy:
                self._wordy, said = False, now
                self._config.say(f"conductor: not quiet for {now - began:.0f} s: {waiting}")
            self._wordy = now - said > self._config.patience_s
            self._stopped.wait(self._config.poll_s)
        return False

    def _waiting_for(self, control: VenueControl) -> str:
        try:
            if not self._source:
                return self._find_market(control)
            return self._look(control)
        except VenueUnreachable as error:
            self._stopped.wait(self._config.retry_s)
            return str(error)
        except DatabaseError as error:
            connections.close_all()
            self._stopped.wait(self._config.retry_s)
            return f"the database: {error}"

    def _look(self, control: VenueControl) -> str:
        """Ask the cheap question first, and what exactly is under way only when somebody wants to know."""
        seen = activity(self._source, in_words=self._wordy)
        return seen.busy or difference(seen, control.status())

    def _find_market(self, control: VenueControl) -> str:
        status = control.status()
        if not status.lock_step:
            raise NotLockStep("the venue's market runs by itself; start it with --lockstep")
        self._source = status.source
        return "the market was just found"
