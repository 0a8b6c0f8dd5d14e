"""The forecast's part of the page beside its charts: sentences and tables, as the terminal has."""

from dataclasses import dataclass

from markupsafe import Markup

from comparison.reports.forecast_report import Section, sections, title
from comparison.reports.page.documents import document_html
from comparison.reports.page.material import Material
from comparison.reports.page.tables import Table, from_rich


@dataclass(frozen=True, slots=True)
class Part:
    """One heading with what stands below it."""

    title: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class ForecastSection:
    title: str
    parts: tuple[Part, ...]
    document: Markup
    """docs/forecast.md."""


def forecast_section(material: Material) -> ForecastSection | None:
    """None where the page has no forecast."""
    forecast = material.forecast
    if forecast is None:
        return None
    return ForecastSection(
        title(forecast),
        tuple(_part(one, forecast.sides) for one in sections(forecast)),
        document_html(material.forecast_document),
    )


def _part(section: Section, sides: tuple[str, ...]) -> Part:
    heading, content = section
    return Part(
        heading,
        tuple(one for one in content if isinstance(one, str)),
        tuple(
            from_rich(one, f"Forecast: {heading}", sides)
            for one in content
            if not isinstance(one, str)
        ),
    )
