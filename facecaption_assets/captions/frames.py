"""Sentence frames of template captions: data only.

A caption is drawn in four steps, each by weight. The weights are any positive numbers; they are
normalised among the alternatives that fit the face.

1. A plan of ``plans`` says which topics share a sentence.
2. Each topic is told in one of the ways of ``tellings``: as things that the face has, ``<h>``, or
   is, ``<p>``, and so on.
3. Each sentence gets a *frame* whose symbols are exactly what the sentence has to tell: the first
   sentence one of ``FIRST``, the others one of ``later_frames.NEXT``. What no frame can tell
   together is cut into several sentences. To add a way to say something, add a line.
4. Each thing is worded as in ``wordings``.

Symbols for what is told; each appears at most once in a frame:

- ``<h>`` a list of what the face has ("brown hair, bangs, and narrow eyes"); a frame with ``<g>``
  as well tells the second half of the list there; ``<hs>`` is ``<h>`` with two things or more;
- ``<k>`` adjectives of the hair ("wavy and brown"); ``<p>`` what the person is ("bald");
- ``<w>`` a list of what is worn; ``<o>`` the open mouth ("mouth slightly open");
- ``<smiles>``, ``<smile>``, ``<smiling>`` and ``<a smile>`` the smile;
- ``<blurry>`` the blur of the picture.

Symbols for the person: ``<a>`` ("a young woman"); ``<the>``, which is "the young woman" in the
first sentence and "the woman" later; ``<this>`` ("this young woman"); ``<she>`` and ``<her>``.
``<have>``, ``<be>``, ``<wear>`` and ``<smile>`` agree with the person named last before them.
``RULES`` expands the other symbols. The first letter of a sentence is made a capital, and a list
of several things is followed by a comma before "and".
"""

from typing import Final

from facecaption_assets.captions.pcfg import Production

#: What the symbols stand for that are neither the person nor told of it.
RULES: Final[dict[str, tuple[Production, ...]]] = {
    "subject": (Production("<the>", 3), Production("<this>")),
    "wears": (
        Production("<wear>", 4),
        Production("<be> wearing", 4),
        Production("<be> seen wearing"),
        Production("<be> shown wearing"),
    ),
    "smiles": (
        Production("<smile>", 4),
        Production("<be> smiling", 4),
        Production("<be> seen smiling"),
        Production("<be> shown smiling"),
    ),
    "picture": (
        Production("picture", 2),
        Production("photo", 2),
        Production("image"),
        Production("photograph"),
        Production("portrait"),
    ),
    "shows": (Production("this <picture> shows", 2), Production("the <picture> shows")),
    "in it": (Production("in this <picture>, "), Production("in the <picture>, ")),
    "blurry": (Production("blurry", 2), Production("blurred")),
}

