"""Taking from a fresh process what a student's code has no business with, layer by layer, as far as the system can.

What is left in force is said in words, and stands in the table of grades: nobody should have to guess.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys

from . import landlock, seccomp
from .landlock import checked, libc
from .watch import Watch

MIB = 2**20
NEW_USER, NEW_NETWORK, NEW_IPC = 0x10000000, 0x40000000, 0x08000000
DEATH_SIGNAL, CAPABILITIES_V3 = 1, 0x20080522
LEFT_READABLE = (
    "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/share", "/etc/ld.so.cache", "/etc/localtime",
    "/etc/mime.types", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/filesystems", "/sys/devices/system/cpu",
    "/sys/fs/cgroup", "/dev/urandom", "/dev/random", "/dev/zero", "/System/Library", "/Library/Fonts",
)  # fmt: skip


def confine(scratch: str, read: list[str], memory: int, seconds: int) -> tuple[list[str], Watch]:
    """Confine this process for good. It must have one thread.

    It may write to ``scratch`` alone, its new working directory, and read ``read`` besides Python and the system's
    libraries; it has so many MiB and seconds. Returns the layers in force, in words, and the hook that remembers what
    was refused.
    """
    os.chdir(scratch)
    os.umask(0o077)
    if sys.platform == "linux":
        libc().prctl(DEATH_SIGNAL, ctypes.c_ulong(signal.SIGKILL))  # nobody is left behind
    layers = [_limits(memory, seconds)]
    readable = [*read, *LEFT_READABLE]
    steps = [_unshare, lambda: landlock.restrict(readable, [scratch], [os.devnull]), _capabilities, seccomp.restrict]
    kernel = 0
    if sys.platform == "linux":
        for step in steps:
            with contextlib.suppress(OSError, AttributeError):
                layers.append(step())
                kernel += 1
    watch = Watch(readable, [scratch], ctypes_too=kernel < len(steps) - 1)
    layers.append(watch.install())
    return layers, watch


def _limits(memory: int, seconds: int) -> str:
    wanted = {
        "CORE": 0,
        "CPU": seconds,  # of processor time, all threads together
        "FSIZE": 32 * MIB,  # that one file may have
        "NOFILE": 256,  # descriptors
        "NPROC": 64,  # processes of this user, threads included
        "MSGQUEUE": 0,
        "MEMLOCK": MIB,
    }
    if sys.platform == "linux":
        wanted["AS"] = addresses() + memory * MIB  # beyond what it starts with
    held = []
    for name, value in wanted.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            continue
        with contextlib.suppress(OSError, ValueError):
            hard = resource.getrlimit(kind)[1]
            lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (lowered, lowered))
            held.append(name)
    words = {"AS": "memory", "CPU": "processor time", "FSIZE": "file size", "NPROC": "processes"}
    return f"limits ({', '.join(word for name, word in words.items() if name in held)})"


def addresses() -> int:
    """How many bytes of addresses this process has by now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _unshare() -> str:
    """A network of its own, with nothing in it, not even a loopback that is up."""
    checked(libc().unshare(NEW_USER | NEW_NETWORK | NEW_IPC), "unshare")
    return "own user, network and IPC namespaces"


def _capabilities() -> str:
    """Drop every capability, those of a namespace's owner included."""
    landlock.no_new_privileges()
    checked(libc().capset(struct.pack("=Ii", CAPABILITIES_V3, 0), bytes(24)), "capset")
    return "no capabilities"
