"""The one sampling loop of the decoders: noise or a picture in, latents out, and a look at every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from kandinsky_studio.engine.conditioning import Conditioning, stacked
from kandinsky_studio.engine.schedulers import keeps_variance, part_of_the_way, set_steps, step_arguments

OnStep = Callable[[int, torch.Tensor], None]
"""Called after a step with the steps done (from 1) and the clean latents (B, C, h, w) that the model predicts."""

CleanRule = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Known:
    """The part of a picture that stays.

    ``latents`` (B, C, h, w) of the picture; ``repaint`` (B, 1, h, w) in 0…1, how freely a cell may change. A cell is
    held at the picture, noised to the level at hand, for the first ``1 - repaint`` of the steps: at 0 always, at 1
    never, in between as long as that (differential diffusion, Levin and Fried 2023). For masks of 0 and 1 this is
    what the stock pipeline of 2.2 does. ``held`` False leaves the picture to the network's own inputs; the stock
    pipeline of 2.1 does, which is what ours is compared with. ``clean`` True holds the prediction of the clean picture
    instead, as 2.0 does.
    """

    latents: torch.Tensor
    repaint: torch.Tensor
    held: bool = True
    clean: bool = False

    def shown(self) -> torch.Tensor:
        """What a network with nine input channels sees beside the noise: the known picture, and where it is known."""
        keep = (self.repaint == 0).to(self.latents.dtype).expand(len(self.latents), -1, -1, -1)
        return torch.cat([self.latents * keep, keep], dim=1)

    def is_held(self, done: float) -> torch.Tensor:
        """1 where a cell is held once the share ``done`` of the steps is done, else 0."""
        return (1 - self.repaint >= done).to(self.latents.dtype)


@dataclass(frozen=True, eq=False)
class Hint:
    """A depth map that the network follows: ``image`` (B, 3, 8·h, 8·w) in 0…1, near is bright.

    It counts from the share ``start`` of the steps to the share ``end``. ``scale`` in 0…1 blends the prediction with
    that of ``plain``, the decoder without hints, which also does the steps without it; it may be None if ``scale`` is
    1 and all steps have the hint.
    """

    image: torch.Tensor
    scale: float = 1.0
    start: float = 0.0
    end: float = 1.0
    plain: Any = None

    def weight(self, done: float) -> float:
        """How much it counts when the share ``done`` of the steps is done."""
        return self.scale if self.start <= done < self.end else 0.0


@torch.inference_mode()
def begin(
    scheduler: Any,
    num_inference_steps: int,
    strength: float,
    picture: torch.Tensor | None,
    shape: tuple[int, int, int],
    generators: Sequence[torch.Generator],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What a loop begins with: latents (B, C, h, w), the noise in them, and the timesteps it goes through.

    Without ``picture`` (B, C, h, w) it is noise alone and all steps; with it, the last ``strength`` (0…1) of the
    steps, at least one, and the picture noised to their first. ``shape`` is (C, h, w); each row has its generator, so
    that it gets the same noise whatever else is in the batch.
    """
    set_steps(scheduler, num_inference_steps)
    noise = torch.cat([torch.randn((1, *shape), generator=generator) for generator in generators])
    if picture is None:
        return noise * scheduler.init_noise_sigma, noise, scheduler.timesteps
    timesteps = part_of_the_way(scheduler, strength)
    return scheduler.add_noise(picture, noise, timesteps[:1].expand(len(noise))), noise, timesteps


@torch.inference_mode()
def denoise(
    unet: Any,
    scheduler: Any,
    towards: Sequence[Conditioning],
    away: Sequence[Conditioning] | None,
    *,
    latents: torch.Tensor,
    noise: torch.Tensor,
    timesteps: torch.Tensor,
    guidance_scale: float,
    generators: Sequence[torch.Generator],
    on_step: OnStep,
    known: Known | None = None,
    hint: Hint | None = None,
    clean_rule: CleanRule | None = None,
) -> torch.Tensor:
    """The finished latents (B, C, h, w), float32 on the CPU, one row for each of ``towards``.

    ``latents``, ``noise`` and ``timesteps`` are what :func:`begin` returned. Guidance up to 1 is none at all, and then
    ``away`` is not looked at. Only the network runs on its device and in its dtype: noise and solver stay on the CPU
    in float32, so that a seed means the same noise everywhere. ``clean_rule`` changes the clean latents that are
    predicted at each step. ``on_step`` may raise to stop.
    """
    guided = guidance_scale > 1 and away is not None
    rows = [*(away or ()), *towards] if guided else list(towards)
    channels = latents.shape[1]
    network = _Network(unet, rows, hint, known if unet.config.in_channels > channels else None)
    extra = step_arguments(scheduler, list(generators))
    steps = len(timesteps)
    for i, t in enumerate(timesteps):
        noisy = scheduler.scale_model_input(latents, t)
        output = network(noisy, t, i / steps)
        prediction, variance = output[:, :channels], output[:, channels:]
        if guided:
            base, wanted = prediction.chunk(2)
            prediction = base + guidance_scale * (wanted - base)
            variance = variance.chunk(2)[1]
        clean = predicted_original(scheduler, noisy, prediction, t)
        if clean_rule is not None or (known is not None and known.clean):
            clean = _corrected(clean, clean_rule, known)
            prediction = _implied(scheduler, noisy, clean, prediction, t)
        if keeps_variance(scheduler):
            prediction = torch.cat([prediction, variance], dim=1)
        latents = scheduler.step(prediction, t, latents, **extra, return_dict=False)[0]
        if known is not None and known.held and not known.clean:
            latents = _held(known, latents, noise, scheduler, timesteps, i)
        on_step(i + 1, clean)
    return latents


