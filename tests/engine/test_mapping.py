"""Weights that are used where they lie in their file: when that is done, that the file stays as it is, and that nothing
of it is left when a part is let go of."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from kandinsky_studio.engine import compressed, mapping, memory, volumes
from kandinsky_studio.engine.components import Components, read
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.mapping import MappedFile
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.models import find
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.engine.volumes import _stays_plugged, _volume
from kandinsky_studio.errors import BrokenModel

Build = Callable[..., GenerationRequest]
CPU = torch.device("cpu")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is mapped on Windows")


@pytest.fixture
def maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of any size and on any disk are mapped."""
    monkeypatch.setattr(mapping, "SMALLEST", 0)
    monkeypatch.setattr(volumes, "stays", lambda path: True)


def digest(folder: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def mapped_now(folder: Path) -> set[str]:
    """The lines of the system's table of mappings that name a file in ``folder``.

    Of the tiny model a test before may have left some: the stock pipelines map their files, too.
    """
    table = Path("/proc/self/maps")
    return {line for line in table.read_text().splitlines() if str(folder) in line} if table.exists() else set()


def test_pictures_are_the_same_bytes_as_from_weights_that_were_read(
    own_model: Path, tiny_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = tiny_request(model=str(own_model))
    was_read = Engine("cpu").generate(request)[0]
    assert not mapping.in_use()
    monkeypatch.setattr(mapping, "SMALLEST", 0)
    monkeypatch.setattr(volumes, "stays", lambda path: True)
    before = digest(own_model)
    engine = Engine("cpu")
    mapped = engine.generate(request)[0]
    assert mapping.in_use() > 0
    assert mapped.image.tobytes() == was_read.image.tobytes()
    assert mapped.image_embeds is not None
    assert was_read.image_embeds is not None
    assert mapped.image_embeds.tobytes() == was_read.image_embeds.tobytes()
    assert digest(own_model) == before
    engine.free()
    assert not mapping.in_use()
    assert not mapped_now(own_model)


@pytest.mark.usefixtures("maps")
@pytest.mark.parametrize("part", ["unet", "prior", "text_encoder"])
def test_the_numbers_and_their_layout_are_those_of_a_copy(
    tiny_model: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = find(tiny_model)
    mapped = read(files, part, torch.float32)
    monkeypatch.setattr(mapping, "SMALLEST", 2**60)
    for (name, one), other in zip(
        mapped.named_parameters(), read(files, part, torch.float32).parameters(), strict=True
    ):
        assert torch.equal(one, other), name
        assert one.stride() == other.stride(), name


@pytest.mark.usefixtures("maps")
def test_training_does_not_reach_the_file(own_model: Path) -> None:
    before = digest(own_model)
    prior = read(find(str(own_model)), "prior", torch.float32)
    weight = prior.proj_in.weight
    was = weight.detach().clone()
    optimizer = torch.optim.SGD(prior.parameters(), lr=0.1)
    prior.proj_in(torch.ones(1, weight.shape[1])).sum().backward()
    optimizer.step()
    with torch.no_grad():
        prior.proj_in.bias.fill_(7)
    assert not torch.equal(weight, was)
    assert digest(own_model) == before
    assert torch.equal(read(find(str(own_model)), "prior", torch.float32).proj_in.weight, was)


@pytest.mark.usefixtures("maps")
def test_what_becomes_something_else_leaves_the_file(tiny_model: str) -> None:
    files = find(tiny_model)
    before = mapped_now(Path(tiny_model))
    half = read(files, "unet", torch.bfloat16)
    assert not mapping.in_use()
    assert mapped_now(Path(tiny_model)) <= before
    whole = read(files, "unet", torch.float32)
    squares = [weight for weight in whole.parameters() if weight.dim() == 4 and weight.shape[1:].count(1) == 0]
    others = sum(weight.nbytes for weight in whole.parameters()) - sum(weight.nbytes for weight in squares)
    assert squares
    assert mapping.in_use() == others
    del half, whole
    assert not mapping.in_use()


@pytest.mark.usefixtures("maps")
def test_parts_that_are_let_go_of_leave_no_mapping(tiny_model: str) -> None:
    files = find(tiny_model)
    before = mapped_now(Path(tiny_model))
    parts = Components(files, lambda *asked: read(*asked), CPU, torch.float32)
    parts.load(("prior", "text_encoder"))
    both = mapping.in_use()
    assert mapped_now(Path(tiny_model)) - before or sys.platform != "linux"
    parts.release(("prior",))
    assert 0 < mapping.in_use() < both
    parts.keep(())
    assert not mapping.in_use()
    assert mapped_now(Path(tiny_model)) <= before


@pytest.mark.usefixtures("maps")
def test_compressed_weights_are_not_in_the_file(tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "_SMALLEST", 0)
    parts = Components(find(tiny_model), lambda *asked: read(*asked), CPU, torch.float32)
    parts.tier = Tier.compressed
    parts.load(("prior",))
    waiting = [weight for weight in parts["prior"].parameters() if weight.dtype is compressed.STORED]
    assert waiting
    whole = sum(w.nbytes for w in parts["prior"].parameters() if w.dtype is torch.float32)
    assert mapping.in_use() == whole


@pytest.mark.usefixtures("maps")
def test_what_is_in_use_is_not_free(tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    real = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10**9, total=real.total))
    assert memory.available(CPU) == 10**9
    prior = read(find(tiny_model), "prior", torch.float32)
    assert memory.available(CPU) == 10**9 - sum(weight.nbytes for weight in prior.parameters())


@pytest.mark.usefixtures("maps")
def test_a_file_that_is_cut_off_under_its_mapping_is_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(range(256)) * 64)
    file = MappedFile(path)
    assert file.seen(256, (2,), torch.uint8).tolist() == [0, 1]
    with path.open("r+b") as stream:
        stream.truncate(100)
    with pytest.raises(ValueError, match="cut off"):
        file.lent(256, (2,), torch.uint8)
    assert not mapping.in_use()


@pytest.mark.usefixtures("maps")
def test_numbers_that_begin_anywhere_are_read(own_model: Path) -> None:
    """The format asks for no alignment, and processors do."""
    path = own_model / "tiny-prior/prior/diffusion_pytorch_model.safetensors"
    wanted = {name: tensor.clone() for name, tensor in load_file(path).items()}
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    path.write_bytes((length + 1).to_bytes(8, "little") + content[8 : 8 + length] + b" " + content[8 + length :])
    prior = read(find(str(own_model)), "prior", torch.float32)
    assert not mapping.in_use()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in prior.state_dict().items() if name in wanted)


