"""What an exchange account is charged, against what its bots count with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ailona.kit.tenancy import workspace_scope
from bots.models import Bot
from bots.services.documents import document_of
from bots.states import ACTIVE
from trading_core.engine.document import BotDocument
from trading_core.exchanges.bybit.account import FeeRates
from trading_core.money import PPM, plain


def fee_warnings(account_id: int, workspace_id: int, rates: Mapping[str, FeeRates]) -> list[str]:
    """Name the bots of an account that count with lower fees than the exchange takes, one sentence each.

    Margins, break-even and results are worked out from the bot's own fees: they would look better than
    they are.
    """
    with workspace_scope(workspace_id, reading=True):
        bots = list(Bot.objects.filter(account_id=account_id, state__in=ACTIVE).order_by("pk"))
        documents = [(bot.name, document_of(bot)) for bot in bots]
    found = (_dearest(name, document, rates) for name, document in documents)
    return [words for words in found if words]


def _dearest(name: str, document: BotDocument, rates: Mapping[str, FeeRates]) -> str:
    known = {symbol: rates[symbol] for symbol in document.symbols if symbol in rates}
    fees = document.fees
    over = [
        symbol
        for symbol, rate in sorted(known.items())
        if rate.taker * PPM > fees.taker_ppm or rate.maker * PPM > fees.maker_ppm
    ]
    if not over:
        return ""
    symbol = max(over, key=lambda s: known[s].taker)
    taker, maker = _percent(known[symbol].taker), _percent(known[symbol].maker)
    counted = f"{_percent(Decimal(fees.taker_ppm) / PPM)} and {_percent(Decimal(fees.maker_ppm) / PPM)}"
    return (
        f"Bybit charges {taker} taker and {maker} maker for {symbol}, {name} counts with {counted}: "
        "raise the bot's fees"
    )


def _percent(fraction: Decimal) -> str:
    return f"{plain(fraction * 100)} %"
