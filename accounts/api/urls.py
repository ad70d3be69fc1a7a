"""Addresses of the exchange accounts API."""

from __future__ import annotations

from django.urls import path

from accounts.api import views

urlpatterns = [
    path("exchange-accounts/", views.Accounts.as_view(), name="api-accounts"),
    path("exchange-accounts/<slug:code>/", views.Account.as_view(), name="api-account"),
]
