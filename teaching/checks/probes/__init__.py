"""What is asked of the student, beside their code: challenges made from a seed, and what was seen. No answers here."""

from . import basis, gradient_ascent, inside, inside_judge, pictures, pomeranian  # noqa: F401