def test_small_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volumes, "stays", lambda path: True)
    path = tmp_path / "weights"
    for size, expected in ((mapping.SMALLEST - 1, False), (mapping.SMALLEST, True)):
        with path.open("wb") as file:
            file.truncate(size)
        assert mapping.should_be_mapped(path) is expected
    monkeypatch.setattr(volumes, "stays", lambda path: False)
    assert not mapping.should_be_mapped(path)


@pytest.mark.usefixtures("maps")
def test_where_nothing_can_be_mapped_it_is_read(tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> Any:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(mapping, "MappedFile", refuse)
    assert read(find(tiny_model), "prior", torch.float32) is not None


# ------------------------------------------------------------------ files that change while they are in use


@pytest.mark.parametrize("how", ["overwritten", "exchanged"])
@pytest.mark.usefixtures("maps")
def test_a_model_whose_files_changed_is_opened_anew(own_model: Path, tiny_request: Build, how: str) -> None:
    request, engine = tiny_request(model=str(own_model)), Engine("cpu")
    first = engine.generate(request)[0].image
    path = own_model / "tiny-decoder/unet/diffusion_pytorch_model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    tensors["conv_out.bias"] += 1
    new = path.with_name("new")
    save_file(tensors, new)
    if how == "overwritten":
        path.write_bytes(new.read_bytes())
    else:
        new.replace(path)
    second = engine.generate(request)[0].image
    assert not np.array_equal(first, second)
    assert np.array_equal(second, Engine("cpu").generate(request)[0].image)


@pytest.mark.usefixtures("maps")
def test_a_model_that_was_cut_off_under_its_mapping_is_refused(own_model: Path, tiny_request: Build) -> None:
    request, engine = tiny_request(model=str(own_model)), Engine("cpu")
    engine.generate(request)
    path = own_model / "tiny-prior/prior/diffusion_pytorch_model.safetensors"
    with path.open("r+b") as file:
        file.truncate(5000)
    for _ in range(2):
        with pytest.raises(BrokenModel, match="cut off"):
            engine.generate(request)
    engine.free()
    assert not mapping.in_use()


@pytest.mark.usefixtures("maps")
def test_parts_in_memory_outlive_their_files(own_model: Path) -> None:
    """Where a system lets a file go that is mapped, the mapping has what was in it."""
    prior = read(find(str(own_model)), "prior", torch.float32)
    was = prior.proj_in.weight.detach().clone()
    shutil.rmtree(own_model)
    assert torch.equal(prior.proj_in.weight, was)


# ------------------------------------------------------------------ disks


def mount(place: str, fstype: str, device: str = "/dev/sda1", opts: str = "rw") -> Any:
    return SimpleNamespace(mountpoint=place, fstype=fstype, device=device, opts=opts)


def test_the_disk_a_file_is_on() -> None:
    table = [
        mount("/", "ext4"),
        mount("/home", "btrfs"),
        mount("/home/me/far", "autofs"),
        mount("/home/me/far", "nfs4"),
        mount("/home/me/fa", "vfat"),
    ]

    def kind(path: str) -> str:
        found = _volume(Path(path), table)
        return found.fstype if found else ""

    assert kind("/usr/weights") == "ext4"
    assert kind("/home/me/weights") == "btrfs"
    assert kind("/home/me/far/weights") == "nfs4"
    assert kind("/homely/weights") == "ext4"
    assert _volume(Path("/weights"), []) is None


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the devices of Linux")
@pytest.mark.parametrize("fstype", ["nfs4", "cifs", "fuse.sshfs", "vfat", "overlay", "tmpfs", "9p", ""])
def test_only_file_systems_of_built_in_disks_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fstype: str
) -> None:
    import psutil

    monkeypatch.setattr(volumes, "_is_built_in", lambda path, device: True)
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [mount("/", fstype)])
    assert not volumes.stays(tmp_path)
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [mount("/", "ext4")])
    assert volumes.stays(tmp_path)


