"""How many questions about committed pictures a model answers right, by kind.

    python benchmarks/accuracy.py [--model NAME] [--quantize int8|int4] [--pictures 60] [--kinds status] [FOLDER ...]

Folders hold pictures and a truth.jsonl; by default the held-out pages of our own generator and the browser screens,
which share nothing with it and are never trained on. Greedy answers, judged by kantu.tasks.
"""

from __future__ import annotations

import argparse
import time
from itertools import islice
from pathlib import Path

import kantu
from kantu.contenders.kantu import Kantu
from kantu.evaluation.items import read_items
from kantu.evaluation.measure import Judged, by_kind, mean_over, measure
from kantu.tasks.builtin import ORDER_FIELDS

_TESTS = Path(__file__).parent.parent / "tests"
FOLDERS = (_TESTS / "held_out", _TESTS / "browser_screens")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, default=FOLDERS)
    parser.add_argument("--model")
    parser.add_argument("--quantize", choices=("int8", "int4"))
    parser.add_argument("--pictures", type=int, help="only the first so many pictures of a folder")
    parser.add_argument("--kinds", nargs="+")
    parser.add_argument("--failures", type=int, default=5)
    arguments = parser.parse_args()
    vlm = kantu.load(arguments.model, quantize=arguments.quantize)
    for folder in arguments.folders:
        items = read_items(folder, arguments.kinds)
        pictures = set(islice(dict.fromkeys(item.picture for item in items), arguments.pictures))
        asked = [item for item in items if item.picture in pictures]
        started = time.monotonic()
        judged = tuple(measure(Kantu(vlm), asked))
        seconds = time.monotonic() - started
        ran = f"{vlm.name} {arguments.quantize or vlm.dtype}"
        print(f"\n{folder.name}: {len(pictures)} pictures, {len(asked)} questions, {seconds:.0f} s, {ran}")
        _print(judged, arguments.failures)


def _print(judged: tuple[Judged, ...], failures: int) -> None:
    table = by_kind(judged)
    print("| kind | right | questions |\n|---|---|---|")
    for kind, (score, count) in sorted(table.items(), key=lambda row: -row[1][1]):
        print(f"| {kind} | {score:.1%} | {count} |")
    if any(kind in table for kind in ORDER_FIELDS):
        print(f"| **fields** ({', '.join(ORDER_FIELDS)}) | {mean_over(table, ORDER_FIELDS):.1%} | |")
    for one in islice((one for one in judged if one.score < 0.5), failures):
        item = one.item
        print(f"- {item.picture.name} {item.kind}: {item.question} -> {one.reply.text!r}, true {item.truth.answer!r}")


if __name__ == "__main__":
    main()
