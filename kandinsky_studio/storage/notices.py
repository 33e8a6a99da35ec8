"""The licences of the software of others that the program is made of.

A packaged program carries them in a file that was written when it was built, from what was really collected. From
source they are read out of the installed distributions that the program needs. What those say falls short of in a few
cases is in ``resources/licences/remarks.json``, each with the reason.
"""

from __future__ import annotations

import email.message
import functools
import importlib.metadata
import json
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath
from typing import Any, cast

from kandinsky_studio import __version__, paths
from kandinsky_studio.errors import BrokenCatalogue
from kandinsky_studio.errors.base import first_line

FORMAT = 1
FILE_NAME = "THIRD-PARTY-NOTICES.json"
"""Lies beside a packaged program; a text for people, of the same name, lies with it."""

PROGRAM = "kandinsky-studio"

_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|copyright|authors)", re.IGNORECASE)
_PYTHON_PAGE = "https://www.python.org"


@dataclass(frozen=True)
class Notice:
    """One piece of software: ``licence`` is an expression of SPDX or what its authors call it, ``note`` what is to be
    said of it, ``texts`` are ``(name, text)`` of its licences. ``part`` is what of the program it is in: empty for the
    program itself, else the name of a runtime pack."""

    name: str
    version: str
    licence: str
    homepage: str = ""
    part: str = ""
    note: str = ""
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """By which they are sorted."""
        return self.name.casefold(), self.part


def shown() -> tuple[tuple[Notice, ...], bool]:
    """All notices, by name, and whether they are those of the packaged program; false if they were gathered just now.

    Raises ``BrokenCatalogue`` if the packaged program's can't be read.
    """
    folder = paths.program()
    if folder is None:
        return gathered(), False
    try:
        found = parse((folder / FILE_NAME).read_bytes())
    except (OSError, ValueError) as error:
        raise BrokenCatalogue(file=FILE_NAME, reason=first_line(error)) from error
    return tuple(sorted((*found, *of_packs()), key=lambda notice: notice.key)), True


def of_packs() -> list[Notice]:
    """Of what is in the runtime packs that were installed later, as each distribution in them tells of itself."""
    found = []
    for library in sorted(paths.runtimes().glob("[!.]*/lib")):
        for distribution in importlib.metadata.distributions(path=[str(library)]):
            found.append(replace(of_distribution(distribution), part=library.parent.name))
    return found


def own() -> Notice:
    """Of the program itself."""
    return Notice("Kandinsky Studio", __version__, "Apache-2.0", texts=(("LICENSE", shipped_text("Apache-2.0.txt")),))


def gathered() -> tuple[Notice, ...]:
    """Of Python and of all installed distributions that the program needs, by name."""
    found = [python(), *map(of_distribution, needed())]
    return tuple(sorted(found, key=lambda notice: notice.key))


