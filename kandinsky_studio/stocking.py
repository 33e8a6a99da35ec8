"""The command ``models``: what there is, and how it comes, is renewed, checked, made smaller, moved and removed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kandinsky_studio import paths
from kandinsky_studio.errors import (
    BrokenModel,
    ModelNotFound,
    NetworkOff,
    NotThere,
    StudioError,
    UnknownModel,
    UnknownValue,
)
from kandinsky_studio.subcommands import add_deeds

if TYPE_CHECKING:
    from kandinsky_studio.reporting import Line, Report
    from kandinsky_studio.storage.models.catalogue import Offer
    from kandinsky_studio.storage.models.delivery import Need
    from kandinsky_studio.storage.models.hub import Hub

TOKEN = "HF_TOKEN"  # noqa: S105  the name of the variable that others keep it in, too


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``models`` and what it can be followed by."""
    deed = add_deeds(commands, "models", "list the models, fetch, update, check, convert, move and remove them", _list)
    deed("list", _list, "List the models, and whether they are on this computer.")
    download = deed("download", _download, "Fetch the weights of a model from the Hugging Face Hub, or go on with it.")
    download.add_argument("model", help="one of the list, such as kandinsky-2.2")
    download.add_argument(
        "--task", action="append", metavar="TASK", help="what you want to do with it; more than once; all, if not given"
    )
    download.add_argument("--dry-run", action="store_true", help="say what would be fetched, and how much; ask nobody")
    update = deed("update", _update, "Look for newer editions of what is here, and fetch the files that differ.")
    update.add_argument("model", nargs="?", help="one of the list; all that were delivered, if not given")
    update.add_argument("--check", action="store_true", help="say what there is, and how much; fetch nothing")
    for one in (download, update):
        one.add_argument("--from", dest="hub", metavar="ADDRESS", help="a mirror of the Hub")
        one.add_argument("--proxy", metavar="ADDRESS", help="such as http://host:port or socks5://host:port")
    take = deed("import", _import, "Copy weights from a folder, a memory stick, a cache or a browser's downloads.")
    take.add_argument("folder", type=Path)
    verify = deed("verify", _verify, "Read every file that was delivered and compare it with what was published.")
    verify.add_argument("model", nargs="?", help="one of the list; all, if not given")
    convert = deed("convert", _convert, "Make the weights half as large, once.")
    convert.add_argument("model", nargs="?", help="one of the list; all, if not given")
    move = deed("move", _move, "Keep the models in another folder, and take along what is there.")
    move.add_argument("folder", type=Path)
    remove = deed("remove", _remove, "Delete the weights of a model.")
    remove.add_argument("model", help="one of the list")


