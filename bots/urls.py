"""Addresses of the desk."""

from __future__ import annotations

from django.urls import path

from bots import views, views_accounts

urlpatterns = [
    path("", views.landing, name="landing"),
    path("dashboard/", views.dashboard_page, name="dashboard"),
    path("dashboard/live/", views.dashboard_live, name="dashboard-live"),
    path("dashboard/equity/", views.equity, name="equity-data"),
    path("bots/", views.bots_page, name="bots"),
    path("bots/live/", views.bots_live, name="bots-live"),
    path("bots/new/", views.bot_new, name="bot-new"),
    path("bots/<slug:code>/", views.bot_page, name="bot"),
    path("bots/<slug:code>/live/", views.bot_live, name="bot-live"),
    path("bots/<slug:code>/chart/", views.chart, name="chart-data"),
    path("bots/<slug:code>/document/", views.bot_document, name="bot-document"),
    path("bots/<slug:code>/confirm/<slug:action>/", views.bot_confirm, name="bot-confirm"),
    path("bots/<slug:code>/do/<slug:action>/", views.bot_act, name="bot-act"),
    path("exchange-accounts/", views_accounts.accounts_page, name="accounts"),
    path("exchange-accounts/connect/", views_accounts.connect, name="account-connect"),
    path("exchange-accounts/<slug:code>/reset/", views_accounts.reset, name="account-reset"),
]
