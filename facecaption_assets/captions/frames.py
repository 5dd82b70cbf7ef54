"""Plans and sentence frames of template captions: data only.

A caption is drawn in four steps, each by weight. The weights are any positive numbers; they are
normalised among the alternatives that fit the face.

1. A *plan* says which topics of ``wordings`` share a sentence ("/" begins another), and how much
   one sentence may tell at ``most``.
2. Each topic is told in one of the ways of ``tellings``: as things that the face has, ``<h>``, or
   is, ``<p>``, and so on.
3. Each sentence gets a *frame* whose symbols are exactly what the sentence has to tell: the first
   sentence one of ``FIRST``, the others one of ``NEXT``. What no frame can tell together is cut
   into several sentences. To add a way to say something, add a line.
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

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from facecaption_assets.captions.pcfg import Production


@dataclass(frozen=True)
class Plan:
    """How the topics fall into sentences.

    Attributes:
        topics: Topics, with "/" between sentences. Where a sentence gets too long, it is cut in
            this order; in a list, topics come in any order.
        most: Most things that one sentence tells.
        weight: Relative to the other plans.
    """

    topics: str
    most: int
    weight: float = 1.0

    @cached_property
    def sentences(self) -> tuple[tuple[str, ...], ...]:
        """The topics of each sentence."""
        return tuple(tuple(sentence.split()) for sentence in self.topics.split("/"))


#: The hair first, as a rule, then the face, then what it does and wears.
PLANS: Final = (
    Plan("hair beard / eyes shape skin / expression / makeup accessories / picture", 4, 4),
    Plan("hair eyes / beard shape skin / expression makeup accessories / picture", 3, 3),
    Plan("hair beard eyes shape skin / expression accessories makeup / picture", 4, 4),
    Plan("hair eyes skin shape beard / makeup accessories expression / picture", 4, 4),
    Plan("hair skin / shape eyes beard expression / accessories makeup / picture", 3, 3),
    Plan("hair accessories / expression / eyes shape skin beard / makeup / picture", 4, 2),
    Plan("hair expression accessories / beard skin shape eyes / makeup / picture", 3, 3),
    Plan("hair beard eyes skin shape expression accessories makeup / picture", 5, 3),
    Plan("hair shape / skin eyes beard / makeup accessories expression / picture", 3, 3),
    Plan("eyes shape skin / hair beard / accessories makeup expression / picture", 3, 2),
    Plan("accessories makeup hair / eyes skin shape beard / expression / picture", 3, 2),
    Plan("expression / hair / eyes beard skin shape / accessories makeup / picture", 4, 2),
    Plan("expression accessories makeup / hair skin / shape eyes beard / picture", 4, 2),
)

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

#: Frames of the sentences that follow.
NEXT: Final = (
    Production("<she> <have> <h>.", 4),
    Production("<the> has <h>.", 3),
    Production("<she> also <have> <h>.", 2),
    Production("<the> also has <h>."),
    Production("<she> <be> shown with <h>."),
    Production("<the> is shown with <h>."),
    Production("<she> <have> <h>, along with <g>."),
    Production("<she> <have> <h>, together with <g>."),
    Production("<the> has <h>, along with <g>."),
    Production("<her> features include <hs>.", 2),
    Production("<her> features also include <hs>."),
    Production("<the>'s features include <hs>."),
    Production("<her> hair is <k>.", 4),
    Production("<the>'s hair is <k>."),
    Production("<her> hair is <k>, and <she> <have> <h>.", 3),
    Production("<she> <have> <h>, and <her> hair is <k>."),
    Production("<her> hair is <k>, and <she> <be> <p>."),
    Production("<she> <be> <p>, and <her> hair is <k>."),
    Production("<her> hair is <k>, and <she> <smiles>."),
    Production("<she> <smiles>, and <her> hair is <k>."),
    Production("<her> hair is <k>, and <she> <wears> <w>."),
    Production("<she> <wears> <w>, and <her> hair is <k>."),
    Production("<she> <be> <p>.", 3),
    Production("<the> is <p>."),
    Production("<she> <be> <p> and <have> <h>."),
    Production("<the> is <p> and has <h>."),
    Production("<she> <be> <p> and <wear> <w>.", 2),
    Production("<p>, <she> <wears> <w>."),
    Production("<the> is <p> and <wear> <w>."),
    Production("<she> <be> <p> and <smiling>.", 2),
    Production("<the> is <p> and <smiling>."),
    Production("<she> <smiles>.", 5),
    Production("<she> <have> <a smile> on <her> face.", 2),
    Production("<the> has <a smile> on <her> face."),
    Production("<the> <smiles>.", 2),
    Production("<she> <be> also <smiling>."),
    Production("<she> also <have> <h> and <be> <smiling>."),
    Production("<she> <have> <h>, and <she> <smiles>."),
    Production("<she> <smiles>, and <she> <have> <h>."),
    Production("<she> <smiles> with <her> <o>.", 4),
    Production("<she> <smiles>, <her> <o>.", 2),
    Production("with <her> <o>, <she> <smiles>."),
    Production("<the> <smiles> with <her> <o>."),
    Production("<she> <have> <her> <o>.", 3),
    Production("<the> has <her> <o>."),
    Production("<she> <have> <h> and <be> <smiling>.", 3),
    Production("<she> <be> <smiling> and <have> <h>.", 2),
    Production("<the> has <h> and is <smiling>."),
    Production("with <h>, <she> <smiles>."),
    Production("<the>, who has <h>, <smiles>."),
    Production("<she> <have> <h> and <be> <smiling> with <her> <o>.", 2),
    Production("<she> <be> <smiling> with <her> <o> and <have> <h>."),
    Production("<the> has <h> and is <smiling> with <her> <o>."),
    Production("<she> <wears> <w>.", 3),
    Production("<the> <wears> <w>.", 2),
    Production("<she> also <wear> <w>."),
    Production("<she> <wears> <w>, too."),
    Production("<she> <be> also wearing <w>."),
    Production("<the> also <wear> <w>."),
    Production("<the> is also wearing <w>."),
    Production("<she> also <have> <h> and <wears> <w>."),
    Production("<the> also has <h> and <wears> <w>."),
    Production("<she> <have> <h>, and <she> <wears> <w>."),
    Production("<she> <wears> <w>, and <she> <have> <h>."),
    Production("<the> has <h>, and <she> <wears> <w>."),
    Production("<the> <wears> <w>, and <she> <have> <h>."),
    Production("<she> <have> <h> and <wears> <w>.", 3),
    Production("<she> <be> shown with <h> and <wear> <w>."),
    Production("<she> <wears> <w> and <have> <h>.", 2),
    Production("<the> has <h> and <wears> <w>."),
    Production("<the> <wears> <w> and has <h>."),
    Production("<the>, who has <h>, <wears> <w>."),
    Production("with <h>, <she> <wears> <w>."),
    Production("<the>, who <wears> <w>, has <h>."),
    Production("<she> <smile> and <wear> <w>.", 2),
    Production("<she> <be> <smiling> and wearing <w>.", 2),
    Production("<smiling>, <she> <wears> <w>.", 2),
    Production("wearing <w>, <she> <smiles>.", 2),
    Production("<the> <smile> and <wear> <w>."),
    Production("<she> <have> <h>, <wear> <w>, and <be> <smiling>."),
    Production("<she> <wear> <w>, <have> <h>, and <be> <smiling>."),
    Production("<the> has <h>, and <she> <be> <smiling> and wearing <w>."),
    Production("<she> <wear> <w> and <have> <her> <o>."),
    Production("with <her> <o>, <she> <wears> <w>.", 2),
    Production("<she> <wears> <w>, <her> <o>."),
    Production("wearing <w>, <she> <smiles> with <her> <o>.", 2),
    Production("<she> <smiles> with <her> <o> and <wear> <w>."),
    Production("<the> <smiles> with <her> <o> and <wear> <w>."),
    Production("the <picture> is <blurry>."),
)
