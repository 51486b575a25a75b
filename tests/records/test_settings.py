"""The settings: read by their names, and for one release by their former ones."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

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
