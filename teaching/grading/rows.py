"""What grading gives: one row for each student and assignment, and one for whatever could not be graded.

The grader makes rows; the tables, the pages given back and the exports are written from them (`report.py`). What a
person adds, points and comments, is kept elsewhere and is never in a row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass
class Score:
    """What one question gave.

    Attributes:
        name, title, of: the question, and its points at most.
        points: given by the machine. A question of several parts may have given some of them.
        waiting: more points, which a person gives or does not; ``points + waiting`` is never above ``of``.
        message: what was wrong, or what was handed in.
        written: the whole answer in words, if that is what was asked for.
        picture: what ``picture.draw`` tells, where one was asked for and drawn.
    """

    name: str
    title: str
    of: float
    points: float = 0.0
    waiting: float = 0.0
    message: str = ""
    written: str = ""
    picture: dict | None = None


@dataclass
class Row:
    """What one student handed in for one assignment, and what it gave.

    Attributes:
        student: as ``who(entry)`` of ``roster.py`` calls them; without a roster, what the folder or the file says.
        assignment: its name; empty where that cannot be told (a PDF among several assignments).
        entries: the names in the folder of submissions that belong to this student.
        file: what was graded, seen from that folder, such as ``ada/a_gradient_ascent.ipynb`` or ``ada.zip: a.ipynb``.
        modified: when that file was last changed, in seconds since 1970; 0 where nothing says.
        choice: why this file among several; empty where there was no choice.
        others: the other files, each with why it was not the one.
        not_graded: why nothing was graded; empty if something was.
        answers: by grade id, the whole source of each cell that was the student's to write, added cells with the one
            above them: what the pages given back show.
        scores: of every question, in order; all of them zero where nothing was graded.
        notes: what was noticed on the way.
        layers: what stood between the student's code and this machine.
        seconds: that it took.
    """

    student: str
    assignment: str
    entries: list[str] = field(default_factory=list)
    file: str = ""
    modified: float = 0.0
    choice: str = ""
    others: list[str] = field(default_factory=list)
    not_graded: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    scores: list[Score] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def points(self) -> float:
        """Given by the machine."""
        return sum(score.points for score in self.scores)

    @property
    def of(self) -> float:
        """At most."""
        return sum(score.of for score in self.scores)

    def as_data(self) -> dict:
        """As plain data, for JSON."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict) -> Row:
        """From what ``as_data`` gave."""
        return cls(**{**data, "scores": [Score(**score) for score in data["scores"]]})
