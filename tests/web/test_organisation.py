"""Signing in with the organisation's account in a real browser, at a certified provider (npm's oidc-provider)."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.issuer import CLIENT_ID, CLIENT_SECRET
from tests.servers import free_port, start, wait_until
from tests.web.desk import DeskService

PROVIDER = Path(__file__).parents[1] / "oidc"
_LONG_MS = 60_000


@dataclass(frozen=True)
class Signed:
    """The service, and the provider that it asks."""

    service: DeskService
    issuer: str


@pytest.fixture(scope="module")
def signed(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signed]:
    assert built_page.is_dir()
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if node is None or not (PROVIDER / "node_modules/oidc-provider").is_dir():
        missing = "the provider's packages are not installed: run make setup"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    folder, port = tmp_path_factory.mktemp("organisation"), free_port()
    issuer = f"http://127.0.0.1:{port}"
    service = DeskService(folder)
    service.environment |= {
        "VIGPACK_OIDC_ISSUER": issuer,
        "VIGPACK_OIDC_CLIENT_ID": CLIENT_ID,
        "VIGPACK_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "VIGPACK_OIDC_LABEL": "Sign in with Anytown Council",
        "VIGPACK_OIDC_SCOPES": "profile vigpack",
        "VIGPACK_OIDC_ROLES_CLAIM": "roles",
        "VIGPACK_OIDC_ROLES": "guider=guider, lead=manager",
        "VIGPACK_OIDC_SIGN_OUT_THERE": "true",
        "VIGPACK_PUBLIC_URL": service.url,
    }
    own = f"{service.url}/api/v1/sign-in/organisation"
    words = [str(port), CLIENT_ID, CLIENT_SECRET, f"{own}/callback", f"{own}/back-channel-logout"]
    provider = start([node, str(PROVIDER / "provider.mjs"), *words], folder / "provider.log")
    service.start(worker=False)
    wait_until(lambda: answers(issuer), "the provider answers")
    yield Signed(service, issuer)
    service.stop()
    provider.kill()
    provider.wait()


def answers(issuer: str) -> bool:
    try:
        return httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False).is_success
    except httpx.TransportError:
        return False


def sign_in_as(page: Page, signed: Signed, name: str) -> None:
    """By the page's own button, and the provider's two forms."""
    page.goto(signed.service.url)
    page.get_by_role("link", name="Sign in with Anytown Council").click(timeout=_LONG_MS)
    page.locator("[name=login]").fill(name, timeout=_LONG_MS)
    page.locator("[name=password]").fill("anything")
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="Continue").click(timeout=_LONG_MS)


def test_a_guider_signs_in_there_and_is_signed_in_at_the_first_load_until_she_signs_out_there(
    signed: Signed, context: BrowserContext
) -> None:
    page, unknown, callbacks = context.new_page(), [], []
    page.on("response", lambda answer: unknown.append(answer.url) if answer.status == 401 else None)
    page.on("request", lambda asked: callbacks.append(asked.url) if "/callback?" in asked.url else None)
    sign_in_as(page, signed, "ada.guider")
    unknown.clear()  # the page asked who one is before anybody was
    expect(page.get_by_role("button", name="Choose a film")).to_be_visible(timeout=_LONG_MS)
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.url == f"{signed.service.url}/"
    me = page.evaluate("async () => (await fetch('/api/v1/session')).json()")
    assert (me["roles"], me["via"]) == (["guider"], "session")
    assert unknown == []
    page.goto(callbacks[0])  # from the history, say
    expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    page.get_by_role("link", name="Back to vigpack").click()
    expect(page.get_by_role("button", name="Choose a film")).to_be_visible(timeout=_LONG_MS)
    page.get_by_role("button", name="Your account: ada").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("button", name="Yes, sign me out").click(timeout=_LONG_MS)
    page.get_by_role("link", name="Sign in with Anytown Council").click(timeout=_LONG_MS)
    expect(page.locator("[name=login]")).to_be_visible(timeout=_LONG_MS)  # nobody is signed in there any more
    wait_until(
        lambda: context.request.get(f"{signed.service.url}/api/v1/session").status == 401,
        "the provider has told the service",
    )


def test_who_has_no_part_in_it_is_told_so_in_one_sentence(signed: Signed, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in_as(page, signed, "ben")
    expect(page.get_by_text("has not given you a part in vigpack")).to_be_visible(timeout=_LONG_MS)
    assert context.request.get(f"{signed.service.url}/api/v1/session").status == 401
    context.close()
