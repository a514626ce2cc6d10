"""Signature V4: what botocore signs is taken, and nothing else."""

from __future__ import annotations

import calendar
import time
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzdecl.engine.http.credentials import Key
from pzdecl.engine.http.refusals import Refusal
from pzdecl.engine.http.signature import Signed, Verifier

pytest.importorskip("botocore")
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY = Key("SHOPBACKEND", "shop-backend", "a-secret-of-the-shop")
BODY = b'{"name":"movies"}'
AWS4 = "AWS4-HMAC-SHA256"
TARGET = {"X-Amz-Target": "AmazonPersonalize.CreateDatasetGroup", "Content-Type": "application/x-amz-json-1.1"}


def signed(
    *,
    url: str = "http://127.0.0.1:8080/",
    body: bytes = BODY,
    headers: dict[str, str] | None = None,
    secret: str = KEY.secret,
    key_id: str = KEY.id,
    token: str | None = None,
    service: str = "personalize",
    region: str = "eu-west-1",
) -> Signed:
    """A request as botocore signs it now, in the form in which the server sees it."""
    request = AWSRequest("POST", url, headers=TARGET if headers is None else headers, data=body)
    SigV4Auth(Credentials(key_id, secret, token), service, region).add_auth(request)
    parts = urlsplit(url)
    found = {"host": parts.netloc} | {name.lower(): value for name, value in request.headers.items()}
    return Signed("POST", parts.path or "/", parts.query, tuple(found.items()), body)


def verifier(clock: Any = time.time) -> Verifier:
    return Verifier({KEY.id: KEY}, clock)


def refusal(request: Signed, clock: Any = time.time) -> Refusal:
    with pytest.raises(Refusal) as caught:
        verifier(clock).verify(request)
    return caught.value


def changed(request: Signed, name: str, value: str | None) -> Signed:
    kept = tuple((n, v) for n, v in request.headers if n != name)
    return request._replace(headers=kept if value is None else (*kept, (name, value)))


def test_what_botocore_signs_is_taken() -> None:
    assert verifier().verify(signed()) == KEY
    assert verifier().verify(signed(url="https://shop.example/recommendations", headers={})) == KEY
    assert verifier().verify(signed(body=b"")) == KEY
    assert verifier().verify(signed(token="a session's token", region="local")) == KEY


@given(
    path=st.text("abcXYZ019-_.~/ %+é", max_size=12),
    query=st.lists(
        st.tuples(st.text("ab%20-", min_size=1, max_size=4), st.text("xy%2F", max_size=4)), max_size=4
    ),
    body=st.binary(max_size=40),
    extra=st.dictionaries(
        st.sampled_from(["X-Amz-Meta", "X-Other", "Accept"]), st.text("ab  \t,;=", min_size=1), max_size=3
    ),
)
def test_whatever_botocore_signs_is_taken_and_no_other_body(
    path: str, query: list[tuple[str, str]], body: bytes, extra: dict[str, str]
) -> None:
    from urllib.parse import quote

    # What is sent has no dots to resolve and is escaped; botocore signs the query in the order of its names.
    sent = "/" + quote(path.replace(".", "").replace("//", "/").strip("/"), safe="/%~")
    pairs = "&".join(f"{name}={value}" for name, value in query)
    request = signed(
        url=f"http://localhost:8080{sent}" + (f"?{pairs}" if pairs else ""), body=body, headers=extra
    )
    assert verifier().verify(request) == KEY
    other = refusal(request._replace(body=body + b" "))
    assert other.code == "InvalidSignatureException"


def test_another_secret_method_path_query_or_header_is_refused() -> None:
    good = signed()
    forged = [
        signed(secret="a-secret-of-another-shop"),
        good._replace(method="PUT"),
        good._replace(path="/events"),
        good._replace(query="a=b"),
        good._replace(body=b'{"name":"other"}'),
        changed(good, "x-amz-target", "AmazonPersonalize.DeleteDatasetGroup"),
        changed(good, "host", "elsewhere:8080"),
    ]
    for request in forged:
        found = refusal(request)
        assert (found.code, found.status) == ("InvalidSignatureException", HTTPStatus.FORBIDDEN)
        assert "does not match" in found.message
        assert KEY.secret not in found.message


