"""The pages of certificates: A4, with fonts, tables and rows of figures.

Laid out with fpdf2, which needs no program beside Python. DejaVu Sans, which comes with Matplotlib, has Latin, Greek
and Cyrillic letters; others are shown as a box.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import matplotlib
from fpdf import FPDF, FontFace
from fpdf.enums import XPos, YPos

FONT: Final = "DejaVu"
MARGIN: Final = 18.0
WIDTH: Final = 210.0 - 2 * MARGIN
GREY: Final = (110, 110, 110)
DARK: Final = (35, 38, 43)
SHADOW: Final = (196, 198, 202)
_ROWS_SHOWN: Final = 40


class Page(FPDF):
    def __init__(self, footer: str) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._text = footer
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self.add_font(FONT, "", fonts / "DejaVuSans.ttf")
        self.add_font(FONT, "B", fonts / "DejaVuSans-Bold.ttf")
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=20)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font(FONT, "", 7)
        self.set_text_color(*GREY)
        self.cell(WIDTH / 2, 5, self._text)
        self.cell(WIDTH / 2, 5, f"Page {self.page_no()} of {{nb}}", align="R")


def table_of(
    page: Page, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]
) -> None:
    page.ln(2)
    page.set_font(FONT, "B", 10)
    page.set_text_color(*DARK)
    page.cell(WIDTH, 6, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(FONT, "", 8)
    if not rows:
        page.set_text_color(*GREY)
        page.cell(WIDTH, 5, "None.", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        return
    bold = FontFace(emphasis="BOLD", color=DARK, fill_color=(240, 241, 243))
    page.set_fill_color(255, 255, 255)
    page.set_draw_color(*SHADOW)
    page.set_line_width(0.2)
    with page.table(
        col_widths=tuple(widths),
        line_height=4.6,
        headings_style=bold,
        text_align="LEFT",
        borders_layout="HORIZONTAL_LINES",
    ) as table:
        table.row(heads)
        for row in rows[:_ROWS_SHOWN]:
            table.row(row)
    if len(rows) > _ROWS_SHOWN:
        page.set_text_color(*GREY)
        text = f"and {len(rows) - _ROWS_SHOWN} more; the JSON certificate has all of them"
        page.cell(WIDTH, 5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def figures_of(page: Page, figures: Sequence[tuple[str, str]]) -> None:
    """A row of figures with their names above them."""
    width = WIDTH / len(figures)
    left, top = page.get_x(), page.get_y()
    for number, (name, value) in enumerate(figures):
        page.set_xy(left + number * width, top)
        page.set_font(FONT, "", 7.5)
        page.set_text_color(*GREY)
        page.cell(width, 4, name)
        page.set_xy(left + number * width, top + 4)
        page.set_font(FONT, "B", 10)
        page.set_text_color(*DARK)
        page.multi_cell(width, 5, value.replace(" (", "\n("), align="L")
    page.set_xy(left, top + 17)


def rows_of(page: Page, rows: Sequence[tuple[str, str]]) -> None:
    """What is said under each name."""
    for name, text in rows:
        page.set_font(FONT, "", 8.5)
        page.set_text_color(*GREY)
        page.cell(38, 5.2, name)
        page.set_text_color(*DARK)
        page.multi_cell(WIDTH - 38, 5.2, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(2)


def moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else "–"


def by(who: str | None, at: datetime | None) -> str:
    return f"{who}, {moment(at)}" if who is not None else "not confirmed"
