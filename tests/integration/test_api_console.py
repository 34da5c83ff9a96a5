"""The built console is served with the right headers, and never hides an unknown path of the API."""

from __future__ import annotations

import asyncio
from gzip import compress
from pathlib import Path

import httpx
import pytest

from fleet_manager.api.app import create_app
from tests.api_house import calling, hospital


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>WardFleet</title>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("let wards")
    (tmp_path / "assets" / "app-1a2b.js.gz").write_bytes(compress(b"let wards"))
    return tmp_path


def get(built: Path | None, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def one() -> httpx.Response:
        async with calling(create_app(hospital(), console_dir=built)) as client:
            return await client.request(method, f"http://fleet{path}", headers=headers)

    return asyncio.run(one())


@pytest.mark.parametrize("path", ["/", "/porter", "/tasks/task-0001"])
def test_every_view_is_the_one_page_and_is_asked_for_again(built: Path, path: str) -> None:
    page = get(built, path)
    assert page.text == "<title>WardFleet</title>"
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_an_unchanged_page_is_not_sent_twice(built: Path) -> None:
    tag = get(built, "/").headers["etag"]
    assert get(built, "/", **{"If-None-Match": tag}).status_code == 304


def test_files_with_a_digest_are_kept_for_ever_and_sent_compressed(built: Path) -> None:
    script = get(built, "/assets/app-1a2b.js", **{"Accept-Encoding": "gzip"})
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-encoding"] == "gzip"
    assert script.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    assert script.text == "let wards"
    plain = get(built, "/assets/app-1a2b.js", **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == script.text


@pytest.mark.parametrize("path", ["/api/v1/nonsense", "/api", "/agents/v2", "/assets/gone.js", "/../pyproject.toml"])
def test_what_is_not_there_is_a_problem_and_no_page(built: Path, path: str) -> None:
    answer = get(built, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_pages_are_only_read(built: Path) -> None:
    assert get(built, "/", method="POST").status_code == 405


def test_without_a_built_console_the_api_answers_alone() -> None:
    assert get(None, "/").status_code == 404
    assert get(None, "/healthz").status_code == 200
