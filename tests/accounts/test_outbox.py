from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from pytest_django import Settings

from accounts import mailbox, outbox
from accounts.models import OutboxMessage, Workspace
from ailona.kit.clock import now
from ailona.kit.tenancy import workspace_scope

pytestmark = pytest.mark.role("engine")


def written(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        outbox.write_mail("alice@example.com", "Bot parked", "It was parked.")


def test_a_letter_leaves_once(workspace: Workspace, strangers_workspace: Workspace) -> None:
    written(workspace)
    written(strangers_workspace)

    assert (outbox.deliver(), outbox.deliver()) == (2, 0)

    assert [letter.subject for letter in mail.outbox] == ["Bot parked", "Bot parked"]
    with workspace_scope(workspace.pk):
        row = OutboxMessage.objects.get()
    assert row.sent_at is not None
    assert row.attempts == 1


def test_a_letter_that_is_refused_is_tried_again_later(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailMessage) -> int:
        raise ConnectionRefusedError("smtp://user:canary@host")

    written(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", refuse)
        assert outbox.deliver() == 0
        assert outbox.deliver() == 0

    with workspace_scope(workspace.pk):
        row = OutboxMessage.objects.get()
        assert (row.attempts, row.sent_at, row.error) == (1, None, "ConnectionRefusedError")
        assert row.next_attempt_at > now() + timedelta(seconds=20)
        OutboxMessage.objects.update(next_attempt_at=now())
    assert outbox.deliver() == 1


def test_a_letter_nobody_takes_is_given_up(workspace: Workspace) -> None:
    written(workspace)
    with workspace_scope(workspace.pk):
        OutboxMessage.objects.update(attempts=outbox.MAX_ATTEMPTS)

    assert outbox.deliver() == 0


def test_a_letter_that_was_not_committed_does_not_leave(workspace: Workspace) -> None:
    def fail() -> None:
        with workspace_scope(workspace.pk):
            outbox.write_mail("alice@example.com", "Bot parked", "It was parked.")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert outbox.deliver() == 0


def test_without_a_mail_server_letters_are_kept_to_be_shown(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    EmailMessage("Hello", "a link", to=["alice@example.com"], connection=mailbox.MailboxBackend()).send()

    newest = mailbox.letters()[0]
    assert (newest.to, newest.subject, newest.body) == ("alice@example.com", "Hello", "a link")
    assert "a link" in capsys.readouterr().out


@pytest.mark.parametrize(
    "embedded, loopback, host, is_open",
    [
        (True, True, "", True),
        (True, False, "", False),
        (False, True, "", False),
        (True, True, "smtp.example", False),
    ],
)
def test_the_mailbox_is_shown_on_this_machine_only(
    embedded: bool, loopback: bool, host: str, is_open: bool, settings: Settings
) -> None:
    settings.EMBEDDED, settings.LISTENS_ON_LOOPBACK, settings.EMAIL_HOST, settings.DEBUG = (
        embedded,
        loopback,
        host,
        False,
    )

    assert mailbox.is_open() == is_open
