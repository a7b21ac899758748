"""What was compared, where and when, in a line."""

from __future__ import annotations

from kantu.compare.comparison import Comparison
from kantu.errors import Words


def about(found: Comparison) -> Words:
    """The suite, both contenders, the machine."""
    told = found.about
    asked = len(found.pairs)
    commit = f" · {told['commit']}" if told.get("commit") else ""
    place = f"{told['date']} · kantu {told['version']}{commit} · {told['cpu']}"
    return Words(
        f"{told['suite']} 版本 {told['suite_version']}：{found.pictures} 张图，{asked} 问，逐题轮流。"
        f"看图 {told['ours']}；流水线 {told['theirs']}。{place}，{told['cores']} 核；"
        f"每边各用 {told['threads']} 个线程。",
        f"{told['suite']} version {told['suite_version']}: {found.pictures} pictures, {asked} questions, by turns. "
        f"Kantu {told['ours']}; pipeline {told['theirs']}. {place}, {told['cores']} cores; "
        f"{told['threads']} threads for each.",
    )
