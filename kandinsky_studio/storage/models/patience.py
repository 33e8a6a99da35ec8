"""How long one waits for a hub that is busy or out of reach, and how often it is asked again."""

from __future__ import annotations

from collections.abc import Callable

from kandinsky_studio.storage.models.hub import Interrupted

_TICK = 0.25  # seconds; how promptly somebody who gave up is heard


class Patience:
    """``tries`` in a row that bring nothing, each pause twice the one before, from ``first`` to ``longest`` seconds; a
    hub that asks to be left alone for longer than ``most`` is told to the user.

    ``check_wanted`` may raise ``Cancelled``, ``tell`` hears the seconds left while it waits.
    """

    def __init__(
        self,
        tries: int,
        first: float,
        longest: float,
        most: float,
        *,
        check_wanted: Callable[[], None],
        sleep: Callable[[float], None],
        tell: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._tries, self._first, self._longest, self._most = tries, first, longest, most
        self._check_wanted, self._sleep, self._tell = check_wanted, sleep, tell
        self._tried = 0

    def wait(self, reason: Interrupted, brought: bool = False) -> None:
        """Wait before the next try; ``brought`` says that the last one brought something. Raises ``reason.error`` if
        there is no sense in another one."""
        self._tried = 0 if brought else self._tried + 1
        if self._tried >= self._tries or (reason.wait or 0) > self._most:
            raise reason.error from reason
        left = reason.wait or min(self._first * 2**self._tried, self._longest)
        while left > 0:
            self._check_wanted()
            self._tell(left)
            self._sleep(min(left, _TICK))
            left -= _TICK
        self._check_wanted()
