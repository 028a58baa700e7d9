"""The teacher's autograder: a folder of notebooks in, one table out. `python -m grading --help`.

A student's notebook runs in a process of its own, confined as far as the system can, where no test, no verdict and no
reference exists; the grader asks it questions and judges the answers here. What isolation that is, and is not, stands
in the teacher's guide and, for each run, in its table.
"""

from .overlay import hidden

__all__ = ["hidden"]
