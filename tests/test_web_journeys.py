"""Each role's main task in a real browser, and every page looked at by axe; what pages weigh, and whom they ask."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import browsing, needs_browser, violations
from tests.newsroom_site import newsroom_in, served_newsroom
from tests.site_here import EVERYBODY, password

if TYPE_CHECKING:
    from playwright.async_api import Page, Response

pytestmark = [needs_browser, pytest.mark.slow, pytest.mark.unmeasured]


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """The newsroom with a user of each role."""
    return newsroom_in(tmp_path, EVERYBODY)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The newsroom for whoever sits at the machine."""
    return newsroom_in(tmp_path)


async def sign_in(page: "Page", url: str, name: str) -> None:
    """From the page that was asked for, by the sign-in page, and back."""
    await page.goto(f"{url}/search")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(password(name))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{url}/search")


async def test_a_journalist_finds_a_story_and_says_that_it_is_not_relevant(locked: Path) -> None:
    async with served_newsroom(locked) as url, browsing(width="phone") as page:
        await sign_in(page, url, "rhea")
        await page.get_by_role("searchbox").fill('"border mayors"')
        await page.get_by_role("status").filter(has_text="1 article").wait_for()
        assert "q=%22border" in page.url
        await page.get_by_role("link", name="Minister answers border mayors").click()
        await page.get_by_role("heading", name="Who carried it").wait_for()
        assert await page.get_by_role("row").count() > 7
        await page.get_by_role("link", name="The Prairie Lantern").first.click()
        await page.get_by_role("heading", name="Text as kept").wait_for()
        await page.get_by_text("Not about “Roxham Road”?").click()
        await page.get_by_role("button", name="Not relevant").click()
        await page.get_by_text("rhea", exact=False).first.wait_for()
        assert await page.get_by_role("link", name="Sources").count() == 0


async def test_a_researcher_narrows_saves_feeds_and_exports(locked: Path) -> None:
    async with served_newsroom(locked) as url, browsing() as page:
        await sign_in(page, url, "ruth")
        await page.get_by_role("searchbox").fill("roxham")
        await page.get_by_role("status").filter(has_text="11 articles").wait_for()
        await page.get_by_label("French").check()
        await page.get_by_role("status").filter(has_text="3 articles").wait_for()
        assert "language=fr" in page.url
        await page.get_by_role("button", name="Save").click()
        await page.wait_for_url(f"{url}/saved**")
        feed = await page.get_by_text("/searches/").first.text_content()
        assert feed
        await page.goto(f"{url}/search?q=roxham&language=fr")
        async with page.expect_download() as saved:
            await page.get_by_label("Form").select_option("jsonl")
            await page.get_by_role("button", name="Export").click()
        lines = (await (await saved.value).path()).read_text("utf-8").splitlines()
        assert [json.loads(line)["language"] for line in lines] == ["fr"] * 3


async def test_an_operator_sees_what_is_ill_and_edits_a_topic(locked: Path) -> None:
    file = locked / "topics.yaml"
    before = file.read_text("utf-8")
    async with served_newsroom(locked) as url, browsing() as page:
        await sign_in(page, url, "olga")
        await page.get_by_role("link", name="Sources").click()
        await page.get_by_text("HTTP 404").first.wait_for()
        await page.get_by_role("link", name="Topics").click()
        await page.get_by_role("link", name="Roxham Road").first.click()
        editor = page.get_by_role("textbox").first
        await editor.fill((await editor.input_value()).replace("'\"Roxham Rd\"', ", "'\"Roxham Rd\"', 'kelp', "))
        effect = page.get_by_role("region", name="The effect").or_(page.locator("#effect")).first
        await effect.get_by_role("link", name="Kelp farm wins leave to double in size", exact=True).wait_for()
        await page.get_by_role("button", name="Save").click()
        await page.get_by_role("status").first.wait_for()
        assert file.read_text("utf-8") == before.replace("'\"Roxham Rd\"', ", "'\"Roxham Rd\"', 'kelp', ")
        await page.get_by_role("link", name="Digests").click()
        await page.get_by_role("link").filter(has_text="desk").first.click()
        await page.get_by_role("heading", name="Preview").wait_for()
        await page.goto(f"{url}/outbox/1")
        letter = page.frame_locator("iframe").first
        await letter.get_by_role("link").first.wait_for()


EVERY_PAGE = (  # but those that tests/test_web_operators.py looks at
    "/search",
    "/search?q=roxham",
    "/search?q=(",
    "/search?q=nothingatall",
    "/stories/4",
    "/articles/1",
    "/articles/10",
    "/missed",
    "/saved",
    "/export?q=roxham",
    "/api",
    "/topics",
    "/topics/stca",
    "/topics/new",
    "/nothing-here",
)


@pytest.mark.parametrize(("width", "dark", "language"), [("desk", False, "en"), ("phone", True, "fr")])
async def test_axe_finds_nothing_on_any_page(here: Path, width: str, dark: bool, language: str) -> None:
    async with served_newsroom(here) as url, browsing(width=width, dark=dark, language=language) as page:
        found = {}
        for path in EVERY_PAGE:
            answer = await page.goto(url + path)
            assert answer is not None
            assert answer.status < 500, path
            found[path] = await violations(page)
            across = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if across > 0:
                found[path].append(f"{across} pixels wider than the screen")
        assert {path: said for path, said in found.items() if said} == {}


async def test_the_sign_in_page_is_for_everybody(locked: Path) -> None:
    async with served_newsroom(locked) as url, browsing(width="phone", language="fr") as page:
        await page.goto(f"{url}/search")
        assert await violations(page) == []
        assert await page.get_by_role("button", name="Se connecter").count() == 1


async def test_pages_work_without_scripts(here: Path) -> None:
    async with served_newsroom(here) as url, browsing(scripts=False) as page:
        await page.goto(f"{url}/search")
        await page.get_by_role("searchbox").fill("roxham")
        await page.get_by_role("button", name="Search").click()
        await page.get_by_role("status").filter(has_text="11 articles").wait_for()
        await page.goto(f"{url}/topics/stca")
        editor = page.get_by_role("textbox").first
        await editor.fill((await editor.input_value()).replace("id: stca", "id: stca\n    none: [asylum]"))
        await page.get_by_role("button", name="Try").click()
        assert "stca" in await page.get_by_role("textbox").first.input_value()


async def test_the_first_page_is_light(here: Path) -> None:
    async with served_newsroom(here) as url, browsing() as page:
        weights: dict[str, int] = {}

        async def weigh(answer: "Response") -> None:
            sizes = await answer.request.sizes()
            weights[answer.url] = sizes["responseBodySize"] + sizes["responseHeadersSize"]

        page.on("response", weigh)
        await page.goto(f"{url}/", wait_until="networkidle")
        assert len(weights) >= 4
        assert sum(weights.values()) < 60_000, weights  # the bound is 150 kB
