"""A certificate of disinfection as a PDF, for the infection-control team's files.

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

from fleet_manager.orchestration.views import CertificateView, TargetView

_FONT: Final = "DejaVu"
_MARGIN: Final = 18.0
_WIDTH: Final = 210.0 - 2 * _MARGIN
_MAP_HEIGHT: Final = 88.0
_GREY: Final = (110, 110, 110)
_DARK: Final = (35, 38, 43)
_GOOD: Final = (27, 122, 76)
_BAD: Final = (178, 58, 44)
_SHADOW: Final = (196, 198, 202)
_ROWS_SHOWN: Final = 40

Colour = tuple[int, int, int]


class _Page(FPDF):
    def __init__(self, footer: str) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._text = footer
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self.add_font(_FONT, "", fonts / "DejaVuSans.ttf")
        self.add_font(_FONT, "B", fonts / "DejaVuSans-Bold.ttf")
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(True, margin=20)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font(_FONT, "", 7)
        self.set_text_color(*_GREY)
        self.cell(_WIDTH / 2, 5, self._text)
        self.cell(_WIDTH / 2, 5, f"Page {self.page_no()} of {{nb}}", align="R")


def certificate_pdf(view: CertificateView) -> bytes:
    """The certificate on A4. Times are UTC."""
    page = _Page(f"WardFleet · task {view.task} · {view.statement}")
    page.set_title(f"Certificate of disinfection, {view.zone_name or view.zone}, task {view.task}")
    if view.ended_at is not None:
        page.set_creation_date(view.ended_at)
    _heading(page, view)
    _figures(page, view)
    _people(page, view)
    _map(page, view)
    _table(page, "Interruptions", ("Time", "Because", "Over", "Confirmed by"), _interruptions(view), (34, 76, 34, 30))
    _table(page, "Below the dose that was asked for", _TARGET_HEADS, _targets(view.below_target), _TARGET_WIDTHS)
    _table(page, "Not treated: light reaches them from nowhere", _SHADOW_HEADS, _shadowed(view), (60, 114))
    _table(page, "Named surfaces", _TARGET_HEADS, _targets(view.surfaces), _TARGET_WIDTHS)
    page.ln(3)
    page.set_font(_FONT, "B", 9)
    page.set_text_color(*_DARK)
    page.multi_cell(_WIDTH, 5, view.statement)
    return bytes(page.output())


_TARGET_HEADS: Final = ("Target", "x, y, height (m)", "J/m²", "mJ/cm²")
_TARGET_WIDTHS: Final = (74, 48, 26, 26)
_SHADOW_HEADS: Final = ("Surface", "Why")


def _heading(page: _Page, view: CertificateView) -> None:
    page.set_font(_FONT, "B", 17)
    page.set_text_color(*_DARK)
    page.cell(_WIDTH, 9, "Certificate of disinfection", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(_FONT, "", 10)
    page.set_text_color(*_GREY)
    zone = f"{view.zone_name} ({view.zone})" if view.zone_name and view.zone_name != view.zone else view.zone
    page.cell(_WIDTH, 6, f"{zone} · {_method(view.method)} · task {view.task}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(2)
    said, colour = ("Dose reached on every target in reach", _GOOD) if view.complete else ("Dose not reached", _BAD)
    if view.ended_at is None:
        said = "Not ended"
    page.set_fill_color(*colour)
    page.set_text_color(255, 255, 255)
    page.set_font(_FONT, "B", 11)
    page.cell(_WIDTH, 9, f"  {said}", fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(3)


def _figures(page: _Page, view: CertificateView) -> None:
    figures = (
        ("asked for", _dose(view.asked)),
        ("minimum", _dose(view.minimum)),
        ("5th percentile", _dose(view.percentile_5)),
        ("covered", f"{view.covered_share:.1%}"),
        ("in shadow", f"{view.shadowed_share:.1%}"),
    )
    width = _WIDTH / len(figures)
    left, top = page.get_x(), page.get_y()
    for number, (name, value) in enumerate(figures):
        page.set_xy(left + number * width, top)
        page.set_font(_FONT, "", 7.5)
        page.set_text_color(*_GREY)
        page.cell(width, 4, name)
        page.set_xy(left + number * width, top + 4)
        page.set_font(_FONT, "B", 10)
        page.set_text_color(*_DARK)
        page.multi_cell(width, 5, value.replace(" (", "\n("), align="L")
    page.set_xy(left, top + 17)


def _people(page: _Page, view: CertificateView) -> None:
    checked = _moment(view.lamp_checked_at) if view.lamp_checked_at else "never"
    rows = (
        ("Ordered", f"{view.ordered_by}, {_moment(view.ordered_at)}"),
        ("Cleaned before", _by(view.cleaned_by, view.cleaned_at)),
        ("Vacated and shut", _by(view.confirmed_by, view.confirmed_at)),
        ("Robot", f"{view.robot}; lamp {view.lamp_hours:.1f} h, irradiance measured {checked}"),
        ("Lamp on", f"{_moment(view.began_at)} – {_moment(view.ended_at)}, {view.seconds_on:.0f} s in all"),
    )
    for name, text in rows:
        page.set_font(_FONT, "", 8.5)
        page.set_text_color(*_GREY)
        page.cell(38, 5.2, name)
        page.set_text_color(*_DARK)
        page.multi_cell(_WIDTH - 38, 5.2, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(2)


def _map(page: _Page, view: CertificateView) -> None:
    """The floor's doses, furniture, and where the lamp shone."""
    xs, ys = [x for x, _ in view.outline], [y for _, y in view.outline]
    wide, deep = max(xs) - min(xs), max(ys) - min(ys)
    scale = min(_WIDTH * 0.62 / wide, _MAP_HEIGHT / deep)
    left, top = page.get_x(), page.get_y()

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (x - min(xs)) * scale, top + (max(ys) - y) * scale

    side = 0.25 * scale
    for x, y, dose in view.dose_map:
        page.set_fill_color(*_colour(dose, view.asked))
        at_x, at_y = place(x, y)
        page.rect(at_x - side / 2, at_y - side / 2, side, side, style="F")
    page.set_draw_color(*_DARK)
    page.set_line_width(0.2)
    page.set_fill_color(235, 236, 238)
    for ring in view.furniture:
        page.polygon([place(x, y) for x, y in ring], style="DF")
    page.set_line_width(0.5)
    page.polygon([place(x, y) for x, y in view.outline], style="D")
    page.set_fill_color(*_DARK)
    for x, y in dict.fromkeys(view.way):
        at_x, at_y = place(x, y)
        page.circle(at_x, at_y, 0.9, style="F")
    _legend(page, left + wide * scale + 6, top, view.asked)
    page.set_xy(left, top + deep * scale + 4)