class _Network:
    """The decoder with everything it is shown at each step but the noise."""

    def __init__(self, unet: Any, rows: Sequence[Conditioning], hint: Hint | None, known: Known | None) -> None:
        self._unet = unet
        self._hint = hint
        self._arguments = stacked(rows, unet.device, unet.dtype)
        self._rows = len(rows)
        self._shown = None if known is None else known.shown().to(unet.device, unet.dtype)
        if hint is not None:
            image = hint.image.to(unet.device, unet.dtype)
            self._hinted = {
                **self._arguments,
                "added_cond_kwargs": {
                    **self._arguments["added_cond_kwargs"],
                    "hint": image.repeat(self._rows // len(image), 1, 1, 1),
                },
            }

    def __call__(self, noisy: torch.Tensor, timestep: torch.Tensor, done: float) -> torch.Tensor:
        """Prediction and variance (rows, C, h, w), float32 on the CPU, when the share ``done`` of the steps is done."""
        if self._hint is None:
            return self._run(self._unet, noisy, timestep, self._arguments)
        weight = self._hint.weight(done)
        hinted = self._run(self._unet, noisy, timestep, self._hinted) if weight > 0 else None
        plain = self._run(self._hint.plain, noisy, timestep, self._arguments) if weight < 1 else None
        if hinted is None or plain is None:
            output = hinted if plain is None else plain
            assert output is not None
            return output
        return plain + weight * (hinted - plain)

    def _run(self, unet: Any, noisy: torch.Tensor, timestep: torch.Tensor, arguments: dict[str, Any]) -> torch.Tensor:
        sample = noisy.to(unet.device, unet.dtype)
        if self._shown is not None:
            sample = torch.cat([sample, self._shown.expand(len(sample), -1, -1, -1)], dim=1)
        sample = sample.repeat(self._rows // len(sample), 1, 1, 1)
        output: torch.Tensor = unet(sample, timestep.to(unet.device), **arguments, return_dict=False)[0]
        return output.float().cpu()


def _held(
    known: Known, latents: torch.Tensor, noise: torch.Tensor, scheduler: Any, timesteps: torch.Tensor, i: int
) -> torch.Tensor:
    """``latents`` after step ``i`` with the known cells put back, noised to the next timestep's level."""
    original = known.latents
    if i + 1 < len(timesteps):
        original = scheduler.add_noise(original.expand_as(latents), noise, timesteps[i + 1 : i + 2].expand(len(noise)))
    held = known.is_held((i + 1) / len(timesteps))
    return held * original + (1 - held) * latents


def _corrected(clean: torch.Tensor, rule: CleanRule | None, known: Known | None) -> torch.Tensor:
    """The predicted clean latents after the version's rule, the known picture put in, and the rule once more."""
    if rule is not None:
        clean = rule(clean)
    if known is not None and known.clean:
        clean = clean * known.repaint + known.latents * (1 - known.repaint)
        if rule is not None:
            clean = rule(clean)
    return clean


def predicted_original(
    scheduler: Any, noisy: torch.Tensor, prediction: torch.Tensor, timestep: torch.Tensor
) -> torch.Tensor:
    """The clean latents that ``prediction`` implies for ``noisy``, what the network saw, at ``timestep``.

    Works for every scheduler: after ``scale_model_input`` all of them show the network the same variance-preserving
    mixture of picture and noise.
    """
    kind = scheduler.config.prediction_type
    if kind == "sample":
        return prediction
    alpha, sigma = _levels(scheduler, timestep)
    if kind == "v_prediction":
        return torch.as_tensor(alpha * noisy - sigma * prediction)
    if kind == "epsilon":
        return torch.as_tensor((noisy - sigma * prediction) / alpha)
    raise ValueError(f"unknown prediction_type {kind!r}")


def _implied(
    scheduler: Any, noisy: torch.Tensor, clean: torch.Tensor, prediction: torch.Tensor, timestep: torch.Tensor
) -> torch.Tensor:
    """The prediction that implies ``clean``; the inverse of :func:`predicted_original`."""
    kind = scheduler.config.prediction_type
    if kind == "sample":
        return clean
    alpha, sigma = _levels(scheduler, timestep)
    if kind == "v_prediction":
        return torch.as_tensor((alpha * noisy - clean) / sigma)
    return torch.as_tensor((noisy - alpha * clean) / sigma)


def _levels(scheduler: Any, timestep: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How much of the picture and of the noise there is at ``timestep``."""
    alpha_bar = scheduler.alphas_cumprod[int(timestep.round())].clamp(min=1e-6)
    return alpha_bar**0.5, (1 - alpha_bar) ** 0.5