@pytest.mark.parametrize(
    ("place", "told", "expected"),
    [
        ("pci0000/ata1/block/sda/sda1", {}, True),
        ("pci0000/ata1/block/sda/sda1", {"pci0000/ata1/block/sda/removable": "0\n"}, True),
        ("pci0000/ata1/block/sda/sda1", {"pci0000/ata1/block/sda/removable": "1\n"}, False),
        ("pci0000/usb2/2-1/block/sdb/sdb1", {"pci0000/usb2/2-1/block/sdb/removable": "0\n"}, False),
        ("pci0000/0000:3d/nvme/nvme1/nvme1n1", {"pci0000/0000:3d/removable": "removable\n"}, False),
        ("pci0000/0000:3d/nvme/nvme0/nvme0n1", {"pci0000/0000:3d/removable": "fixed\n"}, True),
        ("platform/mmc_host/mmc0/block/mmcblk0/mmcblk0p1", {}, False),
        ("virtual/block/loop0", {}, False),
    ],
)
def test_what_can_be_pulled_out(tmp_path: Path, place: str, told: dict[str, str], expected: bool) -> None:
    (tmp_path / place).mkdir(parents=True)
    for name, content in told.items():
        (tmp_path / name).write_text(content)
    assert _stays_plugged(tmp_path / place) is expected


def test_an_encrypted_disk_is_where_the_disk_below_it_is(tmp_path: Path) -> None:
    inside, stick = tmp_path / "pci0/ata1/block/sda/sda2", tmp_path / "pci0/usb1/block/sdb/sdb1"
    crypt = tmp_path / "virtual/block/dm-0/slaves"
    for folder in (inside, stick, crypt):
        folder.mkdir(parents=True)
    (crypt / "sda2").symlink_to(inside)
    assert _stays_plugged(crypt.parent)
    (crypt / "sdb1").symlink_to(stick)
    assert not _stays_plugged(crypt.parent)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    import psutil

    table = [mount("/", "apfs", opts="rw,local,rootfs"), mount("/net", "smbfs", opts="rw")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: table)
    monkeypatch.setattr(sys, "platform", platform)
    assert volumes.stays(Path("/Users/me/weights")) is (platform == "darwin")
    assert not volumes.stays(Path("/Volumes/STICK/weights"))
    assert not volumes.stays(Path("/net/weights"))
