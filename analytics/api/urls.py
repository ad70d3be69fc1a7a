"""Addresses of the analytics API."""

from __future__ import annotations

from django.urls import path

from analytics.api import views

urlpatterns = [path("analytics/", views.Analytics.as_view(), name="api-analytics")]
