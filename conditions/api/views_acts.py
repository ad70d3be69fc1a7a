"""The API of rule-sets: read, publish, compare, fork, carry in and out, mirror."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from accounts.api.access import actor_of
from ailona.kit.api import ERRORS, NewestFirst
from conditions.api.serializers import (
    DiffOut,
    EffectiveOut,
    FileIn,
    ForkIn,
    MirrorIn,
    MirrorOut,
    PublishIn,
    ReadingOut,
    RuleSetOut,
    ValidateIn,
    VersionOut,
)
from conditions.models import RuleSet, RuleSetVersion
from conditions.outline import outline
from conditions.selectors import latest_version, rule_sets, version_of
from conditions.services.comparing import changes, sentences
from conditions.services.drafts import fork, fork_draft
from conditions.services.mirroring import mirror_draft
from conditions.services.publishing import publish_version, read_version
from conditions.services.reading import Reading, read_draft, valid
from conditions.services.transfer import exported, exported_draft, import_into
from conditions.son import SON

DRAFT = "draft"
_VERSION = OpenApiParameter("version", str, description="A version's number, or `draft`.")
_FROM = OpenApiParameter("from", str, description="A version's number, or `draft`; default the latest.")
_TO = OpenApiParameter("to", str, description="A version's number, or `draft`, the default.")


def found(code: str) -> RuleSet:
    """The rule-set of that code."""
    return get_for(rule_sets(), code)


def numbered(row: RuleSet, number: int | str) -> RuleSetVersion:
    """The version with that number; not found if there is none."""
    text = str(number)
    version = version_of(row, int(text)) if text.isdecimal() and len(text) < 6 else None  # noqa: PLR2004
    if version is None:
        raise Http404("no version with that number")
    return version


class Validate(APIView):
    """Reading a draft."""

    @extend_schema(
        request=ValidateIn, responses={200: ReadingOut, **ERRORS}, operation_id="rule_sets_validate"
    )
    def post(self, request: Request, code: str) -> Response:
        """Say everything that is wrong with the draft, or with the one given. Changes nothing."""
        row = found(code)
        body = ValidateIn(data=request.data)
        body.is_valid(raise_exception=True)
        reading = read_draft(body.validated_data.get("document", row.draft))
        told = {
            "valid": reading.rules is not None,
            "rules_hash": reading.rules.hash if reading.rules is not None else None,
            "faults": reading.faults,
            "warnings": reading.warnings,
        }
        return Response(ReadingOut(told).data)


class Publish(APIView):
    """Publishing."""

    @extend_schema(request=PublishIn, responses={201: VersionOut, **ERRORS}, operation_id="rule_sets_publish")
    def post(self, request: Request, code: str) -> Response:
        """Freeze the draft as the next version, or say where it is wrong."""
        row = found(code)
        body = PublishIn(data=request.data)
        body.is_valid(raise_exception=True)
        version = publish_version(row, note=body.validated_data["note"], actor=actor_of(request))
        return Response(VersionOut(version).data, status=status.HTTP_201_CREATED)


class Versions(APIView):
    """The versions of a rule-set."""

    pagination_class = NewestFirst

    @extend_schema(responses={200: VersionOut(many=True), **ERRORS}, operation_id="rule_sets_versions")
    def get(self, request: Request, code: str) -> Response:
        """List them, newest first."""
        pages = self.pagination_class()
        rows = pages.paginate_queryset(found(code).versions.all(), request, view=self)
        return pages.get_paginated_response(VersionOut(rows, many=True).data)


class OneVersion(APIView):
    """One version."""

    @extend_schema(responses={200: VersionOut, **ERRORS}, operation_id="rule_sets_version")
    def get(self, request: Request, code: str, number: int) -> Response:
        """Look at it."""
        return Response(VersionOut(numbered(found(code), number)).data)


class Diff(APIView):
    """Comparing."""

    @extend_schema(parameters=[_FROM, _TO], responses={200: DiffOut, **ERRORS}, operation_id="rule_sets_diff")
    def get(self, request: Request, code: str) -> Response:
        """What differs between two versions, or a version and the draft."""
        row = found(code)
        latest = latest_version(row)
        since = request.query_params.get("from") or (str(latest.number) if latest else DRAFT)
        until = request.query_params.get("to") or DRAFT
        old, new = (_read(row, which).rules for which in (since, until))
        assert old is not None
        assert new is not None
        told = {"since": since, "until": until, "changes": changes(old, new)}
        return Response(DiffOut(told).data)


class Effective(APIView):
    """What counts."""

    @extend_schema(
        parameters=[_VERSION], responses={200: EffectiveOut, **ERRORS}, operation_id="rule_sets_effective"
    )
    def get(self, request: Request, code: str) -> Response:
        """The effective trees with the origin of each condition, of the draft or of a version."""
        reading = _read(found(code), request.query_params.get("version") or DRAFT)
        rules = reading.rules
        assert rules is not None
        base = SON if reading.source is not None else None
        trees = outline(rules, reading.origins, base=base, disabled=reading.disabled)
        told = {
            "rules_hash": rules.hash,
            "document": rules.canonical(),
            "trees": [
                {"tree": one.tree, "sentences": sentences(rules, one.tree), "root": one.root, "off": one.off}
                for one in trees
            ],
        }
        return Response(EffectiveOut(told).data)


def _read(row: RuleSet, which: str) -> Reading:
    """A draft or a version as it is understood; raise RulesInvalid for a draft that isn't."""
    if which == DRAFT:
        return valid(read_draft(row.draft))
    return read_version(numbered(row, which))


