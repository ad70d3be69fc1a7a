"""The API of rule-sets: drafts, versions, the text form, what an editor offers."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from ailona.kit.api import ERRORS, NewestFirst
from conditions.api.serializers import NodeOut, RuleSetChange, RuleSetIn, RuleSetOut, TextIn, VersionOut
from conditions.selectors import editor_catalog, rule_sets
from conditions.services import create_rule_set, publish_version, save_draft
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
        """Create one with a draft."""
        body = RuleSetIn(data=request.data)
        body.is_valid(raise_exception=True)
        made = create_rule_set(name=body.validated_data["name"], document=body.validated_data["document"])
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


class Publish(APIView):
    """Publishing."""

    @extend_schema(request=None, responses={201: VersionOut, **ERRORS}, operation_id="rule_sets_publish")
    def post(self, request: Request, code: str) -> Response:
        """Freeze the draft as the next version, or say where it is wrong."""
        version = publish_version(get_for(rule_sets(), code))
        return Response(VersionOut(version).data, status=status.HTTP_201_CREATED)


class Versions(APIView):
    """The versions of a rule-set."""

    pagination_class = NewestFirst

    @extend_schema(responses={200: VersionOut(many=True), **ERRORS}, operation_id="rule_sets_versions")
    def get(self, request: Request, code: str) -> Response:
        """List them, newest first."""
        pages = self.pagination_class()
        rows = pages.paginate_queryset(get_for(rule_sets(), code).versions.all(), request, view=self)
        return pages.get_paginated_response(VersionOut(rows, many=True).data)


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
