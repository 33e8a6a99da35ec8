"""CLIP image embeddings: what a mix is made of, mixing, looking for the nearest, and keeping one in a file."""

from __future__ import annotations

import base64
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kandinsky_studio.engine.files import write_whole
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.errors import NewerFile

if TYPE_CHECKING:  # a request has slots, so its module may import this one
    from kandinsky_studio.engine.arrays import Embedding

FORMAT = "kandinsky-studio embedding 1"
"""What a file of :func:`save` says it is: the idea of a picture."""

DIRECTION = "kandinsky-studio direction 1"
"""The same of a file with what is added to an idea, such as a style; it is none itself."""

MAX_DIMENSIONS = 65_536  # the models have 768 and 1280

_TENSOR = "image_embeds"
_MAX_FILE = 1 << 20  # bytes; a quarter of it holds the longest embedding
_CANCELLED = 1e-6  # of the sum of their sizes: weights whose sum is below it cancel each other out
_SHORT = 1e-6  # of the longest: an embedding below it has no direction
_OPPOSITE = 1e-3  # radians from opposite, where any way round is as good as another
_SAME = 1e-9  # radians, where a great circle and a straight line are one
_ROUNDS = 100  # of the spherical mean; a handful does for directions in one hemisphere


class SavedEmbedding:
    """An embedding, float32 (dimensions,), read-only, and the image encoder that it is of; equal bit by bit."""

    __slots__ = ("_bytes", "_encoder", "_values")

    def __init__(self, values: Embedding, encoder: str) -> None:
        """A copy of ``values``. ``encoder`` is the fingerprint of the image encoder. Raises ``TypeError``/``ValueError``.

        The numbers must be finite.
        """
        if getattr(values, "dtype", None) != np.float32:
            raise TypeError(f"an embedding of {getattr(values, 'dtype', type(values).__name__)}, not float32")
        if values.ndim != 1 or not 1 <= len(values) <= MAX_DIMENSIONS:
            raise ValueError(f"an embedding of shape {tuple(values.shape)}")
        if not np.isfinite(values).all():
            raise ValueError("an embedding that is not finite")
        if type(encoder) is not str:
            raise TypeError(f"encoder is {encoder!r}")
        encoder.encode("utf-8")  # a half surrogate could not be written to a file
        self._encoder = encoder
        self._bytes = values.astype("<f4").tobytes()
        self._values: Embedding = np.frombuffer(self._bytes, "<f4").astype(np.float32, copy=False)
        self._values.setflags(write=False)

    @property
    def values(self) -> Embedding:
        return self._values

    @property
    def encoder(self) -> str:
        return self._encoder

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SavedEmbedding):
            return NotImplemented
        return (self._encoder, self._bytes) == (other._encoder, other._bytes)

    def __hash__(self) -> int:
        return hash((self._encoder, self._bytes))

    def __repr__(self) -> str:
        return f"<SavedEmbedding of {len(self._values)} numbers, {self._encoder!r}>"

    def __copy__(self) -> SavedEmbedding:
        return self

    def __deepcopy__(self, memo: object) -> SavedEmbedding:
        return self

    def to_json(self) -> dict[str, Any]:
        """JSON values that :meth:`from_json` reads back exactly."""
        return {"encoder": self._encoder, "values": base64.b64encode(self._bytes).decode("ascii")}

    @classmethod
    def from_json(cls, values: Any) -> SavedEmbedding:
        """What :meth:`to_json` wrote. Raises ``ValueError`` or ``TypeError``."""
        if not isinstance(values, Mapping) or not isinstance(values.get("values"), str):
            raise TypeError("not an embedding")
        content = base64.b64decode(values["values"], validate=True)
        return cls(np.frombuffer(content, "<f4").astype(np.float32), values.get("encoder", ""))


