"""Addresses of the desk."""

from __future__ import annotations

from django.urls import include, path

from bots import (
    views,
    views_account,
    views_accounts,
    views_by_hand,
    views_decisions,
    views_halt,
    views_limits,
    views_market,
    views_preflight,
    views_what_if,
)

urlpatterns = [
    path("", views.landing, name="landing"),
    path("dashboard/", views.dashboard_page, name="dashboard"),
    path("dashboard/live/", views.dashboard_live, name="dashboard-live"),
    path("dashboard/equity/", views.equity, name="equity-data"),
    path("bots/", views.bots_page, name="bots"),
    path("bots/live/", views.bots_live, name="bots-live"),
    path("bots/new/", views.bot_new, name="bot-new"),
    path("bots/new/preflight/", views_preflight.new_bot, name="bot-new-preflight"),
    path("bots/<slug:code>/preflight/", views_preflight.one_bot, name="bot-preflight"),
    path("bots/<slug:code>/", views.bot_page, name="bot"),
    path("bots/<slug:code>/live/", views.bot_live, name="bot-live"),
    path("bots/<slug:code>/chart/", views.chart, name="chart-data"),
    path("bots/<slug:code>/document/", views.bot_document, name="bot-document"),
    path("bots/<slug:code>/confirm/<slug:action>/", views.bot_confirm, name="bot-confirm"),
    path("bots/<slug:code>/do/<slug:action>/", views.bot_act, name="bot-act"),
    path("bots/<slug:code>/positions/<slug:symbol>/", views_by_hand.position, name="bot-position"),
    path("bots/<slug:code>/decisions/", views_decisions.decisions_page, name="bot-decisions"),
    path("bots/<slug:code>/decisions/live/", views_decisions.decisions_live, name="bot-decisions-live"),
    path(
        "bots/<slug:code>/decisions/<slug:symbol>/<int:close_ms>/",
        views_decisions.decision,
        name="bot-decision",
    ),
    path(
        "bots/<slug:code>/decisions/<slug:symbol>/<int:close_ms>/chart/",
        views_decisions.decision_chart_data,
        name="bot-decision-chart",
    ),
    path("bots/<slug:code>/blockers/", views_decisions.blockers_page, name="bot-blockers"),
    path("bots/<slug:code>/what-if/", views_what_if.what_if_page, name="bot-what-if"),
    path("bots/<slug:code>/what-if/run/", views_what_if.what_if_run, name="bot-what-if-run"),
    path("bots/<slug:code>/what-if/<slug:study>/", views_what_if.study_page, name="bot-study"),
    path("bots/<slug:code>/what-if/<slug:study>/live/", views_what_if.study_live, name="bot-study-live"),
    path(
        "bots/<slug:code>/what-if/<slug:study>/cancel/", views_what_if.study_cancel, name="bot-study-cancel"
    ),
    path("rules/", include("bots.urls_rules")),
    path("market/", views_market.market, name="market"),
    path("market/live/", views_market.market_live, name="market-live"),
    path("market/<slug:symbol>/", views_market.market_symbol, name="market-symbol"),
    path("market/<slug:symbol>/chart/", views_market.market_chart, name="market-chart"),
    path("limits/", views_limits.limits_page, name="limits"),
    path("halt/", views_halt.halt_page, name="halt"),
    path("limits/live/", views_limits.limits_live, name="limits-live"),
    path("limits/locks/", views_limits.lock_set, name="lock-set"),
    path("limits/locks/<slug:code>/lift/", views_limits.lock_lift, name="lock-lift"),
    path("limits/workspace/", views_limits.limits_workspace, name="limits-workspace"),
    path("limits/accounts/<slug:code>/", views_limits.limits_account, name="limits-account"),
    path("exchange-accounts/", views_accounts.accounts_page, name="accounts"),
    path("exchange-accounts/live/", views_accounts.accounts_live, name="accounts-live"),
    path("exchange-accounts/connect/", views_accounts.connect, name="account-connect"),
    path("exchange-accounts/<slug:code>/", views_account.account, name="account"),
    path("exchange-accounts/<slug:code>/live/", views_account.account_live, name="account-live"),
    path(
        "exchange-accounts/<slug:code>/interference/", views_account.interference, name="account-interference"
    ),
    path("exchange-accounts/<slug:code>/reset/", views_accounts.reset, name="account-reset"),
    path("exchange-accounts/<slug:code>/key/", views_accounts.key, name="account-key"),
    path("exchange-accounts/<slug:code>/check/", views_accounts.check, name="account-check"),
    path("exchange-accounts/<slug:code>/resume/", views_accounts.resume, name="account-resume"),
]
