"""Addresses: what means this machine only, and listening on one."""

from __future__ import annotations

import ipaddress
import socket

from pzdecl.errors import PzdeclError


class ServerError(PzdeclError):
    """The server can't start."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address can mean this machine only."""
    host = host.strip("[]").lower().rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises ServerError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
            found.setblocking(False)
        except BaseException:
            found.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        raise ServerError(
            f"{host} port {port} can't be listened on: {getattr(error, 'strerror', None) or error}",
            hint="choose another --port (0 takes a free one), or another --host",
        ) from error
    return found


def listen_addresses(host: str) -> list[str]:
    """The IP addresses that a host name stands for. Raises ServerError."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServerError(
            f"the host {host} is not known: {getattr(error, 'strerror', None) or error}",
            hint="give --host an address of this machine, such as 127.0.0.1 or 0.0.0.0",
        ) from error
    return sorted({str(address[0]) for *_, address in found})
