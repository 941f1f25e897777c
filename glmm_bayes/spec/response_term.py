"""The left side of a formula, as it was read: no data yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from glmm_bayes.spec.expressions import Call, Expr


@dataclass(frozen=True)
class ResponseTerm:
    """The left side of a formula: an expression, and what stands after its bar (``trials(n)``).

    ``is_survival`` says that it was written as ``Surv(time, event)``, which is of positive times.
    """

    expression: Expr
    additions: tuple[Call, ...] = ()
    is_survival: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        text = str(self.expression)
        return f"{text} | {' + '.join(map(str, self.additions))}" if self.additions else text

    def names(self) -> tuple[str, ...]:
        """List the columns that the response reads, each once."""
        additions = tuple(name for addition in self.additions for name in addition.names())
        return tuple(dict.fromkeys(self.expression.names() + additions))

    def interval_ends(self) -> tuple[str, ...]:
        """List the columns of the upper ends of intervals: the second of ``cens(c, y2)``."""
        return tuple(name for call in self._censoring() for end in call.arguments[1:] for name in end.names())

    def bounds(self) -> tuple[str, ...]:
        """List the columns of the bounds of ``trunc()``."""
        bounds = [bound for call in self.additions if call.function == "trunc" for _, bound in call.options]
        return tuple(name for bound in bounds for name in bound.names())

    def of_censoring(self) -> tuple[str, ...]:
        """List the columns that say what is known of a censored response; none without ``cens()``."""
        return tuple(name for call in self._censoring() for name in (*self.expression.names(), *call.names()))

    def needed_names(self) -> tuple[str, ...]:
        """List the columns that every row needs: not upper ends of intervals, nor bounds of ``trunc()``."""
        arguments = [
            part
            for call in self.additions
            for part in (
                *call.arguments[: 1 if call.function == "cens" else None],
                *(() if call.function == "trunc" else dict(call.options).values()),
            )
        ]
        return self.expression.names() + tuple(name for part in arguments for name in part.names())

    def _censoring(self) -> list[Call]:
        return [call for call in self.additions if call.function == "cens"]
