"""A browser without a network, for the tests of pages."""

import shutil

import pytest

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def browser():
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("The browser tests need the package chromium: apt-get install chromium.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        one = play.chromium.launch(executable_path=program, args=list(FLAGS))
        yield one
        one.close()


@pytest.fixture
def show(browser):
    """Open a page without a network; afterwards nothing may have been asked for or complained of."""
    contexts, asked, said = [], [], []

    def opener(file, address="", **options):
        context = browser.new_context(offline=True, **{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri() + address)
        page.wait_for_selector("body[data-ready]")
        return page

    yield opener
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == len(contexts)
    assert said == []
