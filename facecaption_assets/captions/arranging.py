"""A plan and the things to tell → which sentence tells what.

Nothing is drawn here: ``grammar`` follows a plan forwards, ``parsing`` finds out whether some plan
gives what it has read.
"""

from collections.abc import Mapping
from functools import cache

from facecaption_assets.captions.plans import Plan
from facecaption_assets.captions.sentences import frames
from facecaption_assets.captions.tellings import ROLES, Telling, Thing, role_order

#: A sentence: its shape, and its things in the order of ``ROLES``.
Sentence = tuple[str, Telling]


def arrange(plan: Plan, told: Mapping[str, Telling]) -> list[Sentence]:
    """What each sentence tells.

    A sentence goes on until the plan's next one begins, unless it tells a single thing so far; or
    a topic would overload it; or no frame could tell the next thing as well.

    Args:
        plan: Order of the topics, and where sentences end.
        told: Topic to its things; topics without any may be missing.

    Returns:
        The sentences; one that tells nothing where there is nothing to tell.
    """
    sentences: list[Sentence] = []
    current: list[Thing] = []
    shape = ""
    for topics in plan.sentences:
        is_over = len(current) > 1
        for topic in topics:
            things = told.get(topic, ())
            is_over |= len(current) + len(things) > plan.most
            for thing in things:
                longer = _longer(not sentences, shape, thing.role)
                if current and (is_over or longer is None or len(current) == plan.most):
                    sentences.append((shape, _in_order(current)))
                    current, longer = [], thing.role
                is_over = False
                current.append(thing)
                shape = longer or thing.role
    if current or not sentences:
        sentences.append((shape, _in_order(current)))
    return sentences


def _in_order(things: list[Thing]) -> Telling:
    return tuple(sorted(things, key=role_order)) if len(things) > 1 else tuple(things)


@cache
def _longer(is_first: bool, shape: str, role: str) -> str | None:
    """The shape with one more thing; None where no frame tells it."""
    longer = "".join(sorted(shape + role, key=ROLES.index))
    return longer if frames(is_first, False, longer) else None
