"""The gallery's page: the cards as compact JSON, which the page's script draws a few at a time.

Ten thousand faces are one list of arrays; what recurs is named once. Which faces they are belongs
to ``gallery``, how they look to the template and its script.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.quality.face_measures import FACE_MEASURES
from facecaption_assets.quality.gallery import CaptionPair, Card
from facecaption_assets.quality.templating import environment
from facecaption_assets.quality.thumbnails import thumbnail_name

#: Alt text beyond this many characters is cut.
_ALT_TEXT = 300


def render_gallery(cards: Sequence[Card], thumbnail_px: int) -> str:
    """The page of faces.

    Args:
        cards: Faces, in the order in which they are shown.
        thumbnail_px: Longer side of a thumbnail, px.
    """
    content = gallery_content(cards, thumbnail_px)
    return environment().get_template("gallery.html").render(content=content)


def gallery_content(cards: Sequence[Card], thumbnail_px: int) -> dict[str, Any]:
    """What the page's script reads.

    ``faces`` has one array per card: face id, thumbnail's name, crop's width and height, place of
    the source, places of the fates and of the positive attributes, scores, alt text, status and
    captions; places are those in ``sources``, ``fates`` and ``attributes``, which are named with
    the number of faces. Measures that are known of no face are left out.
    """
    sources = _counted(card.source for card in cards)
    fates = _counted(fate for card in cards for fate in card.fates)
    attributes = _counted(name for card in cards for name in card.positive)
    attributes = {name: attributes[name] for name in ATTRIBUTES if name in attributes}
    measured = [
        place
        for place in range(len(FACE_MEASURES))
        if any(card.scores[place] is not None for card in cards)
    ]
    places = [
        {name: place for place, name in enumerate(names)} for names in (sources, fates, attributes)
    ]
    return {
        "px": thumbnail_px,
        "sources": list(sources.items()),
        "fates": list(fates.items()),
        "attributes": list(attributes.items()),
        "measures": [FACE_MEASURES[place].name for place in measured],
        "faces": [_face(card, thumbnail_px, places, measured) for card in cards],
    }


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _face(
    card: Card, thumbnail_px: int, places: Sequence[dict[str, int]], measured: Sequence[int]
) -> list[Any]:
    sources, fates, attributes = places
    return [
        card.face_id,
        thumbnail_name(card, thumbnail_px),
        card.width,
        card.height,
        sources[card.source],
        [fates[fate] for fate in card.fates],
        [attributes[name] for name in card.positive],
        [_rounded(card.scores[place], FACE_MEASURES[place].digits) for place in measured],
        (card.alt_text or "")[:_ALT_TEXT],
        card.status,
        [_pair(pair) for pair in card.captions],
    ]


def _pair(pair: CaptionPair) -> list[str | None]:
    rewritten = pair.rewritten if pair.status in ("accepted", "repaired") else None
    return [pair.template, pair.status, rewritten, pair.rejected, pair.reason]


def _rounded(score: float | None, digits: int) -> float | None:
    return None if score is None else round(score, digits) if digits else round(score)
