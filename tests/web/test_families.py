"""A guider's families: found again, gone on with, and nothing of one shown beside another."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import select

from records.accounts.principal import Principal
from records.documents import MomentFacts
from records.models import ArtifactRow, MomentRow, SelectionRow
from records.storage.open import open_storage
from tests.axe import AXE, complaints
from tests.effects import open_alone
from tests.records.cast import add_selection
from tests.web.desk import PHONE, DeskService, Guider
from tests.web.people import sign_in
from tests.web.test_desk_sending import drop_film

TOGETHER = "people"

QUESTION = "How can we enjoy playing together?"


def sent(service: DeskService, who: Principal, code: str, cycle: int, of: str) -> str:
    """A film of which one still is ready."""
    db = open_alone(service.settings())
    shape = {"family": code, "cycle": cycle, "of": of, "helping_question": QUESTION, "still": [{"at": 0}]}
    made = add_selection(db, shape, outputs=(), who=who)
    file = service.data_dir / f"{made}.jpg"
    Image.new("RGB", (320, 180), "teal").save(file, "JPEG")
    stored = open_storage(service.settings()).put(file, f"selections/{made}/01.jpg")
    with db.session() as session:
        moment = session.scalars(select(MomentRow).where(MomentRow.selection_id == made)).one()
        moment.state, moment.facts = "ready", MomentFacts(in_ms=0, width_px=320, height_px=180)
        session.get_one(SelectionRow, made).state = "ready"
        row = ArtifactRow(
            selection_id=made, moment_id=moment.id, kind="still", name="01.jpg", storage_key=stored.key,
            media_type="image/jpeg", bytes=stored.bytes, sha256=stored.sha256,
        )  # fmt: skip
        session.add(row)
    db.dispose()
    return made


def test_a_family_is_found_again_and_its_next_film_begun_with_what_is_known(
    with_people: DeskService, context: BrowserContext, film: Path
) -> None:
    fay = sign_in(with_people, context, "Fay", "guider")
    sent(with_people, fay, "F-411", 1, "family_film")
    recording = sent(with_people, fay, "F-411", 1, "review_recording")
    sent(with_people, fay, "F-622", 2, "family_film")
    guider = Guider(context.new_page(), with_people.url).start()
    page = guider.page

    expect(guider.heading("Your families")).to_be_visible()
    assert page.locator("main img, main video").count() == 0
    assert not AXE.is_file() or complaints(page) == []
    page.get_by_role("link", name="F-411 cycle 1 · review recording").click()
    expect(page.locator("main .tile img")).to_have_count(1)
    expect(page.get_by_text("F-622")).to_have_count(0)
    assert not AXE.is_file() or complaints(page) == []
    guider.button("Cover pictures").click()
    expect(page.locator("main .tile img")).to_have_count(0)
    guider.button("Pictures are covered").click()

    page.get_by_role("link", name="Review recording").click()
    expect(guider.heading("This is a recording of a review")).to_be_visible()
    expect(page.get_by_role("link", name="Look at Still 1")).to_have_count(0)
    guider.button("Show the recording").click()
    expect(page.get_by_role("link", name="Look at Still 1")).to_be_visible()
    assert page.url.endswith(recording)
    page.get_by_role("link", name="Family F-411").click()

    expect(guider.button("New film: cycle 2")).to_be_visible()
    drop_film(context, guider, film)
    expect(page.get_by_label("Family code")).to_have_value("F-411")
    expect(page.get_by_role("spinbutton", name="Cycle")).to_have_value("2")
    expect(page.get_by_label("Helping question")).to_have_value(QUESTION)
    guider.mark_still(1)
    guider.button("vigpack, start").click()
    expect(page.get_by_text("1 film on this laptop, not sent yet")).to_be_visible()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a TypedDict of just these two
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not AXE.is_file() or complaints(page) == []
    guider.button("Continue: film.mp4").click()
    expect(guider.cards("Still")).to_have_count(1)
    assert guider.posted == []
    assert guider.complaints == []
