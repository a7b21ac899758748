"""Options that several commands have read the same in all of them."""

from __future__ import annotations

from typer.main import get_command

from kantu.cli import app

SHARED = {"device", "quantize", "max_pixels", "no_evidence", "force"}
OF_OTHER_THINGS = {"bench", "restore", "serve", "train"}  # of reports, backups, services and recipes


def test_each_is_explained_in_one_way() -> None:
    told: dict[str, set[str]] = {}
    commands = {name: each for name, each in get_command(app).commands.items() if name not in OF_OTHER_THINGS}  # type: ignore[attr-defined]
    assert {"ask", "order", "batch", "mcp", "eval", "calibrate"} <= commands.keys()
    for command in commands.values():
        for option in command.params:
            if option.name in SHARED:
                told.setdefault(option.name, set()).add(option.help)
    assert told.keys() == SHARED
    assert {name: len(helps) for name, helps in told.items()} == dict.fromkeys(SHARED, 1)
