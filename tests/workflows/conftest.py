"""The small web of tests/world.py, for the tests in this folder."""

from tests.world import web_server, world

__all__ = ["web_server", "world"]
