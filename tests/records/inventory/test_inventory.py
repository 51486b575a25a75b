"""What the service says of itself: complete, following from the settings, and without anything secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from records.accounts.principal import Role, Scope
from records.copies.register import Carrier
from records.inventory.access import ROLE_TITLES, SCOPE_WORDS, roles
from records.inventory.inventory import BASES, inventory_of
from records.inventory.leaving import CARRIED
from records.inventory.words import said_interval, said_period, said_seconds, said_term, said_terms
from records.migrations.worker_role import RIGHTS
from records.models import Base
from records.models.sealed import sealed_columns
from records.retention_policy.periods import Period, Term
from records.settings import Settings

HOUSE = Path(__file__).parents[3]
MARK = "marker-that-nobody-may-read"


def plain(**given: Any) -> Settings:
    """Settings as they are shipped, whatever the environment says, but for these."""
    return Settings.model_construct(**given)


def test_every_table_of_the_database_stands_in_exactly_one_kind_of_what_is_kept() -> None:
    told = [table for one in inventory_of(plain()).kept for table in one.tables]
    assert sorted(told) == sorted(RIGHTS)


def test_every_sealed_column_is_told() -> None:
    told = {column for one in inventory_of(plain()).kept for column in one.sealed}
    there = {
        f"{mapper.class_.__tablename__}.{column}"
        for mapper in Base.registry.mappers
        for column in sealed_columns(mapper)
    }
    assert told == there
    assert "families.code" in told


def test_every_statement_names_a_file_of_the_program_that_is_there() -> None:
    found = inventory_of(plain())
    named = {one.code for one in (*found.kept, *found.leaving, *found.measures)}
    assert [path for path in sorted(named) if not (HOUSE / path).is_file()] == []


def test_every_kind_of_what_is_kept_lies_in_a_place_that_is_told() -> None:
    found = inventory_of(plain())
    assert {one.place for one in found.kept} <= {place.id for place in found.places}


def test_every_role_scope_and_carrier_has_words() -> None:
    assert set(ROLE_TITLES) == set(Role)
    assert set(SCOPE_WORDS) == set(Scope)
    assert set(CARRIED) == set(Carrier)
    assert {one.role for one in roles() if one.sees_films} == {Role.GUIDER, Role.SUPERVISOR}
    assert len(BASES) == 6


SAYS: dict[str, Any] = {
    "database_url": "postgresql+psycopg://somebody@somewhere/vigpack",
    "broker_url": "redis://somewhere",
    "storage_url": "s3://bucket",
    "token": SecretStr("a-long-random-text-of-guiders"),
    "it_token": SecretStr("another-long-random-text"),
    "master_key": SecretStr("x" * 43),
    "master_key_command": "/usr/bin/ask-the-kms",
    "master_key_file": Path("/etc/vigpack-master"),
    "key_dir": Path("/keys"),
    "local_accounts": True,
    "oidc_issuer": "https://sign-in.example.org",
    "open_to_everyone_on_this_machine": True,
    "public_url": "https://vigpack.example.org",
    "jail_required": True,
    "decode_by": "off",
    "log_dir": Path("/logs"),
    "sweep_s": 7200,
    "audit_checkpoint_dir": Path("/elsewhere"),
    "backup_recipient": "age1somebody",
    "backup_max_age_days": 3,
    "session_idle_s": 1800,
    "session_longest_s": 3600,
    "controller": "Anytown Council",
    "data_protection_contact": "dpo@example.org",
    "accessibility_contact": "01632 960 000",
    "security_contact": "mailto:security@example.org",
}
"""Settings that the papers tell of, each with another value than it is shipped with."""
WITH_OTHERS: dict[str, dict[str, Any]] = {
    "s3_endpoint": {"storage_url": "s3://bucket", "s3_endpoint": "http://somewhere"},
    "s3_region": {"storage_url": "s3://bucket", "s3_region": "eu-west-2"},
    "breached_passwords": {"local_accounts": True, "breached_passwords": Path("/list")},
    "oidc_amr_values": {"oidc_issuer": "https://sign-in.example.org", "oidc_amr_values": "mfa"},
    "oidc_acr_values": {"oidc_issuer": "https://sign-in.example.org", "oidc_acr_values": "high"},
    "audit_checkpoint_s": {"audit_checkpoint_dir": Path("/elsewhere"), "audit_checkpoint_s": 60},
}
"""Those that say something only beside another one."""
SAYS_NOTHING = {
    "data_dir",
    "migrate_database_url",
    "worker_role",
    "s3_access_key_id",
    "s3_secret_access_key",
    "service_key",
    "former_service_keys",
    "oidc_client_id",
    "oidc_client_secret",
    "oidc_label",
    "oidc_scopes",
    "oidc_hosts",
    "oidc_roles_claim",
    "oidc_roles",
    "oidc_create_accounts",
    "oidc_sign_out_there",
    "host",
    "port",
    "proxy_url",
    "proxy_via",
    "trusted_proxies",
    "consent_grace_days",
    "ffmpeg",
    "worker_name",
    "scratch_dir",
    "max_upload_bytes",
    "min_free_bytes",
    "most_waiting_jobs",
    "most_begun_selections",
    "most_promised_bytes",
    "most_previews_per_minute",
    "most_streams",
    "lease_s",
    "heartbeat_s",
    "recovery_s",
    "rating_scale",
    "hung_after_s",
    "max_attempts",
    "retry_after_s",
    "outage_patience_s",
    "job_limit_s",
    "job_memory_bytes",
    "job_file_bytes",
    "job_niceness",
}
"""What is kept, seen and leaves is the same whatever these are. A new setting fails the test: decide what it says."""
OWN_FILES = {"retention_file", "consent_policy"}


def test_of_every_setting_it_is_decided_whether_the_papers_tell_of_it() -> None:
    told = [*SAYS, *WITH_OTHERS, *SAYS_NOTHING, *OWN_FILES]
    assert sorted(told) == sorted(Settings.model_fields)


@pytest.mark.parametrize("name", SAYS)
def test_another_setting_is_another_inventory(name: str) -> None:
    assert inventory_of(plain(**{name: SAYS[name]})) != inventory_of(plain())


@pytest.mark.parametrize("name", WITH_OTHERS)
def test_so_is_one_that_counts_beside_another(name: str) -> None:
    before = {one: value for one, value in WITH_OTHERS[name].items() if one != name}
    assert inventory_of(plain(**WITH_OTHERS[name])) != inventory_of(plain(**before))


@pytest.mark.parametrize(
    ("given", "is_one"),
    [
        ({"broker_url": "redis://127.0.0.1:6400/0"}, True),
        ({"broker_url": "redis+socket:///run/redis.sock"}, True),
        ({"broker_url": "redis://redis:6379/0"}, False),
        ({"database_url": "postgresql+psycopg://u:p@localhost/v"}, True),
        ({"database_url": "postgresql+psycopg://u:p@db.example.org/v"}, False),
        ({"storage_url": "s3://bucket"}, False),
    ],
    ids=lambda one: str(one).replace(":", " "),
)
def test_what_lies_on_the_same_machine_does_not_leave(given: dict[str, Any], is_one: bool) -> None:
    found = inventory_of(plain(**given))
    assert found.is_one_machine == is_one
    assert bool({"queue", "database", "bucket"} & {one.id for one in found.leaving}) != is_one


def test_files_of_the_services_own_are_what_is_told(tmp_path: Path) -> None:
    policy = tmp_path / "retention.toml"
    shipped = (HOUSE / "configs/retention.toml").read_text()
    policy.write_text(
        shipped.replace('ready = "READY+14D"', 'ready = "READY+3D"').replace(
            "[schedules.vig]", 'supervision = "MADE+6M"\n[schedules.vig]'
        )
    )
    found = inventory_of(plain(retention_file=policy))
    assert "sources.ready = READY+3D" in {one.written for one in found.retention}
    said = {one.id: one.until for one in found.kept}
    assert said["sources"].startswith("3 days after its moments are ready;")
    assert "What was made for supervision: 6 months after it was made." in said["made"]
    consent = tmp_path / "consent.toml"
    consent.write_text(
        (HOUSE / "configs/consent.toml")
        .read_text()
        .replace('[court]\ntitle = "court"', '[court]\ntitle = "proceedings"')
        .replace('basis = "consent"\nagreement = "needed"', 'basis = "public_task"\nagreement = "noted"')
    )
    [court] = [one for one in inventory_of(plain(consent_policy=consent)).purposes if one.purpose == "court"]
    assert (court.title, court.basis, court.agreement) == (
        "proceedings",
        "public task (Art. 6 (1) (e))",
        "noted; a no stops it",
    )


def with_marks() -> Settings:
    """Settings that hold a mark wherever a secret, a server, a path or a user's name can stand."""
    public = {"controller", "data_protection_contact", "accessibility_contact", "security_contact", "s3_region"}
    policies = {"retention_file", "consent_policy"}
    given: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        kind = str(field.annotation)
        if name in public | policies or name == "public_url":
            continue
        if "SecretStr" in kind:
            given[name] = SecretStr(f"{MARK} {MARK}")
        elif "Path" in kind:
            given[name] = Path(f"/{MARK}")
        elif "str" in kind:
            given[name] = f"https://{MARK}:{MARK}@{MARK}/{MARK}"
    return plain(**given, local_accounts=True, public_url=f"https://{MARK}")


