"""How much memory a job needs, known before it begins: weights from the heads of the files, and what a step makes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from kandinsky_studio.engine import compressed
from kandinsky_studio.engine.memory import Leftovers, Tier
from kandinsky_studio.engine.movq import crop_box
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.version import Version
from kandinsky_studio.engine.weights import ModelFiles, is_network

_DECODER: Mapping[str, Any] = {"block_out_channels": (384, 768, 1152, 1536), "layers_per_block": 3}
_CODEC: Mapping[str, Any] = {"block_out_channels": (128, 256, 256, 512)}
"""The shapes of all versions, for files that do not say theirs."""

_DECODER_TENSORS = 4  # at the full size of the latents, as wide as the two outermost levels together
_CODEC_TENSORS = 3  # at the full size of the picture, as wide as the second level: before, in and after a layer
_LIBRARIES = 100 * 2**20  # bytes: what the libraries build at their first use, whatever the size


@dataclass(frozen=True)
class Estimate:
    """What a job needs: of ``version`` as it is in ``files``, computed in ``dtype``, the parts of each stage in turn.

    ``before`` is loaded, used and let go of first; ``stages`` come after that and end with the decoder's, which needs
    ``working`` bytes beside its weights.
    """

    version: Version
    files: ModelFiles
    dtype: torch.dtype
    before: Sequence[str]
    stages: Sequence[Sequence[str]]
    working: int

    @classmethod
    def of(
        cls,
        version: Version,
        files: ModelFiles,
        dtype: torch.dtype,
        request: GenerationRequest,
        before: Sequence[str] = (),
        together: int = 1,
    ) -> Estimate:
        """The estimate for ``request``, up to ``together`` of whose pictures are made at once."""
        stages = (version.looking_parts(request), version.idea_parts(request), version.rendering_parts(request))
        together = min(max(together, 1), request.num_images_per_prompt)
        rows = together * (2 if request.guidance_scale > 1 else 1)
        working = working_bytes(version, files, request, rows) * dtype.itemsize
        return cls(version, files, dtype, before, stages, working)

    def bytes(self, tier: Tier) -> int:
        """The most that the job has in memory at once in ``tier``, on the device that computes."""
        if tier is Tier.resident:
            together = dict.fromkeys(itertools.chain(*self.stages))
            return _LIBRARIES + max(self._parts(self.before, tier), self._parts(together, tier, self.working))
        own = [self._parts(parts, tier) for parts in (self.before, *self.stages[:-1])]
        unpacked = sum(self._weights(part) - self._weights_compressed(part) for part in self.stages[-1])
        between = min(Leftovers.PIECE, unpacked) if tier >= Tier.compressed else 0
        return _LIBRARIES + between + max(*own, self._parts(self.stages[-1], tier, self.working))

    def _parts(self, parts: Iterable[str], tier: Tier, working: int = 0) -> int:
        """While ``parts`` are read one after the other, and then work."""
        held = most = 0
        for part in parts:
            if tier is Tier.offloaded and part.endswith("unet"):
                continue
            whole = self._weights(part)
            if tier >= Tier.compressed and not self._header(part) and compressed.pays(part):
                most = max(most, held + whole)  # it is read whole before it is compressed
            held += self._weights_compressed(part) if tier >= Tier.compressed else whole
        return max(most, held + working)

    def _weights(self, part: str) -> int:
        count = self.version.parameter_count(self.files, (part,))
        if part.endswith("unet") and part != "unet":  # whose file may leave out what is in the plain one's
            count = max(count, self.version.parameter_count(self.files, ("unet",)))
        return count * self.dtype.itemsize

    def _weights_compressed(self, part: str) -> int:
        whole, header = self._weights(part), self._header(part)
        if not compressed.pays(part):
            return whole
        if not header:
            return whole // self.dtype.itemsize
        shapes = [(name, tensor["shape"]) for name, tensor in header.items() if name != "__metadata__"]
        less: int = sum(math.prod(shape) for name, shape in shapes if compressed.is_compressed(name, shape))
        return whole - less * (self.dtype.itemsize - compressed.STORED.itemsize)

    def _header(self, part: str) -> Mapping[str, Any]:
        """What the head of a part's file says; empty if it has none, or is no file that is read tensor by tensor."""
        if not (is_network(part) and part in self.files and self.files.folder(part).is_dir()):
            return {}
        return self.files.weight_file(part).header


def working_bytes(version: Version, files: ModelFiles, request: GenerationRequest, rows: int) -> int:
    """Numbers that a step of the decoder on ``rows``, or the codec on one picture, has in memory beside the weights."""
    pixels = _pixels(version, request)
    decoder, codec = _config(files, "unet", _DECODER), _config(files, version.codec_part, _CODEC)
    return max(rows * pixels // 64 * _decoder_numbers(decoder), pixels * _codec_numbers(codec))


def _decoder_numbers(config: Mapping[str, Any]) -> int:
    """Per latent cell and row: what the way down has put by for the way up, and the last block, which is at full size
    and reads what it was given beside what was put by."""
    widths: list[int] = list(config["block_out_channels"])
    layers = int(config["layers_per_block"])
    put_by = widths[0] + sum(layers * (width >> 2 * level) for level, width in enumerate(widths))
    put_by += sum(width >> 2 * (level + 1) for level, width in enumerate(widths[:-1]))
    return put_by + _DECODER_TENSORS * sum(widths[:2])


def _codec_numbers(config: Mapping[str, Any]) -> int:
    """Per pixel, in the codec's last and largest block."""
    widths: list[int] = list(config["block_out_channels"])
    return _CODEC_TENSORS * max(widths[:2])


def _pixels(version: Version, request: GenerationRequest) -> int:
    """Of what is made at once: the request's own size, or the size that a part of it is repainted at."""
    spec = version.spec
    if request.task in (Task.inpaint, Task.outpaint):
        return (spec.native_size + spec.size_multiple) ** 2
    _, _, width, height = crop_box(request.width, request.height, spec.size_multiple)
    return width * height


def _config(files: ModelFiles, part: str, known: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**known, **files.config(part)} if files.folder(part).is_dir() else known
