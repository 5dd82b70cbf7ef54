"""Everything that the report says, gathered once: for the page, the JSON and the UI alike.

How each part comes about belongs to the part's own module.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from facecaption_assets.quality.costs import Costs, count_costs
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.findings import (
    Gates,
    LabelCounts,
    Rewrites,
    count_labels,
    count_rewrites,
    read_gates,
    read_retrieval,
)
from facecaption_assets.quality.funnel import Funnel, query_funnel
from facecaption_assets.quality.gallery import Card, draw_cards
from facecaption_assets.quality.image_scoring.histograms import Histogram, image_histograms
from facecaption_assets.quality.link_rot import LinkRot, count_link_rot
from facecaption_assets.quality.people.findings import People, find_people
from facecaption_assets.quality.report_texts import ReportTexts
from facecaption_assets.quality.reviewing.review_score import ReviewScore, read_score
from facecaption_assets.quality.scores.distributions import (
    ScoreDistribution,
    models_of_scores,
    score_distributions,
)
from facecaption_assets.quality.settings import QualitySettings
from facecaption_assets.quality.worst_faces import WorstFaces, faces_of, worst_faces
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage


@dataclass(frozen=True)
class Findings:
    """Everything that the pages say.

    Attributes:
        funnel: What each stage kept.
        link_rot: What became of the URLs, by source.
        images: Distributions of what is known of the kept faces' pictures.
        labels: States by attribute.
        texts: Captions by where they come from.
        rewrites: How much the rewriting changed.
        scores: Distributions of the captions' scores by CLIP.
        score_models: CLIPs that gave them.
        people: Groups of people compared.
        gates: What the recorded checks say.
        costs: Time and tokens.
        worst: Where to look first.
        review: What people said of captions; None where nobody was asked.
        retrieval: Rows of FLIP's retrieval metrics.
        cards: Faces of the gallery.
        unmeasured: What is missing above, and what would bring it.
    """

    funnel: Funnel
    link_rot: list[LinkRot]
    images: list[Histogram]
    labels: list[LabelCounts]
    texts: ReportTexts
    rewrites: Rewrites
    scores: list[ScoreDistribution]
    score_models: list[str]
    people: People
    gates: Gates
    costs: Costs
    worst: list[WorstFaces]
    review: ReviewScore | None
    retrieval: list[dict[str, Any]]
    cards: list[Card]

    @property
    def unmeasured(self) -> dict[str, str]:
        """What the report lacks, by name, with why and what would bring it."""
        known = {histogram.measure.name for histogram in self.images if histogram.faces}
        factors = {found.factor for found in self.people.factors}
        lacks = {
            "BRISQUE": ("brisque" not in known, "image_scores is not built for any face"),
            "CLIP-IQA": (
                "clip_iqa" not in known,
                "no CLIP is configured: [image_scores] clip_model",
            ),
            "Captions by CLIP": (
                not self.scores,
                "no CLIP is configured: [scores] cosine_model and clip_s_model",
            ),
            "Skin tone": (
                "stated_skin_tone" not in factors,
                "no side-car states it: [quality] skin_tone_field; it is never read from pixels",
            ),
            "Time": (not self.costs.stages, "no shard was built since times are recorded"),
            "Review by people": (
                self.review is None,
                "nobody was asked: facecaption review, then facecaption review-score",
            ),
            "Retrieval by FLIP": (not self.retrieval, "nothing is evaluated: flip build"),
        }
        found = {name: why for name, (is_lacking, why) in lacks.items() if is_lacking}
        return found | self.texts.missing

    def as_json(self) -> str:
        """All numbers as a JSON document; no text from the data, and no face but by its id."""
        content = {
            "funnel": [asdict(step) for step in self.funnel.steps],
            "link_rot": [source.as_json() for source in self.link_rot],
            "images": {h.measure.name: asdict(h) | {"edges": h.edges} for h in self.images},
            "labels": [asdict(label) for label in self.labels],
            "captions": {source.name: source.as_json() for source in self.texts.sources},
            "rewrites": asdict(self.rewrites),
            "scores": [asdict(distribution) for distribution in self.scores],
            "score_models": self.score_models,
            "people": self.people.as_json(),
            "gates": asdict(self.gates),
            "costs": asdict(self.costs),
            "worst": [asdict(worst) for worst in self.worst],
            "review": asdict(self.review) if self.review else None,
            "retrieval": self.retrieval,
            "unmeasured": self.unmeasured,
        }
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def find_everything(
    storage: Storage,
    settings: QualitySettings,
    downloading: DownloadSettings,
    texts: ReportTexts,
) -> Findings:
    """Ask every committed shard everything else that the report says beside the texts."""
    opt_out = OptOut.read(storage)
    with open_tables(storage) as connection:
        # Whoever wants no gallery wants no face shown here either.
        worst = worst_faces(connection, opt_out) if settings.gallery_faces else []
        return Findings(
            funnel=query_funnel(connection, storage),
            link_rot=count_link_rot(connection, downloading),
            images=image_histograms(connection),
            labels=count_labels(connection),
            texts=texts,
            rewrites=count_rewrites(connection),
            scores=score_distributions(connection),
            score_models=models_of_scores(connection),
            people=find_people(connection, settings.skin_tone_field),
            gates=read_gates(storage),
            costs=count_costs(connection, storage),
            worst=worst,
            review=read_score(storage),
            retrieval=read_retrieval(storage),
            cards=draw_cards(connection, opt_out, settings.gallery_faces, faces_of(worst)),
        )