#: Frames of the first sentence, which presents the person.
FIRST: Final = (
    Production("this is <a>."),
    Production("<shows> <a>."),
    # What the face has.
    Production("<subject> has <h>.", 4),
    Production("<shows> <a> with <h>.", 2),
    Production("this is <a> with <h>."),
    Production("<in it><the> has <h>."),
    Production("<the> in this <picture> has <h>."),
    Production("<subject> is shown with <h>."),
    Production("<the>'s features include <hs>."),
    Production("<a> is seen with <h>."),
    Production("<subject> with <h> has <g>.", 4),
    Production("<a> with <h> has <g>.", 2),
    Production("<subject> has <h>, along with <g>."),
    Production("<subject> has <h>, together with <g>."),
    Production("this is <a> who has <h>."),
    Production("<shows> <a> who has <h>."),
    Production("this <picture> is of <a> with <h>."),
    Production("<in it><a> with <h> has <g>."),
    Production("<shows> <a> with <h> who has <g>."),
    Production("<subject>'s hair is <k>.", 4),
    Production("<in it><the>'s hair is <k>."),
    Production("<subject>'s hair is <k>, and <she> <have> <h>."),
    Production("<subject> has <h>, and <her> hair is <k>."),
    Production("<subject>'s hair is <k>, and <she> <be> <p>."),
    Production("<subject>'s hair is <k>, and <she> <smiles>."),
    Production("<subject>'s hair is <k>, and <she> <wears> <w>."),
    # What the person is.
    Production("<subject> is <p>.", 3),
    Production("<the> in this <picture> is <p>."),
    Production("<in it><the> is <p>."),
    Production("<subject> is <p> and has <h>.", 2),
    Production("<subject> with <h> is <p>.", 2),
    Production("<subject> is <p> and <wears> <w>.", 2),
    Production("<p>, <the> <wears> <w>."),
    Production("<subject> is <p> and <smiling>."),
    Production("<subject> with <h> is <p> and <smiling>."),
    Production("<subject> with <h> is <p> and wears <w>."),
    Production("<subject> is <p>, has <h>, and wears <w>."),
    # The smile and the mouth.
    Production("<subject> <smiles>.", 4),
    Production("<in it><the> <smiles>."),
    Production("<subject> has <a smile> on <her> face.", 2),
    Production("<shows> <a> with <a smile> on <her> face."),
    Production("<a> <smiles> in this <picture>."),
    Production("<shows> <a> <smiling>.", 2),
    Production("<subject> <smiles> with <her> <o>.", 3),
    Production("<subject> <smiles>, <her> <o>."),
    Production("<a> <smiles> with <her> <o>."),
    Production("<shows> <a> <smiling> with <her> <o>.", 2),
    Production("with <her> <o>, <the> <smiles>."),
    Production("<subject> has <her> <o>.", 3),
    Production("<in it><the> has <her> <o>."),
    Production("<shows> <a> with <her> <o>."),
    Production("<subject> with <h> has <her> <o>.", 2),
    Production("<a> with <h> has <her> <o>."),
    Production("<shows> <a> with <h>, <her> <o>."),
    Production("<subject> has <h> and is <smiling>.", 3),
    Production("<subject> with <h> <smiles>.", 3),
    Production("<a> with <h> <smiles>.", 2),
    Production("<a> with <h> has <a smile> on <her> face."),
    Production("<shows> <a> with <h> who <smiles>."),
    Production("<in it><a> with <h> <smiles>."),
    Production("<subject>, who has <h>, <smiles>."),
    Production("with <h>, <the> <smiles>."),
    Production("<in it><the> has <h> and is <smiling>."),
    Production("<a> with <h> <smiles> with <her> <o>.", 2),
    Production("<subject> with <h> <smiles>, <her> <o>."),
    Production("<subject> has <h> and is <smiling> with <her> <o>.", 2),
    Production("with <her> <o>, <a> with <h> <smiles>."),
    # What is worn.
    Production("<subject> <wears> <w>.", 5),
    Production("<shows> <a> wearing <w>.", 2),
    Production("this is <a> wearing <w>."),
    Production("<in it><the> <wears> <w>."),
    Production("<the> in this <picture> <wears> <w>."),
    Production("<subject> has <h> and <wears> <w>.", 3),
    Production("<subject> with <h> <wears> <w>.", 3),
    Production("<a> with <h> <wears> <w>.", 2),
    Production("<a> wearing <w> has <h>."),
    Production("<a> who <wears> <w> has <h>."),
    Production("<subject>, who has <h>, <wears> <w>."),
    Production("with <h>, <the> <wears> <w>."),
    Production("<subject>, who <wears> <w>, has <h>."),
    Production("<shows> <a> who has <h> and <wears> <w>."),
    Production("<in it><the> has <h> and <wears> <w>."),
    Production("<subject> has <h>, and <she> <wears> <w>."),
    Production("<shows> <a> with <h>, wearing <w>."),
    Production("<shows> <a> with <h> who <wears> <w>."),
    Production("<in it><a> with <h> <wears> <w>."),
    Production("<subject> <smile> and <wear> <w>.", 2),
    Production("<subject> is <smiling> and wearing <w>.", 2),
    Production("<subject>, who <wears> <w>, <smiles>."),
    Production("<in it><the> is <smiling> and wearing <w>."),
    Production("<smiling>, <the> <wears> <w>."),
    Production("wearing <w>, <the> <smiles>."),
    Production("<a> wearing <w> <smiles>."),
    Production("<shows> <a> <smiling> and wearing <w>."),
    Production("<subject> with <h> <smile> and <wear> <w>.", 2),
    Production("<a> with <h> is <smiling> and wearing <w>."),
    Production("wearing <w>, <a> with <h> <smiles>."),
    Production("<smiling>, <the> with <h> <wears> <w>."),
    Production("<subject> has <h>, and <she> <be> <smiling> and wearing <w>."),
    Production("<shows> <a> with <h>, <smiling> and wearing <w>."),
    Production("<subject> <wear> <w> and has <her> <o>."),
    Production("with <her> <o>, <the> <wears> <w>."),
    Production("<shows> <a> wearing <w>, <her> <o>."),
    Production("wearing <w>, <the> <smiles> with <her> <o>."),
    Production("<subject> <smiles> with <her> <o> and wears <w>."),
    Production("wearing <w>, <a> with <h> <smiles> with <her> <o>."),
    Production("<subject> with <h> <wears> <w> and <smiles> with <her> <o>."),
    # The picture.
    Production("this <picture> of <a> is <blurry>."),
    Production("this is a <blurry> <picture> of <a>."),
)
