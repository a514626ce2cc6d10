"""`state:` of the project file: what it may be, and all that can be wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.manifests import load
from pzdecl.manifests.model import StateSettings
from tests.manifests.projects import GROUP, errors, write


def project(tmp_path: Path, text: str) -> Path:
    return write(tmp_path, {"m.yaml": GROUP}, project=f"name: shop\n{text}")


@pytest.fixture(autouse=True)
def no_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PZDECL_STATE_URL", raising=False)


def test_a_path_is_a_file(tmp_path: Path) -> None:
    for text in ("state: a.db", "state: {path: a.db}", "state: {type: file, path: a.db}"):
        assert load(project(tmp_path, text)).state == StateSettings(path=tmp_path / "a.db")
    for text in ("", "state: {type: file}", "state:"):
        assert load(project(tmp_path, text)).state == StateSettings(path=tmp_path / ".pzdecl/state/default.db")


def test_s3(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        "state:\n  type: s3\n  bucket: states\n  region: eu-west-1\n  profile: ci\n  kmsKey: alias/x\n"
        "  endpoint: http://localhost:9000\n  encryption: {keyEnv: K}\nenvironments:\n  prod: {}\n"
        "  test/a: {state: {type: s3, bucket: 'b-${var.b}', key: /k/, encryption: {keyFile: key}}}\n"
        "variables: {b: {default: x1}}\n",
    )
    found = load(root).state
    assert (found.type, found.bucket, found.key) == ("s3", "states", "pzdecl/shop/default")
    assert (found.region, found.profile, found.kms_key) == ("eu-west-1", "ci", "alias/x")
    assert (found.endpoint, found.key_env, found.key_file) == ("http://localhost:9000", "K", None)
    assert load(root, environment="prod").state.key == "pzdecl/shop/prod"
    test = load(root, environment="test/a").state
    assert (test.bucket, test.key, test.key_file, test.region) == ("b-x1", "k", tmp_path / "key", None)


def test_postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(
        tmp_path,
        "state: {type: postgres, url: '${var.url}'}\n"
        "environments:\n  a/b: {}\n  c: {state: {type: postgres, schema: mine}}\n"
        "variables: {url: {default: 'postgresql://u:hidden@h/d', sensitive: true}}\n",
    )
    found = load(root)
    assert (found.state.type, found.state.url) == ("postgres", "postgresql://u:hidden@h/d")
    assert found.state.schema == "pzdecl/shop/default"
    assert "hidden" not in repr(found.state)
    assert found.warnings == ()
    assert load(root, environment="a/b").state.schema == "pzdecl/shop/a%2Fb"
    assert load(root, environment="c").state == StateSettings("postgres", schema="mine")
    monkeypatch.setenv("PZDECL_STATE_URL", "postgresql://elsewhere/d")
    assert load(root, environment="c").state.url == "postgresql://elsewhere/d"
    assert load(root).state.url == "postgresql://u:hidden@h/d"


def test_a_password_in_the_file_is_warned_of(tmp_path: Path) -> None:
    for url in ("postgresql://u:hunter2@h/d", "host=h password=hunter2"):
        root = project(tmp_path, f"state: {{type: postgres, url: '{url}'}}\n")
        [warning] = load(root).warnings
        assert (warning.code, warning.field) == ("PZ0011", "state.url")
        assert "hunter2" not in str(warning)


@pytest.mark.parametrize(
    ("text", "code", "field", "words"),
    [
        ("{type: s4}", "PZ3004", "state.type", "s3"),
        ("{type: s3}", "PZ3002", "state", "bucket is missing"),
        ("{type: s3, bucket: b}", "PZ3006", "state.bucket", "at least 3"),
        ("{type: s3, bucket: bbb, buckets: x}", "PZ3001", "state.buckets", "bucket"),
        ("{type: s3, bucket: bbb, url: x}", "PZ3001", "state.url", "type: postgres"),
        ("{type: s3, bucket: bbb, key: ''}", "PZ3006", "state.key", "at least 1"),
        ("{type: s3, bucket: bbb, region: ''}", "PZ3006", "state.region", "at least 1"),
        ("{type: s3, bucket: bbb, profile: 3}", "PZ3003", "state.profile", "text"),
        ("{type: s3, bucket: bbb, kmsKey: []}", "PZ3003", "state.kmsKey", "text"),
        (
            "{type: s3, bucket: bbb, endpoint: localhost}",
            "PZ3006",
            "state.endpoint",
            "a URL, such as http://127.0.0.1:8080",
        ),
        ("{type: s3, bucket: bbb, encryption: {}}", "PZ3002", "state.encryption", "no key"),
        (
            "{type: s3, bucket: bbb, encryption: {keyEnv: A, keyFile: b}}",
            "PZ3002",
            "state.encryption",
            "two keys",
        ),
        ("{type: s3, bucket: bbb, encryption: {key: A}}", "PZ3001", "state.encryption.key", "keyEnv"),
        ("{type: s3, bucket: bbb, encryption: on}", "PZ3003", "state.encryption", "a mapping"),
        ("{type: postgres, bucket: bbb}", "PZ3001", "state.bucket", "type: s3"),
        ("{type: postgres, encryption: {keyEnv: A}}", "PZ3001", "state.encryption", "type: s3"),
        ("{type: postgres, url: ''}", "PZ3006", "state.url", "at least 1"),
        ("{type: postgres, schema: pg_x}", "PZ3006", "state.schema", "pg_"),
        (f"{{type: postgres, schema: {'s' * 64}}}", "PZ3006", "state.schema", "63 bytes"),
        ("{type: file, path: 3}", "PZ3003", "state.path", "text"),
        ("{type: file, path: ''}", "PZ3006", "state.path", "at least 1"),
        ("{path: a.db, schema: x}", "PZ3001", "state.schema", "type: postgres"),
        ("3", "PZ3003", "state", "text"),
        ("[a.db]", "PZ3003", "state", "text"),
    ],
)
@pytest.mark.parametrize("below", ["", "environments.dev."])
def test_what_is_wrong_is_told_where_it_stands(
    text: str, code: str, field: str, words: str, below: str, tmp_path: Path
) -> None:
    block = f"environments:\n  dev:\n    state: {text}\n" if below else f"state: {text}\n"
    found = errors(project(tmp_path, block), environment="dev" if below else None)
    assert [(one.code, one.field) for one in found] == [(code, f"{below}{field}")]
    told = found[0]
    assert words in f"{told.summary} {told.expected} {told.suggestion} {told.hint}"
    assert told.position is not None
    assert told.position.line == (4 if below else 2)


def test_settings_of_an_environment_that_is_not_used_are_checked_too(tmp_path: Path) -> None:
    root = project(tmp_path, "environments: {dev: {state: {type: s3}}}\n")
    assert [(one.code, one.field) for one in errors(root)] == [("PZ3002", "environments.dev.state")]


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        (
            "state: {path: a.db}\nenvironments: {dev: {}, prod: {state: b.db}}",
            "dev would share the state file a.db",
        ),
        (
            "state: {type: s3, bucket: bbb, key: k}\nenvironments: {dev: {}, prod: {}}",
            "dev and prod would share the s3 state k",
        ),
        (
            "environments:\n  dev: {state: {type: postgres, schema: s}}\n"
            "  prod: {state: {type: postgres, schema: s}}",
            "dev and prod would share the postgres state s",
        ),
        ("environments: {dev: {state: a.db}, prod: {state: {path: a.db}}}", "dev and prod would share"),
    ],
)
def test_environments_do_not_share_a_state(text: str, summary: str, tmp_path: Path) -> None:
    [error] = errors(project(tmp_path, text))
    assert error.code == "PZ0009"
    assert summary in error.summary


@pytest.mark.parametrize(
    "text",
    [
        "state: {type: s3, bucket: bbb}\nenvironments: {dev: {}, prod: {}}",
        "state: {type: postgres}\nenvironments: {dev: {}, prod: {}}",
        "state: {type: s3, bucket: bbb, key: '${var.k}'}\nenvironments: {dev: {variables: {k: a}}, prod: {}}\n"
        "variables: {k: {default: b}}",
        "environments:\n  dev: {state: {type: s3, bucket: bbb, key: k}}\n"
        "  prod: {state: {type: s3, bucket: ccc, key: k}}",
    ],
)
def test_states_of_their_own(text: str, tmp_path: Path) -> None:
    assert errors(project(tmp_path, text)) == ()


def test_a_schema_that_follows_from_long_names_has_to_be_named(tmp_path: Path) -> None:
    environment = "e" * 60
    root = project(tmp_path, f"state: {{type: postgres}}\nenvironments: {{{environment}: {{}}}}\n")
    assert errors(root) == ()
    [error] = errors(root, environment=environment)
    assert (error.code, error.hint) == ("PZ3006", "name one with schema:")
