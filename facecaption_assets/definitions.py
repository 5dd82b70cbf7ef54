"""The code location ``facecaption_assets``: everything in ``defs``, put together."""

from collections.abc import Mapping

import dagster as dg

from facecaption_assets.defs.automation import (
    nightly_duplicates,
    nightly_rebuild,
    nightly_report,
    nightly_retry,
    rebuild_changed_slices,
    register_sources,
)
from facecaption_assets.defs.jobs import (
    build_laion_detections,
    build_laion_parts,
    build_report,
    build_shards,
    evaluate_attributes,
    find_duplicates,
    retry_failed_downloads,
)
from facecaption_assets.defs.opting_out import apply_opt_outs
from facecaption_assets.defs.resources import open_dataset
from facecaption_assets.defs.stages import STAGES


def build_defs(
    home: str | None = None,
    profile: str | None = None,
    resources: Mapping[str, object] | None = None,
) -> dg.Definitions:
    """The location for a data root and a profile.

    Args:
        home: Data root, as for ``open_dataset``.
        profile: Profile's name, as for ``open_dataset``.
        resources: Resources that replace the real ones, by key; for tests.

    Raises:
        ProfileError: If the profile or the data root's ``profile.toml`` cannot be used.
    """
    dataset = open_dataset(home, profile)
    versions = dataset.code_versions
    return dg.Definitions(
        assets=dg.map_asset_specs(
            lambda spec: spec.replace_attributes(code_version=versions[spec.key.to_user_string()]),
            [a for a in dg.load_assets_from_modules(STAGES) if isinstance(a, dg.AssetsDefinition)],
        ),
        asset_checks=dg.load_asset_checks_from_modules(STAGES),
        jobs=[
            build_laion_parts,
            build_laion_detections,
            build_shards,
            retry_failed_downloads,
            evaluate_attributes,
            find_duplicates,
            build_report,
        ],
        sensors=[register_sources, apply_opt_outs, rebuild_changed_slices],
        schedules=[nightly_rebuild, nightly_retry, nightly_duplicates, nightly_report],
        resources={"dataset": dataset, **(resources or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
