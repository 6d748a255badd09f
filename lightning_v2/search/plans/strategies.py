"""How a search goes about it: by what each site loses alone, then by trying combinations."""

import random
from collections.abc import Sequence

from lightning_v2.search.plans.bench import SearchError
from lightning_v2.search.plans.constraints import helps, saving
from lightning_v2.search.plans.trials import Choice, Space, Trials

STRATEGIES = ("greedy", "evolve")

_PATH = 5
"""Plans of the greedy one with so many fractions of its moves are tried, for the Pareto table."""
CHILDREN = 8
_PARENTS = 3
_DROPPED = 3
_NEAR = 6
"""A child takes one of so many next-best moves."""


class UnreachableError(SearchError):
    """A constraint that all moves of a space together do not meet.

    Attributes:
        name: of the constraint.
        reached: the value that all moves give.
    """

    def __init__(self, space: Space, name: str):
        self.name = name
        self.reached = getattr(space.figures(space.everything), name)
        super().__init__(
            f"{name} {getattr(space.constraints, name):g} cannot be met: with all moves it is "
            f"{self.reached:.6g}"
        )


def refuse_unreachable(space: Space) -> None:
    """Find out, without trying choices, whether `filled` can meet the constraints.

    Raises:
        UnreachableError: it cannot.
    """
    if unmet := space.unmet(space.everything):
        raise UnreachableError(space, unmet[0])


def greedy(trials: Trials, lost: Sequence[float]) -> None:
    """Make the moves that lose least for what they bring until all constraints are met.

    Losses are taken as adding up, which they do roughly. Beside the plan that comes of it those
    with a part of its moves are tried, the least harmful first, and the one with all moves.

    Args:
        trials: receives the plans.
        lost: by each move of its space alone.

    Raises:
        SearchError: the constraints cannot be met by all moves together.
    """
    space = trials.space
    choice = pruned(space, filled(space, frozenset(), lost), lost)
    ordered = sorted(choice, key=lambda move: (lost[move], move))
    counts = [round(len(ordered) * part / _PATH) for part in range(_PATH + 1)]
    path = [frozenset(ordered[:count]) for count in counts]
    trials.run("greedy", [*path, space.everything])


def evolve(trials: Trials, lost: Sequence[float], generations: int, seed: int = 0) -> None:
    """Exchange some moves of the best plans for others that bring as much, and keep what is better.

    It finds what losses alone do not tell: sites whose errors cancel, or feed on each other. The
    same seed proposes the same plans as long as their measures are the same, so that an interrupted
    search goes through what it had and on.

    Args:
        trials: where the best so far are, and where new ones go.
        lost: by each move alone: those that lose much are dropped first.
        generations: of `CHILDREN` plans each.
        seed: of the choices.
    """
    space, dice = trials.space, random.Random(seed)
    for _ in range(generations):
        parents = [trial.choice for trial in trials.best()[:_PARENTS]]
        known = {trial.choice for trial in trials.all}
        children: dict[Choice, None] = {}
        for _ in range(20 * CHILDREN):
            child = _child(space, dice.choice(parents), lost, dice)
            if child is not None and child not in known:
                children[child] = None
            if len(children) == CHILDREN:
                break
        if not children:
            return
        trials.run("evolve", children)


def filled(
    space: Space,
    choice: Choice,
    lost: Sequence[float],
    never: Choice = frozenset(),
    dice: random.Random | None = None,
) -> Choice:
    """A choice with further moves until all constraints are met.

    never: moves that are not made. dice: takes not the best next move but one of the best.

    Raises:
        SearchError: they cannot be met.
    """
    while unmet := space.unmet(choice):
        name = unmet[0]
        options = [
            move
            for move in _order(space, name, lost)
            if move not in choice and move not in never and _changes(space, choice, move)
        ]
        if not options:
            value = getattr(space.figures(choice), name)
            raise SearchError(
                f"{name} {getattr(space.constraints, name):g} cannot be met: with all moves it is "
                f"{value:.6g}"
            )
        choice |= {dice.choice(options[:_NEAR]) if dice else options[0]}
    return choice


def pruned(space: Space, choice: Choice, lost: Sequence[float]) -> Choice:
    """A choice without moves that cost quality and that no constraint needs."""
    for move in sorted(choice, key=lambda move: -lost[move]):
        if lost[move] > 0 and not space.unmet(choice - {move}):
            choice -= {move}
    return choice


def _child(
    space: Space, parent: Choice, lost: Sequence[float], dice: random.Random
) -> Choice | None:
    """A parent with some moves exchanged; None if the rest cannot meet the constraints."""
    harmful = sorted(parent, key=lambda move: (-lost[move], move))
    dropped = set()
    for _ in range(min(dice.randint(1, _DROPPED), len(harmful))):
        # The square favours the front, where moves are that lose most.
        dropped.add(harmful[int(len(harmful) * dice.random() ** 2)])
    try:
        return filled(space, parent - dropped, lost, frozenset(dropped), dice)
    except SearchError:
        return None


def _order(space: Space, name: str, lost: Sequence[float]) -> list[int]:
    """Moves that can help to meet a constraint, those first that lose least for what they bring.

    What a move brings is what it brings alone. One that brings nothing alone comes last: of two
    limits on the cycles of a product, it moves the one that does not bind yet.
    """
    start = space.figures(frozenset())

    def price(move: int) -> tuple[bool, float, float, int]:
        gain = saving(name, start, space.figures(frozenset({move})))
        harm = max(lost[move], 0.0)
        return gain <= 0, harm / gain if gain > 0 else harm, -gain, move

    helping = [move for move in range(len(space.moves)) if helps(name, space.moves[move])]
    return sorted(helping, key=price)


def _changes(space: Space, choice: Choice, move: int) -> bool:
    """Whether a move sets anything that a later move on the same sites does not set anew."""
    mine = space.moves[move]
    fields = {name for name, _ in mine.fields}
    return not any(
        other > move
        and set(mine.sites) <= set(space.moves[other].sites)
        and fields <= {name for name, _ in space.moves[other].fields}
        for other in choice
    )