def _list(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.engine.models import MODELS, find

    report = _report(arguments)
    for spec in MODELS:
        size: int | None = None
        try:
            files = find(spec.key)
            files.check()
            place, size = str(files.home), files.disk_size()
        except ModelNotFound as error:
            place = f"not here; looked in {error.values['place']}"
        except StudioError as error:
            place = str(error)
        languages = ", ".join(spec.languages[:5]) + (" …" if len(spec.languages) > 5 else "")
        sizes = f"{spec.native_size} px", f"{(size or spec.disk_size) / 1e6:,.0f} MB"
        values = {"model": spec.key, "here": size is not None, "place": place, "size": size or spec.disk_size}
        report.told("model", values, f"{spec.key:<16}{sizes[0]:>7}{sizes[1]:>11}  {languages:<22}{place}")
    return 0


def _download(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.models.delivery import deliver, needs

    offer = _offer(arguments.model)
    tasks = arguments.task or list(offer.tasks)
    for task in tasks:
        if task not in offer.tasks:
            raise UnknownValue(name="--task", value=task, known=", ".join(offer.tasks))
    line = _line(arguments)
    if arguments.dry_run:
        _tell_needs(line.report, needs(offer, tasks, paths.models()))
        return 0
    with _hub(arguments, line) as hub:
        deliver(
            offer,
            tasks,
            paths.models(),
            hub,
            on_progress=line.delivery,
            on_needs=lambda found: _tell_needs(line.report, found),
        )
    line.report.told("done", {"model": offer.model, "folder": str(paths.models())}, f"{offer.model} is here.")
    return 0


def _update(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.models import catalogue, updating
    from kandinsky_studio.storage.models import manifest as manifests

    place = paths.models()
    asked = list(catalogue.read().offers.values()) if arguments.model is None else [_offer(arguments.model)]
    offers = [o for o in asked if any(manifests.find(place / r.folder) is not None for r in o.repositories)]
    if not offers:
        raise ModelNotFound(model=arguments.model or "any model that was delivered", place=place)
    line, lacking = _line(arguments), 0
    with _hub(arguments, line) as hub:
        if hub is None:
            raise NetworkOff
        for offer in offers:
            editions = updating.newest(offer.repositories, place, hub)
            try:
                found = updating.needs(offer, place, editions)
            except NotThere as error:  # of no use to whoever has it; the others may be
                lacking += 1
                text = f"{offer.model}: the newer edition lacks what is here. {error}"
                line.report.told("unfit", {"model": offer.model, "message": str(error)}, text)
                continue
            if not found:
                line.report.told("current", {"model": offer.model}, f"{offer.model} is up to date.")
                continue
            _tell_editions(line.report, offer, found)
            if not arguments.check:
                updating.update(found, place, hub, on_progress=line.delivery)
                line.report.told("updated", {"model": offer.model}, f"{offer.model} is up to date now.")
    return 1 if lacking else 0


def _import(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.models import catalogue
    from kandinsky_studio.storage.models.importing import bring, look

    line = _line(arguments)
    known = catalogue.read()
    findings = look(arguments.folder.absolute(), known)
    if not findings.files and findings.wanting:
        names = ", ".join(f"“{name}”" for name in findings.wanting)
        raise BrokenModel(model=arguments.folder, reason=f"its files need {names} beside them")
    if not findings.files:
        raise ModelNotFound(model="any model", place=arguments.folder)
    folders = bring(findings, paths.models(), lambda done, total: line.fraction(done / max(total, 1), "copying"))
    line.report.end()
    for folder in folders:
        line.report.told("imported", {"folder": str(folder)}, str(folder))
    for model, files in findings.lacking(known, paths.models()).items():
        line.report.told("lacking", {"model": model, "files": files}, f"{model} still lacks " + ", ".join(files))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.models import manifest as manifests
    from kandinsky_studio.storage.models import shelf

    line = _line(arguments)
    wanted = None if arguments.model is None else {r.folder for r in _offer(arguments.model).repositories}
    held = [one for one in shelf.held(paths.models()) if wanted is None or one.folder.name in wanted]
    total = sum(one.manifest.size for one in held if one.manifest is not None) or 1
    done, wrong = 0, 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        line.fraction(done / total, "reading")

    for one in held:
        if one.manifest is None:
            text = f"{one.folder}: put there by hand, nothing says what belongs into it"
            line.report.told("unknown", {"folder": str(one.folder)}, text)
            continue
        damaged = manifests.damaged(one.folder, one.manifest, on_bytes)
        wrong += len(damaged)
        names = [file.path for file in damaged]
        text = f"{one.folder}: " + ("whole" if not names else "damaged or missing: " + ", ".join(names))
        line.report.told("verified", {"folder": str(one.folder), "damaged": names}, text)
    return 1 if wrong else 0


def _convert(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.models import shelf
    from kandinsky_studio.storage.models.conversion import convert_folder
    from kandinsky_studio.storage.models.transfer import in_units

    line = _line(arguments)
    wanted = None if arguments.model is None else {r.folder for r in _offer(arguments.model).repositories}
    if wanted is not None and any(folder.startswith("Kandinsky_2.0") for folder in wanted):
        raise BrokenModel(model=arguments.model, reason="it is read in its original files only")
    for one in shelf.held(paths.models()):
        original = any(one.folder.glob("*.pt"))
        if (wanted is None or one.folder.name in wanted) and not original:
            saved = convert_folder(one.folder, lambda fraction: line.fraction(fraction, "converting"))
            line.report.end()
            values = {"folder": str(one.folder), "saved": saved}
            line.report.told("converted", values, f"{one.folder}: {in_units(saved)} given back")
    return 0


def _move(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.models import shelf

    line = _line(arguments)
    target = arguments.folder.absolute()
    shelf.move(paths.models(), target, lambda done, total: line.fraction(done / max(total, 1), "moving"))
    paths.keep_models_in(target)
    line.report.end()
    line.report.told("moved", {"folder": str(target)}, f"The models are in {target} now.")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.storage.models import shelf
    from kandinsky_studio.storage.models.transfer import in_units

    report = _report(arguments)
    folders = [paths.models() / repository.folder for repository in _offer(arguments.model).repositories]
    there = [folder for folder in folders if folder.exists()]
    if not there:
        raise ModelNotFound(model=arguments.model, place=paths.models())
    saved = sum(shelf.remove(folder) for folder in there)
    report.told("removed", {"model": arguments.model, "saved": saved}, f"{in_units(saved)} given back")
    return 0


# ---------------------------------------------------------------------- what they share


def _report(arguments: argparse.Namespace) -> Report:
    from kandinsky_studio.reporting import report_for  # it knows of pictures, and so of numpy

    return report_for(arguments)


def _line(arguments: argparse.Namespace) -> Line:
    from kandinsky_studio.reporting import Line

    return Line(arguments)


@contextmanager
def _hub(arguments: argparse.Namespace, line: Line) -> Iterator[Hub | None]:
    """The Hub as the command and the preferences say; None, if these forbid it and the command names none."""
    from kandinsky_studio.storage import preferences
    from kandinsky_studio.storage.models.hub import ENDPOINT, Hub

    remembered, hub = preferences.load(), None
    if remembered.network or arguments.hub:
        address = arguments.hub or remembered.hub_address or ENDPOINT
        hub = Hub(address, proxy=arguments.proxy or remembered.proxy or None, token=os.environ.get(TOKEN))
    try:
        yield hub
    finally:
        if hub is not None:
            hub.close()
        line.report.end()


def _offer(model: str) -> Offer:
    from kandinsky_studio.storage.models import catalogue

    offers = catalogue.read().offers
    if model not in offers:
        raise UnknownModel(model=model, known=", ".join(offers))
    return offers[model]


def _tell_editions(report: Report, offer: Offer, found: list[Need]) -> None:
    from kandinsky_studio.storage.models import updating
    from kandinsky_studio.storage.models.transfer import in_units

    left, size = updating.to_fetch(found, paths.models()), sum(need.size for need in found)
    revisions = {need.repository.repository: need.manifest.revision for need in found if need.manifest is not None}
    values = {"model": offer.model, "left": left, "size": size, "revisions": revisions}
    text = f"{offer.model} has a newer edition: {in_units(left)} to fetch of {in_units(size)}"
    report.told("newer", values, text)


def _tell_needs(report: Report, found: list[Need]) -> None:
    from kandinsky_studio.storage.models import shelf
    from kandinsky_studio.storage.models.transfer import in_units

    free = shelf.free(paths.models())
    for need in found:
        exact = need.manifest is not None
        about = "" if exact else "about "
        values: dict[str, Any] = {"repository": need.repository.repository, "size": need.size, "left": need.left}
        if need.manifest is not None:
            values["revision"] = need.manifest.revision
        text = f"{need.repository.repository}: {about}{in_units(need.left)} to fetch of {about}{in_units(need.size)}"
        report.told("need", {**values, "exact": exact}, text)
    left = sum(need.left for need in found)
    report.told("total", {"left": left, "free": free}, f"{in_units(left)} to fetch; {in_units(free)} free on the disk")
