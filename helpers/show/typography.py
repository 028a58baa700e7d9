"""Numbers as a book prints them, not as Python does: −0.5 for -0.5, 7.4 × 10⁻⁴ for 7.4e-04, x² for x^2.

For captions, labels and sentences that code wrote. Code in backticks, formulas in dollars, links and tags stay as they
are. This module knows nothing of what the numbers mean.
"""

from __future__ import annotations

import html
import re

AS_IT_IS = re.compile(
    r"""(```.*?``` | `[^`\n]*` | \$\$.*?\$\$ | \$[^$\n]*\$ | \]\([^)\s]*\) | <[a-zA-Z/][^>]*> | https?://\S+)""",
    re.DOTALL | re.VERBOSE,
)
E_NOTATION = re.compile(r"(?<![\w.])([-−]?)(\d+(?:\.\d+)?)e([-+]\d{1,3}|\d{1,2})(?![\w.]*\w)")
POWER = re.compile(r"(?<=[\w)\]])\^([-−]?\d+(?:\.\d+)?)")
ZERO_BELOW_ZERO = re.compile(r"(?<![\w.)\]}-])[-−](0(?:\.0+)?)(?!\.?\w)")
APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)|(?<=\ws)'(?= [a-z])")
TOGETHER = re.compile(
    r"(?<=\bseed)\ (?=\d) | (?<=\bseeds)\ (?=\d) | (?<=\bno\.)\ (?=\d) | (?<=\d)\ (?=(?:steps|pixels|MB|GB)\b)"
    r"| (?<=\bSqueezeNet)\ (?=1\.1) | (?<=\b[σληεpf])\ (?==\ ) | (?<=\b[σληεpf]\ =)\ ",
    re.VERBOSE,
)
HYPHEN = re.compile(r"(?<![\w.)\]}-])-(?=\.?\d)")
BROKEN_LINE = re.compile(r"[ \t]*\n\s*")
RAISED = str.maketrans("-−0123456789.", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹·")
PLAIN = range(-3, 4)  # powers of ten that need no power of ten


def typeset(text: str) -> str:
    """Return a text, plain or Markdown with formulas, code and tags in it, with its numbers set as in a book.

    It has true minus signs and apostrophes, no negative zeros, powers in place of Python's ``e`` and ``^``, and numbers
    that do not part from their names at the end of a line.
    """
    parts = AS_IT_IS.split(text)
    parts[::2] = [_set(part) for part in parts[::2]]
    return "".join(parts)


def as_html(text: str) -> str:
    """Return plain text, typeset, as it stands in a page's HTML; where code broke its lines is forgotten."""
    return html.escape(typeset(BROKEN_LINE.sub(" ", text.strip())))


def _set(text: str) -> str:
    text = E_NOTATION.sub(_power_of_ten, text)
    text = POWER.sub(lambda match: match[1].translate(RAISED), text)
    text = TOGETHER.sub("\u00a0", APOSTROPHE.sub("’", text))
    return HYPHEN.sub("−", ZERO_BELOW_ZERO.sub(r"\1", text))


def _power_of_ten(match: re.Match) -> str:
    sign, digits, power = match[1], match[2], int(match[3])
    if not float(digits):
        return "0"
    if power in PLAIN:
        places = len(digits.partition(".")[2])
        return f"{sign}{float(digits) * 10.0**power:.{max(places - power, 0)}f}"
    raised = str(power).translate(RAISED)
    return f"{sign}10{raised}" if digits == "1" else f"{sign}{digits}\u00a0×\u00a010{raised}"


def number(score: float) -> str:
    """A score of three figures or so, as a book prints it."""
    size = abs(score)
    form = ".2e" if size >= 1e5 else ",.1f" if size >= 1 or size == 0 else ".3f"
    return typeset(f"{score:{form}}")
