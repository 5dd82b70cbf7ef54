"""Annotators on a machine whose memory does not suffice for a whole batch."""

from collections.abc import Sequence

from facecaption_assets.attributes.annotators import Annotator, FaceCrop, FaceEvidence
from facecaption_assets.memory import BatchLimit


class FrugalAnnotator:
    """An annotator that is shown fewer faces at a time once it ran out of memory.

    Args:
        annotator: Who judges.
        batch_size: Most faces in one call, to begin with.
    """

    def __init__(self, annotator: Annotator, batch_size: int) -> None:
        self.name = annotator.name
        self.attributes = annotator.attributes
        self._annotator = annotator
        self._limit = BatchLimit(batch_size)

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        """Evidence of each face, in order.

        Raises:
            OutOfMemory: If memory does not suffice for a single face.
        """
        return self._limit.run(faces, self._annotator.annotate)
