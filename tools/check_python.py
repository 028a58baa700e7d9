"""Say in one line what is wrong with this Python, if anything is.

The one file here that an old Python must be able to read: no f-strings, no annotations.
"""

import sys

OLDEST = (3, 10)


def complaint(version, has_ensurepip):
    """Return one line about a Python of this version, with or without the means to make an environment, or ''."""
    if tuple(version[:2]) < OLDEST:
        return "make: the book needs Python %d.%d or newer, and this is %d.%d. Name another: make PYTHON=python3.12" % (
            OLDEST + tuple(version[:2])
        )
    if not has_ensurepip:
        return (
            "make: this Python cannot make virtual environments. "
            "On Debian and Ubuntu: sudo apt-get install python%d.%d-venv" % tuple(version[:2])
        )
    return ""


def main():
    """Print the complaint and return 1, or return 0."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        found = False
    else:
        found = True
    message = complaint(sys.version_info, found)
    if message:
        sys.stderr.write(message + "\n")
    return 1 if message else 0


if __name__ == "__main__":
    sys.exit(main())
