"""Addresses of people's pages."""

from __future__ import annotations

from django.urls import path

from accounts import views

urlpatterns = [
    path("dev/mail", views.dev_mail, name="dev-mail"),
]
