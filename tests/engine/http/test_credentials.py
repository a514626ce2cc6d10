"""The file of keys: what it says, who may read it, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.engine.http.credentials import CredentialsError, KeyFile, read_credentials

SECRET = "not-shown-to-anybody"
GOOD = f"""\
# the shop
[shop-backend]
aws_access_key_id = SHOPBACKEND
aws_secret_access_key = {SECRET}

[batch]
aws_access_key_id=BATCH
aws_secret_access_key=percent%signs/and+=more
"""


def _written(path: Path, text: str, mode: int = 0o600) -> Path:
    file = path / "keys"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_keys_by_id_with_their_clients_names(tmp_path: Path) -> None:
    keys = read_credentials(_written(tmp_path, GOOD))
    assert {key.id: (key.client, key.secret) for key in keys.values()} == {
        "SHOPBACKEND": ("shop-backend", SECRET),
        "BATCH": ("batch", "percent%signs/and+=more"),
    }


def test_boto3_reads_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3 = pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(_written(tmp_path, GOOD)))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    assert boto3.Session(profile_name="shop-backend").get_credentials().secret_key == SECRET


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(CredentialsError) as caught:
        read_credentials(_written(tmp_path, GOOD, mode))
    assert f"{mode:04o}" in caught.value.message
    assert "chmod 600" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names no client"),
        (f"aws_secret_access_key = {SECRET}\n", "keys:1: expected sections"),
        (f"[a]\n{SECRET}\n", "keys:2: expected sections"),
        ("[a]\naws_access_key_id = AAA\n", "[a] has no aws_secret_access_key"),
        (f"[a]\naws_access_key_id =\naws_secret_access_key = {SECRET}\n", "[a] has no aws_access_key_id"),
        (f"[a]\naws_access_key_id = A A\naws_secret_access_key = {SECRET}\n", "3 to 128 letters"),
        ("[a]\naws_access_key_id = AAA\naws_secret_access_key = short\n", "at least 16 characters"),
        (GOOD + "region = local\n", "[batch] has region"),
        (GOOD + "[batch]\n", "expected sections"),
        (GOOD + f"[c]\naws_access_key_id = BATCH\naws_secret_access_key = {SECRET}\n", "[batch] and [c]"),
    ],
)
def test_what_is_wrong_is_told_without_secrets(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        read_credentials(_written(tmp_path, text))
    assert told in caught.value.message
    assert SECRET not in f"{caught.value.message} {caught.value.hint}"


def test_what_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(CredentialsError):
            read_credentials(path)


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    now, told = [0.0], list[str]()
    keys = KeyFile(_written(tmp_path, GOOD), told.append, lambda: now[0])
    one = GOOD.partition("[batch]")[0]

    def known(id: str) -> bool:
        return keys.get(id) is not None

    assert (known("SHOPBACKEND"), known("BATCH"), known("NEW")) == (True, True, False)
    _written(tmp_path, one + "[new]\naws_access_key_id = NEW\naws_secret_access_key = another-secret-of-16\n")
    assert (known("BATCH"), known("NEW")) == (True, False), "nobody has looked yet"
    now[0] = 1.0
    assert (known("SHOPBACKEND"), known("BATCH"), known("NEW")) == (True, False, True)
    assert told == [f"read 2 keys from {tmp_path / 'keys'}, which has changed"]


@pytest.mark.parametrize("wrong", ["gone", "half", "open"])
def test_while_the_file_can_not_be_used_the_keys_from_before_stay(tmp_path: Path, wrong: str) -> None:
    now, told = [0.0], list[str]()
    path = _written(tmp_path, GOOD)
    keys = KeyFile(path, told.append, lambda: now[0])
    if wrong == "gone":
        path.unlink()
    elif wrong == "half":
        _written(tmp_path, GOOD[:60])
    else:
        path.chmod(0o644)
    for _ in range(3):
        now[0] += 2
        assert keys.get("BATCH") is not None
    assert len(told) == 1
    assert told[0].startswith("warning: the keys from before stay in force: ")
    assert SECRET not in told[0]
    _written(tmp_path, GOOD.partition("[batch]")[0])
    now[0] += 2
    assert (keys.get("BATCH"), keys.get("SHOPBACKEND") is None) == (None, False)


def test_a_file_that_can_not_be_used_to_begin_with(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="can't be read"):
        KeyFile(tmp_path / "none", lambda _: None)
