"""The command ``runtime``: which PyTorch the program computes with, and packs of it that are installed and removed."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from kandinsky_studio.errors import NetworkOff, NoPacksOffered, PackCheckFailed, PackNotFound, StudioError
from kandinsky_studio.errors.base import first_line
from kandinsky_studio.runtime import attached, attaching, card, checking
from kandinsky_studio.subcommands import add_deeds

if TYPE_CHECKING:
    from kandinsky_studio.reporting import Line
    from kandinsky_studio.runtime.pack import Pack


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``runtime`` and what it can be followed by."""
    deed = add_deeds(commands, "runtime", "list the runtime packs, install, fetch, choose and remove them", _list)
    deed("list", _list, "List the packs on this computer, the graphics card, and what can be downloaded.")
    install = deed("install", _install, "Install a pack from its file, try it, and use it from the next start on.")
    install.add_argument("file", type=Path, help="the .zip file, or one of its parts")
    download = deed("download", _download, "Fetch a pack, or go on with it; then as with “install”.")
    download.add_argument("name", help="one of the list, such as cu130")
    download.add_argument("--from", dest="address", metavar="ADDRESS", help="a mirror of the place it is published at")
    download.add_argument("--proxy", metavar="ADDRESS", help="such as http://host:port or socks5://host:port")
    for one in (install, download):
        one.add_argument("--no-use", dest="use", action="store_false", help="neither try nor choose it")
    use = deed("use", _use, "Try a pack, and use it from the next start on.")
    check = deed("check", _check, "Try a pack: import it, multiply, and draw a little picture.")
    remove = deed("remove", _remove, "Delete a pack that was installed.")
    for one in (use, check, remove):
        one.add_argument("name", help="one of the list, such as cpu or cu130")


def _list(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.models.transfer import in_units
    from kandinsky_studio.storage.runtimes import offers
    from kandinsky_studio.storage.runtimes.installing import check_source, installed, sweep

    report = _line(arguments).report
    try:
        check_source()
    except StudioError as source:
        report.told("source", {}, f"{source} {source.remedy}")
    sweep()
    used, refused = attached().pack, attached().refused
    if refused is not None:
        report.told("refused", {"message": str(refused), "hint": refused.remedy}, f"{refused} {refused.remedy}")
    for one in installed():
        states = []
        if used is not None and used.name == one.name:
            states.append("in use")
        elif attaching.chosen() == one.name:
            states.append("used from the next start on")
        if one.shipped:
            states.append("came with the program")
        if one.flaw is not None:
            states.append(str(one.flaw))
        version = one.pack.version if one.pack is not None else ""
        values = {"name": one.name, "version": version, "size": one.size, "states": states, "folder": str(one.folder)}
        report.told("pack", values, f"{one.name:<10}{version:<16}{in_units(one.size):>9}  {', '.join(states)}")
    sight = card.look()
    for seen in sight.cards:
        advised = card.advised(seen)
        name = advised.name if advised is not None else None
        told = {"name": seen.name, "driver": seen.driver, "memory": seen.memory, "advised": name}
        fits = f"the pack {name} fits it" if name else f"no pack fits it; the oldest driver for one is {_oldest()}"
        report.told("card", told, f"{seen.name}, {in_units(seen.memory)}, driver {seen.driver}: {fits}")
    if not sight.cards:
        text = "The driver of the NVIDIA card does not answer." if sight.silent else "There is no NVIDIA card here."
        report.told("card", {"name": None, "silent": sight.silent}, text)
    for offer in offers.read():
        size = in_units(offer.download_size)
        values = {"name": offer.pack.name, "version": offer.pack.version, "size": offer.download_size}
        report.told("offer", values, f"{offer.pack.name:<10}{offer.pack.version:<16}{size:>9}  can be downloaded")
    return 0


def _oldest() -> str:
    return min((pack.driver for pack in card.CARD_PACKS), key=int)


def _install(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.runtimes.installing import check_source, install

    check_source()
    line = _line(arguments)
    pack = install(arguments.file.absolute(), on_progress=lambda done, total: line.fraction(done / total, "unpacking"))
    return _installed(arguments, line, pack)


def _download(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage import preferences
    from kandinsky_studio.storage.runtimes import offers
    from kandinsky_studio.storage.runtimes.installing import check_source

    check_source()
    there = offers.read()
    if not there:
        raise NoPacksOffered
    offer = offers.find(arguments.name, there)
    remembered = preferences.load()
    if not remembered.network and not arguments.address:
        raise NetworkOff
    line = _line(arguments)
    release = offers.Release(arguments.address or offer.address, proxy=arguments.proxy or remembered.proxy or None)
    try:
        pack = offers.download(
            offer,
            release,
            on_delivery=line.delivery,
            on_progress=lambda done, total: line.fraction(done / total, "unpacking"),
        )
    finally:
        release.close()
        line.report.end()
    return _installed(arguments, line, pack)


def _installed(arguments: argparse.Namespace, line: Line, pack: Pack) -> int:
    line.report.end()
    values = {"name": pack.name, "version": pack.version, "size": pack.size}
    line.report.told("installed", values, f"{pack.name} is installed.")
    if arguments.use:
        _choose(line, pack.name)
    return 0


def _use(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.runtimes.installing import check_source

    check_source()
    attaching.usable(attaching.folder_of(arguments.name))
    _choose(_line(arguments), arguments.name)
    return 0


def _choose(line: Line, name: str) -> None:
    from kandinsky_studio.storage.runtimes.installing import choose

    if name != attaching.SHIPPED:
        line.report.told("checking", {"name": name}, f"Trying {name}…")
        said = checking.check(name)
        line.report.told("checked", {"name": name, "said": said}, said)
    choose(name)
    line.report.told("chosen", {"name": name}, f"{name} is used from the next start on.")


def _check(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.runtimes.installing import check_source

    check_source()
    name = arguments.name
    if os.environ.get(attaching.VARIABLE) == name:  # this is the process that may fail
        try:
            said = _tried(name)
        except PackCheckFailed as error:
            _line(arguments).report.told("error", {"reason": error.values["reason"]}, f"{error} {error.remedy}")
            return 1
    else:
        attaching.usable(attaching.folder_of(name))
        said = checking.check(name)
    _line(arguments).report.told("checked", {"name": name, "said": said}, said)
    return 0


def _tried(name: str) -> str:
    """Compute with the pack that was attached; what with, and how fast. Raises ``PackCheckFailed``."""
    state = attached()
    if state.pack is None or state.pack.name != name:
        raise PackCheckFailed(name=name, reason=str(state.refused or PackNotFound(name=name)).rstrip("."))
    try:
        from kandinsky_studio.engine.trying import try_out

        return try_out(state.pack.device)
    except StudioError as error:
        raise PackCheckFailed(name=name, reason=str(error).rstrip(".")) from error
    except Exception as error:
        raise PackCheckFailed(name=name, reason=first_line(error)) from error


def _remove(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.models.transfer import in_units
    from kandinsky_studio.storage.runtimes.installing import check_source, remove

    check_source()
    saved = remove(arguments.name)
    text = f"{in_units(saved)} given back"
    _line(arguments).report.told("removed", {"name": arguments.name, "saved": saved}, text)
    return 0


def _line(arguments: argparse.Namespace) -> Line:
    from kandinsky_studio.reporting import Line  # it knows of pictures, and so of numpy

    return Line(arguments)
