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
X86_64 = {
    "shmget": 29, "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "fork": 57, "vfork": 58,
    "execve": 59, "kill": 62, "semget": 64, "msgget": 68, "chmod": 90, "fchmod": 91, "chown": 92, "fchown": 93,
    "lchown": 94, "ptrace": 101, "rt_sigqueueinfo": 129, "utime": 132, "mknod": 133, "personality": 135,
    "pivot_root": 155, "adjtimex": 159, "chroot": 161, "acct": 163, "settimeofday": 164, "mount": 165, "umount2": 166,
    "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170, "setdomainname": 171, "iopl": 172,
    "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179, "setxattr": 188, "lsetxattr": 189,
    "fsetxattr": 190, "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199, "tkill": 200,
    "clock_settime": 227, "utimes": 235, "mq_open": 240, "kexec_load": 246, "add_key": 248, "request_key": 249,
    "keyctl": 250, "mknodat": 259, "fchownat": 260, "futimesat": 261, "fchmodat": 268, "unshare": 272,
    "utimensat": 280, "accept4": 288, "rt_tgsigqueueinfo": 297, "perf_event_open": 298, "name_to_handle_at": 303,
    "open_by_handle_at": 304, "clock_adjtime": 305, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
    "kcmp": 312, "finit_module": 313, "memfd_create": 319, "kexec_file_load": 320, "bpf": 321, "execveat": 322,
    "userfaultfd": 323,
}  # fmt: skip
ARM64 = {
    "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14, "lremovexattr": 15, "fremovexattr": 16,
    "mknodat": 33, "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "fchmod": 52, "fchmodat": 53,
    "fchownat": 54, "fchown": 55, "quotactl": 60, "utimensat": 88, "acct": 89, "personality": 92, "unshare": 97,
    "kexec_load": 104, "init_module": 105, "delete_module": 106, "clock_settime": 112, "ptrace": 117, "kill": 129,
    "tkill": 130, "rt_sigqueueinfo": 138, "reboot": 142, "sethostname": 161, "setdomainname": 162,
    "settimeofday": 170, "adjtimex": 171, "mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194, "socket": 198,
    "bind": 200, "listen": 201, "accept": 202, "connect": 203, "add_key": 217, "request_key": 218, "keyctl": 219,
    "execve": 221, "swapon": 224, "swapoff": 225, "rt_tgsigqueueinfo": 240, "perf_event_open": 241, "accept4": 242,
    "name_to_handle_at": 264, "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268, "process_vm_readv": 270,
    "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "memfd_create": 279, "bpf": 280, "execveat": 281,
    "userfaultfd": 282, "kexec_file_load": 294,
}  # fmt: skip
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

    one = Filter(length, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(SET_SECCOMP, ctypes.c_ulong(FILTER), ctypes.byref(one), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), "seccomp")
    return "seccomp (no process, program or socket)"
