"""Addresses of the rule-sets API."""

from __future__ import annotations

from django.urls import path

from conditions.api import views

urlpatterns = [
    path("rule-sets/", views.RuleSets.as_view(), name="api-rule-sets"),
    path("rule-sets/catalog/", views.Catalog.as_view(), name="api-rule-sets-catalog"),
    path("rule-sets/parse/", views.ParseText.as_view(), name="api-rule-sets-parse"),
    path("rule-sets/<slug:code>/", views.OneRuleSet.as_view(), name="api-rule-set"),
    path("rule-sets/<slug:code>/publish/", views.Publish.as_view(), name="api-rule-set-publish"),
    path("rule-sets/<slug:code>/versions/", views.Versions.as_view(), name="api-rule-set-versions"),
]
