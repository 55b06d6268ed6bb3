"""A real browser: Debian's chromium, driven by playwright; without chromium its tests skip, never in CI."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, Page

CHROMIUM = shutil.which("chromium")
_FLAGS = (
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}

needs_browser = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="needs Debian's chromium: apt-get install chromium"
)


@asynccontextmanager
async def browsing(
    *, width: str = "desk", dark: bool = False, language: str = "en", scripts: bool = True
) -> "AsyncIterator[Page]":
    """Opens a page of a browser of its own; `page.strangers` lists requests that would have left this machine."""
    from playwright.async_api import Request, async_playwright

    across, down = _WIDTHS[width]
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        context = await browser.new_context(
            viewport={"width": across, "height": down},
            color_scheme="dark" if dark else "light",
            locale={"en": "en-CA", "fr": "fr-CA"}[language],
            java_script_enabled=scripts,
            is_mobile=width == "phone",
        )
        page = await context.new_page()
        strangers: list[str] = []

        def look(request: Request) -> None:
            if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:")):
                strangers.append(request.url)

        page.on("request", look)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
        yield page
        await browser.close()
        assert not strangers, "a page asked another host"
        assert not faults, f"a page's scripts or policy failed: {faults}"


def _is_fault(said: "ConsoleMessage") -> bool:
    """Whether the browser complains of the page; that an address answers 404 is what a test may ask for."""
    return said.type == "error" and "the server responded with a status of 4" not in said.text


async def violations(page: "Page") -> list[str]:
    """Returns what axe finds against WCAG 2.2 A and AA and best practices, a line each."""
    import axe_playwright_python

    await page.evaluate((Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8"))
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {each['help']}: {node['target']} {node.get('failureSummary', '')}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
