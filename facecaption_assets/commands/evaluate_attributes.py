"""``facecaption evaluate-attributes``: how right the attributes are, where the truth is known."""

from pathlib import Path
from typing import Annotated

import typer

from facecaption_assets.terminal import console, stop


def evaluate_attributes(
    images: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Folder of labelled pictures."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CelebA's list_attr_celeba.txt, or a CSV: names in the first column, then any of "
            "CelebA's attributes (1, -1, nothing) and columns to split by, such as sex.",
        ),
    ] = None,
    crops: Annotated[
        bool, typer.Option("--crops", help="The pictures are face crops already.")
    ] = False,
) -> None:
    """Measure attributes on labelled pictures; without any, those of the built dataset."""
    if (images is None) != (labels is None):
        raise stop("--images and --labels go together; without both, the dataset is measured")
    if images is None or labels is None:
        _evaluate_built()
    else:
        _evaluate_pictures(images, labels, crops)


def _evaluate_pictures(images: Path, labels: Path, crops: bool) -> None:
    from facecaption_assets.attributes.evaluation import evaluate
    from facecaption_assets.commands.evaluation_tables import print_evaluation
    from facecaption_assets.commands.labelled_pictures import judge_labelled
    from facecaption_assets.defs import resources
    from facecaption_assets.quality.attribute_page import write_attribute_page

    dataset = resources.open_dataset()
    judged = judge_labelled(dataset, images, labels, crops=crops, calibrated=True)
    evaluation = evaluate(*judged)
    print_evaluation(evaluation)
    subject = f"Pictures of {images} by {labels.name}"
    name = f"labels-{labels.stem}"  # The dataset's own page has another name.
    paths = write_attribute_page(dataset.storage, evaluation, name, subject)
    console.print(f"page: {paths.page}", soft_wrap=True)


def _evaluate_built() -> None:
    """Materialize ``attribute_evaluation`` unless it is current, and print what it found."""
    from facecaption_assets.commands.evaluation_tables import print_evaluation
    from facecaption_assets.commands.location import open_location
    from facecaption_assets.defs import building
    from facecaption_assets.defs.instance import open_instance
    from facecaption_assets.quality.attribute_page import DATASET_PAGE, read_evaluation

    definitions, dataset = open_location()
    storage = dataset.storage
    with open_instance(storage) as instance:
        failures = building.evaluate_attributes(definitions, dataset, instance)
    if failures:
        raise stop("\n".join(f"✗ {failure}" for failure in failures))
    evaluation = read_evaluation(storage, DATASET_PAGE)
    if not evaluation.faces:
        raise stop(
            "no truth is known of any face; name a file of labels in profile.toml, [attributes] "
            "evaluation_labels, or give --images and --labels"
        )
    print_evaluation(evaluation)
    page = storage.reports / "attributes" / f"{DATASET_PAGE}.html"
    console.print(f"page: {page}", soft_wrap=True)