def _legend(page: _Page, left: float, top: float, asked: float) -> None:
    page.set_font(_FONT, "", 7.5)
    entries: tuple[tuple[Colour, str], ...] = (
        (_colour(asked * 3.0, asked), f"{_dose(asked * 3)} and more"),
        (_colour(asked * 1.5, asked), _dose(asked * 1.5)),
        (_colour(asked, asked), f"{_dose(asked)}, as asked for"),
        (_colour(asked * 0.5, asked), f"{_dose(asked * 0.5)}: too little"),
        (_SHADOW, "floor in shadow"),
        (_DARK, "where the lamp shone"),
    )
    for number, (colour, text) in enumerate(entries):
        page.set_fill_color(*colour)
        page.rect(left, top + number * 6, 4, 4, style="F")
        page.set_text_color(*_DARK)
        page.set_xy(left + 6, top + number * 6 - 0.5)
        page.cell(50, 5, text)


def _colour(dose: float | None, asked: float) -> Colour:
    """Red below what was asked for, from pale to deep green above."""
    if dose is None:
        return _SHADOW
    if dose < asked * (1.0 - 1e-6):
        return (226, 122, 104)
    share = min(1.0, (dose / asked - 1.0) / 2.0)
    return (round(190 - 150 * share), round(226 - 96 * share), round(200 - 110 * share))


def _table(
    page: _Page, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]
) -> None:
    page.ln(2)
    page.set_font(_FONT, "B", 10)
    page.set_text_color(*_DARK)
    page.cell(_WIDTH, 6, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(_FONT, "", 8)
    if not rows:
        page.set_text_color(*_GREY)
        page.cell(_WIDTH, 5, "None.", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        return
    bold = FontFace(emphasis="BOLD", color=_DARK, fill_color=(240, 241, 243))
    page.set_fill_color(255, 255, 255)
    page.set_draw_color(*_SHADOW)
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
        page.set_text_color(*_GREY)
        text = f"and {len(rows) - _ROWS_SHOWN} more; the JSON certificate has all of them"
        page.cell(_WIDTH, 5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _interruptions(view: CertificateView) -> list[tuple[str, ...]]:
    return [
        (_moment(i.at), i.because, _moment(i.over) if i.over else "not over", i.confirmed_by or "–")
        for i in view.interruptions
    ]


def _targets(targets: Sequence[TargetView]) -> list[tuple[str, ...]]:
    return [(t.name, f"{t.x:.2f}, {t.y:.2f}, {t.height:.2f}", f"{t.dose:.0f}", f"{t.dose_mj_cm2:.1f}") for t in targets]


def _shadowed(view: CertificateView) -> list[tuple[str, ...]]:
    return [(t.name, t.shadowed or "") for t in view.untreated]


def _dose(dose: float) -> str:
    return f"{dose:.0f} J/m² ({dose / 10.0:.0f} mJ/cm²)"


def _method(method: str) -> str:
    return {"uv": "UV-C light", "spray": "spray"}.get(method, method)


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else "–"


def _by(who: str | None, at: datetime | None) -> str:
    return f"{who}, {_moment(at)}" if who is not None else "not confirmed"
