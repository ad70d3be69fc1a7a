"""Addresses of the bots API."""

from __future__ import annotations

from django.urls import path

from bots.api import (
    views,
    views_by_hand,
    views_journal,
    views_limits,
    views_market,
    views_preflight,
    views_records,
    views_rules,
    views_studies,
)

urlpatterns = [
    path("bots/", views.Bots.as_view(), name="api-bots"),
    path("bots/<slug:code>/", views.OneBot.as_view(), name="api-bot"),
    path("bots/<slug:code>/document/", views.Document.as_view(), name="api-bot-document"),
    path("bots/<slug:code>/status/", views.Status.as_view(), name="api-bot-status"),
    path("preflight/", views_preflight.DocumentPreflight.as_view(), name="api-preflight"),
    path("bots/<slug:code>/preflight/", views_preflight.BotPreflight.as_view(), name="api-bot-preflight"),
    path("bots/<slug:code>/start/", views.Start.as_view(), name="api-bot-start"),
    path("bots/<slug:code>/pause/", views.Pause.as_view(), name="api-bot-pause"),
    path("bots/<slug:code>/resume/", views.Resume.as_view(), name="api-bot-resume"),
    path("bots/<slug:code>/stop/", views.Stop.as_view(), name="api-bot-stop"),
    path("bots/<slug:code>/panic/", views.Panic.as_view(), name="api-bot-panic"),
    path(
        "bots/<slug:code>/positions/<slug:symbol>/add/",
        views_by_hand.AddByHand.as_view(),
        name="api-position-add",
    ),
    path(
        "bots/<slug:code>/positions/<slug:symbol>/reduce/",
        views_by_hand.ReduceByHand.as_view(),
        name="api-position-reduce",
    ),
    path("bots/<slug:code>/decisions/", views_journal.Decisions.as_view(), name="api-decisions"),
    path(
        "bots/<slug:code>/decisions/<slug:symbol>/<int:close_ms>/",
        views_journal.Explanation.as_view(),
        name="api-decision",
    ),
    path("bots/<slug:code>/blockers/", views_studies.Blockers.as_view(), name="api-blockers"),
    path("bots/<slug:code>/what-if/", views_studies.WhatIfs.as_view(), name="api-what-ifs"),
    path("bots/<slug:code>/what-if/<slug:study>/", views_studies.WhatIf.as_view(), name="api-what-if"),
    path("bots/<slug:code>/orders/", views_records.Orders.as_view(), name="api-orders"),
    path("bots/<slug:code>/executions/", views_records.Executions.as_view(), name="api-executions"),
    path("rule-sets/<slug:code>/preview/", views_rules.Preview.as_view(), name="api-rule-set-preview"),
    path("market/", views_market.Market.as_view(), name="api-market"),
    path("market/<slug:symbol>/", views_market.SymbolMarket.as_view(), name="api-market-symbol"),
    path("limits/", views_limits.Limits.as_view(), name="api-limits"),
    path("limits/workspace/", views_limits.WorkspaceLimits.as_view(), name="api-limits-workspace"),
    path("limits/accounts/<slug:code>/", views_limits.AccountLimits.as_view(), name="api-limits-account"),
    path("locks/", views_limits.Locks.as_view(), name="api-locks"),
    path("locks/<slug:code>/lift/", views_limits.LiftLock.as_view(), name="api-lock-lift"),
    path("positions/", views_records.Positions.as_view(), name="api-positions"),
    path(
        "exchange-accounts/<slug:code>/reset/", views_records.ResetAccount.as_view(), name="api-account-reset"
    ),
    path(
        "exchange-accounts/<slug:code>/revoke/",
        views_records.RevokeAccount.as_view(),
        name="api-account-revoke",
    ),
]
