"""What to try next, and what to give up: Optuna, asked for one trial at a time.

The sampler is the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kégl, "Algorithms for
Hyper-Parameter Optimization", NIPS 2011); the first trial has the values that would be used without a search,
so that what comes out is at least as good on the validation users. A trial is given up when its validation loss
is above the median of the others' at the same share of their trainings (Golovin et al., "Google Vizier", KDD
2017).

A study is made anew from the records of its trials, and each draw has a seed of its own: one that was
interrupted goes on with the same draws.
"""

from __future__ import annotations

import itertools
import math
import random
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pzdecl.engine.recipes.base import Value
from pzdecl.engine.recipes.ranges import Range
from pzdecl.engine.training.tuning.trials import Trial

if TYPE_CHECKING:
    import optuna

RANDOM_TRIALS = 4
"""Trials, the first among them, before the estimator has something to go by."""
PATIENT_TRIALS, PATIENT_TENTHS = 4, 3
"""No trial is given up before so many others are complete, and none before so many tenths of it."""
ENUMERABLE = 10_000
"""Spaces of at most so many points are looked through for one that was not tried yet."""


class Study:
    """Draws parameters from `ranges` and decides which trials go on. Not safe for threads: hold a lock.

    first   complete parameters; what they say of the ranges is tried first, where it lies inside
    trials  the records so far; those that are `running` are gone on with
    """

    def __init__(
        self, ranges: Sequence[Range], first: Mapping[str, Value], seed: int, trials: Sequence[Trial]
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.ranges = ranges
        self._seed = seed
        self._first = {one.name: first[one.name] for one in ranges}
        self._distributions = {one.name: _distribution(one) for one in ranges}
        self._study = optuna.create_study(
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(PATIENT_TRIALS, PATIENT_TENTHS),
        )
        self._asked: dict[int, optuna.Trial] = {}
        self._tried: set[tuple[Value, ...]] = set()
        for trial in trials:
            self._recall(trial)

    @property
    def size(self) -> float:
        """How many different trials there are."""
        return math.prod(one.size for one in self.ranges)

    def ask(self, number: int) -> Trial:
        """The next trial, unlike all before it."""
        if number == 0 and all(self._first[one.name] in one for one in self.ranges):
            return self._begin(Trial(number, dict(self._first)))
        drawn = self._draw(number)
        if self._key(drawn) in self._tried and self.size <= ENUMERABLE:
            left = [point for point in self._points() if self._key(point) not in self._tried]
            drawn = random.Random(f"{self._seed} {number}").choice(left) if left else drawn
        return self._begin(Trial(number, drawn))

    def hopeless(self, trial: Trial, tenth: int, loss: float) -> bool:
        """Takes in the validation loss at a new tenth of the training: is the trial to be given up?"""
        trial.losses[tenth] = loss
        asked = self._asked[trial.number]
        asked.report(-loss, tenth)
        return asked.should_prune()

    def tell(self, trial: Trial) -> None:
        """The trial has come to an end."""
        from optuna.trial import TrialState

        states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
        value = trial.value if trial.state == "complete" else None
        self._study.tell(self._asked.pop(trial.number), value, states[trial.state])

    def _recall(self, trial: Trial) -> None:
        self._begin(trial)
        if trial.state != "running":
            self.tell(trial)

    def _begin(self, trial: Trial) -> Trial:
        self._study.enqueue_trial(trial.parameters)
        asked = self._study.ask(self._distributions)
        for tenth, loss in trial.losses.items():
            asked.report(-loss, tenth)
        self._asked[trial.number] = asked
        self._tried.add(self._key(trial.parameters))
        return trial

    def _draw(self, number: int) -> dict[str, Value]:
        """What the sampler would try; the draw itself leaves no trace in the study."""
        import optuna

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study.sampler = optuna.samplers.TPESampler(
                n_startup_trials=RANDOM_TRIALS,
                multivariate=True,
                constant_liar=True,
                seed=random.Random(f"{self._seed}:{number}").getrandbits(32),
            )
        drawn = self._study.ask(self._distributions)
        self._study.tell(drawn, state=optuna.trial.TrialState.FAIL)
        return dict(drawn.params)

    def _points(self) -> list[dict[str, Any]]:
        names = [one.name for one in self.ranges]
        every = [one.values or range(int(one.low), int(one.high) + 1) for one in self.ranges]
        return [dict(zip(names, point, strict=True)) for point in itertools.product(*every)]

    def _key(self, parameters: Mapping[str, Value]) -> tuple[Value, ...]:
        return tuple(parameters[one.name] for one in self.ranges)


def _distribution(one: Range) -> optuna.distributions.BaseDistribution:
    from optuna import distributions

    if one.values:
        return distributions.CategoricalDistribution(one.values)
    if one.type == "integer":
        return distributions.IntDistribution(int(one.low), int(one.high), log=one.logarithmic)
    return distributions.FloatDistribution(one.low, one.high, log=one.logarithmic)
