"""Orders that are there and can't be found yet."""

from __future__ import annotations

from trading_core.simulator.events import Accepted
from trading_core.venue.clock import true_ms
from trading_core.venue.exchange import Outcome
from trading_core.venue.faults.active import Faults, Subject
from trading_core.venue.ids import order_id
from trading_core.venue.rest.request import Reply

KINDS: dict[str, dict[str, object]] = {"order_hidden": {"ms": 1_000}}
"""``ms``: how long an order is missing in order/realtime and order/history once it was accepted."""
PATHS = ("/v5/order/realtime", "/v5/order/history")


def note(faults: Faults, outcome: Outcome) -> None:
    """Decide about orders that were accepted just now."""
    for told in outcome.told:
        for event in told.events:
            if isinstance(event, Accepted):
                subject = Subject(told.account.uid, PATHS[0], "", event.order.symbol)
                fault = faults.first(subject, *KINDS)
                if fault is not None:
                    shown_ms = true_ms() + fault.params["ms"]
                    fault.memory[order_id(told.account.uid, event.order.number)] = shown_ms


def alter(faults: Faults, reply: Reply) -> None:
    """Take orders out of an answer that are not visible yet."""
    now = true_ms()
    hidden = {name for f in faults.of(*KINDS) for name, shown_ms in f.memory.items() if now < shown_ms}
    reply.result["list"] = [row for row in reply.result["list"] if row["orderId"] not in hidden]
