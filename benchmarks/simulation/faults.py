"""What goes wrong in a run: drawn by its seed, over its first minutes, then no more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any

from accounts.models import ExchangeAccount
from ailona.kit.tenancy import workspace_scope
from benchmarks.simulation.platform import Platform
from bots.services.halting import Subject, halt, lift_halts
from trading_core.risk.levels import What, Where
from trading_core.simulator.refusals import SimRefused
from trading_core.venue.faults import control as venue_faults

Spec = dict[str, Any]
POINT_S = 20.0
"""How long a step is waited for at which a trader is to die."""
PAUSE_S = 9.0
"""Seconds between two misfortunes, on average."""


def network(draw: Random) -> list[Spec]:
    """Faults of requests, answers and messages, each with a chance of its own."""
    anything, writes, private = {"path": "/v5/*"}, {"path": "/v5/order/*"}, {"path": "/v5/private"}
    status, code = draw.choice((502, 503, 429)), draw.choice((10000, 10016, 10019, 10429))
    late, hidden, message = (
        draw.choice((800, 4_000, 9_000)),
        draw.choice((500, 3_000)),
        draw.choice((300, 3_000)),
    )
    done = draw.choice((True, False))
    return [
        _spec("request_lost", 0.08, writes),
        _spec("answer_lost", 0.10, writes),
        _spec("delay", 0.06, writes, ms=late, accepted=False),
        _spec("delay", 0.03, anything, ms=2_000, accepted=True),
        _spec("http", 0.03, anything, status=status, accepted=done),
        _spec("code", 0.05, writes, code=code, accepted=done),
        _spec("code", 0.03, writes, code=10006, accepted=False),
        _spec("message_lost", 0.05, private),
        _spec("message_twice", 0.08, private),
        _spec("message_late", 0.06, private, ms=message),
        _spec("message_reordered", 0.06, private),
        _spec("order_hidden", 0.10, {}, ms=hidden),
    ]


def _spec(kind: str, probability: float, where: dict[str, str], **params: Any) -> Spec:
    return {"kind": kind, "where": where, "probability": probability, "params": params}


class Misfortune:
    """Carries the faults of a run out and counts what really struck."""

    def __init__(self, platform: Platform, draw: Random) -> None:
        self.platform = platform
        self.struck: Counter[str] = Counter()
        self._draw = draw
        self._acts: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            ("trader killed", self._kill_trader),
            ("trader killed", self._kill_trader),
            ("trader stalled", self._stall_trader),
            ("trader stopped", self._stop_trader),
            ("trader's database lost", self._lose_database),
            ("worker stalled", self._stall_worker),
            ("worker's database lost", self._lose_workers_database),
            ("venue restarted", self._restart_venue),
            ("maintenance", self._maintain),
            ("sockets cut", self._cut_sockets),
            ("sockets silent", self._silence_sockets),
            ("clock jumped", self._jump_clock),
            ("funding", self._fund),
            ("partial fill", self._fill_a_part),
            ("halted", self._halt),
            ("traded by hand", self._trade_by_hand),
            ("leverage changed by hand", self._change_leverage),
        )

    def begin(self) -> None:
        """Put the standing faults in force."""
        chosen = [spec for spec in network(self._draw) if self._draw.choice((True, False))]
        if chosen:
            self._set(*chosen)
        self.platform.losses.lost = self._draw.choice((0.0, 0.15))
        self.platform.losses.doubled = self._draw.choice((0.0, 0.2))

    async def run(self, seconds: float) -> None:
        """Let one thing after another happen for so long."""
        ends = self.platform.clock.seconds() + seconds
        while self.platform.clock.seconds() < ends:
            await asyncio.sleep(self._draw.expovariate(1 / PAUSE_S))
            name, act = self._draw.choice(self._acts)
            self.struck[name] += 1
            await act()

    def end(self) -> None:
        """Take every fault away and count what they did."""
        venue = self.platform.wire.venue
        for fault in venue.faults:
            self.struck[fault.kind] += fault.struck
        venue_faults.remove(venue, None)
        self.platform.losses.lost = self.platform.losses.doubled = 0.0

    # --- acts -------------------------------------------------------------------------------------

    def _trader(self) -> Any:
        return self.platform.traders[-1]

    async def _kill_trader(self) -> None:
        """At once, or at the next passing of a step of the order protocol."""
        trader = self._trader()
        point = self._draw.choice(("", *POINTS))
        if point:
            trader.process.die_at = (point, trader.process.passed.get(point, 0) + 1)
            with suppress(TimeoutError):
                async with asyncio.timeout(POINT_S):
                    await trader.process.died.wait()
        trader.process.kill()
        self.platform.wire.cut()
        await asyncio.sleep(self._draw.uniform(0.1, 4))
        self.platform.start_trader()

    async def _stall_trader(self) -> None:
        """SIGSTOP for up to a minute; another one takes over meanwhile."""
        self._trader().process.stall(self._draw.uniform(3, 60))
        if self._draw.random() < 0.6:  # noqa: PLR2004
            await asyncio.sleep(self._draw.uniform(0, 10))
            self.platform.start_trader()

    async def _stop_trader(self) -> None:
        """A deploy: the old one finishes, the new one waits for its leases."""
        self._trader().stop.set()
        self.platform.start_trader()

    async def _lose_database(self) -> None:
        self._trader().process.lose_database(self._draw.uniform(0.5, 8))

    async def _stall_worker(self) -> None:
        self.platform.worker.stall(self._draw.uniform(1, 20))

    async def _lose_workers_database(self) -> None:
        self.platform.worker.lose_database(self._draw.uniform(0.5, 8))

    async def _restart_venue(self) -> None:
        self._set({"kind": "restart", "params": {"ms": int(self._draw.uniform(500, 8_000))}})

    async def _maintain(self) -> None:
        self._set({"kind": "maintenance", "params": {"ms": int(self._draw.uniform(500, 8_000))}})

    async def _cut_sockets(self) -> None:
        self._set({"kind": "socket_cut"})

    async def _silence_sockets(self) -> None:
        self._set({"kind": "socket_silent"})

    async def _jump_clock(self) -> None:
        """The venue's clock is off for a while."""
        told = self._set({"kind": "clock_jump", "params": {"ms": self._draw.choice((-4_000, 1_500, 6_000))}})
        await asyncio.sleep(self._draw.uniform(2, 15))
        if told:
            venue_faults.remove(self.platform.wire.venue, told[0]["id"])

    async def _fund(self) -> None:
        self._on_position("funding", {"rate_e8": self._draw.choice((-20_000, 10_000))})

    async def _fill_a_part(self) -> None:
        self._on_position("partial_fill", {})

    async def _halt(self) -> None:
        """A person halts an account for a while: nothing that adds to a position may be accepted meanwhile."""
        platform = self.platform
        with workspace_scope(platform.workspace.pk):
            account = ExchangeAccount.objects.get(pk=self._draw.choice(platform.accounts).pk)
        subject = Subject(Where.ACCOUNT, platform.workspace.pk, account.pk)
        halt(subject, self._draw.choice((What.ALL, What.FLATTEN)), "Simulated", actor="a person")
        platform.halted[account.venue_uid] = platform.clock.seconds()
        await asyncio.sleep(self._draw.uniform(5, 40))
        del platform.halted[account.venue_uid]
        lift_halts(subject, "Over", actor="a person")

    async def _trade_by_hand(self) -> None:
        """Somebody adds to, takes from, closes or turns a position in the exchange's own app."""
        side, lots = self._draw.choice(("Buy", "Sell")), self._draw.choice((1, 2, 5))
        self._on_position("manual_trade", {"side": side, "lots": lots})

    async def _change_leverage(self) -> None:
        self._on_position("leverage_flip", {"leverage": self._draw.choice((3, 5))})

    def _on_position(self, kind: str, params: dict[str, Any]) -> None:
        accounts = list(self.platform.wire.venue.exchange.accounts.values())
        if accounts:
            account = self._draw.choice(accounts)
            for symbol in sorted(account.active):
                self._set(
                    {"kind": kind, "where": {"uid": str(account.uid), "symbol": symbol}, "params": params}
                )

    def _set(self, *specs: Spec) -> list[dict[str, Any]]:
        outcomes: list[Any] = []
        venue = self.platform.wire.venue
        try:
            told = venue_faults.set_faults(venue, list(specs), outcomes)
        except SimRefused:
            return []
        for outcome in outcomes:
            venue.publish(outcome)
        return told


POINTS = (
    "before claim_next", "after claim_next", "before send", "after send", "before record_confirmed",
    "after record_confirmed", "before record_unknown", "before apply_news", "after apply_news", "before apply",
    "after take", "before adopt", "after adopt", "after record_rejected", "before look", "after look",
)  # fmt: skip
"""Steps of the order protocol between which a trader may die."""
