"""Live figures: what every account is worth and every bot has made, each minute of the market's clock.

A minute is taken from facts that stand in rows anyway, so taking it late, or twice, changes nothing:
settled sums are those of the executions of this day and the one before, read again each time, on top of
the days before them. A run costs a dozen queries for each workspace with something at work, however many
bots it has; what did not change writes no minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum

from accounts.models import ExchangeAccount, Workspace
from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import (
    AccountDay,
    AccountMinute,
    Bot,
    BotDay,
    BotMinute,
    BotState,
    CashFlow,
    ExecutionRow,
    FeedStatus,
    PositionRow,
)  # fmt: skip
from bots.services.facts import position_of
from bots.services.instruments import latest_instruments
from bots.services.latest import last_closes
from bots.services.result import FUNDING
from bots.states import ACTIVE
from trading_core.market.timeframe import MINUTE_MS
from trading_core.risk.tiers import day_begins, next_day

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Settled:
    """Sums of a bot's executions over a day, money units."""

    realised: int = 0
    fees: int = 0
    funding: int = 0
    closes: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a time zone: what happened after its start, its end included."""

    date: date
    start_ms: int
    end_ms: int

    @classmethod
    def ended_at(cls, ms: int, zone: str) -> Day:
        """The day in which the minute that ends at ``ms`` lies."""
        start = day_begins(ms - 1, zone)
        return cls(
            datetime.fromtimestamp((ms - 1) / 1000, ZoneInfo(zone)).date(), start, next_day(ms - 1, zone)
        )

    def before(self, zone: str) -> Day:
        """The day before."""
        return Day.ended_at(self.start_ms, zone)


def sample_minutes() -> int:
    """Take the newest minute of every market, in every workspace with something at work; return how many."""
    taken = 0
    for source, last_ms in FeedStatus.objects.filter(last_close_ms__gt=0).values_list(
        "source", "last_close_ms"
    ):
        with across_workspaces("figures"):
            held = PositionRow.objects.exclude(lots=0).values("bot_id")
            at_work = Bot.objects.filter(Q(state__in=ACTIVE) | Q(pk__in=held), source=source)
            workspaces = sorted(set(at_work.values_list("workspace_id", flat=True)))
        for workspace in workspaces:
            sample_workspace(workspace, source, last_ms // MINUTE_MS * MINUTE_MS)
            taken += 1
    return taken


def sample_workspace(workspace_id: int, source: str, minute_ms: int) -> None:
    """Take one minute of one workspace, in a transaction of its own."""
    with workspace_scope(workspace_id):
        zone = Workspace.objects.values_list("timezone", flat=True).get(pk=workspace_id)
        bots = list(
            Bot.objects.filter(source=source)
            .exclude(state=BotState.DRAFT)
            .only("pk", "account_id", "category")
        )
        if not bots:
            return
        _Sample(bots, source, zone, minute_ms).take()


class _Sample:
    """One minute of the bots of one workspace on one market."""

    def __init__(self, bots: Sequence[Bot], source: str, zone: str, minute_ms: int) -> None:
        self.bots = bots
        self.source = source
        self.zone = zone
        self.minute_ms = minute_ms
        self.today = Day.ended_at(minute_ms, zone)
        self.day = self.today.date
        self.by_bot: dict[int, int] = defaultdict(int)
        self.by_account: dict[int, int] = defaultdict(int)

    def take(self) -> None:
        """Write what changed."""
        self._value()
        self._take_bots()
        self._take_accounts()

    def _value(self) -> None:
        """Unrealised money of bots and accounts at the newest closes."""
        held = list(PositionRow.objects.exclude(lots=0).filter(account__in=self._accounts()))
        category = {bot.account_id: bot.category for bot in self.bots}
        places = {row.pk: (self.source, category[row.account_id], row.symbol) for row in held}
        closes = last_closes(places.values())
        for row in held:
            _, kind, symbol = place = places[row.pk]
            instrument = latest_instruments(self.source, kind, [symbol]).get(symbol)
            if instrument is None or place not in closes:
                continue
            gained = position_of(row).unrealised(instrument.nearest_ticks(closes[place]), instrument)
            self.by_account[row.account_id] += gained
            if row.bot_id is not None:
                self.by_bot[row.bot_id] += gained

    def _ids(self) -> list[int]:
        return [bot.pk for bot in self.bots]

    def _accounts(self) -> list[int]:
        return sorted({bot.account_id for bot in self.bots})

    def _take_bots(self) -> None:
        last = self.today.before(self.zone)
        yesterday = last.date
        sums = {day.date: self._settled(day) for day in (last, self.today)}
        known = self._bot_days(yesterday)
        days, minutes = [], []
        for bot in self.bots:
            before, today = known.get((bot.pk, yesterday)), known.get((bot.pk, self.day))
            if before is not None and _differs(before, late := sums[yesterday].get(bot.pk, Settled())):
                _put(before, late)
                days.append(before)
            row = today or self._next_day(bot, before or known.get((bot.pk, None)))
            told = (row.settled, row.unrealised)
            if before is not None:
                row.settled_before = before.settled
            _put(row, sums[self.day].get(bot.pk, Settled()))
            row.unrealised = self.by_bot[bot.pk]
            if today is None or told != (row.settled, row.unrealised):
                days.append(row)
                minutes.append(
                    BotMinute(
                        bot=bot, minute_ms=self.minute_ms, settled=row.settled, unrealised=row.unrealised
                    )
                )
        _save(BotDay, days, ["bot", "day"])
        _save(BotMinute, minutes, ["bot", "minute_ms"])

    def _settled(self, day: Day) -> Mapping[int, Settled]:
        """Sums of the executions of a day by bot."""
        rows = ExecutionRow.objects.filter(
            time_ms__gt=day.start_ms, time_ms__lte=day.end_ms, bot__in=self._ids()
        )
        paid = Q(exec_type=FUNDING)
        told = rows.values("bot_id").annotate(
            gained=Sum("realised"), paid=Sum("fee", filter=~paid), funded=Sum("fee", filter=paid),
            closed=Count("pk", filter=~Q(realised=0)),
        )  # fmt: skip
        return {
            row["bot_id"]: Settled(row["gained"] or 0, row["paid"] or 0, row["funded"] or 0, row["closed"])
            for row in told
        }

    def _bot_days(self, yesterday: date) -> dict[tuple[int, date | None], BotDay]:
        """Rows of today and yesterday, and under None the newest one before them."""
        rows = BotDay.objects.filter(bot__in=self._ids())
        newest = rows.filter(bot=OuterRef("bot"), day__lt=yesterday).order_by("-day").values("pk")[:1]
        found = rows.filter(Q(day__gte=yesterday) | Q(pk=Subquery(newest)))
        return {(row.bot_id, row.day if row.day >= yesterday else None): row for row in found}

    def _next_day(self, bot: Bot, before: BotDay | None) -> BotDay:
        """The row of a day that begins where the last one ended; the first one takes what was settled before."""
        if before is None:
            return BotDay(bot=bot, day=self.day, settled_before=self._settled_earlier.get(bot.pk, 0))
        return BotDay(
            bot=bot, day=self.day, settled_before=before.settled, unrealised_before=before.unrealised
        )

    @cached_property
    def _settled_earlier(self) -> Mapping[int, int]:
        """What the bots had settled before today; asked only when one has no day yet."""
        rows = ExecutionRow.objects.filter(bot__in=self._ids(), time_ms__lte=self.today.start_ms)
        return dict(rows.values_list("bot_id").annotate(net=Sum(F("realised") - F("fee"))))

    def _take_accounts(self) -> None:
        accounts = list(ExchangeAccount.objects.filter(pk__in=self._accounts(), opened_generation__gt=0))
        flows = CashFlow.objects.filter(account__in=[a.pk for a in accounts])
        paid = dict(flows.values_list("account_id").annotate(Sum("amount")))
        known = self._account_days(accounts)
        days, minutes = [], []
        for account in accounts:
            unrealised, paid_in = self.by_account[account.pk], int(paid.get(account.pk) or 0)
            equity = account.wallet + unrealised
            last = known.get(account.pk)
            told = None if last is None else (last.day, last.generation, last.end, last.paid_in)
            now = (self.day, account.generation, equity, paid_in)
            if told == now:
                continue
            row = _account_day(account, last, self.day, equity, paid_in)
            row.low, row.high, row.end = min(row.low, equity), max(row.high, equity), equity
            row.paid_in = paid_in
            days.append(row)
            minutes.append(
                AccountMinute(
                    account=account, generation=account.generation, minute_ms=self.minute_ms,
                    wallet=account.wallet, unrealised=unrealised, paid_in=paid_in,
                )
            )  # fmt: skip
        _save(AccountDay, days, ["account", "generation", "day"])
        _save(AccountMinute, minutes, ["account", "minute_ms"])

    def _account_days(self, accounts: Sequence[ExchangeAccount]) -> dict[int, AccountDay]:
        """The newest row of each account."""
        rows = AccountDay.objects.filter(account__in=[account.pk for account in accounts])
        newest = rows.values("account_id").annotate(newest=Max("pk")).values("newest")
        return {row.account_id: row for row in AccountDay.objects.filter(pk__in=newest)}


def _account_day(
    account: ExchangeAccount, last: AccountDay | None, day: date, equity: int, paid_in: int
) -> AccountDay:
    """The row of the day: the newest one, or one that begins where it ended; a reset account begins anew."""
    same = last is not None and last.generation == account.generation
    if last is not None and same and last.day == day:
        return last
    start, paid_before = (last.end, last.paid_in) if last is not None and same else (equity, paid_in)
    return AccountDay(
        account=account, generation=account.generation, day=day, start=start, low=min(start, equity),
        high=max(start, equity), end=equity, paid_before=paid_before, paid_in=paid_in,
    )  # fmt: skip


def _differs(row: BotDay, sums: Settled) -> bool:
    return Settled(row.realised, row.fees, row.funding, row.closes) != sums


def _put(row: BotDay, sums: Settled) -> None:
    row.realised, row.fees, row.funding, row.closes = sums.realised, sums.fees, sums.funding, sums.closes


R = TypeVar("R", AccountDay, AccountMinute, BotDay, BotMinute)


def _save(model: type[R], rows: Sequence[R], unique: list[str]) -> None:
    """Insert rows, or bring those that are there up to date."""
    fixed = {"id", "workspace", *unique}
    changing = [field.name for field in model._meta.concrete_fields if field.name not in fixed]
    for row in rows:
        row.pk = None
    model.objects.bulk_create(
        rows, batch_size=BATCH, update_conflicts=True, unique_fields=unique, update_fields=changing
    )
