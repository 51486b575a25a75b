"""Recordings that were sent whole, as an old phone kept them, through the ledger, the queue and storage."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SelectionInvalid
from records.actions.hide import ask_hiding
from tests.footage import onsets_ms, spoken_recording
from tests.worker.service import Service, assert_nothing_left_behind
from tests.worker.test_tasks import do_all, fetched

DIARY = {"family": "K-104", "clip": [{"in": 1500, "out": 4750}, {"in": 5000, "out": 6000}]}
NARROW = ("-ar", "8000", "-ac", "1", "-c:a", "libopencore_amrnb")


@pytest.mark.parametrize(("name", "options", "late_ms"), [("old.amr", NARROW, 6), ("diary.mp3", (), 0.2)])
def test_a_recording_sent_whole_becomes_sounds_and_a_pack_without_notes(
    name: str, options: tuple[str, ...], late_ms: float, folder_service: Service, tmp_path: Path
) -> None:
    kinds = ("review_pack", "picture_notes")
    recording = spoken_recording(tmp_path / name, *options)
    selection_id, jobs = folder_service.send_film(recording, DIARY, outputs=kinds)
    do_all(folder_service, jobs)
    view = folder_service.view(selection_id)
    assert view.state == "ready"
    assert [[file.name for file in moment.artifacts] for moment in view.moments] == [["01.m4a"], ["02.m4a"]]
    assert {output.kind: len(output.artifacts) for output in view.outputs} == {"review_pack": 1, "picture_notes": 0}
    held = view.moments[0].held
    assert held is not None
    assert held.to_ms == pytest.approx(8000, abs=30)
    made = fetched(folder_service, selection_id, "01.m4a", tmp_path)
    assert onsets_ms(made) == pytest.approx([500, 1500, 2500], abs=late_ms)
    assert_nothing_left_behind(folder_service)
    with folder_service.db.session() as session, pytest.raises(SelectionInvalid, match="nobody to hide"):
        ask_hiding(session, selection_id, view.moments[0].id, [])