@dataclass(frozen=True)
class Slot:
    """One ingredient of a mix: exactly one of ``prompt``, ``image`` and ``embedding``.

    ``weight`` is any finite number. ``negative`` slots make up what guidance leads away from. An ``added`` one is not
    mixed: what it holds, times its weight, is added to the idea that the others or the words make, see :func:`add`.
    Raises ``TypeError`` or ``ValueError``.
    """

    prompt: str | None = None
    image: Raster | None = None
    embedding: SavedEmbedding | None = None
    weight: float = 1.0
    negative: bool = False
    added: bool = False

    def __post_init__(self) -> None:
        kinds: tuple[tuple[str, type], ...] = (("prompt", str), ("image", Raster), ("embedding", SavedEmbedding))
        given = [(name, kind) for name, kind in kinds if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a slot holds one of a prompt, an image and an embedding")
        [(name, kind)] = given
        if not isinstance(getattr(self, name), kind):
            raise TypeError(f"{name} is {getattr(self, name)!r}")
        if not isinstance(self.weight, float | int) or isinstance(self.weight, bool) or type(self.negative) is not bool:
            raise TypeError(f"weight is {self.weight!r}, negative is {self.negative!r}")
        if type(self.added) is not bool:
            raise TypeError(f"added is {self.added!r}")
        if self.added and self.negative:
            raise ValueError("a slot is added or negative, not both; a weight below 0 takes away")
        if not abs(self.weight) <= sys.float_info.max:  # also what is no number, and whole numbers beyond all floats
            raise ValueError(f"weight is {self.weight!r}")
        object.__setattr__(self, "weight", float(self.weight))

    def to_json(self, with_pixels: bool = True) -> dict[str, Any]:
        """JSON values that :meth:`from_json` reads back; the image is absent in them if ``with_pixels`` is false."""
        values: dict[str, Any] = {"weight": self.weight, "negative": self.negative}
        if self.added:  # absent otherwise, as it was before there was such a thing
            values["added"] = True
        if self.prompt is not None:
            values["prompt"] = self.prompt
        if self.image is not None:
            values["image"] = self.image.to_json(with_pixels)
        if self.embedding is not None:
            values["embedding"] = self.embedding.to_json()
        return values

    @classmethod
    def from_json(cls, values: Any) -> Slot:
        """What :meth:`to_json` wrote. Raises ``ValueError`` or ``TypeError``."""
        if not isinstance(values, Mapping):
            raise TypeError("not a slot")
        read = {name: values[name] for name in ("prompt", "weight", "negative", "added") if name in values}
        if "image" in values:
            read["image"] = Raster.from_json(values["image"])
        if "embedding" in values:
            read["embedding"] = SavedEmbedding.from_json(values["embedding"])
        return cls(**read)


def weights_problem(weights: Sequence[float], *, spherical: bool = False, normalised: bool = True) -> str | None:
    """Why :func:`mix` can't work with these weights, in a few words; None if it can."""
    size = sum(abs(weight) for weight in weights)
    if len(weights) == 0:
        return "there is nothing to mix"
    if not math.isfinite(size):
        return "a weight is not a finite number"
    if spherical and min(weights) < 0:
        return "a spherical mix has no negative weights"
    if (spherical or normalised) and abs(sum(weights)) <= _CANCELLED * size:
        return "the weights add up to nothing"
    return None


def mix(
    embeddings: Sequence[Embedding], weights: Sequence[float], *, spherical: bool = False, normalised: bool = True
) -> Embedding:
    """One embedding, float32 (D,), of several, each (D,), by weight.

    Linear: Σ wᵢ·eᵢ, the weights divided by their sum unless ``normalised`` is false, which is then diffusers'
    ``interpolate``. Spherical: the weighted mean of the directions on the sphere, for two their slerp, at the length
    Σ wᵢ·‖eᵢ‖; where directions have no such mean (a zero vector, opposite ones) the linear mix. Raises ``ValueError``
    for what :func:`weights_problem` names, for embeddings that differ in shape and for numbers that are not finite.
    """
    problem = weights_problem(weights, spherical=spherical, normalised=normalised)
    if problem is not None:
        raise ValueError(problem)
    rows = np.stack([np.asarray(embedding, np.float64) for embedding in embeddings])  # (n, D)
    if rows.ndim != 2 or len(rows) != len(weights):
        raise ValueError(f"embeddings of shape {rows.shape} and {len(weights)} weights")
    shares = np.asarray(weights, np.float64)
    if normalised:
        shares = shares / shares.sum()
    mixed = shares @ rows
    if spherical:
        used = shares > 0
        lengths = np.linalg.norm(rows[used], axis=1)
        if lengths.min() > _SHORT * lengths.max():
            direction = _mean_direction(rows[used] / lengths[:, None], shares[used] / shares.sum())
            if direction is not None:
                mixed = shares[used] @ lengths * direction
    with np.errstate(over="ignore"):
        result: Embedding = mixed.astype(np.float32)
    if not np.isfinite(result).all():
        raise ValueError("the mix is not finite")
    return result


def add(idea: Embedding, directions: Sequence[Embedding], weights: Sequence[float]) -> Embedding:
    """``idea`` (D,) with Σ wᵢ·dᵢ added, float32, as long as it was: what it says changes, not how loudly.

    The very same array if all weights are 0. Raises ``ValueError`` for shapes that differ, for numbers that are not
    finite, and where nothing is left.
    """
    if not any(weights):
        return idea
    rows = np.stack([np.asarray(row, np.float64) for row in (idea, *directions)])
    if rows.ndim != 2 or len(rows) != len(weights) + 1:
        raise ValueError(f"embeddings of shape {rows.shape} and {len(weights)} weights")
    moved = rows[0] + np.asarray(weights, np.float64) @ rows[1:]
    length, before = float(np.linalg.norm(moved)), float(np.linalg.norm(rows[0]))
    if not math.isfinite(length) or length <= _SHORT * before:
        raise ValueError("nothing is left of the idea")
    return np.asarray(moved * (before / length), np.float32)


def take_off(moved: Embedding, directions: Sequence[Embedding], weights: Sequence[float]) -> Embedding:
    """The idea that :func:`add` made ``moved`` of, float32 (D,).

    With d = Σ wᵢ·dᵢ it is s·moved − d, where s > 0 makes it as long as ``moved``. Of what was added more than the idea
    is long there may be two such, of which this is the nearer to ``moved``, or none, and then ``moved`` itself is given.
    """
    if not any(weights):
        return moved
    there = np.asarray(moved, np.float64)
    added = np.asarray(weights, np.float64) @ np.stack([np.asarray(row, np.float64) for row in directions])
    along, square = float(there @ added), float(there @ there)
    root = along**2 - square * (float(added @ added) - square)
    if root < 0 or square == 0:
        return moved
    return np.asarray((along + math.sqrt(root)) / square * there - added, np.float32)


def between(a: Embedding, b: Embedding, count: int, spherical: bool = False) -> list[Embedding]:
    """``count`` (2 or more) embeddings from ``a`` to ``b`` in even steps, both ends included exactly."""
    if count < 2:
        raise ValueError(f"{count} embeddings can't include both ends")
    shares = [step / (count - 1) for step in range(1, count - 1)]
    inner = [mix([a, b], [1 - share, share], spherical=spherical) for share in shares]
    return [a.astype(np.float32), *inner, b.astype(np.float32)]


def similarity(a: Embedding, b: Embedding) -> float:
    """The cosine of the angle between two embeddings, -1…1; 0 if one of them is zero."""
    left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
    lengths = float(np.linalg.norm(left) * np.linalg.norm(right))
    return float(np.clip(left @ right / lengths, -1, 1)) if lengths else 0.0


def nearest(
    query: Embedding, matrix: npt.NDArray[np.float32], count: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """The ``count`` rows of ``matrix`` (N, D) nearest to ``query`` (D,): their indices, and their cosines (float32).

    Nearest first, equally near ones in the order of the matrix; fewer if there are fewer rows. A row that is zero, or
    not finite, counts as 0. Raises ``ValueError`` if the shapes do not fit.
    """
    if matrix.ndim != 2 or query.shape != matrix.shape[1:]:
        raise ValueError(f"a query of shape {query.shape} among {matrix.shape}")
    with np.errstate(all="ignore"):
        lengths = np.sqrt(np.einsum("nd,nd->n", matrix, matrix)) * np.sqrt(query @ query)
        cosines = np.nan_to_num(matrix @ query / lengths, nan=0.0, posinf=0.0, neginf=0.0)
    cosines = np.clip(cosines, -1, 1).astype(np.float32, copy=False)
    order = np.argsort(-cosines, kind="stable")[: max(count, 0)]
    return order, cosines[order]


def save(path: Path, embedding: SavedEmbedding, kind: str = FORMAT) -> None:
    """Write ``embedding`` to ``path`` as safetensors of this ``kind``, whole or not at all. Raises ``OSError``."""
    import safetensors.numpy

    content = safetensors.numpy.save(
        {_TENSOR: embedding.values}, metadata={"encoder": embedding.encoder, "format": kind}
    )
    write_whole(path, content)


def _is_newer(said: str, kind: str) -> bool:
    """Whether ``said`` is ``kind`` with a higher number at its end."""
    name, _, number = said.rpartition(" ")
    known, _, ours = kind.rpartition(" ")
    return name == known and number.isdecimal() and int(number) > int(ours)


def load(path: Path, kind: str = FORMAT) -> SavedEmbedding:
    """What :func:`save` wrote.

    Raises ``ValueError`` with a short reason if it is no file of this ``kind``, ``NewerFile``, ``OSError``.
    """
    from safetensors import SafetensorError, safe_open

    if path.stat().st_size > _MAX_FILE:
        raise ValueError("too large for an embedding")
    try:
        with safe_open(path, framework="numpy") as file:
            about = file.metadata() or {}
            if _is_newer(about.get("format", ""), kind):
                raise NewerFile(file=path.name)
            if about.get("format") != kind:
                raise ValueError("not an embedding of this program")
            if list(file.keys()) != [_TENSOR] or file.get_slice(_TENSOR).get_dtype() != "F32":
                raise ValueError("not one embedding of float32")
            return SavedEmbedding(file.get_tensor(_TENSOR), about.get("encoder", ""))
    except SafetensorError as error:
        raise ValueError("not a safetensors file") from error


def _mean_direction(
    directions: npt.NDArray[np.float64], shares: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64] | None:
    """The weighted mean on the sphere of unit vectors (n, D), shares (n,) adding up to 1; None if there is none."""
    if len(directions) == 2:
        return _slerp(directions[0], directions[1], shares[1])
    # Buss & Fillmore, “Spherical averages and applications to spherical splines and interpolation”, ACM Transactions
    # on Graphics 20 (2001), algorithm A1: go by the mean of the ways to each direction until that mean is nothing.
    mean = shares @ directions
    length = np.linalg.norm(mean)
    if length < _OPPOSITE:
        return None
    mean = mean / length
    for _ in range(_ROUNDS):
        cosines = directions @ mean
        ways = directions - cosines[:, None] * mean  # along the sphere, as long as the sine of the angle
        sines = np.linalg.norm(ways, axis=1)
        angles = np.arctan2(sines, cosines)
        if angles.max() > math.pi - _OPPOSITE:
            return None
        stretch = np.divide(angles, sines, out=np.ones_like(angles), where=sines > _SAME)
        way = (shares * stretch) @ ways
        angle = np.linalg.norm(way)
        if angle < 1e-12:
            break
        mean = np.cos(angle) * mean + np.sin(angle) / angle * way
        mean = mean / np.linalg.norm(mean)
    return mean


def _slerp(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.float64] | None:
    """The unit vector at ``share`` (0…1) of the great circle from ``a`` to ``b``; None if they are opposite.

    Shoemake, “Animating rotation with quaternion curves”, SIGGRAPH 1985.
    """
    angle = 2 * math.atan2(float(np.linalg.norm(a - b)), float(np.linalg.norm(a + b)))
    if angle > math.pi - _OPPOSITE:
        return None
    if angle < _SAME:
        return a
    mixed: npt.NDArray[np.float64] = (math.sin((1 - share) * angle) * a + math.sin(share * angle) * b) / math.sin(angle)
    return mixed
