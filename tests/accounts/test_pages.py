from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts import mailbox
from accounts.models import Membership, Role, User
from accounts.views import linked
from tests.persons import PASSWORD
from tests.roles import acting_as

NEW = {"email": "dora@example.com", "password1": "a-long-password-77", "password2": "a-long-password-77"}


@pytest.fixture(autouse=True)
def _no_rate_limits_of_other_tests() -> None:
    cache.clear()


@pytest.fixture
def signed_up(client: Client, db: None) -> str:
    """The link in Dora's mail."""
    response = client.post(reverse("account_signup"), NEW)
    assert response.status_code == 302
    found = re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(mail.outbox[0].body))
    assert found is not None
    return found.group(1)


def test_sign_up_sends_a_mail_and_makes_a_workspace(client: Client, signed_up: str) -> None:
    with acting_as("web"):
        dora = User.objects.get(email="dora@example.com")
    assert "Check your mail" in client.get(reverse("account_email_verification_sent")).content.decode()
    client.post(signed_up)
    login = client.post(
        reverse("account_login"), {"login": "dora@example.com", "password": NEW["password1"]}, follow=True
    )
    assert login.redirect_chain[-1][0] == reverse("dashboard")
    assert "dora" in login.content.decode()
    assert dora.email == "dora@example.com"


def test_unverified_person_is_not_let_in(client: Client, signed_up: str) -> None:
    response = client.post(
        reverse("account_login"), {"login": "dora@example.com", "password": NEW["password1"]}
    )
    assert response.status_code == 302
    assert client.get(reverse("dashboard")).status_code == 302


@pytest.mark.parametrize("changes, words", [
    ({"email": "nonsense"}, "valid email"), ({"password2": "another-one-1"}, "same password"),
    ({"password1": "short1", "password2": "short1"}, "too short"), ({"email": ""}, "required"),
])  # fmt: skip
def test_sign_up_refused_says_why_beside_the_field(
    client: Client, db: None, changes: dict[str, str], words: str
) -> None:
    response = client.post(reverse("account_signup"), NEW | changes)
    text = response.content.decode()
    assert words in text
    assert 'aria-invalid="true"' in text
    assert NEW["password1"] not in text


def test_wrong_password_is_refused_in_words(client: Client, alice: User) -> None:
    response = client.post(reverse("account_login"), {"login": alice.email, "password": "wrong"})
    assert "not correct" in response.content.decode()


def test_password_is_reset_by_mail(client: Client, alice: User) -> None:
    client.post(reverse("account_reset_password"), {"email": alice.email})
    found = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert found is not None
    form = client.get(found.group(1), follow=True)
    url = form.redirect_chain[-1][0]
    done = client.post(
        url, {"password1": "another-long-one-8", "password2": "another-long-one-8"}, follow=True
    )
    assert done.status_code == 200
    assert client.login(email=alice.email, password="another-long-one-8")


def test_password_change_and_mail_pages_wear_the_frame(client: Client, alice: User) -> None:
    client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
    for name in ("account_change_password", "account_email", "account_logout"):
        text = client.get(reverse(name)).content.decode()
        assert 'class="rail"' in text or 'class="panel"' in text, name


def test_new_person_owns_their_workspace(client: Client, signed_up: str) -> None:
    client.post(signed_up)
    client.post(reverse("account_login"), {"login": "dora@example.com", "password": NEW["password1"]})
    response = client.get(reverse("dashboard"))
    membership: Membership = response.wsgi_request.membership  # type: ignore[attr-defined]
    assert membership.role == Role.OWNER


def test_mailbox_is_closed_where_mail_is_real(client: Client, settings: object, db: None) -> None:
    settings.EMAIL_HOST = "mail.example.com"  # type: ignore[attr-defined]
    assert not mailbox.is_open()
    assert client.get(reverse("dev-mail")).status_code == 404


def test_letters_become_links_and_nothing_else() -> None:
    text = linked('Go <b>to</b> http://a.example/x?y=1&z=2 "now"')
    assert '<a href="http://a.example/x?y=1&amp;z=2">' in text
    assert "&lt;b&gt;" in text
