"""The website of the made-up index, built once for all tests of the folder."""

from __future__ import annotations

from pathlib import Path

import made_up_site
import pytest

from updater.index.repository import Repository
from updater.render.build import SITE, build
from updater.render.catalogue import Catalogue


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The made-up index; not to be changed."""
    return made_up_site.write(tmp_path_factory.mktemp("made-up") / "index")


@pytest.fixture(scope="session")
def catalogue(made_up: Repository) -> Catalogue:
    """Its catalogue."""
    return Catalogue.of(made_up)


@pytest.fixture(scope="session")
def site(made_up: Repository) -> Path:
    """Its website."""
    build(made_up)
    return made_up.root / SITE
