"""``attribute_evaluation``: how right the labels are, where the truth is known."""

import dagster as dg

from facecaption_assets.attributes.dataset_evaluation import evaluate_dataset
from facecaption_assets.attributes.evaluation import Evaluation
from facecaption_assets.attributes.label_files import LabelFileError
from facecaption_assets.defs.compute import CPU
from facecaption_assets.defs.report_links import report_link
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.freshness import dataset_versions
from facecaption_assets.provenance import Provenance
from facecaption_assets.quality.attribute_page import DATASET_PAGE, write_attribute_page


@dg.asset(
    deps=[dg.AssetKey("face_attributes")],
    group_name="attributes",
    kinds={"html"},
    owners=["team:dataset"],
    tags=CPU["tags"],
)
def attribute_evaluation(
    context: dg.AssetExecutionContext, dataset: Dataset
) -> dg.MaterializeResult:
    """Coverage, accuracy, average precision and calibration error of the labels.

    The truth is the sample's own side-cars and the file that ``[attributes] evaluation_labels``
    names. It turns stale when a shard changes and is measured by hand or after a build.
    """
    storage, asset = dataset.storage, "attribute_evaluation"
    versions = dataset_versions(storage, storage.partitions("shard_plan"), asset)
    try:
        evaluation = evaluate_dataset(storage, dataset.profile.attributes)
    except LabelFileError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    paths = write_attribute_page(storage, evaluation, DATASET_PAGE, "Faces of the dataset")
    code_version = dataset.code_versions[asset]
    storage.write_report_provenance(Provenance(asset, "", code_version, versions))
    return dg.MaterializeResult(
        metadata={
            "faces": evaluation.faces,
            "judged": evaluation.judged,
            "wrong_states": len(evaluation.misses),
            "scores": _score_table(evaluation),
            "report": dg.MetadataValue.url(report_link(f"attributes/{paths.page.name}")),
        }
    )


def _score_table(evaluation: Evaluation) -> dg.TableMetadataValue:
    numbers = (
        "coverage",
        "found",
        "accuracy",
        "balanced_accuracy",
        "average_precision",
        "calibration_error",
    )
    rows = [*evaluation.scores, *evaluation.by_attribute_group]
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(
                {
                    "name": score.name,
                    "labelled": score.labelled,
                    "positives": score.positives,
                    **{name: _shown(getattr(score, name)) for name in numbers},
                }
            )
            for score in rows
        ],
        schema=dg.TableSchema(
            [
                dg.TableColumn("name", "string"),
                dg.TableColumn("labelled", "int"),
                dg.TableColumn("positives", "int"),
                *(dg.TableColumn(name, "string") for name in numbers),
            ]
        ),
    )


def _shown(number: float | None) -> str:
    return "" if number is None else f"{number:.3f}"
