"""Addresses of analytics."""

from __future__ import annotations

from django.urls import path

from analytics import views, views_backtests

urlpatterns = [
    path("analytics/", views.analytics, name="analytics"),
    path("analytics/curve/<slug:kind>/", views.curve, name="analytics-curve"),
    path("backtests/", views_backtests.backtests, name="backtests"),
    path("backtests/live/", views_backtests.backtests_live, name="backtests-live"),
    path("backtests/new/", views_backtests.backtest_new, name="backtest-new"),
    path("backtests/compare/", views_backtests.compare, name="backtests-compare"),
    path("backtests/<slug:code>/", views_backtests.backtest, name="backtest"),
    path("backtests/<slug:code>/live/", views_backtests.backtest_live, name="backtest-live"),
    path("backtests/<slug:code>/cancel/", views_backtests.backtest_cancel, name="backtest-cancel"),
    path("backtests/<slug:code>/delete/", views_backtests.backtest_delete, name="backtest-delete"),
]
