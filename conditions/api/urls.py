"""Addresses of the rule-sets API."""

from __future__ import annotations

from django.urls import path

from conditions.api import views, views_acts

urlpatterns = [
    path("rule-sets/", views.RuleSets.as_view(), name="api-rule-sets"),
    path("rule-sets/catalog/", views.Catalog.as_view(), name="api-rule-sets-catalog"),
    path("rule-sets/parse/", views.ParseText.as_view(), name="api-rule-sets-parse"),
    path("rule-sets/templates/", views.Templates.as_view(), name="api-rule-sets-templates"),
    path("rule-sets/son/", views.Son.as_view(), name="api-rule-sets-son"),
    path("rule-sets/import/", views.ImportNew.as_view(), name="api-rule-sets-import"),
    path("rule-sets/<slug:code>/", views.OneRuleSet.as_view(), name="api-rule-set"),
    path("rule-sets/<slug:code>/validate/", views_acts.Validate.as_view(), name="api-rule-set-validate"),
    path("rule-sets/<slug:code>/effective/", views_acts.Effective.as_view(), name="api-rule-set-effective"),
    path("rule-sets/<slug:code>/publish/", views_acts.Publish.as_view(), name="api-rule-set-publish"),
    path("rule-sets/<slug:code>/versions/", views_acts.Versions.as_view(), name="api-rule-set-versions"),
    path(
        "rule-sets/<slug:code>/versions/<int:number>/",
        views_acts.OneVersion.as_view(),
        name="api-rule-set-version",
    ),
    path("rule-sets/<slug:code>/diff/", views_acts.Diff.as_view(), name="api-rule-set-diff"),
    path("rule-sets/<slug:code>/fork/", views_acts.Fork.as_view(), name="api-rule-set-fork"),
    path("rule-sets/<slug:code>/export/", views_acts.Export.as_view(), name="api-rule-set-export"),
    path("rule-sets/<slug:code>/import/", views_acts.Import.as_view(), name="api-rule-set-import"),
    path("rule-sets/<slug:code>/mirror/", views_acts.Mirror.as_view(), name="api-rule-set-mirror"),
]
