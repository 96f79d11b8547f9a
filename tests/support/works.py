"""Made-up works for the tests' stand-in for arXiv."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, replace

WORDS = [
    "probe",
    "circuit",
    "feature",
    "head",
    "neuron",
    "layer",
    "stream",
    "lens",
    "vector",
    "sparse",
    "code",
    "linear",
    "causal",
    "patch",
    "trace",
    "token",
    "memory",
    "fact",
    "model",
    "network",
    "study",
    "of",
    "the",
    "in",
    "and",
    "for",
    "with",
    "across",
    "under",
    "towards",
    "simple",
    "robust",
    "hidden",
    "early",
    "late",
    "small",
    "large",
]
NAMES = ("Ann Lee", "Bo Li", "Cyd O'Neil", "Dana Müller", "Eve Nguyễn", "Faye van der Meer", "Gus Park, Jr.", "Hu Wei")
CATEGORIES = ("cs.LG", "cs.CL", "cs.AI", "cs.CV", "stat.ML", "cs.DB", "math.OC")


@dataclass(frozen=True)
class Work:
    """One made-up arXiv paper and its history."""

    id: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    submitted: dt.datetime
    announced: dt.date
    comment: str = ""
    doi: str = ""
    journal_ref: str = ""
    replaced: dt.datetime | None = None
    """When version 2 was submitted; it is announced the day after."""
    title2: str = ""
    withdrawn: bool = False
    deleted: dt.date | None = None
    """The day from which OAI-PMH lists it as deleted and the others do not know it."""

    def version(self, today: dt.date) -> int:
        return 2 if self.replaced and self.replaced_announced <= today else 1

    @property
    def replaced_announced(self) -> dt.date:
        assert self.replaced is not None
        return self.replaced.date() + dt.timedelta(days=1)

    def stamp(self, today: dt.date) -> dt.date:
        """OAI datestamp: day of the last change."""
        if self.deleted and self.deleted <= today:
            return self.deleted
        return self.replaced_announced if self.version(today) == 2 else self.announced

    def now(self, today: dt.date) -> Work:
        """The work as its newest version shows it."""
        if self.version(today) == 1:
            return self
        if self.withdrawn:
            return replace(
                self, abstract="This paper has been withdrawn by its authors.", title=self.title2 or self.title
            )
        return replace(self, title=self.title2 or self.title)


def work(number: int, day: dt.date, *, seed: int = 0, **changes: object) -> Work:
    """A work submitted on `day`; the same arguments give the same work."""
    rng = random.Random(f"{seed}-{number}-{day}")
    submitted = dt.datetime.combine(day, dt.time(rng.randrange(24), rng.randrange(60), rng.randrange(60)), dt.UTC)
    names = rng.sample(NAMES, rng.randint(1, 5))
    primary = rng.choice(CATEGORIES[:5])
    others = tuple(c for c in rng.sample(CATEGORIES, rng.randint(0, 3)) if c != primary)
    sentence = " ".join(rng.choice(WORDS) for _ in range(60)).capitalize()
    made = Work(
        id=f"{day:%y%m}.{number:05d}",
        title=" ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 12))).capitalize(),
        abstract=f"{sentence}, a state-of-the-art-and-well-known result for a < b & c > d.",
        authors=tuple(names),
        categories=(primary, *others),
        submitted=submitted,
        announced=day + dt.timedelta(days=1 + rng.randrange(2)),
        comment=rng.choice(("", "12 pages, 3 figures", "Accepted at a conference")),
        doi=rng.choice(("", "", f"10.1234/made.{number}")),
        journal_ref=rng.choice(("", "", "J. Made Up 1 (2026) 2-3")),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def fortnight(first: dt.date = dt.date(2026, 3, 2), days: int = 14, per_day: int = 12) -> list[Work]:
    """Works of two weeks; none on Saturdays, as if nobody submitted, and a few with a history."""
    out = []
    for offset in range(days):
        day = first + dt.timedelta(days=offset)
        if day.weekday() == 5:
            continue
        for n in range(per_day):
            number = offset * 100 + n + 1
            made = work(number, day)
            if n == 3:
                made = replace(made, replaced=made.submitted + dt.timedelta(days=2), title2=made.title + " (revised)")
            if n == 4:
                made = replace(made, replaced=made.submitted + dt.timedelta(days=3), withdrawn=True)
            if n == 5:
                made = replace(made, authors=("Ann Lee (1)", "Bo Li (Institute of Things (IoT))", "Cy Ng (1 and 2)"))
            if n == 6:
                made = replace(made, categories=("cs.DB",))
            out.append(made)
    return out
