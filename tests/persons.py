"""The people of the tests: alice owns a workspace, bob trades in it, rita reads it, charlie is a stranger."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from accounts.models import Membership, Role, User, Workspace
from accounts.selectors import memberships_of
from accounts.services import create_workspace
from ailona.kit.tenancy import workspace_scope
from tests.roles import acting_as

PASSWORD = "correct-horse-battery-staple"


def person(name: str) -> User:
    """Return a new person with a verified address and no workspace."""
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, first_name=name.title())
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def founder(name: str) -> User:
    """Return a new person who owns a workspace."""
    with acting_as("web"):
        user = person(name)
        create_workspace(user, f"{name.title()}'s desk")
    return user


def member(name: str, workspace: Workspace, role: Role) -> User:
    """Return a new person with a role in somebody's workspace."""
    with acting_as("web"):
        user = person(name)
        with workspace_scope(workspace.pk):
            Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


def workspace_of(user: User) -> Workspace:
    """Return the first workspace of a person."""
    with acting_as("web"):
        return memberships_of(user)[0].workspace


@pytest.fixture
def alice(db: None) -> User:
    return founder("alice")


@pytest.fixture
def workspace(alice: User) -> Workspace:
    """Alice's workspace."""
    return workspace_of(alice)


@pytest.fixture
def bob(workspace: Workspace) -> User:
    return member("bob", workspace, Role.TRADER)


@pytest.fixture
def rita(workspace: Workspace) -> User:
    return member("rita", workspace, Role.VIEWER)


@pytest.fixture
def charlie(db: None) -> User:
    return founder("charlie")


@pytest.fixture
def strangers_workspace(charlie: User) -> Workspace:
    """Charlie's workspace."""
    return workspace_of(charlie)
