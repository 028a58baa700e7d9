"""Landlock: a process gives up the files, the TCP ports and the signals it will not need. Linux 5.13 and later.

The numbers are those of the kernel's `include/uapi/linux/landlock.h`; a kernel says how many of them it knows: its ABI.
What Landlock leaves alone (looking up whether a file exists, its size and its owner; changing modes and owners), the
filter in `seccomp.py` forbids as far as it can.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
VERSION, PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # by the ABI that brought the last
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
TCP = 3  # bind and connect, from ABI 4
SCOPES = 3  # abstract sockets and signals, from ABI 6
SET_NO_NEW_PRIVS = 38


def libc() -> ctypes.CDLL:
    """The C library, which reaches the kernel."""
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """What a call of the C library gave; raise ``OSError`` if it failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def abi() -> int:
    """How much of Landlock this kernel has; 0 for none."""
    try:
        found = libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION))
    except (AttributeError, OSError, TypeError):
        return 0
    return max(found, 0)


def no_new_privileges() -> None:
    """Promise the kernel that no program started from here gains rights, as Landlock and seccomp ask for."""
    zero = ctypes.c_ulong(0)
    checked(libc().prctl(SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero), "no_new_privs")


def restrict(read: Iterable[str], write: Iterable[str], devices: Iterable[str] = ()) -> str:
    """Take from this process, for good, all files but these, TCP, and signals to others; say what is now in force.

    Folders and files of ``read`` may be read, in folders of ``write`` everything is allowed, and ``devices`` are files
    to be read and written. Raises ``OSError`` if this kernel cannot; nothing has been taken then.
    """
    known = abi()
    if not known:
        raise OSError("this kernel has no Landlock")
    handled = RIGHTS[max(k for k in RIGHTS if k <= known)]
    network, scoped = (TCP if known >= 4 else 0), (SCOPES if known >= 6 else 0)
    attributes = struct.pack("=QQQ", handled, network, scoped)[: 24 if known >= 6 else 16 if known >= 4 else 8]
    size = ctypes.c_size_t(len(attributes))
    ruleset = checked(libc().syscall(CREATE_RULESET, attributes, size, ctypes.c_uint32(0)), "a ruleset")
    try:
        for paths, rights in ((read, READ_FILE | READ_DIR), (write, handled), (devices, READ_FILE | WRITE_FILE)):
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    _allow(ruleset, path, rights & handled)
        no_new_privileges()
        checked(libc().syscall(RESTRICT_SELF, ruleset, ctypes.c_uint32(0)), "restrict_self")
    finally:
        os.close(ruleset)
    more = [word for word, there in (("TCP", network), ("signals", scoped)) if there]
    return f"Landlock {known} (files{', ' if more else ''}{', '.join(more)})"


def _allow(ruleset: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= OF_FILES
        rule = struct.pack("=Qi", rights, place)  # packed, as the header says
        checked(libc().syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, ctypes.c_uint32(0)), path)
    finally:
        os.close(place)
