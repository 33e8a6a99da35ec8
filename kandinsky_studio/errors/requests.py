"""Requests that can't be carried out as they stand."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, Refusal


class InvalidRequest(Refusal):
    """The request can't be carried out as it stands; nothing was started."""


class EmptyPrompt(InvalidRequest):
    message = QT_TRANSLATE_NOOP("errors", "There is no prompt yet.")
    hint = QT_TRANSLATE_NOOP("errors", "Describe the picture in a few words, then generate.")


class PromptTooLong(InvalidRequest):
    """Values: ``length``, ``limit`` (characters)."""

    message = QT_TRANSLATE_NOOP("errors", "The prompt has {length} characters; {limit} is the most it can have.")
    hint = QT_TRANSLATE_NOOP("errors", "Shorten it: the models read about 60 words.")


class SizeOutOfRange(InvalidRequest):
    """Values: ``width``, ``height``, ``minimum``, ``maximum`` (pixels)."""

    message = QT_TRANSLATE_NOOP("errors", "A picture of {width} × {height} pixels can't be made.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a width and a height from {minimum} to {maximum} pixels.")


class ValueOutOfRange(InvalidRequest):
    """Values: ``name``, ``value``, ``minimum``, ``maximum``."""

    message = QT_TRANSLATE_NOOP("errors", "{name} can't be {value}.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a value from {minimum} to {maximum}.")


class UnknownModel(InvalidRequest):
    """Values: ``model``, ``known``."""

    message = QT_TRANSLATE_NOOP("errors", "There is no model called “{model}”.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of {known}, or give the folder that holds a model.")


class UnknownScheduler(InvalidRequest):
    """Values: ``scheduler``, ``known``."""

    message = QT_TRANSLATE_NOOP("errors", "There is no scheduler called “{scheduler}”.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of {known}.")


class UnsupportedTask(InvalidRequest):
    """Values: ``model``, ``task``, ``instead`` (the models that can)."""

    message = QT_TRANSLATE_NOOP("errors", "{model} can't do “{task}”.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of these for it: {instead}.")


class MissingInput(InvalidRequest):
    """Values: ``task``, ``name``."""

    message = QT_TRANSLATE_NOOP("errors", "For “{task}”, “{name}” is needed.")
    hint = QT_TRANSLATE_NOOP("errors", "Give it, or choose another way to make the picture.")


class UnknownValue(InvalidRequest):
    """Values: ``name``, ``value``, ``known``."""

    message = QT_TRANSLATE_NOOP("errors", "{name} can't be “{value}”.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of {known}.")


class WrongSize(InvalidRequest):
    """Values: ``name``, ``width``, ``height``, ``needed_width``, ``needed_height`` (pixels)."""

    message = QT_TRANSLATE_NOOP(
        "errors", "The size of “{name}” is {width} × {height} pixels instead of {needed_width} × {needed_height}."
    )
    hint = QT_TRANSLATE_NOOP("errors", "Scale it, cut it, or change the size of the picture.")


class WeightsCancelOut(InvalidRequest):
    message = QT_TRANSLATE_NOOP("errors", "The weights of the mix leave nothing of it.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose weights whose sum is not zero, and none below zero in a spherical mix.")


class UnusableArray(InvalidRequest, ValueError, TypeError):
    """An array that is no picture, mask or depth map. Values: ``reason``."""

    message = QT_TRANSLATE_NOOP("errors", "This can't be used as a picture: {reason}.")
    hint = QT_TRANSLATE_NOOP("errors", "Give a picture of bytes with three channels, or a mask with one.")


class ArrayNotKept(InvalidRequest):
    """A request that was read without its pictures."""

    message = QT_TRANSLATE_NOOP("errors", "The file does not hold the pictures that this one was made from.")
    hint = QT_TRANSLATE_NOOP("errors", "Repeat it from the PNG file, which holds them, or give them again.")


class OtherEncoder(InvalidRequest):
    """Values: ``model``, ``length``, ``needed`` (numbers in an embedding)."""

    message = QT_TRANSLATE_NOOP("errors", "A saved idea has {length} numbers; {model} needs {needed}.")
    hint = QT_TRANSLATE_NOOP("errors", "Use an idea that was saved with this model.")


class IdeaOfAnotherModel(InvalidRequest):
    """A saved idea whose image encoder is known, and another than the model's. Values: ``model``."""

    message = QT_TRANSLATE_NOOP(
        "errors", "A saved idea comes from a model that sees pictures differently than {model}."
    )
    hint = QT_TRANSLATE_NOOP("errors", "Use an idea that was saved with this model.")
