"""Addresses of the analytics API."""

from __future__ import annotations

from django.urls import path

from analytics.api import views, views_backtests

urlpatterns = [
    path("analytics/", views.Analytics.as_view(), name="api-analytics"),
    path("backtests/", views_backtests.Backtests.as_view(), name="api-backtests"),
    path("backtests/compare/", views_backtests.Comparison.as_view(), name="api-backtests-compare"),
    path("backtests/<slug:code>/", views_backtests.Backtest.as_view(), name="api-backtest"),
    path("backtests/<slug:code>/cancel/", views_backtests.Cancel.as_view(), name="api-backtest-cancel"),
    path("backtests/<slug:code>/result/", views_backtests.Result.as_view(), name="api-backtest-result"),
    path(
        "backtests/<slug:code>/export/<slug:file>/",
        views_backtests.Export.as_view(),
        name="api-backtest-export",
    ),
]