class Fork(APIView):
    """Forking."""

    @extend_schema(request=ForkIn, responses={201: RuleSetOut, **ERRORS}, operation_id="rule_sets_fork")
    def post(self, request: Request, code: str) -> Response:
        """Start another rule-set from a version or from the draft."""
        row = found(code)
        body = ForkIn(data=request.data)
        body.is_valid(raise_exception=True)
        name, number = body.validated_data["name"], body.validated_data.get("version")
        made = fork_draft(row, name=name) if number is None else fork(numbered(row, number), name=name)
        return Response(RuleSetOut(found(made.code)).data, status=status.HTTP_201_CREATED)


class Export(APIView):
    """Carrying out."""

    @extend_schema(
        parameters=[_VERSION],
        responses={200: OpenApiTypes.OBJECT, **ERRORS},
        operation_id="rule_sets_export",
    )
    def get(self, request: Request, code: str) -> Response:
        """A version (default the latest) or the draft as a file: canonical, with name, number and hash."""
        row = found(code)
        which = request.query_params.get("version", "")
        version = None if which == DRAFT else numbered(row, which) if which else latest_version(row)
        return Response(exported_draft(row) if version is None else exported(version))


class Import(APIView):
    """Carrying in."""

    @extend_schema(request=FileIn, responses={200: RuleSetOut, **ERRORS}, operation_id="rule_sets_import")
    def post(self, request: Request, code: str) -> Response:
        """Replace the draft by a file that is valid as a whole."""
        row = found(code)
        body = FileIn(data=request.data)
        body.is_valid(raise_exception=True)
        import_into(row, text=body.validated_data["text"])
        return Response(RuleSetOut(found(code)).data)


class Mirror(APIView):
    """Mirroring."""

    @extend_schema(request=MirrorIn, responses={200: MirrorOut, **ERRORS}, operation_id="rule_sets_mirror")
    def post(self, request: Request, code: str) -> Response:
        """Write one side of the draft from the other."""
        row = found(code)
        body = MirrorIn(data=request.data)
        body.is_valid(raise_exception=True)
        made = mirror_draft(row, side=body.validated_data["side"])
        told: dict[str, Any] = {"draft": made.rules.canonical(), "kept": list(made.kept)}
        return Response(MirrorOut(told).data)
