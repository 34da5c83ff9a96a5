"""What the certificate of a spraying shows: agent, volume, who ordered it, and the map of what is wet."""

from __future__ import annotations

from typing import Final

from fleet_manager.api.certificate_page import DARK, FONT, SHADOW, WIDTH, Page, by, figures_of, moment, rows_of
from fleet_manager.orchestration.views import CertificateView, SprayProofView

_MAP_HEIGHT: Final = 96.0
_WET: Final = (150, 203, 178)
_DRY: Final = (226, 122, 104)
_GROUND: Final = (255, 255, 255)


def spray_pages(page: Page, view: CertificateView, spray: SprayProofView) -> None:
    figures_of(
        page,
        (
            ("covered", f"{view.covered_share:.2%}"),
            ("area", f"{spray.area:.0f} m²"),
            ("asked for", f"{spray.volume * 1000.0:.0f} mL/m²"),
            ("sprayed", f"{spray.litres:.1f} L"),
            ("sorties", f"{spray.sorties} (refills {spray.refills})"),
        ),
    )
    ordered = f"{spray.ordered_by}: {spray.order_reason}" if spray.ordered_by is not None else "not needed indoors"
    contact = f"wet for {spray.contact_time / 60.0:.0f} min"
    entry = f"closed until {moment(spray.re_entry_at)}" if spray.re_entry_at is not None else "not ended"
    rows = [
        ("Asked for", f"{view.ordered_by}, {moment(view.ordered_at)}"),
        ("Infection control's order", ordered),
        ("Agent", f"{spray.agent_name} ({spray.agent}), {spray.concentration:g} g/L; {contact}"),
        ("Cleaned before", by(view.cleaned_by, view.cleaned_at)),
        ("Vacated", by(view.confirmed_by, view.confirmed_at)),
        ("Robots", f"{', '.join(spray.robots)}; swath {spray.swath:g} m"),
        ("Sprayed", f"{moment(view.began_at)} – {moment(view.ended_at)}, {view.seconds_on:.0f} s in all"),
        ("Re-entry", entry),
    ]
    if spray.continues is not None:
        rows.append(("Goes on with", f"task {spray.continues}, which ended unfinished"))
    rows_of(page, rows)
    _map(page, view, spray)


def _map(page: Page, view: CertificateView, spray: SprayProofView) -> None:
    """What is wet, what stayed dry, and furniture."""
    xs, ys = [x for x, _ in view.outline], [y for _, y in view.outline]
    wide, deep = max(xs) - min(xs), max(ys) - min(ys)
    scale = min(WIDTH * 0.72 / wide, _MAP_HEIGHT / deep)
    left, top = page.get_x(), page.get_y()

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (x - min(xs)) * scale, top + (max(ys) - y) * scale

    page.set_line_width(0.1)
    for colour, shapes in ((_WET, spray.wet), (_DRY, spray.dry)):
        for outline, *holes in shapes:
            page.set_fill_color(*colour)
            page.polygon([place(x, y) for x, y in outline], style="F")
            page.set_fill_color(*_GROUND)
            for hole in holes:
                page.polygon([place(x, y) for x, y in hole], style="F")
    page.set_draw_color(*DARK)
    page.set_fill_color(*SHADOW)
    for ring in view.furniture:
        page.polygon([place(x, y) for x, y in ring], style="DF")
    page.set_line_width(0.5)
    page.polygon([place(x, y) for x, y in view.outline], style="D")
    page.set_font(FONT, "", 7.5)
    page.set_text_color(*DARK)
    for number, (colour, text) in enumerate(((_WET, "wet"), (_DRY, "in reach, dry"), (SHADOW, "furniture, beds"))):
        page.set_fill_color(*colour)
        page.rect(left + wide * scale + 6, top + number * 6, 4, 4, style="F")
        page.set_xy(left + wide * scale + 12, top + number * 6 - 0.5)
        page.cell(40, 5, text)
    page.set_xy(left, top + max(deep * scale, 18.0) + 4)