def test_nothing_secret_and_no_server_or_path_stands_in_it() -> None:
    settings = with_marks()
    assert MARK in settings.token.get_secret_value()
    assert MARK in str(settings.key_dir)
    assert MARK not in inventory_of(settings).model_dump_json()


@pytest.mark.parametrize(
    "given", ["security@example.org", "mailto:security@example.org\nExpires: never", "http://x", "mailto:a b@c"]
)
def test_a_contact_that_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        Settings(security_contact=given)


def test_several_contacts_keep_their_order() -> None:
    settings = Settings(security_contact="mailto:s@example.org, https://example.org/report,tel:+441632960000")
    assert inventory_of(settings).security_contacts == (
        "mailto:s@example.org",
        "https://example.org/report",
        "tel:+441632960000",
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [("1D", "1 day"), ("2W", "14 days"), ("1M", "1 month"), ("18M", "18 months"), ("12M", "1 year"), ("6", "6 years")],
)
def test_lengths_of_time_in_words(written: str, said: str) -> None:
    assert said_period(Period.parse(written)) == said


def test_times_in_words() -> None:
    terms = [Term.parse("CASE+6"), Term.parse("DOB+25")]
    assert said_term(terms[0]) == "6 years after involvement ended"
    assert (
        said_terms(terms) == "6 years after involvement ended or 25 years after the child’s birth, whichever is later"
    )
    assert [said_seconds(one) for one in (90, 60, 3600, 90_000, 86_400)] == [
        "90 seconds",
        "1 minute",
        "1 hour",
        "25 hours",
        "1 day",
    ]
    assert (said_interval(3600), said_interval(300)) == ("hour", "5 minutes")
