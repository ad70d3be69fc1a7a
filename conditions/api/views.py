"""The API of rule-sets: drafts, the text form, what an editor offers."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from accounts.api.access import actor_of
from ailona.kit.api import ERRORS, NewestFirst
from conditions.api.serializers import (
    NewFileIn,
    NodeOut,
    RuleSetChange,
    RuleSetIn,
    RuleSetOut,
    RuleSetPatch,
    SonOut,
    TemplateOut,
    TextIn,
)
from conditions.selectors import editor_catalog, rule_sets
from conditions.services.drafts import EMPTY, archive, create_rule_set, rename, save_draft, unarchive
from conditions.services.transfer import create_imported
from conditions.son import SON, SON_NOTE, SON_VERSION
from conditions.templates_catalog import RULE_TEMPLATES
from trading_core.rules.model import node_data
from trading_core.rules.parse_text import parse_text
from trading_core.rules.text import to_text


class RuleSets(APIView):
    """Every rule-set of the workspace."""

    pagination_class = NewestFirst

    @extend_schema(responses={200: RuleSetOut(many=True), **ERRORS}, operation_id="rule_sets_list")
    def get(self, request: Request) -> Response:
        """List them."""
        pages = self.pagination_class()
        rows = pages.paginate_queryset(rule_sets(), request, view=self)
        return pages.get_paginated_response(RuleSetOut(rows, many=True).data)

    @extend_schema(request=RuleSetIn, responses={201: RuleSetOut, **ERRORS}, operation_id="rule_sets_create")
    def post(self, request: Request) -> Response:
        """Create one: blank, from a document or layer, or from a template."""
        body = RuleSetIn(data=request.data)
        body.is_valid(raise_exception=True)
        template = body.validated_data.get("template")
        start = RULE_TEMPLATES[template].rules.canonical() if template else EMPTY
        made = create_rule_set(
            name=body.validated_data["name"], document=body.validated_data.get("document", start)
        )
        return Response(RuleSetOut(get_for(rule_sets(), made.code)).data, status=status.HTTP_201_CREATED)


class ImportNew(APIView):
    """Files."""

    @extend_schema(
        request=NewFileIn, responses={201: RuleSetOut, **ERRORS}, operation_id="rule_sets_import_new"
    )
    def post(self, request: Request) -> Response:
        """Create a rule-set from a file that is valid as a whole."""
        body = NewFileIn(data=request.data)
        body.is_valid(raise_exception=True)
        made = create_imported(name=body.validated_data["name"], text=body.validated_data["text"])
        return Response(RuleSetOut(get_for(rule_sets(), made.code)).data, status=status.HTTP_201_CREATED)


class OneRuleSet(APIView):
    """One rule-set."""

    @extend_schema(responses={200: RuleSetOut, **ERRORS}, operation_id="rule_sets_retrieve")
    def get(self, request: Request, code: str) -> Response:
        """Look at it."""
        return Response(RuleSetOut(get_for(rule_sets(), code)).data)

    @extend_schema(
        request=RuleSetChange, responses={200: RuleSetOut, **ERRORS}, operation_id="rule_sets_save"
    )
    def put(self, request: Request, code: str) -> Response:
        """Replace its draft."""
        found = get_for(rule_sets(), code)
        body = RuleSetChange(data=request.data)
        body.is_valid(raise_exception=True)
        save_draft(found, document=body.validated_data["document"], name=body.validated_data.get("name"))
        return Response(RuleSetOut(get_for(rule_sets(), code)).data)

    @extend_schema(
        request=RuleSetPatch, responses={200: RuleSetOut, **ERRORS}, operation_id="rule_sets_change"
    )
    def patch(self, request: Request, code: str) -> Response:
        """Rename it, replace its draft, archive it or bring it back."""
        found = get_for(rule_sets(), code)
        body = RuleSetPatch(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        if "document" in data:
            save_draft(found, document=data["document"], name=data.get("name"))
        elif "name" in data:
            rename(found, name=data["name"])
        if "archived" in data:
            (archive if data["archived"] else unarchive)(found, actor=actor_of(request))
        return Response(RuleSetOut(get_for(rule_sets(), code)).data)


class Templates(APIView):
    """The gallery."""

    @extend_schema(responses={200: TemplateOut(many=True), **ERRORS}, operation_id="rule_sets_templates")
    def get(self, request: Request) -> Response:
        """Rule-sets to start from, each with what it does badly."""
        rows = [
            {
                "code": code,
                "name": one.name,
                "idea": one.idea,
                "summary": one.summary,
                "weakness": one.weakness,
                "document": one.rules.canonical(),
            }
            for code, one in RULE_TEMPLATES.items()
        ]
        return Response(TemplateOut(rows, many=True).data)


class Son(APIView):
    """The platform's defaults."""

    @extend_schema(responses={200: SonOut, **ERRORS}, operation_id="rule_sets_son")
    def get(self, request: Request) -> Response:
        """SON as it is today, read-only."""
        now = {
            "number": SON_VERSION,
            "note": SON_NOTE,
            "rules_hash": SON.hash,
            "document": SON.canonical(),
        }
        return Response(SonOut(now).data)


class Catalog(APIView):
    """What an editor offers."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT, **ERRORS}, operation_id="rule_sets_catalog")
    def get(self, request: Request) -> Response:
        """Indicators, operators, fields and bounds."""
        return Response(editor_catalog())


class ParseText(APIView):
    """The text form."""

    @extend_schema(request=TextIn, responses={200: NodeOut, **ERRORS}, operation_id="rule_sets_parse")
    def post(self, request: Request) -> Response:
        """Read conditions from text; answers the tree and its canonical text. Changes nothing."""
        body = TextIn(data=request.data)
        body.is_valid(raise_exception=True)
        node = parse_text(body.validated_data["text"])
        return Response(NodeOut({"node": node_data(node), "text": to_text(node)}).data)
