"""What the tests of the loop stand on."""

from __future__ import annotations

import pytest

from accounts.models import Workspace
from tests.worlds import World


@pytest.fixture
def world(workspace: Workspace) -> World:
    """Alice's workspace on the synthetic market, nothing closed yet."""
    return World(workspace)


@pytest.fixture
def strangers_world(world: World, strangers_workspace: Workspace) -> World:
    """Charlie's workspace on the same market."""
    return World(strangers_workspace)
