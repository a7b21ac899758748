"""Measures the warnings about pictures and puts the tables into docs/gateway.md; takes some minutes.

    python scripts/warnings_table.py [PAGES]

PAGES of each family, 20 by default, whose seeds neither training nor the thresholds have seen.
"""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path

from kantu.evaluation.picture_warnings import browser_cases, drawn_cases, judged, markdown

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "gateway.md"
BEGIN = "<!-- 由 scripts/warnings_table.py 生成，请勿手改。 -->"
END = "<!-- 图片提醒：结束 -->"


def main(pages: int) -> None:
    """Measure, then replace what stands between the marks."""
    tally = judged(chain(drawn_cases(range(pages)), browser_cases(ROOT / "tests")))
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{markdown(tally)}\n\n{END}{after}", "utf-8")
    print(PAGE)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
