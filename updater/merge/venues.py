"""One spelling a venue, from what bibliographies, journal references and arXiv comments write (data: resources/venues.yml).

A venue is taken from a comment only where it says that the work was accepted: naming a conference in "submitted to …" or
"… format" is no acceptance. Doubtful comments give no venue.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from updater.index.validate import load_model

FILE: Final = "resources/venues.yml"
_YEAR: Final = r"(?:(?P<year>(?:19|20)\d\d)|['’](?P<short>\d\d)\b)"


class Venue(BaseModel):
    """One venue: its spelling, and what else it is called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    yearly: bool
    """Held once a year, and written with its year: `ICLR 2023`."""
    aliases: tuple[str, ...] = ()

    def written(self, year: str) -> str:
        """The spelling, with the year where it belongs; `year` may be empty."""
        return f"{self.name} {year}" if self.yearly and year else self.name


class Venues(BaseModel):
    """All of resources/venues.yml."""

    model_config = ConfigDict(extra="forbid")

    accepted: tuple[str, ...]
    not_accepted: tuple[str, ...]
    workshop: tuple[str, ...]
    venues: tuple[Venue, ...]
    none: tuple[str, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, Venue]:
        return {name.casefold(): v for v in self.venues for name in (v.name, *v.aliases)}

    @cached_property
    def _names(self) -> re.Pattern[str]:
        names = sorted((n for v in self.venues for n in (v.name, *v.aliases)), key=len, reverse=True)
        return re.compile(r"(?<![A-Za-z])(" + "|".join(map(re.escape, names)) + r")(?![A-Za-z])")

    @cached_property
    def _series(self) -> frozenset[str]:
        return frozenset(v.name for v in self.venues)

    def series(self, venue: str) -> str:
        """The venue without its year: what stands in a list of venues."""
        return re.sub(r" (19|20)\d\d$", "", venue)

    def is_spelled(self, venue: str) -> bool:
        """Whether the venue is written as this file has it."""
        return self.series(venue) in self._series

    def is_yearly(self, venue: str) -> bool:
        """Whether the venue is one that carries its year."""
        series = self.series(venue)
        return any(v.yearly for v in self.venues if v.name == series)

    def from_bibliography(self, text: str, year: str = "") -> str:
        """The venue named by a bibliography's field, such as `Nat Commun`; as it stands if it is not known."""
        text = " ".join(text.split())
        if not text or text in self.none:
            return ""
        found = re.search(r"\b((?:19|20)\d\d)$", text)
        bare = text[: found.start()].strip() if found else text
        for name in (text, bare):
            if venue := self._by_name.get(name.casefold()):
                return venue.written(found.group(1) if found else year)
        return text

    def from_comment(self, comment: str, journal_ref: str = "") -> str:
        """The venue that an arXiv comment or journal reference says the work was accepted at; empty if none or in doubt."""
        for raw in (journal_ref, comment):
            text = " ".join(raw.split())
            folded = text.casefold()
            if not text or any(re.search(rf"\b{re.escape(w)}\b", folded) for w in self.not_accepted):
                continue
            match = self._names.search(text)
            if match is None:
                continue
            venue = self._by_name[match.group(1).casefold()]
            near = text[max(0, match.start() - 25) : match.end() + 40]
            year = re.search(rf"{_YEAR}|{re.escape(match.group(1))}[-@ ]?(?P<glued>(?:20)?\d\d)\b", near)
            said = raw is journal_ref or any(w in folded for w in self.accepted) or match.start() == 0
            if not said or (venue.yearly and year is None):
                continue
            digits = next((g for g in year.group("year", "short", "glued") if g), "") if year else ""
            number = digits if len(digits) == 4 else f"20{digits}" if digits else ""
            findings = self._by_name.get(f"{venue.name} findings".casefold())
            workshop = self._by_name.get(f"{venue.name} workshop".casefold())
            if any(w in near.casefold() for w in self.workshop) and "workshop" not in venue.name.casefold():
                venue_ = workshop
            elif "findings" in near.casefold() and findings:
                venue_ = findings
            else:
                venue_ = venue
            if venue_ is not None:
                return venue_.written(number)
        return ""


def load(root: Path) -> Venues:
    """Read the venues of the index at `root`; SettingsError if the file is missing or wrong."""
    return load_model(root, FILE, Venues)