def needed(name: str = PROGRAM) -> list[Distribution]:
    """The installed distributions that ``name`` needs, and what those need; without itself and without extras."""
    from packaging.requirements import InvalidRequirement, Requirement

    found: dict[str, Distribution] = {}
    waiting = [Requirement(name)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        for extra in sorted({"", *wanted.extras}):
            key = (canonical(wanted.name), extra)
            if key in seen:
                continue
            seen.add(key)
            try:
                distribution = importlib.metadata.distribution(wanted.name)
            except importlib.metadata.PackageNotFoundError:
                continue
            found[key[0]] = distribution
            for text in distribution.requires or ():
                try:
                    requirement = Requirement(text)
                except InvalidRequirement:
                    continue
                if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                    waiting.append(requirement)
    found.pop(canonical(name), None)
    return [found[key] for key in sorted(found)]


def canonical(name: str) -> str:
    """The name of a distribution as all its spellings have it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def of_distribution(distribution: Distribution) -> Notice:
    """What a distribution says of itself, and what is remarked of it. ``texts`` is empty if there are none."""
    metadata = cast(email.message.Message, distribution.metadata)  # as which it is documented
    name = str(metadata["Name"])
    texts = [(path.name, text) for path in _licence_files(distribution) if (text := _text(distribution, path))]
    texts += [("Components that are compiled in", listed) for listed in _components(distribution)]
    notice = Notice(name, distribution.version, declared(metadata), _homepage(metadata), texts=tuple(texts))
    return remarked(notice)


def remarked(notice: Notice) -> Notice:
    """``notice`` with what is remarked of what it is called."""
    remark = _remarks().get(canonical(notice.name))
    if remark is None:
        return notice
    major = ".".join(notice.version.split(".")[:2])
    note = "\n\n".join(remark.get("note", ())).format(version=notice.version, major=major)
    texts = tuple((name, shipped_text(name)) for name in remark.get("texts", ()))
    return replace(
        notice,
        licence=remark.get("licence", notice.licence),
        homepage=remark.get("homepage", notice.homepage),
        note=note,
        texts=(*texts, *notice.texts),
    )


def shipped_text(name: str) -> str:
    """A licence that comes with the program."""
    return (paths.resources() / "licences" / name).read_text(encoding="utf-8").strip("\n")


@functools.cache
def _remarks() -> Mapping[str, Any]:
    values: Mapping[str, Any] = json.loads((paths.resources() / "licences" / "remarks.json").read_text("utf-8"))
    return values


@functools.cache
def python() -> Notice:
    """Python itself, with its own library."""
    places = [Path(sysconfig.get_path("stdlib")) / "LICENSE.txt", Path(sys.base_prefix) / "LICENSE.txt"]
    places += [Path("/usr/share/doc") / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "copyright"]
    text = next((place.read_text(encoding="utf-8", errors="replace") for place in places if place.is_file()), "")
    version = sys.version.split()[0]
    return Notice("Python", version, "PSF-2.0", _PYTHON_PAGE, texts=(("LICENSE.txt", text),) if text else ())


# ---------------------------------------------------------------------- what distributions say


def declared(metadata: email.message.Message) -> str:
    """The licence that a distribution names: an expression, else what it is classified as, else the line it writes."""
    expression = str(metadata["License-Expression"] or "").strip()
    if expression:
        return expression
    classified = [
        str(one).rpartition(" :: ")[2]
        for one in metadata.get_all("Classifier", [])
        if str(one).startswith("License ::")
    ]
    written = str(metadata["License"] or "").strip().splitlines()
    if written and len(written[0]) <= 80 and written[0].upper() != "UNKNOWN":
        return written[0]
    return ", ".join(dict.fromkeys(classified)) or "see the text"


def _homepage(metadata: email.message.Message) -> str:
    addresses = {
        label.strip().casefold(): address.strip()
        for label, _, address in (str(one).partition(",") for one in metadata.get_all("Project-URL", []))
    }
    wanted = ("homepage", "home", "source", "source code", "repository", "github")
    return str(metadata["Home-page"] or "") or next((addresses[one] for one in wanted if one in addresses), "")


def _licence_files(distribution: Distribution) -> list[PurePosixPath]:
    """Where a distribution's metadata has the texts of licences, and notices that must go with them."""
    files = [PurePosixPath(path.as_posix()) for path in distribution.files or ()]
    named = {str(name) for name in cast(email.message.Message, distribution.metadata).get_all("License-File", [])}
    found = []
    for path in files:
        inside = next((at for at, part in enumerate(path.parts) if part.endswith(".dist-info")), None)
        if inside is None:
            continue
        rest = "/".join(path.parts[inside + 1 :])
        if rest in named or rest.removeprefix("licenses/") in named or _LICENCE_FILE.search(path.name):
            found.append(path)
    return sorted(found, key=lambda path: (len(path.parts), str(path)))


def _text(distribution: Distribution, path: PurePosixPath) -> str:
    try:
        content = Path(str(distribution.locate_file(str(path)))).read_bytes()
    except OSError:
        return ""
    return content.decode("utf-8", errors="replace").replace("\r\n", "\n").strip("\n")


def _components(distribution: Distribution) -> Iterable[str]:
    """What the lists of components (CycloneDX) of a distribution name, a line for each."""
    for path in distribution.files or ():
        if path.parent.name != "sboms" or path.suffix != ".json":
            continue
        try:
            values = json.loads(_text(distribution, PurePosixPath(path.as_posix())))
            lines = sorted({_component(one) for one in values.get("components", ())})
        except (ValueError, AttributeError, KeyError, TypeError):
            continue
        if lines:
            yield "\n".join(lines)


def _component(values: Mapping[str, Any]) -> str:
    told = []
    for licence in values.get("licenses") or ():
        inner = licence.get("license", {})
        told.append(str(licence.get("expression") or inner.get("id") or inner.get("name") or ""))
    return " ".join(filter(None, (str(values["name"]), str(values.get("version", "")), ", ".join(filter(None, told)))))


# ---------------------------------------------------------------------- the file of a packaged program


def written(notices: Iterable[Notice]) -> bytes:
    """``notices`` as what :func:`parse` reads; each text is there once."""
    texts: dict[str, int] = {}
    rows = []
    for notice in sorted(notices, key=lambda notice: notice.key):
        numbers = [[name, texts.setdefault(text, len(texts))] for name, text in notice.texts]
        row = {name: getattr(notice, name) for name in ("name", "version", "licence", "homepage", "part", "note")}
        rows.append({**row, "texts": numbers})
    values = {"format": FORMAT, "notices": rows, "texts": list(texts)}
    return json.dumps(values, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"


def parse(content: bytes) -> tuple[Notice, ...]:
    """What :func:`written` wrote. Raises ``ValueError`` for anything else."""
    try:
        values = json.loads(content)
        if values["format"] != FORMAT:
            raise ValueError(f"format {values['format']!r}")
        texts = values["texts"]
        return tuple(
            Notice(
                **{name: str(row[name]) for name in ("name", "version", "licence", "homepage", "part", "note")},
                texts=tuple((str(name), str(texts[number])) for name, number in row["texts"]),
            )
            for row in values["notices"]
        )
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError("no notices") from error
