"""What must hold: at every event of the venue, and once everything has come to rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from ailona.kit.tenancy import workspace_scope
from benchmarks.simulation.clock import Clock
from benchmarks.simulation.platform import Platform
from bots.models import Claim, ExecutionRow, IntentRow, OrderRow, PositionRow
from bots.models.trading import UNSETTLED
from trading_core.execution.order import OPEN_STATES
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue

HALT_MAX_S = 4.0
"""A request signed before a halt may arrive within its receive window, 3 s, and the skew of a clock."""
BARE_BY_HAND_MAX_S = 90.0
"""The same where somebody else opened or turned it: a trader may be stopped for a minute, and its lease runs out."""
BARE_MAX_S = 10.0
"""How long a position may stand without its stop (reliability: set within 3 s, closed within 10)."""


class Judge:
    """Watches a venue from the inside."""

    def __init__(self, venue: Venue, clock: Clock, platform: Platform) -> None:
        self.violations: list[str] = []
        self.bare_s = 0.0
        """The longest any position stood without its stop."""
        self.history: list[tuple[Any, ...]] = []
        """What was asked of the venue, for telling two runs apart."""
        self._venue, self._clock, self._platform = venue, clock, platform
        self._bare_since: dict[tuple[int, str], float] = {}
        self._by_hand: set[tuple[int, str]] = set()
        """Positions that somebody else has traded in."""
        self._submit: Callable[..., Any] = venue.submit
        venue.submit = self._watched  # type: ignore[method-assign]

    def _watched(self, record: dict[str, Any]) -> Any:
        outcome = self._submit(record)
        if record["op"] not in ("move", "mark", "close", "account"):
            names = ("op", "uid", "symbol", "side", "lots", "ticks", "number")
            self.history.append((self._venue.exchange.clock_ms, *(record.get(name) for name in names)))
        for told in outcome.told:
            if record["op"] == "place" and not record.get("link"):
                self._by_hand.add((told.account.uid, record["symbol"]))
            self._look(told.account)
            if record["op"] == "place":
                self._twice(told.account)
                self._halted(record)
        return outcome

    def _halted(self, record: dict[str, Any]) -> None:
        """A halt keeps whatever was not signed before it from the venue."""
        since = self._platform.halted.get(str(record["uid"]))
        late_s = 0.0 if since is None else self._clock.seconds() - since
        if late_s > HALT_MAX_S and record["link"] and not record["reduce_only"]:
            self.violations.append(f"halted: {record['link']} was accepted {late_s:.1f} s after the halt")

    def _twice(self, account: VenueAccount) -> None:
        """Two open orders for one place of a trade's ladder would both execute."""
        links = [order.link for order in account.open_orders() if order.link]
        with workspace_scope(self._platform.workspace.pk):
            rows = OrderRow.objects.filter(link__in=links, reduce_only=False)
            places = Counter(rows.values_list("account", "symbol", "trade", "role", "leg"))
        for place, count in places.items():
            if count > 1:
                self.violations.append(f"duplicate: {count} open orders stand for {place}")

    def _look(self, account: VenueAccount) -> None:
        now = self._clock.seconds()
        for key, book in account.sim.ledger.books.items():
            place = (account.uid, key)
            if book.position.lots and book.stop_ticks is None:
                self._bare_since.setdefault(place, now)
            elif place in self._bare_since:
                self._note_bare(place, now)
                del self._bare_since[place]
            if not book.position.lots:
                self._by_hand.discard(place)

    def _note_bare(self, place: tuple[int, str], now: float) -> None:
        seconds = now - self._bare_since[place]
        by_hand = place in self._by_hand
        if not by_hand:
            self.bare_s = max(self.bare_s, seconds)
        if seconds > (BARE_BY_HAND_MAX_S if by_hand else BARE_MAX_S):
            self.violations.append(f"unprotected: {place} for {seconds:.1f} s")

    def at_rest(self) -> None:
        """Judge rows against the venue, once nothing is under way any more."""
        now = self._clock.seconds()
        for place in self._bare_since:
            self._note_bare(place, now)
        with workspace_scope(self._platform.workspace.pk):
            for row in self._platform.accounts:
                row.refresh_from_db()
                account = self._venue.exchange.accounts.get(int(row.venue_uid or 0))
                if account is None:
                    self.violations.append(f"{row.code}: never opened")
                    continue
                self._doubled(row, account)
                self._lost(row)
                self._untracked(row, account)
                self._money(row, account)

    def _doubled(self, row: Any, account: VenueAccount) -> None:
        """More executed than one order of a trade's leg asked for, or an order nobody wrote down."""
        known = set(OrderRow.objects.filter(account=row).values_list("link", flat=True))
        for order in account.orders.values():
            if order.link and order.link not in known:
                self.violations.append(f"duplicate: the venue has an order {order.link} that is no row")
        opened: dict[tuple[Any, ...], list[OrderRow]] = defaultdict(list)
        for order_row in OrderRow.objects.filter(account=row, reduce_only=False):
            opened[order_row.symbol, order_row.trade, order_row.role, order_row.leg].append(order_row)
        for place, orders in opened.items():
            if sum(o.filled for o in orders) > max(o.lots for o in orders):
                self.violations.append(f"duplicate: {place} executed {[(o.filled, o.lots) for o in orders]}")

    def _lost(self, row: Any) -> None:
        waiting = IntentRow.objects.filter(account=row, state__in=UNSETTLED)
        for intent in waiting:
            self.violations.append(
                f"lost: intent {intent.pk} {intent.kind} is {intent.state}: {intent.error}"
            )

    def _untracked(self, row: Any, account: VenueAccount) -> None:
        held = {key: b.position.lots for key, b in account.sim.ledger.books.items() if b.position.lots}
        ours = dict(PositionRow.objects.filter(account=row).exclude(lots=0).values_list("symbol", "lots"))
        if held != ours:
            self.violations.append(f"untracked: positions {held} at the venue, {ours} in rows")
        standing = {o.link for o in account.open_orders() if o.link}
        states = [state.value for state in OPEN_STATES]
        known = set(OrderRow.objects.filter(account=row, state__in=states).values_list("link", flat=True))
        if standing != known:
            self.violations.append(f"untracked: orders {standing} at the venue, {known} in rows")
        claimed = set(Claim.objects.filter(account=row).values_list("symbol", flat=True))
        if claimed - ours.keys():
            self.violations.append(f"untracked: {claimed} claimed, {set(ours)} held")

    def _money(self, row: Any, account: VenueAccount) -> None:
        if row.wallet != account.sim.wallet:
            self.violations.append(f"money: wallet {account.sim.wallet} at the venue, {row.wallet} in rows")
        told = [booked.executed for booked in account.booked]
        rows = ExecutionRow.objects.filter(account=row)
        if len(told) != rows.count() or sum(e.fee for e in told) != sum(r.fee for r in rows):
            self.violations.append(f"money: {len(told)} executions at the venue, {rows.count()} in rows")
