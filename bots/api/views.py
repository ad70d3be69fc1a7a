"""The API of bots: make, look, change, start, pause, resume, stop, panic."""

from __future__ import annotations

from typing import ClassVar

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from accounts.api.access import actor_of
from accounts.selectors import exchange_accounts
from ailona.kit.api import ERRORS, Conflict, NewestFirst, refusal
from bots.api.serializers import BotIn, BotOut, DocumentIn, DocumentOut, StatusOut, StopIn
from bots.api.views_preflight import MAY_BE_UNSAFE, unsafe
from bots.models import Bot
from bots.pages.actions import act
from bots.pages.holdings import holdings
from bots.services import lifecycle
from bots.services.preflight import PlanUnsafe
from conditions.selectors import resolved
from trading_core.errors import DocumentInvalid, InvalidInput


def bots() -> QuerySet[Bot]:
    """The bots of the workspace with their accounts."""
    return Bot.objects.select_related("account")


class Bots(APIView):
    """Every bot of the workspace."""

    pagination_class = NewestFirst

    @extend_schema(responses={200: BotOut(many=True), **ERRORS}, operation_id="bots_list")
    def get(self, request: Request) -> Response:
        """List them."""
        pages = self.pagination_class()
        rows = pages.paginate_queryset(bots(), request, view=self)
        return pages.get_paginated_response(BotOut(rows, many=True).data)

    @extend_schema(request=BotIn, responses={201: BotOut, **MAY_BE_UNSAFE}, operation_id="bots_create")
    def post(self, request: Request) -> Response:
        """Make one from a document."""
        body = BotIn(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            with transaction.atomic():  # one that may not start is not made either
                bot = _create(body.validated_data, actor_of(request))
        except PlanUnsafe as error:
            return unsafe(error)
        return Response(BotOut(get_for(bots(), bot.code)).data, status=status.HTTP_201_CREATED)


def _create(data: dict[str, object], actor: str) -> Bot:
    code = data.get("exchange_account")
    try:
        if code is None:
            bot = lifecycle.create_paper_bot(data["document"], actor=actor, resolve=resolved)
        else:
            account = get_for(exchange_accounts(), str(code))
            bot = lifecycle.create_bot(data["document"], account, actor=actor, resolve=resolved)
    except DocumentInvalid as error:
        raise refusal(error, prefix="document") from error
    if data["start"]:
        lifecycle.start_bot(bot, actor=actor)
    return bot


class OneBot(APIView):
    """One bot."""

    @extend_schema(responses={200: BotOut, **ERRORS}, operation_id="bots_retrieve")
    def get(self, request: Request, code: str) -> Response:
        """Look at it."""
        return Response(BotOut(get_for(bots(), code)).data)


class Document(APIView):
    """A bot's document."""

    @extend_schema(responses={200: DocumentOut, **ERRORS}, operation_id="bots_document")
    def get(self, request: Request, code: str) -> Response:
        """Read it."""
        return Response({"document": get_for(bots(), code).document})

    @extend_schema(
        request=DocumentIn, responses={200: DocumentOut, **ERRORS}, operation_id="bots_document_change"
    )
    def put(self, request: Request, code: str) -> Response:
        """Replace it; the bot must be stopped and hold nothing."""
        bot = get_for(bots(), code)
        body = DocumentIn(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            lifecycle.change_document(
                bot, body.validated_data["document"], actor=actor_of(request), resolve=resolved
            )
        except lifecycle.NotAllowed as error:
            raise Conflict(error.reason) from error
        except DocumentInvalid as error:
            raise refusal(error, prefix="document") from error
        return Response({"document": get_for(bots(), code).document})


class Status(APIView):
    """How a bot stands."""

    @extend_schema(responses={200: StatusOut, **ERRORS}, operation_id="bots_status")
    def get(self, request: Request, code: str) -> Response:
        """State, wallet, positions."""
        bot = get_for(bots(), code)
        held = holdings(bot.positions.exclude(lots=0).select_related("bot"))
        unrealised = sum(one.unrealised or 0 for one in held)
        names = ("state", "state_reason", "wanted", "done")
        facts = {name: getattr(bot, name) for name in names} | {
            "wallet": bot.account.wallet,
            "equity": bot.account.wallet + unrealised,
            "unrealised": unrealised,
            "positions": held,
        }
        return Response(StatusOut(facts).data)


class Act(APIView):
    """Start, pause, resume, panic: one class, the action named by its address."""

    action: ClassVar[str] = ""

    def carry_out(self, request: Request, code: str, mode: str = "") -> Response:
        """Do it; what the bot's state does not allow is a conflict."""
        bot = get_for(bots(), code)
        try:
            act(bot, self.action, actor=actor_of(request), mode=mode)
        except lifecycle.NotAllowed as error:
            raise Conflict(error.reason) from error
        except PlanUnsafe as error:
            return unsafe(error)
        except InvalidInput as error:
            raise refusal(error) from error
        return Response(BotOut(get_for(bots(), code)).data)


class Start(Act):
    """Starting."""

    action = "start"

    @extend_schema(request=None, responses={200: BotOut, **MAY_BE_UNSAFE}, operation_id="bots_start")
    def post(self, request: Request, code: str) -> Response:
        """Start it with the next closed candle."""
        return self.carry_out(request, code)


class Pause(Act):
    """Pausing."""

    action = "pause"

    @extend_schema(request=None, responses={200: BotOut, **ERRORS}, operation_id="bots_pause")
    def post(self, request: Request, code: str) -> Response:
        """Take no new entries."""
        return self.carry_out(request, code)


class Resume(Act):
    """Resuming."""

    action = "resume"

    @extend_schema(request=None, responses={200: BotOut, **ERRORS}, operation_id="bots_resume")
    def post(self, request: Request, code: str) -> Response:
        """Take entries again."""
        return self.carry_out(request, code)


class Stop(Act):
    """Stopping."""

    action = "stop"

    @extend_schema(request=StopIn, responses={200: BotOut, **ERRORS}, operation_id="bots_stop")
    def post(self, request: Request, code: str) -> Response:
        """Stop it: `close_only`, `leave` or `close`."""
        body = StopIn(data=request.data)
        body.is_valid(raise_exception=True)
        return self.carry_out(request, code, body.validated_data["mode"])


class Panic(Act):
    """The emergency brake of one bot."""

    action = "panic"

    @extend_schema(request=None, responses={200: BotOut, **ERRORS}, operation_id="bots_panic")
    def post(self, request: Request, code: str) -> Response:
        """Cancel and close everything now."""
        return self.carry_out(request, code)
