"""Ctrl-C during a fit: noted even where a library swallows it, and always the same typed error."""

from __future__ import annotations

import signal
import threading
import warnings
from types import FrameType, TracebackType
from typing import Any, Self

from glmm_bayes.core.errors import Finding, GlmmError, GlmmWarning, SamplingError


class Interrupts:
    """Count a user's interrupts while it is open.

    What an interrupt makes of the code that it hits (a library's own error, a broken pipe) leaves as
    ``SamplingError`` with code ``interrupted``. Outside the main thread, which has no signals, it waits
    for a ``KeyboardInterrupt`` alone.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: Any = None
        self._has_draws = False

    def hold(self) -> None:
        """Let one interrupt wait from here on, where all draws are made; a second one ends the fit."""
        self._has_draws = True

    def warn_if_whole(self, is_whole: bool) -> None:
        """Warn of an interrupt that came too late to end anything."""
        if self.count and is_whole:
            message = "[interrupted] all draws had been made: the fit is whole."
            warnings.warn(message, GlmmWarning, stacklevel=3)

    def raise_pending(self) -> None:
        """Raise what was swallowed on the way here."""
        if self.count:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(before):
            self._before = before
            signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self._has_draws:
            # The next one is the caller's own again.
            self._has_draws = False
            return
        self._before(number, frame)

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        is_ours = isinstance(error, KeyboardInterrupt) or (self.count > 0 and isinstance(error, Exception))
        if is_ours and not isinstance(error, GlmmError):
            message = "interrupted before enough draws were made: nothing is kept."
            raise SamplingError(Finding("interrupted", message, hint="Sample again.")) from error
