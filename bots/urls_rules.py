"""Addresses of the rule-set pages."""

from __future__ import annotations

from django.urls import path

from bots import views_rules, views_rules_acts

urlpatterns = [
    path("", views_rules.rules_list, name="rules"),
    path("new/", views_rules.rules_new, name="rules-new"),
    path("templates/", views_rules.rules_templates, name="rules-templates"),
    path("son/", views_rules.rules_son, name="rules-son"),
    path("<slug:code>/", views_rules.rule_set, name="rule-set"),
    path("<slug:code>/read/", views_rules.rule_set_read, name="rule-set-read"),
    path("<slug:code>/preview/", views_rules.rule_set_preview, name="rule-set-preview"),
    path("<slug:code>/publish/", views_rules_acts.rule_set_publish, name="rule-set-publish"),
    path("<slug:code>/fork/", views_rules_acts.rule_set_fork, name="rule-set-fork"),
    path("<slug:code>/mirror/", views_rules_acts.rule_set_mirror, name="rule-set-mirror"),
    path("<slug:code>/import/", views_rules_acts.rule_set_import, name="rule-set-import"),
    path("<slug:code>/export/", views_rules.rule_set_export, name="rule-set-export"),
    path("<slug:code>/archive/", views_rules_acts.rule_set_archive, name="rule-set-archive"),
    path("<slug:code>/versions/<int:number>/", views_rules.rule_set_version, name="rule-set-version"),
    path("<slug:code>/versions/<int:number>/take/", views_rules_acts.rule_set_take, name="rule-set-take"),
]
