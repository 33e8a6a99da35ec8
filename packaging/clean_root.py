"""A Debian of its own in a folder, to install into, to start programs in, and to compare with how it was.

Needs root, Linux and debootstrap. What is mounted is mounted for the started program alone and gone when it ends, so
that deleting the folder never deletes anything else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER, USER_ID = "painter", 1000
HOME = f"home/{USER}"
LOCALES = ("en_GB", "ru_RU")
SOURCES = Path("/etc/apt")

# What belongs to apt and dpkg, who remember what they did, and to the caches of the loader and of fontconfig, which keeps
# one for the system as soon as root starts any program with letters.
BOOKKEEPING = re.compile(
    r"var/(lib/(dpkg|apt)|cache/(apt|debconf|fontconfig|ldconfig)|log/apt)(/.*)?|var/log/(dpkg|alternatives)\.log|etc/ld\.so\.cache"
)

_ENTER = r"""
set -e
root=$1; who=$2; display=$3; shift 3
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=755 dev "$root/dev"
for node in null zero full random urandom tty; do
    : > "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
ln -s /proc/self/fd "$root/dev/fd"
ln -s pts/ptmx "$root/dev/ptmx"
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 pts "$root/dev/pts"
if [ "$who" != 0 ]; then
    mount -t tmpfs -o mode=755 run "$root/run"
    mkdir -p "$root/run/user/$who"
    chown "$who:$who" "$root/run/user/$who"
    chmod 700 "$root/run/user/$who"
fi
if [ -n "$display" ]; then
    mkdir -p "$root/tmp/.X11-unix"
    mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
fi
exec /usr/sbin/chroot --userspec="$who:$who" --groups= "$root" /bin/sh -c 'cd "$HOME" && exec "$@"' sh "$@"
"""


@dataclass(frozen=True)
class Entry:
    """What is compared of a file or folder: kind and permissions, owner, and the digest or target it has."""

    mode: int
    owner: tuple[int, int]
    content: str


@dataclass(frozen=True)
class Differences:
    """Paths without the leading slash, in the order of the alphabet."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


