from __future__ import annotations

import base64
from pathlib import Path

import pytest

from pzdecl.errors import PzdeclError
from pzdecl.state.sealing import MAGIC, Sealer, sealer

pytest.importorskip("cryptography")
A, B = (base64.b64encode(letter * 32).decode() for letter in (b"a", b"b"))


def test_what_is_sealed_opens_under_its_name_with_its_key() -> None:
    one = sealer("K", process={"K": A})
    sealed = one.seal(b"secret", "x")
    assert sealed.startswith(MAGIC)
    assert b"secret" not in sealed
    assert sealed != one.seal(b"secret", "x")
    assert one.open(sealed, "x", "it") == b"secret"
    for other, name, content in (
        (sealer("K", process={"K": B}), "x", sealed),
        (one, "y", sealed),
        (one, "x", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (one, "x", sealed[: len(MAGIC) + 3]),
    ):
        with pytest.raises(PzdeclError, match="it can't be decrypted"):
            other.open(content, name, "it")
    with pytest.raises(PzdeclError, match="it is encrypted, and no key was given"):
        Sealer().open(sealed, "x", "it")


def test_former_keys_still_open(tmp_path: Path) -> None:
    old = sealer("K", process={"K": A}).seal(b"secret", "x")
    (tmp_path / "keys").write_text(f"{B}\n{A}\n")
    both = sealer(key_file=tmp_path / "keys")
    assert both.open(old, "x", "it") == b"secret"
    assert both.key_id == sealer("K", process={"K": B}).key_id != sealer("K", process={"K": A}).key_id


def test_without_a_key_all_is_plain() -> None:
    assert sealer().key_id is None
    assert sealer().open(sealer().seal(b"open", "x"), "x", "it") == b"open"


@pytest.mark.parametrize("text", ["", "  ", "short", "ä", base64.b64encode(b"a" * 16).decode(), f"{A} no"])
def test_what_is_no_key_is_told_without_showing_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(text)
    for given in ({"key_env": "K", "process": {"K": text}}, {"key_file": tmp_path / "key"}):
        with pytest.raises(PzdeclError) as told:
            sealer(**given)  # type: ignore[arg-type]
        assert "32 bytes in base64" in str(told.value.hint)
        assert not text.strip() or text not in told.value.message


def test_a_missing_key_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PzdeclError, match="absent can't be read: No such file"):
        sealer(key_file=tmp_path / "absent")