def test_what_says_who_and_what_must_be_covered() -> None:
    without_target = signed(headers={})
    found = refusal(changed(without_target, "x-amz-target", "AmazonPersonalize.DeleteSchema"))
    assert found.message == "These headers must be signed: x-amz-target"
    good = dict(signed().headers)
    loose = good["authorization"].replace("host;", "")
    assert refusal(changed(signed(), "authorization", loose)).message == "These headers must be signed: host"
    assert "not sent: content-type" in refusal(changed(signed(), "content-type", None)).message


def test_a_repeated_header_counts_with_all_its_values() -> None:
    request = signed(headers={**TARGET, "X-Amz-Meta": "a,b"})
    split = (*(h for h in request.headers if h[0] != "x-amz-meta"), ("x-amz-meta", "a"), ("x-amz-meta", " b "))
    assert verifier().verify(request._replace(headers=split)) == KEY


def test_the_clock_may_differ_by_a_quarter_of_an_hour() -> None:
    request = signed()
    sent = calendar.timegm(time.strptime(dict(request.headers)["x-amz-date"], "%Y%m%dT%H%M%SZ"))
    for skew in (-900, 0, 900):
        assert verifier(lambda skew=skew: sent + skew).verify(request) == KEY
    assert "Signature expired" in refusal(request, lambda: sent + 901).message
    assert "Signature not yet current" in refusal(request, lambda: sent - 901).message


def test_the_body_must_be_signed() -> None:
    for value in ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"):
        found = refusal(signed(headers={**TARGET, "X-Amz-Content-SHA256": value}))
        assert found.code == "InvalidSignatureException"
        assert "UNSIGNED-PAYLOAD is not taken" in found.message
    found = refusal(signed(headers={**TARGET, "X-Amz-Content-SHA256": "0" * 64}))
    assert "is not the SHA-256 of the body" in found.message


@pytest.mark.parametrize(
    ("header", "code", "text"),
    [
        (None, "MissingAuthenticationTokenException", "signed with one of its keys"),
        ("Bearer abc", "IncompleteSignatureException", "does not begin with AWS4-HMAC-SHA256"),
        ("AWS4-HMAC-SHA256", "IncompleteSignatureException", "has no Credential, SignedHeaders, Signature"),
        (f"{AWS4} Credential=a/b, SignedHeaders=host, Signature=x", "IncompleteSignatureException", "KEY/"),
        (
            f"{AWS4} Credential=a/20260101/local/s3/aws4_request, SignedHeaders=host, Signature=x",
            "InvalidSignatureException",
            "correct service: 'personalize'",
        ),
        (
            f"{AWS4} Credential=a/20260101/local/personalize/aws4_request, SignedHeaders=host, Signature=é",
            "IncompleteSignatureException",
            "hexadecimal",
        ),
        (
            f"{AWS4} Credential=a/20000101/local/personalize/aws4_request, SignedHeaders=host, Signature=x",
            "InvalidSignatureException",
            "The date 20000101 of the Credential",
        ),
    ],
)
def test_what_is_no_signature(header: str | None, code: str, text: str) -> None:
    found = refusal(changed(signed(), "authorization", header))
    assert found.code == code
    assert text in found.message


@pytest.mark.parametrize("date", [None, "yesterday", "20261341T000000Z"])
def test_a_signature_without_its_time(date: str | None) -> None:
    request = signed()
    if date and date[:8].isdigit():
        claim = dict(request.headers)["authorization"]
        day = dict(request.headers)["x-amz-date"][:8]
        request = changed(request, "authorization", claim.replace(day, date[:8]))
    assert refusal(changed(request, "x-amz-date", date)).code == "IncompleteSignatureException"


def test_an_unknown_key_is_told_from_a_wrong_secret() -> None:
    found = refusal(signed(key_id="NOBODY"))
    assert (found.code, found.status) == ("UnrecognizedClientException", HTTPStatus.FORBIDDEN)


def test_a_key_does_not_show_its_secret() -> None:
    assert KEY.secret not in repr(replace(KEY))
