"""What will be sent for what is typed: one text, or one of many; and the request that says so."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from kandinsky_studio.app.mix_slots import layers_in
from kandinsky_studio.app.wording import templates
from kandinsky_studio.app.wording.styling import Texts, styled
from kandinsky_studio.app.wording.templates import Lines, TooManyTurns
from kandinsky_studio.engine.request import MAX_SEED, MAX_WORDINGS, GenerationRequest
from kandinsky_studio.errors import LayersDiffer, UnknownWildcard, WildcardsInACircle
from kandinsky_studio.storage.wording import Style

EXAMPLES = 5
ALL_AT_MOST = MAX_WORDINGS
"""Combinations that are made at one go."""


@dataclass(frozen=True)
class Prospect:
    """What is sent. ``sent`` is one of ``count`` texts that ``examples`` begin; ``missing`` wildcards and one that goes
    round in a ``circle`` keep anything from being sent. ``tidy`` says that it is just what was typed."""

    typed: Texts
    sent: Texts
    count: int = 1
    examples: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    circle: str = ""

    @property
    def chooses(self) -> bool:
        """Whether there is more than one text to choose from."""
        return self.count > 1

    @property
    def tidy(self) -> bool:
        return self.sent == Texts(self.typed.prompt.strip(), self.typed.negative.strip())


def prospect(typed: Texts, styles: Sequence[Style], lines: Lines, seed: int) -> Prospect:
    """What will be sent for what is ``typed``, with ``seed`` as an example. Never raises."""
    sources = styled(typed, styles)
    template, negative = templates.parse(sources.prompt), templates.parse(sources.negative)
    missing = tuple(dict.fromkeys([*templates.missing(template, lines), *templates.missing(negative, lines)]))
    try:
        return Prospect(
            typed,
            _chosen(template, negative, lines, seed),
            templates.count(template, lines),
            tuple(templates.every(template, lines, EXAMPLES)),
            missing,
        )
    except TooManyTurns as error:
        return Prospect(typed, sources, missing=missing, circle=str(error))


def _chosen(template: templates.Template, negative: templates.Template, lines: Lines, seed: int) -> Texts:
    # The negative prompt has a chance of its own: otherwise the first choices of both would go together.
    other = seed + MAX_SEED + 1
    prompt, avoided = templates.choose(template, lines, seed), templates.choose(negative, lines, other)
    return Texts(prompt.strip(), avoided.strip())


def completed(
    request: GenerationRequest, styles: Sequence[Style], lines: Lines, every: bool, has_prior: bool
) -> GenerationRequest:
    """``request`` with the words of each picture in place of what was typed, which is kept beside them.

    The choice follows from the seed of the picture's idea, or of its rendering where there is no prior. With ``every``
    there is a picture of each combination, at most ``ALL_AT_MOST``. Layers that are named stay in the prompt, for the
    mix. Raises ``UnknownWildcard``, ``WildcardsInACircle`` or ``LayersDiffer``.
    """
    typed = Texts(request.prompt, request.negative_prompt)
    sources = styled(typed, styles)
    template, negative = templates.parse(sources.prompt), templates.parse(sources.negative)
    for name in (*templates.missing(template, lines), *templates.missing(negative, lines)):
        raise UnknownWildcard(name=name)
    try:
        prompts = templates.every(template, lines, ALL_AT_MOST) if every and not template.plain else []
        if prompts:
            request = dataclasses.replace(request, num_images_per_prompt=len(prompts))
        seeds = [one.prior_seed if has_prior else one.seed for one in request.pictures()]
        chosen = [_chosen(template, negative, lines, seed) for seed in seeds]
    except TooManyTurns as error:
        raise WildcardsInACircle(name=str(error)) from error
    if prompts:
        chosen = [Texts(prompt.strip(), words.negative) for prompt, words in zip(prompts, chosen, strict=True)]
    layers = [layers_in(words.prompt)[1] for words in chosen]
    if any(names != layers[0] for names in layers):
        raise LayersDiffer
    first = chosen[0]
    own = () if len(set(chosen)) == 1 else tuple((layers_in(words.prompt)[0], words.negative) for words in chosen)
    differs = own or layers[0] or first != typed
    return dataclasses.replace(
        request,
        prompt=first.prompt,
        negative_prompt=first.negative,
        wordings=own,
        prompt_template=typed.prompt if differs else "",
        negative_template=typed.negative if differs else "",
    )
