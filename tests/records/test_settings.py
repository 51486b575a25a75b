"""The settings: read by their names, and for one release by their former ones."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.screen import sentence_for
from records.settings import FORMER_NAMES, Settings, load_settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIGPACK_SECRETS_DIR", *FORMER_NAMES, *FORMER_NAMES.values()):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("former", "name"), FORMER_NAMES.items())
def test_a_former_name_is_read_and_told(monkeypatch: pytest.MonkeyPatch, former: str, name: str) -> None:
    field = name.removeprefix("VIGPACK_").lower()
    monkeypatch.setenv(former, "77")
    with pytest.warns(FutureWarning, match=f"{former} is called {name} now"):
        assert getattr(load_settings(), field) == 77
    monkeypatch.setenv(name, "78")
    with pytest.warns(FutureWarning, match=former):
        assert getattr(load_settings(), field) == 78


def test_a_former_name_of_a_file_is_read_and_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "VIGPACK_HEAL_S").write_text("77")
    monkeypatch.setenv("VIGPACK_SECRETS_DIR", str(tmp_path))
    with pytest.warns(FutureWarning, match="VIGPACK_HEAL_S"):
        assert load_settings().recovery_s == 77


def test_a_setting_is_read_by_its_name_alone_and_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOVERY_S", "76")
    monkeypatch.setenv("VIGPACK_SWEEP_S", "50")
    with warnings.catch_warnings(action="error"):
        assert load_settings().recovery_s == 15
        assert load_settings().sweep_s == 50
        assert load_settings(recovery_s=3).recovery_s == 3
        assert Settings(recovery_s=3).recovery_s == 3


@pytest.mark.parametrize("closed", ["vigpack_token", "."], ids=["a secret", "all of them"])
def test_a_secret_that_may_not_be_read_is_named(monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    """As a container's user meets them, or a unit's, whose copies the system could not hand over."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are for this user alone
        (Path(folder) / "vigpack_token").write_text("a long random text of guiders")
        Path(folder).chmod(0o755)
        (Path(folder) / closed).chmod(0)
        monkeypatch.setenv("VIGPACK_SECRETS_DIR", folder)
        with as_nobody(), pytest.raises(PermissionError) as refused:
            load_settings()
        Path(folder).chmod(0o700)
        assert sentence_for(refused.value)[1] == f"{Path(folder) / closed} may not be read or written by this user."


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything; others who run the tests may not read what is closed."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)
