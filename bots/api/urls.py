"""Addresses of the bots API."""

from __future__ import annotations

from django.urls import path

from bots.api import views, views_records

urlpatterns = [
    path("bots/", views.Bots.as_view(), name="api-bots"),
    path("bots/<slug:code>/", views.OneBot.as_view(), name="api-bot"),
    path("bots/<slug:code>/document/", views.Document.as_view(), name="api-bot-document"),
    path("bots/<slug:code>/status/", views.Status.as_view(), name="api-bot-status"),
    path("bots/<slug:code>/start/", views.Start.as_view(), name="api-bot-start"),
    path("bots/<slug:code>/pause/", views.Pause.as_view(), name="api-bot-pause"),
    path("bots/<slug:code>/resume/", views.Resume.as_view(), name="api-bot-resume"),
    path("bots/<slug:code>/stop/", views.Stop.as_view(), name="api-bot-stop"),
    path("bots/<slug:code>/panic/", views.Panic.as_view(), name="api-bot-panic"),
    path("bots/<slug:code>/decisions/", views_records.Decisions.as_view(), name="api-decisions"),
    path(
        "bots/<slug:code>/decisions/<slug:symbol>/<int:close_ms>/",
        views_records.Explanation.as_view(),
        name="api-decision",
    ),
    path("bots/<slug:code>/orders/", views_records.Orders.as_view(), name="api-orders"),
    path("bots/<slug:code>/executions/", views_records.Executions.as_view(), name="api-executions"),
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
