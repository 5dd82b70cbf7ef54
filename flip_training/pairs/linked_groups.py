"""Split groups that share a picture become one, so that no picture is on both sides of a split.

Groups are persons or pictures as their sources name them: a picture that two sources have, or a
person of whom both have some, would else be two groups. What is shared belongs to ``selection``.
"""

from collections.abc import Iterable, Sequence


def merged_names(linked: Iterable[Sequence[str]]) -> dict[str, str]:
    """The common name of each group that is linked to another: the first of them, by name.

    Args:
        linked: Groups that share something, two and more at a time; links reach on.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = [list(groups) for groups in linked]
    names = sorted({name for groups in links for name in groups})
    if not names:
        return {}
    places = {name: place for place, name in enumerate(names)}
    edges = [(places[groups[0]], places[other]) for groups in links for other in groups[1:]]
    rows, columns = zip(*edges, strict=True)
    graph = coo_array(([True] * len(edges), (rows, columns)), (len(names), len(names)))
    _, labels = connected_components(graph, directed=False)
    first: dict[int, str] = {}
    for name, label in zip(names, labels.tolist(), strict=True):
        first.setdefault(label, name)
    return {name: first[label] for name, label in zip(names, labels.tolist(), strict=True)}
