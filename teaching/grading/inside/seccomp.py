"""A filter on system calls: no new process or program, no socket, no signal to others, no mount, no change of owner.

It names what is forbidden, not what is allowed, since nobody can list what PyTorch needs: a fence beside Landlock, and
not a wall by itself. Numbers are those of the kernel's tables for x86-64 and for arm64; elsewhere there is no filter.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from .landlock import checked, libc

LOAD, EQUAL, AT_LEAST, HAS_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # classic BPF
ALLOW, ERROR, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, FIRST = 0, 4, 16  # where they lie in struct seccomp_data
X32 = 0x40000000  # x86-64 knows a second numbering of the same calls
THREAD = 0x00010000  # CLONE_THREAD
SET_SECCOMP, FILTER = 22, 2
DEATH_SIGNAL, SET_DUMPABLE = 1, 4  # prctl

EVERYWHERE = {  # from 424 on the architectures agree
    "pidfd_send_signal": 424, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "pidfd_open": 434, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442, "memfd_secret": 447,
    "fchmodat2": 452, "setxattrat": 463, "removexattrat": 466,
}  # fmt: skip
CALLS = {  # with their numbers on x86-64 and on arm64, which never had the oldest ones
    "shmget": (29, 194), "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "bind": (49, 200),
    "listen": (50, 201), "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "kill": (62, 129),
    "semget": (64, 190), "msgget": (68, 186), "chmod": (90, None), "fchmod": (91, 52), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "ptrace": (101, 117), "rt_sigqueueinfo": (129, 138), "utime": (132, None),
    "mknod": (133, None), "personality": (135, 92), "pivot_root": (155, 41), "adjtimex": (159, 171),
    "chroot": (161, 51), "acct": (163, 89), "settimeofday": (164, 170), "mount": (165, 40), "umount2": (166, 39),
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "sethostname": (170, 161),
    "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None), "init_module": (175, 105),
    "delete_module": (176, 106), "quotactl": (179, 60), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "tkill": (200, 130), "clock_settime": (227, 112), "utimes": (235, None), "mq_open": (240, 180),
    "kexec_load": (246, 104), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "mknodat": (259, 33), "fchownat": (260, 54), "futimesat": (261, None), "fchmodat": (268, 53), "unshare": (272, 97),
    "utimensat": (280, 88), "accept4": (288, 242), "rt_tgsigqueueinfo": (297, 240), "perf_event_open": (298, 241),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "clock_adjtime": (305, 266), "setns": (308, 268),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272), "finit_module": (313, 273),
    "memfd_create": (319, 279), "kexec_file_load": (320, 294), "bpf": (321, 280), "execveat": (322, 281),
    "userfaultfd": (323, 282),
}  # fmt: skip
X86_64 = {name: number for name, (number, _) in CALLS.items()}
ARM64 = {name: number for name, (_, number) in CALLS.items() if number is not None}
CLONE3 = 435
MACHINES = {  # its number for the kernel, its calls, and those whose arguments are looked at
    "x86_64": (0xC000003E, X86_64, {"clone": 56, "tgkill": 234, "prlimit64": 302, "prctl": 157}),
    "aarch64": (0xC00000B7, ARM64, {"clone": 220, "tgkill": 131, "prlimit64": 261, "prctl": 167}),
}


def _do(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def program(machine: str, pid: int) -> bytes:
    """The filter for a machine of ``MACHINES``, as classic BPF; ``pid`` may send signals to its own threads."""
    architecture, forbidden, looked_at = MACHINES[machine]
    refuse, allow = _do(RETURN, ERROR | errno.EPERM), _do(RETURN, ALLOW)
    parts = [_do(LOAD, ARCHITECTURE), _do(EQUAL, architecture, yes=1), _do(RETURN, KILL), _do(LOAD, NUMBER)]
    if machine == "x86_64":
        parts += [_do(AT_LEAST, X32, no=1), refuse]
    for number in sorted({*forbidden.values(), *EVERYWHERE.values()}):
        parts += [_do(EQUAL, number, no=1), refuse]
    parts += [_do(EQUAL, CLONE3, no=1), _do(RETURN, ERROR | errno.ENOSYS)]  # the C library then asks with clone
    first = _do(LOAD, FIRST)
    parts += [_do(EQUAL, looked_at["clone"], no=4), first, _do(HAS_BIT, THREAD, yes=1), refuse, allow]
    parts += [_do(EQUAL, looked_at["tgkill"], no=4), first, _do(EQUAL, pid, yes=1), refuse, allow]
    parts += [_do(EQUAL, looked_at["prlimit64"], no=5), first, _do(EQUAL, 0, yes=2), _do(EQUAL, pid, yes=1)]
    parts += [refuse, allow]
    parts += [_do(EQUAL, looked_at["prctl"], no=4), first, _do(EQUAL, DEATH_SIGNAL, no=1), refuse, allow]
    return b"".join([*parts, allow])


def restrict() -> str:
    """Put the filter on this process, for good, and say what is now in force.

    The process must have given up new privileges before. Raises ``OSError`` on a system without it.
    """
    machine = platform.machine()
    if machine not in MACHINES or not os.path.exists("/proc/sys/kernel/seccomp"):
        raise OSError(f"no filter for {machine}")
    code = ctypes.create_string_buffer(program(machine, os.getpid()))
    length = (len(code) - 1) // 8

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    one, zero = Filter(length, ctypes.addressof(code)), ctypes.c_ulong(0)
    checked(libc().prctl(SET_SECCOMP, ctypes.c_ulong(FILTER), ctypes.byref(one), zero, zero), "seccomp")
    return "seccomp (no process, program or socket)"
