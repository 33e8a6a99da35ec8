"""The parts of a model as torch modules, read from its folders one by one and let go of one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from kandinsky_studio.engine import memory
from kandinsky_studio.engine.compressed import compress, pays
from kandinsky_studio.engine.memory import Tier, is_out_of_memory
from kandinsky_studio.engine.movq import speed_up
from kandinsky_studio.engine.reading import filled
from kandinsky_studio.engine.weights import ModelFiles, is_network
from kandinsky_studio.errors import BrokenModel, Cancelled, StudioError

Read = Callable[[ModelFiles, str, torch.dtype, bool], Any]
"""What reads a part: ``Version.read``."""

_CLASSES = {
    "prior": "PriorTransformer",
    "text_encoder": "CLIPTextModelWithProjection",
    "image_encoder": "CLIPVisionModelWithProjection",
    "multilingual_text_encoder": "MultilingualCLIP",
    "unet": "UNet2DConditionModel",
    "inpaint_unet": "UNet2DConditionModel",
    "depth_unet": "UNet2DConditionModel",
    "movq": "VQModel",
}
"""The networks in diffusers' layout and their classes, there or in transformers."""


class Components:
    """The loaded parts of one model, on ``device`` and in ``dtype``.

    ``components["unet"]`` is the module; the schedulers are their configurations (dictionaries), because each
    picture gets a scheduler of its own. Asking for a part that is not loaded raises ``KeyError``.
    """

    def __init__(self, files: ModelFiles, read: Read, device: torch.device, dtype: torch.dtype) -> None:
        self.files = files
        self._reader = read
        self.device = device
        self.dtype = dtype
        self.tier = Tier.resident
        """How parts are loaded from now on."""
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, part: str) -> Any:
        return self._loaded[part]

    def __len__(self) -> int:
        """How many parts are loaded."""
        return len(self._loaded)

    def missing(self, parts: Iterable[str]) -> list[str]:
        """Those of ``parts`` that are not loaded."""
        return [part for part in parts if part not in self._loaded]

    def load(self, parts: Iterable[str], on_loaded: Callable[[str], None] = lambda part: None) -> None:
        """Load what is missing of ``parts``; ``on_loaded`` is called after each and may raise ``Cancelled``.

        Raises ``ModelNotFound`` or ``BrokenModel``; what was loaded before stays.
        """
        for part in self.missing(parts):
            with _reasons(self.files.title, part):
                self._loaded[part] = self._read(part)
            memory.give_back(self.device)
            on_loaded(part)

    def held(self) -> int:
        """Bytes that the loaded parts take."""
        modules = [part for part in self._loaded.values() if isinstance(part, torch.nn.Module)]
        return sum(tensor.nbytes for module in modules for tensor in (*module.parameters(), *module.buffers()))

    def keep(self, parts: Iterable[str]) -> None:
        """Let go of all but ``parts``."""
        self.release(set(self._loaded) - set(parts))

    def release(self, parts: Iterable[str]) -> None:
        """Let go of ``parts``; their memory is free again."""
        for part in parts:
            self._loaded.pop(part, None)
        memory.give_back(self.device)

    def _read(self, part: str) -> Any:
        offloads = self.tier is Tier.offloaded and part.endswith("unet")
        compresses = self.tier >= Tier.compressed and not offloads and pays(part)
        read = self._reader(self.files, part, self.dtype, compresses)
        if not isinstance(read, torch.nn.Module):
            return read
        module: Any = read.eval().requires_grad_(False)
        if offloads:
            place = {"onload_device": self.device, "offload_device": torch.device("cpu")}
            module.enable_group_offload(**place, offload_type="leaf_level")
            return module
        if compresses:
            compress(module)  # what reading did not do yet
        return module.to(device=self.device, memory_format=_memory_format(part))


def read(files: ModelFiles, part: str, dtype: torch.dtype, compress: bool = False) -> Any:
    """A part in diffusers' layout: a network in ``dtype``, a tokenizer, or a configuration as a dictionary.

    With ``compress`` large weights may already wait in eight bits. Raises ``ModelNotFound``, ``BrokenModel``, and
    whatever the libraries say about files that do not fit.
    """
    if part == "tokenizer":
        from transformers import CLIPTokenizer

        return CLIPTokenizer.from_pretrained(files.folder(part), local_files_only=True)
    if part == "image_processor" and part not in files:
        return {}
    if not is_network(part):
        return files.config(part)
    module = _network(files, part, dtype, compress)
    if part == "prior":
        _check_prior(module.config)
    if part == "movq":
        speed_up(module)
    return module


def _network(files: ModelFiles, part: str, dtype: torch.dtype, compress: bool) -> Any:
    weight_file = files.weight_file(part)
    if weight_file.header:
        module = filled(lambda: empty(files, part), weight_file, dtype, _memory_format(part), compress)
        if module is not None:
            return module
    module, report = network_class(part).from_pretrained(  # which knows names that weights had in earlier years
        files.folder(part),
        variant=weight_file.variant,
        use_safetensors=weight_file.path.suffix == ".safetensors",
        local_files_only=True,
        output_loading_info=True,
        dtype=dtype,
    )
    if missing := list(report["missing_keys"]):  # the libraries would fill them with noise
        raise BrokenModel(model=files.title, reason=f"“{part}” lacks weights, such as {missing[0]}")
    return module


def _memory_format(part: str) -> torch.memory_format:
    """Convolutions are most of a decoder's work, and they are faster with the channels innermost."""
    return torch.channels_last if part.endswith("unet") else torch.preserve_format


def empty(files: ModelFiles, part: str) -> Any:
    """A network as its configuration says, with weights by chance."""
    network = network_class(part)
    if hasattr(network, "from_config"):
        return network.from_config(files.config(part))
    return network(network.config_class.from_pretrained(files.folder(part)))


def network_class(part: str) -> Any:
    """The class of a network in diffusers' layout."""
    import diffusers
    import transformers
    from diffusers.pipelines.kandinsky.text_encoder import MultilingualCLIP

    name = _CLASSES[part]
    if name == MultilingualCLIP.__name__:
        return MultilingualCLIP
    return getattr(diffusers, name, None) or getattr(transformers, name)


def _check_prior(config: Any) -> None:
    plain = (config.added_emb_type, config.encoder_hid_proj_type, config.embedding_proj_norm_type, config.norm_in_type)
    if plain != ("prd", "linear", None, None):
        raise ValueError("its prior is not one of Kandinsky 2")


@contextlib.contextmanager
def _reasons(title: str, part: str) -> Iterator[None]:
    """Turn whatever a library says about a file into ``BrokenModel``, and keep it from writing on the terminal."""
    with quiet():
        try:
            yield
        except (StudioError, Cancelled):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise BrokenModel(model=title, reason=f"“{part}” does not fit ({reason})") from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries from writing on the terminal while they load something."""
    libraries = (diffusers_logging, transformers_logging)
    verbosity = [library.get_verbosity() for library in libraries]
    bars = transformers_logging.is_progress_bar_enabled()
    for library in libraries:
        library.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        for library, level in zip(libraries, verbosity, strict=True):
            library.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()
