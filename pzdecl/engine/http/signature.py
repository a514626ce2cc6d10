"""Signature Version 4: whether a request was signed by whoever holds the secret of its access key.

The signature covers the method, the path, the query, the signed headers and the SHA-256 of the body. What it
is made of is published by AWS ("Signature Version 4 signing process"); the tests hold it against botocore's
signer. Requests are good for 15 minutes before and after the time they carry. Any region is taken, since the
engine has none; the service must be `personalize`, which all three services sign as.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

from pzdecl.engine.http.credentials import Key, KeyFile
from pzdecl.engine.http.refusals import Refusal

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "personalize"
SKEW = 15 * 60
"""Seconds that a client's clock may differ from the server's."""

Headers = Sequence[tuple[str, str]]
"""Names in lower case, in the order in which they came; a name may come more than once."""

_DATE = re.compile(r"\d{8}T\d{6}Z")


class Signed(NamedTuple):
    """What is covered by a signature. `path` and `query` as they are in the request line, percent-encoded."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes


class _Claim(NamedTuple):
    """The Authorization header, taken apart."""

    key_id: str
    date: str
    region: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{SERVICE}/aws4_request"


class Verifier:
    """Checks signatures against `keys` (by access key id). `clock` gives epoch seconds."""

    def __init__(self, keys: Mapping[str, Key] | KeyFile, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock

    def verify(self, request: Signed) -> Key:
        """The key that signed. Raises a Refusal with the name that AWS gives to what is wrong."""
        headers = _joined(request.headers)
        claim = _claim(headers.get("authorization"))
        moment = headers.get("x-amz-date", "")
        self._check_time(moment, claim)
        self._check_covered(headers, claim)
        body_hash = hashlib.sha256(request.body).hexdigest()
        _check_body(headers.get("x-amz-content-sha256"), body_hash)
        key = self._keys.get(claim.key_id)
        if key is None:
            raise Refusal(
                "UnrecognizedClientException",
                HTTPStatus.FORBIDDEN,
                "The access key of the request is not one of this server's",
            )
        text = _string_to_sign(request, headers, claim, moment, body_hash)
        if not hmac.compare_digest(_signature(key.secret, claim, text), claim.signature):
            raise _invalid(
                "The request signature we calculated does not match the signature you provided: "
                "check the secret access key and how the request is signed"
            )
        return key

    def _check_time(self, moment: str, claim: _Claim) -> None:
        if not _DATE.fullmatch(moment):
            raise _incomplete("the header X-Amz-Date is missing, or not as 20260131T235959Z")
        if moment[:8] != claim.date:
            raise _invalid(f"The date {claim.date} of the Credential is not that of X-Amz-Date, {moment}")
        try:
            sent = _seconds(moment)
        except ValueError:
            raise _incomplete("the header X-Amz-Date is no time") from None
        now = self._clock()
        if abs(now - sent) > SKEW:
            shown = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
            what = "expired" if sent < now else "not yet current"
            raise _invalid(
                f"Signature {what}: {moment} is more than 15 min. from {shown}, the server's time: "
                "set the client's clock right"
            )

    def _check_covered(self, headers: Mapping[str, str], claim: _Claim) -> None:
        """What says which operation is asked, of whom and when must be signed."""
        needed = {"host"} | {name for name in headers if name.startswith("x-amz-")}
        left_out = sorted(needed - set(claim.signed_headers))
        if left_out:
            raise _invalid(f"These headers must be signed: {', '.join(left_out)}")
        absent = sorted(set(claim.signed_headers) - set(headers))
        if absent:
            raise _invalid(f"These headers are signed, but not sent: {', '.join(absent)[:200]}")


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name, as the canonical request has them: spaces folded, repeated ones joined by commas."""
    found: dict[str, str] = {}
    for name, value in headers:
        folded = " ".join(value.split())
        found[name] = f"{found[name]},{folded}" if name in found else folded
    return found


def _claim(authorization: str | None) -> _Claim:
    if not authorization:
        raise Refusal(
            "MissingAuthenticationTokenException",
            HTTPStatus.FORBIDDEN,
            "Missing Authentication Token: this server answers requests that are signed with one of its keys",
        )
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"the Authorization header does not begin with {ALGORITHM}")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not parts.get(name)]
    if missing:
        raise _incomplete(f"the Authorization header has no {', '.join(missing)}")
    scope = parts["Credential"].split("/")
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise _incomplete("its Credential is not KEY/YYYYMMDD/REGION/personalize/aws4_request")
    key_id, date, region, service, _ = scope
    if service != SERVICE:
        raise _invalid(f"Credential should be scoped to correct service: '{SERVICE}'")
    if not parts["Signature"].isascii():
        raise _incomplete("its Signature is not hexadecimal")
    return _Claim(key_id, date, region, tuple(parts["SignedHeaders"].lower().split(";")), parts["Signature"])


def _check_body(told: str | None, body_hash: str) -> None:
    if told is None:
        return
    if told in {"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}:
        raise _invalid("The body must be signed: UNSIGNED-PAYLOAD is not taken")
    if not hmac.compare_digest(told.encode(), body_hash.encode()):
        raise _invalid("The header X-Amz-Content-SHA256 is not the SHA-256 of the body")


def _string_to_sign(
    request: Signed, headers: Mapping[str, str], claim: _Claim, moment: str, body_hash: str
) -> str:
    names = sorted(claim.signed_headers)
    canonical = "\n".join(
        (
            request.method,
            quote(request.path or "/", safe="/~"),
            _sorted(request.query),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            ";".join(names),
            body_hash,
        )
    )
    return "\n".join((ALGORITHM, moment, claim.scope, hashlib.sha256(canonical.encode()).hexdigest()))


def _sorted(query: str) -> str:
    """The query in the order of its names, then values, each pair with its equals sign."""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&")) if query else []
    return "&".join(f"{name}={value}" for name, value in pairs)


def _signature(secret: str, claim: _Claim, text: str) -> str:
    return hmac.digest(_signing_key(secret, claim.date, claim.region), text.encode(), "sha256").hex()


@functools.lru_cache(maxsize=1024)
def _signing_key(secret: str, date: str, region: str) -> bytes:
    """What a client signs with for a day and a region. Only of secrets that are in the file of keys."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _seconds(moment: str) -> float:
    """Seconds since 1970 of such as 20260131T235959Z. Raises ValueError."""
    year, month, day = int(moment[:4]), int(moment[4:6]), int(moment[6:8])
    hour, minute, second = int(moment[9:11]), int(moment[11:13]), int(moment[13:15])
    return datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC).timestamp()


def _incomplete(why: str) -> Refusal:
    return Refusal(
        "IncompleteSignatureException", HTTPStatus.BAD_REQUEST, f"The signature is incomplete: {why}"
    )


def _invalid(why: str) -> Refusal:
    return Refusal("InvalidSignatureException", HTTPStatus.FORBIDDEN, why)
