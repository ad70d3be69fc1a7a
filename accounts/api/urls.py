"""Addresses of the exchange accounts API."""

from __future__ import annotations

from django.urls import path

from accounts.api import views

urlpatterns = [
    path("exchange-accounts/", views.Accounts.as_view(), name="api-accounts"),
    path("exchange-accounts/<slug:code>/", views.Account.as_view(), name="api-account"),
    path("exchange-accounts/<slug:code>/key/", views.ReplaceKey.as_view(), name="api-account-key"),
    path("exchange-accounts/<slug:code>/check/", views.CheckKey.as_view(), name="api-account-check"),
    path(
        "exchange-accounts/<slug:code>/interference/",
        views.InterferencePolicy.as_view(),
        name="api-account-interference",
    ),
    path("exchange-accounts/<slug:code>/resume/", views.ResumeEntries.as_view(), name="api-account-resume"),
]