class CleanRoot:
    """A system in ``folder``; :meth:`make` fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, suite: str, mirror: str | None, kept: Path) -> None:
        """Fill the empty folder with the least Debian there is and a user; take it from the file ``kept`` if that exists.

        ``mirror`` is an address, or None for the one this system has or, if it has none of that suite, the one that
        debootstrap knows. Raises ``SystemExit``.
        """
        sources = [f"deb {mirror} {suite} main"] if mirror else own_sources(suite)
        if not kept.exists():
            address = [line.split()[1] for line in sources[:1]]
            options = ("--variant=minbase", "--include=locales")
            _outside("unshare", "--mount", "debootstrap", *options, suite, str(self.folder), *address)
            for name in LOCALES:
                self.run("localedef", "-i", name, "-f", "UTF-8", f"{name}.UTF-8")
            self.run("apt-get", "clean")
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_suffix(".partial")
            _outside("tar", "--zstd", "--numeric-owner", "-cf", str(partial), "-C", str(self.folder), ".")
            partial.replace(kept)
        else:
            _outside("tar", "--zstd", "--numeric-owner", "-xpf", str(kept), "-C", str(self.folder))
        if sources:
            (self.folder / "etc/apt/sources.list").write_text("\n".join(sources) + "\n", encoding="utf-8")
        (self.folder / "etc/apt/apt.conf.d/99as-outside").write_text(own_settings(), encoding="utf-8")
        shutil.copyfile("/etc/resolv.conf", self.folder / "etc/resolv.conf")
        (self.folder / "tmp/.X11-unix").mkdir(mode=0o1777, exist_ok=True)
        self.run("useradd", "--create-home", "--uid", str(USER_ID), USER)
        self.run("apt-get", "update", network=True)

    def start(
        self,
        *command: str,
        as_user: bool = False,
        network: bool = False,
        display: str = "",
        environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> subprocess.Popen[str]:
        """Start ``command`` inside, as root or as the user, in its home; ``options`` go to ``Popen``, whose process it is."""
        who = USER_ID if as_user else 0
        inside = {
            "PATH": "/usr/local/bin:/usr/bin:/bin"
            if as_user
            else "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": f"/{HOME}" if as_user else "/root",
            "USER": USER if as_user else "root",
            "LANG": f"{LOCALES[0]}.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            "XDG_RUNTIME_DIR": f"/run/user/{who}",
        }
        if display:
            inside["DISPLAY"] = display
        parts = ["--mount", *([] if network else ["--net"])]
        line = ["unshare", *parts, "/bin/sh", "-c", _ENTER, "sh", str(self.folder), str(who), display, *command]
        environment = inside | dict(environment or {})
        return subprocess.Popen(line, env=environment, text=True, start_new_session=True, **options)

    def run(self, *command: str, timeout: float = 900, check: bool = True, **options: Any) -> str:
        """Run ``command`` to its end; returns what it wrote. Raises ``SystemExit`` if it fails and ``check`` is set."""
        with self.start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options) as process:
            try:
                said, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                end(process)
                raise SystemExit(f"“{' '.join(command)}” did not end within {timeout:.0f} s.") from None
        if check and process.returncode:
            raise SystemExit(f"“{' '.join(command)}” ended with exit code {process.returncode}:\n{said}")
        return said

    def entries(self) -> dict[str, Entry]:
        """Everything that is in the system now, by path without the leading slash."""
        found = {}
        for folder, names, files in os.walk(self.folder):
            for name in [*names, *files]:
                path = Path(folder, name)
                status = path.lstat()
                owner = (status.st_uid, status.st_gid)
                found[path.relative_to(self.folder).as_posix()] = Entry(
                    status.st_mode, owner, _content(path, status.st_mode)
                )
        return found


def end(process: subprocess.Popen[Any]) -> None:
    """End ``process`` and what it started at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _content(path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return str(path.readlink())
    if stat.S_ISREG(mode):
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return ""


def compare(before: Mapping[str, Entry], after: Mapping[str, Entry], ignored: Iterable[re.Pattern[str]]) -> Differences:
    """What is new, gone or other, but for paths that one of ``ignored`` matches as a whole."""
    patterns = list(ignored)

    def told(paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(path for path in paths if not any(pattern.fullmatch(path) for pattern in patterns)))

    both = before.keys() & after.keys()
    changed = (path for path in both if before[path] != after[path])
    return Differences(told(after.keys() - before.keys()), told(before.keys() - after.keys()), told(changed))


def own_sources(suite: str, folder: Path = SOURCES) -> list[str]:
    """The lines of ``sources.list`` by which this system gets ``suite`` and its updates; none, if it does not."""
    lines = []
    for file in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.*"))]:
        if file.suffix == ".sources":
            for paragraph in re.split(r"\n\s*\n", file.read_text(encoding="utf-8")):
                fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", paragraph, re.MULTILINE))
                lines += [
                    f"deb {address} {name} {fields.get('Components', 'main')}"
                    for address in fields.get("URIs", "").split()
                    for name in fields.get("Suites", "").split()
                    if "deb" in fields.get("Types", "").split()
                ]
        elif file.suffix == ".list" and file.exists():
            text = file.read_text(encoding="utf-8")
            lines += [f"deb {rest}" for rest in re.findall(r"^deb\s+(?:\[[^\]]*\]\s*)?(\S.*)$", text, re.MULTILINE)]
    wanted = [line for line in lines if re.fullmatch(rf"{re.escape(suite)}(-updates|-security)?", line.split()[2])]
    return sorted(wanted, key=lambda line: line.split()[2] != suite)  # what to begin with comes first


def own_settings() -> str:
    """How apt reaches its servers here: proxies, and whether dates are looked at."""
    said = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return "".join(
        line + "\n" for line in said.splitlines() if re.match(r"Acquire::(https?|ftp|Check|Retries)\b.* \"", line)
    )


def _outside(*command: str) -> None:
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError as error:
        raise SystemExit(f"{error.filename} is not installed.") from None
    if done.returncode:
        raise SystemExit(f"“{' '.join(command)}” ended with exit code {done.returncode}:\n{done.stdout[-3000:]}")
