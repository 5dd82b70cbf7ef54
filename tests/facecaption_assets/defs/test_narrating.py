import dagster as dg

from facecaption_assets.defs.narrating import Narrator


def test_messages_for_people_reach_the_terminal_while_the_run_goes_on(instance, capfd) -> None:
    @dg.asset
    def noisy(context: dg.AssetExecutionContext) -> None:
        context.log.debug("nobody asked")
        context.log.info("23 of 61 URLs, [half] a minute left")

    definitions = dg.Definitions(assets=[noisy])
    with Narrator(instance, "") as narrator:
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            run_id=narrator.run_id,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    assert result.run_id == narrator.run_id
    assert capfd.readouterr().err == "    noisy: 23 of 61 URLs, [half] a minute left\n"
