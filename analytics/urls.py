"""Addresses of analytics."""

from __future__ import annotations

from django.urls import path

from analytics import views

urlpatterns = [
    path("analytics/", views.analytics, name="analytics"),
    path("analytics/curve/<slug:kind>/", views.curve, name="analytics-curve"),
]
