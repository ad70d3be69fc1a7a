"""An intent as the request it asks for."""

from __future__ import annotations

from decimal import Decimal

from bots.trader.intents import Claimed
from trading_core.errors import ExchangeError, InvalidInput, NotSent, OutcomeUnknown, Rejected
from trading_core.exchanges.port import Exchange, OrderRequest
from trading_core.execution.intent import IntentKind
from trading_core.execution.order import Side, TimeInForce
from trading_core.money import PPM

Outcome = str | NotSent | Rejected | OutcomeUnknown
"""The venue's order id (empty for anything but a placed order), or what became of the request."""


def send(exchange: Exchange, claimed: Claimed) -> Outcome:
    """Make the request, signed with the time that was committed with it; blocks."""
    try:
        return _request(exchange, claimed)
    except (NotSent, Rejected, OutcomeUnknown) as e:
        return e
    except (InvalidInput, ValueError) as e:
        # Raised while the request was being built: nothing has left.
        return Rejected(f"not sendable: {e}")


def _request(exchange: Exchange, claimed: Claimed) -> str:
    params, window, symbol = claimed.params, claimed.window, claimed.symbol
    match claimed.kind:
        case IntentKind.PLACE:
            return exchange.place(order_request(claimed), window=window)
        case IntentKind.AMEND:
            exchange.amend(
                symbol=symbol, link=claimed.link, lots=params["lots"], ticks=params["ticks"], window=window
            )
        case IntentKind.CANCEL:
            exchange.cancel(symbol=symbol, link=claimed.link, window=window)
        case IntentKind.SET_STOP:
            exchange.set_stop(symbol=symbol, stop_ticks=params["stop_ticks"], window=window)
        case IntentKind.LEVERAGE:
            leverage = Decimal(params["leverage_ppm"]) / PPM
            exchange.set_leverage(symbol=symbol, leverage=leverage, window=window)
    return ""


def order_request(claimed: Claimed) -> OrderRequest:
    """Return the order a PLACE intent asks for."""
    params = claimed.params
    return OrderRequest(
        symbol=claimed.symbol,
        link=claimed.link,
        side=Side(params["side"]),
        lots=params["lots"],
        ticks=params["ticks"],
        reduce_only=params["reduce_only"],
        stop_ticks=params["stop_ticks"],
        force=TimeInForce(params.get("force", TimeInForce.GTC)),
    )


def words(outcome: ExchangeError) -> str:
    """Return what happened for people and rows."""
    return str(outcome)
