"""The command `slategym audit`: audits a world."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slategym import __version__
from slategym.scripts.common import completion, options
from slategym.scripts.common.command_line import command_line
from slategym.scripts.common.configurations import FILE as CONFIGURATION
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.following import following, needs_folder
from slategym.scripts.common.runs import folder_of, store_in
from slategym.scripts.common.terminal import mistakes, start, write_page, writing
from slategym.utils.ranges import Range, Seed

Followed = Annotated[int, Range(2, 1_000_000)]


@configured
def audit(
    context: typer.Context,
    world: Annotated[
        str,
        typer.Argument(
            help="World: Shop-v0, Shop-v0:items=60, my_shop.py:Bookshop, ...; see `slategym worlds`.",
            metavar="WORLD",
            autocompletion=completion.worlds,
        ),
    ] = "Shop-v0",
    user_model: options.UserModel = None,
    click_model: options.ClickModel = None,
    weights: options.Weights = None,
    seed: Annotated[int, options.count("Random seed of the shoppers.", Seed)] = 0,
    shoppers: Annotated[
        int | None, options.count("Shoppers simulated under each policy (default: 1000, fewer in a large shop).", Followed)
    ] = None,
    context_ceiling: Annotated[
        bool,
        typer.Option(
            "--context-ceiling/--no-context-ceiling",
            help="Estimate the best value that the observation allows; this takes longest.",
        ),
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Output folder for audit.json and audit.html.", metavar="FOLDER")] = None,
    force: options.Force = False,
) -> None:
    """Analyse a world before you run agents in it.

    Prints how much random, popular and the best slates earn, how much the objectives conflict, how shoppers change, whether
    looking ahead is worthwhile and when shoppers leave, and warns of a world in which agents cannot be told apart. With --out,
    writes OUT/audit.json and OUT/audit.html, a page of plots that works offline. An interrupted audit with --out continues if you
    run the same command again.
    """
    from slategym.bench.audits.audit import audit as make_audit
    from slategym.bench.audits.audit import audit_configuration, audited
    from slategym.bench.reports.audits import page as audit_page
    from slategym.scripts.common.audit_tables import print_audit
    from slategym.utils.storage.files import write_json

    with mistakes():
        needs_folder(context)
        shop, given = options.read_world(world, user_model, click_model)
        weight_vector = options.read_weights(weights, audited(shop))
        config, *_ = audit_configuration(shop, given, weight_vector, seed, shoppers, context_ceiling)
        folder = folder_of(context, out, "audit.json", force, config) if out else None
        store = store_in(folder, 0, force) if folder else None
    with following(context, folder, f"audit of {shop.name}", config, 0, [audited(shop)]) as follow:

        def tell(part: str) -> None:
            typer.echo(f"{part} ...", err=True)
            follow.stage(part)

        result = make_audit(
            shop,
            options=given,
            weights=weight_vector,
            seed=seed,
            shoppers=shoppers,
            context_ceiling=context_ceiling,
            progress=tell,
            store=store,
        )
        result = {"command": command_line(context), "version": __version__, **result}
        if folder:
            with writing():
                write_json(folder / "audit.json", result)
        print_audit(result)
        if folder:
            write_page(audit_page.write_page, result, folder / "audit.html", folder / "audit.json")
            typer.echo(f"\npage     {folder / 'audit.html'}\nnumbers  {folder / 'audit.json'}")
            files = [folder / name for name in (CONFIGURATION, "audit.json", "audit.html")]
            follow.finish({"status": "finished", **result}, files, folder / "audit.html")


if __name__ == "__main__":
    start(audit)
