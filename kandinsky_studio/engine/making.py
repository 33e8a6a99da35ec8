"""The pictures of one request: what is made together, what is told meanwhile, and what is left when memory runs out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from kandinsky_studio.engine import ideas, memory, painting
from kandinsky_studio.engine.conditioning import Conditions
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.progress import Meter
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Pixels, Stage


def pictures(
    model: LoadedModel,
    requests: Sequence[GenerationRequest],
    meter: Meter,
    together: int = 1,
    watch: painting.Watching = contextlib.nullcontext,
) -> Iterator[GenerationResult]:
    """The pictures of ``requests``, which differ in seeds only, up to ``together`` at a time, each once it is finished.

    When memory runs out, half as many are made together, at last one; then, with less of the model kept in memory,
    that one once more. What was finished is not made again. The decoder runs inside what ``watch`` makes.
    """
    done, found, ran_out = 0, False, False
    while done < len(requests):
        group = requests[done : done + together]
        if ran_out:  # outside of the handler, where the traceback held the tensors of the try before
            if found and len(group) > 1:
                together = len(group) // 2
                memory.give_back(model.device)
            else:
                model.step_down()
                found = False
            ran_out = False
            continue
        try:
            if not found and model.tier is not Tier.resident:
                for k in range(done, len(requests)):  # all ideas first: the stages change once, not once per picture
                    _condition(model, requests[k], meter, k)
            found = True
            for result in _made(model, group, meter, done, watch):
                done += 1
                yield result
        except Exception as error:
            if not memory.is_out_of_memory(error) or (model.lowest and (len(group) == 1 or not found)):
                raise
            ran_out = True


def _made(
    model: LoadedModel, requests: Sequence[GenerationRequest], meter: Meter, first: int, watch: painting.Watching
) -> Iterator[GenerationResult]:
    """The pictures of ``requests``, the first of which is picture ``first`` of the job, made in one loop."""
    clock = _Clock(len(requests))
    conditions = [_condition(model, request, meter, first + k) for k, request in enumerate(requests)]
    clock.lap(Stage.prior)
    count = len(requests)
    meter.step(Stage.decoder, first, 0)

    def on_previews(step: int, preview: Callable[[], Pixels]) -> None:
        meter.step(Stage.decoder, first, step, preview() if meter.watched else None, count)

    finishes = painting.paint_together(model, requests, conditions, on_previews, watch)
    clock.lap(Stage.decoder)
    for k, (request, finish) in enumerate(zip(requests, finishes, strict=True)):
        meter.step(Stage.decoding, first + k, 0)
        memory.give_back(model.device)  # what the loop is done with; the codec wants larger pieces
        image = finish()
        embeds = conditions[k].image_embeds
        yield GenerationResult(
            image=image,
            request=request,
            image_embeds=None if embeds is None else embeds[0].numpy().copy(),
            timings=clock.with_own(Stage.decoding),
            device=str(model.device),
            dtype=model.precision,
            weights=model.fingerprint_for(request),
            tier=model.tier,
        )
        meter.step(Stage.decoding, first + k, 1)


def _condition(model: LoadedModel, request: GenerationRequest, meter: Meter, k: int) -> Conditions:
    """What the decoder is shown of picture ``k``, computed or remembered."""
    done = 0

    def on_step(_: int) -> None:  # of whichever run of the prior: a mix of words has one for each
        nonlocal done
        done += 1
        meter.step(Stage.prior, k, done)

    meter.step(Stage.prior, k, 0)
    conditions = model.condition(request, on_step)
    meter.skip(Stage.prior, k, ideas.step_count(request, ideas.is_blind(model)))
    return conditions


class _Clock:
    """Seconds per stage of one picture, of ``pictures`` that are made together."""

    def __init__(self, pictures: int) -> None:
        self._pictures = pictures
        self._laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: Stage) -> None:
        """Book the time since the last lap, shared by all pictures."""
        self._laps[str(stage)] = self._passed() / self._pictures

    def with_own(self, stage: Stage) -> dict[str, float]:
        """All stages of one picture; the time since the last call is its own ``stage``."""
        return {**self._laps, str(stage): self._passed()}

    def _passed(self) -> float:
        now = time.perf_counter()
        passed, self._since = now - self._since, now
        return passed
