"""A certificate of disinfection as a PDF, for the infection-control team's files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fpdf.enums import XPos, YPos

from fleet_manager.api.certificate_page import (
    DARK,
    FONT,
    GREY,
    SHADOW,
    WIDTH,
    Page,
    by,
    figures_of,
    moment,
    rows_of,
    table_of,
)
from fleet_manager.api.spray_certificate import spray_pages
from fleet_manager.orchestration.views import CertificateView, TargetView

_MAP_HEIGHT: Final = 88.0
_GOOD: Final = (27, 122, 76)
_BAD: Final = (178, 58, 44)

Colour = tuple[int, int, int]


def certificate_pdf(view: CertificateView) -> bytes:
    """The certificate on A4. Times are UTC."""
    page = Page(f"WardFleet · task {view.task} · {view.statement}")
    page.set_title(f"Certificate of disinfection, {view.zone_name or view.zone}, task {view.task}")
    if view.ended_at is not None:
        page.set_creation_date(view.ended_at)
    _heading(page, view)
    if view.spray is not None:
        spray_pages(page, view, view.spray)
    else:
        _figures(page, view)
        _people(page, view)
        _map(page, view)
    table_of(page, "Interruptions", ("Time", "Because", "Over", "Confirmed by"), _interruptions(view), (34, 76, 34, 30))
    if view.spray is None:
        _targets_pages(page, view)
    page.ln(3)
    page.set_font(FONT, "B", 9)
    page.set_text_color(*DARK)
    page.multi_cell(WIDTH, 5, view.statement)
    return bytes(page.output())


def _targets_pages(page: Page, view: CertificateView) -> None:
    """What stayed below the dose, what light does not reach, and the named surfaces."""
    table_of(page, "Below the dose that was asked for", _TARGET_HEADS, _targets(view.below_target), _TARGET_WIDTHS)
    table_of(page, "Not treated: light reaches them from nowhere", _SHADOW_HEADS, _shadowed(view), (60, 114))
    table_of(page, "Named surfaces", _TARGET_HEADS, _targets(view.surfaces), _TARGET_WIDTHS)


_REACHED: Final = "Dose reached on every target in reach"
_TARGET_HEADS: Final = ("Target", "x, y, height (m)", "J/m²", "mJ/cm²")
_TARGET_WIDTHS: Final = (74, 48, 26, 26)
_SHADOW_HEADS: Final = ("Surface", "Why")


def _heading(page: Page, view: CertificateView) -> None:
    page.set_font(FONT, "B", 17)
    page.set_text_color(*DARK)
    page.cell(WIDTH, 9, "Certificate of disinfection", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(FONT, "", 10)
    page.set_text_color(*GREY)
    zone = f"{view.zone_name} ({view.zone})" if view.zone_name and view.zone_name != view.zone else view.zone
    page.cell(WIDTH, 6, f"{zone} · {_method(view.method)} · task {view.task}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(2)
    good, bad = ("Sprayed whole", "Not sprayed whole") if view.spray else (_REACHED, "Dose not reached")
    said, colour = (good, _GOOD) if view.complete else (bad, _BAD)
    if view.ended_at is None:
        said = "Not ended"
    page.set_fill_color(*colour)
    page.set_text_color(255, 255, 255)
    page.set_font(FONT, "B", 11)
    page.cell(WIDTH, 9, f"  {said}", fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(3)


def _figures(page: Page, view: CertificateView) -> None:
    figures = (
        ("asked for", _dose(view.asked)),
        ("minimum", _dose(view.minimum)),
        ("5th percentile", _dose(view.percentile_5)),
        ("covered", f"{view.covered_share:.1%}"),
        ("in shadow", f"{view.shadowed_share:.1%}"),
    )
    figures_of(page, figures)


def _people(page: Page, view: CertificateView) -> None:
    checked = moment(view.lamp_checked_at) if view.lamp_checked_at else "never"
    rows = (
        ("Ordered", f"{view.ordered_by}, {moment(view.ordered_at)}"),
        ("Cleaned before", by(view.cleaned_by, view.cleaned_at)),
        ("Vacated and shut", by(view.confirmed_by, view.confirmed_at)),
        ("Robot", f"{view.robot}; lamp {view.lamp_hours:.1f} h, irradiance measured {checked}"),
        ("Lamp on", f"{moment(view.began_at)} – {moment(view.ended_at)}, {view.seconds_on:.0f} s in all"),
    )
    rows_of(page, rows)


def _map(page: Page, view: CertificateView) -> None:
    """The floor's doses, furniture, and where the lamp shone."""
    xs, ys = [x for x, _ in view.outline], [y for _, y in view.outline]
    wide, deep = max(xs) - min(xs), max(ys) - min(ys)
    scale = min(WIDTH * 0.62 / wide, _MAP_HEIGHT / deep)
    left, top = page.get_x(), page.get_y()

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (x - min(xs)) * scale, top + (max(ys) - y) * scale

    side = 0.25 * scale
    for x, y, dose in view.dose_map:
        page.set_fill_color(*_colour(dose, view.asked))
        at_x, at_y = place(x, y)
        page.rect(at_x - side / 2, at_y - side / 2, side, side, style="F")
    page.set_draw_color(*DARK)
    page.set_line_width(0.2)
    page.set_fill_color(235, 236, 238)
    for ring in view.furniture:
        page.polygon([place(x, y) for x, y in ring], style="DF")
    page.set_line_width(0.5)
    page.polygon([place(x, y) for x, y in view.outline], style="D")
    page.set_fill_color(*DARK)
    for x, y in dict.fromkeys(view.way):
        at_x, at_y = place(x, y)
        page.circle(at_x, at_y, 0.9, style="F")
    _legend(page, left + wide * scale + 6, top, view.asked)
    page.set_xy(left, top + deep * scale + 4)


def _legend(page: Page, left: float, top: float, asked: float) -> None:
    page.set_font(FONT, "", 7.5)
    entries: tuple[tuple[Colour, str], ...] = (
        (_colour(asked * 3.0, asked), f"{_dose(asked * 3)} and more"),
        (_colour(asked * 1.5, asked), _dose(asked * 1.5)),
        (_colour(asked, asked), f"{_dose(asked)}, as asked for"),
        (_colour(asked * 0.5, asked), f"{_dose(asked * 0.5)}: too little"),
        (SHADOW, "floor in shadow"),
        (DARK, "where the lamp shone"),
    )
    for number, (colour, text) in enumerate(entries):
        page.set_fill_color(*colour)
        page.rect(left, top + number * 6, 4, 4, style="F")
        page.set_text_color(*DARK)
        page.set_xy(left + 6, top + number * 6 - 0.5)
        page.cell(50, 5, text)


def _colour(dose: float | None, asked: float) -> Colour:
    """Red below what was asked for, from pale to deep green above."""
    if dose is None:
        return SHADOW
    if dose < asked * (1.0 - 1e-6):
        return (226, 122, 104)
    share = min(1.0, (dose / asked - 1.0) / 2.0)
    return (round(190 - 150 * share), round(226 - 96 * share), round(200 - 110 * share))


def _interruptions(view: CertificateView) -> list[tuple[str, ...]]:
    return [
        (moment(i.at), i.because, moment(i.over) if i.over else "not over", i.confirmed_by or "–")
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
