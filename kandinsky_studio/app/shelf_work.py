"""What is done with weights that are here, for a thread that has time; ``tell`` hears the fraction done and may stop it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kandinsky_studio.storage.models import manifest as manifests
from kandinsky_studio.storage.models import shelf
from kandinsky_studio.storage.models.catalogue import Offer
from kandinsky_studio.storage.models.conversion import convert_folder
from kandinsky_studio.storage.models.manifest import PublishedFile

Tell = Callable[[float], None]


def check(folders: Iterable[Path], tell: Tell) -> list[PublishedFile]:
    """Compare every file that was delivered with what was published; those that are damaged are put aside."""
    pairs = [(folder, manifests.read(folder)) for folder in folders]
    whole = [(folder, manifest) for folder, manifest in pairs if manifest is not None]
    total, done = sum(manifest.size for _, manifest in whole), 0
    wrong = []

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        tell(done / max(total, 1))

    for folder, manifest in whole:
        for file in manifests.damaged(folder, manifest, on_bytes):
            shelf.put_aside(folder, file)
            wrong.append(file)
    return wrong


def halve(folders: Sequence[Path], tell: Tell) -> int:
    """Write weights in half precision, in place of what was published; the bytes that gave back."""
    there = [folder for folder in folders if folder.is_dir()]
    saved = 0
    for number, folder in enumerate(there):

        def tell_all(share: float, number: int = number) -> None:
            tell((number + share) / len(there))

        saved += convert_folder(folder, tell_all)
    return saved


def remove(offer: Offer, tasks: Iterable[str], place: Path, _: Tell) -> None:
    """Delete what no task of a model but these needs."""
    others = [task for task in offer.tasks if task not in set(tasks)]
    gone = set(offer.parts(tasks)) - set(offer.parts(others))
    folders = {part.repository.folder for part in gone}
    kept = {part.repository.folder for part in offer.parts(offer.tasks) if part not in gone}
    for folder in sorted(folders - kept):
        if (place / folder).exists():
            shelf.remove(place / folder)
    for folder in sorted(folders & kept):
        shelf.remove_parts(place / folder, [part for part in gone if part.repository.folder == folder])
