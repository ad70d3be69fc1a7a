"""The API of exchange accounts: list, look, open or connect."""

from __future__ import annotations

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from accounts.api.access import actor_of
from accounts.api.serializers import AccountIn, AccountOut, InterferenceIn, KeyIn
from accounts.entry_blocks import resume_entries
from accounts.key_checks import request_check
from accounts.models import Environment, ExchangeAccount, Role
from accounts.selectors import exchange_accounts
from accounts.services import (
    PAPER,
    connect_exchange_account,
    open_paper_account,
    replace_key,
    set_interference,
)
from ailona.kit.api import ERRORS, NewestFirst
from trading_core.errors import InvalidInput


class SessionLoginScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """How the OpenAPI document tells of the session."""

    target_class = "accounts.api.access.SessionLogin"


class Accounts(APIView):
    """Every exchange account of the workspace."""

    pagination_class = NewestFirst
    writer = Role.OWNER

    @extend_schema(responses={200: AccountOut(many=True), **ERRORS}, operation_id="exchange_accounts_list")
    def get(self, request: Request) -> Response:
        """List them."""
        pages = self.pagination_class()
        rows = pages.paginate_queryset(exchange_accounts(), request, view=self)
        return pages.get_paginated_response(AccountOut(rows, many=True).data)

    @extend_schema(
        request=AccountIn, responses={201: AccountOut, **ERRORS}, operation_id="exchange_accounts_create"
    )
    def post(self, request: Request) -> Response:
        """Open a paper account, or connect a key."""
        body = AccountIn(data=request.data)
        body.is_valid(raise_exception=True)
        account = _create(body.validated_data, actor_of(request))
        return Response(AccountOut(account).data, status=status.HTTP_201_CREATED)


@sensitive_variables()
def _create(data: dict[str, Any], actor: str) -> ExchangeAccount:
    environment = Environment(data["environment"])
    if environment in PAPER:
        if "balance" not in data:
            raise InvalidInput("balance", "expected the balance the account starts with")
        return open_paper_account(data["name"], data["balance"], environment=environment, actor=actor)
    return connect_exchange_account(
        environment, data["name"], data.get("api_key", ""), data.get("api_secret", ""), actor=actor
    )


class Account(APIView):
    """One exchange account."""

    @extend_schema(responses={200: AccountOut, **ERRORS}, operation_id="exchange_accounts_retrieve")
    def get(self, request: Request, code: str) -> Response:
        """Look at it."""
        return Response(AccountOut(get_for(exchange_accounts(), code)).data)


class ReplaceKey(APIView):
    """Giving a connected account another key."""

    writer = Role.OWNER

    @extend_schema(
        request=KeyIn, responses={202: AccountOut, **ERRORS}, operation_id="exchange_accounts_replace_key"
    )
    @method_decorator(sensitive_variables())
    def post(self, request: Request, code: str) -> Response:
        """Seal it and have it checked: it must belong to the same exchange user."""
        account = get_for(exchange_accounts(), code)
        body = KeyIn(data=request.data)
        body.is_valid(raise_exception=True)
        replace_key(account, **body.validated_data, actor=actor_of(request))
        return Response(AccountOut(account).data, status=status.HTTP_202_ACCEPTED)


class CheckKey(APIView):
    """Having a connected key checked."""

    @extend_schema(
        request=None, responses={202: AccountOut, **ERRORS}, operation_id="exchange_accounts_check"
    )
    def post(self, request: Request, code: str) -> Response:
        """Ask the trader for a check; its result appears in `key_report` and `key_checked_at`."""
        account = get_for(exchange_accounts(), code)
        request_check(account, actor=actor_of(request))
        return Response(AccountOut(account).data, status=status.HTTP_202_ACCEPTED)


class InterferencePolicy(APIView):
    """What follows when somebody else acts on an account."""

    writer = Role.OWNER

    @extend_schema(
        request=InterferenceIn,
        responses={200: AccountOut, **ERRORS},
        operation_id="exchange_accounts_interference",
    )
    def put(self, request: Request, code: str) -> Response:
        """Choose it; what is really held is taken over under each policy."""
        account = get_for(exchange_accounts(), code)
        body = InterferenceIn(data=request.data)
        body.is_valid(raise_exception=True)
        set_interference(account, body.validated_data["policy"], actor=actor_of(request))
        return Response(AccountOut(account).data)


class ResumeEntries(APIView):
    """Letting an account take entries again."""

    @extend_schema(
        request=None, responses={200: AccountOut, **ERRORS}, operation_id="exchange_accounts_resume"
    )
    def post(self, request: Request, code: str) -> Response:
        """Lift what the exchange's refusals led to; what a check of the key found stands."""
        account = get_for(exchange_accounts(), code)
        resume_entries(account, actor=actor_of(request))
        account.refresh_from_db()
        return Response(AccountOut(account).data)
