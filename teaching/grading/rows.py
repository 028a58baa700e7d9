"""What grading gives: one row for each student and assignment, and one for whatever could not be graded.

The grader makes rows; the tables, the pages given back and the exports are written from them. What a person adds,
points and comments, is kept elsewhere and is never in a row.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Score:
    """What one question gave."""

    name: str  # of the question
    title: str  # of the question
    of: float  # its points at most
    points: float = 0.0  # given by the machine. A question of several parts may have given some of them
    waiting: float = 0.0  # more points, which a person gives or does not; `points + waiting` is never above `of`
    message: str = ""  # what was wrong, or what was handed in
    written: str = ""  # the whole answer in words, if that is what was asked for
    picture: dict | None = None  # what `picture.draw` tells, where one was asked for and drawn


@dataclass
class Row:
    """What one student handed in for one assignment, and what it gave."""

    student: str  # as `who(entry)` of `roster.py` calls them; without a roster, what the folder or the file says
    assignment: str  # its name; empty where that cannot be told (a PDF among several assignments)
    entries: list[str] = field(default_factory=list)  # the student's names in the folder of submissions
    file: str = ""  # what was graded, seen from that folder: `ada/a_gradient_ascent.ipynb` or `ada.zip: a.ipynb`, say
    modified: float = 0.0  # when that file was last changed, in seconds since 1970; 0 where nothing says
    choice: str = ""  # why this file among several; empty where there was no choice
    others: list[str] = field(default_factory=list)  # the other files, each with why it was not the one
    not_graded: str = ""  # why nothing was graded; empty if something was
    # by grade id, the whole source of each cell that was the student's to write, added cells with the one above
    # them: what the pages given back show
    answers: dict[str, str] = field(default_factory=dict)
    scores: list[Score] = field(default_factory=list)  # of every question, in order; all zero where nothing was graded
    notes: list[str] = field(default_factory=list)  # what was noticed on the way
    layers: list[str] = field(default_factory=list)  # what stood between the student's code and this machine
    seconds: float = 0.0  # that it took

    @property
    def points(self) -> float:
        """Given by the machine."""
        return sum(score.points for score in self.scores)

    @property
    def of(self) -> float:
        """At most."""
        return sum(score.of for score in self.scores)

    @classmethod
    def from_data(cls, data: dict) -> Row:
        """From what ``asdict`` gave."""
        return cls(**{**data, "scores": [Score(**score) for score in data["scores"]]})
