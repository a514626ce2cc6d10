"""What a project works with: its manifests, its state and its target, opened when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pzdecl.errors import UsageError, nearest
from pzdecl.kinds.address import Address

if TYPE_CHECKING:
    from pzdecl.manifests import model
    from pzdecl.providers.client import Client
    from pzdecl.state import State


class Opened:
    """A folder of manifests in one environment, with its state and its target."""

    def __init__(self, declared: model.Project) -> None:
        self.declared = declared
        self._state: State | None = None

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.declared.root

    @property
    def name(self) -> str:
        """The name in `pzdecl.yaml`."""
        return self.declared.name

    @property
    def environment(self) -> str:
        """The environment in use."""
        return self.declared.environment

    @contextmanager
    def state(self) -> Iterator[State]:
        """The state, for reading; the one that `locked()` holds where that is the case."""
        from pzdecl.state import open_state

        if self._state is not None:
            yield self._state
            return
        with open_state(self.declared.state, create=False) as state:
            yield state

    @contextmanager
    def locked(self, *, command: str, timeout: float = 0.0) -> Iterator[State]:
        """Holds the state's lock, waiting `timeout` seconds for it. Raises StateLocked."""
        from pzdecl.state import open_state

        if self._state is not None:
            yield self._state
            return
        with (
            open_state(self.declared.state, create=True) as state,
            state.lock(command=command, timeout=timeout),
        ):
            self._state = state
            try:
                yield state
            finally:
                self._state = None

    @contextmanager
    def client(self, *, read_only: bool = True, resumes: bool = True) -> Iterator[Client]:
        """The target: the built-in engine, or Amazon Personalize. Raises MissingExtra, ServiceError.

        resumes  whether the engine goes on with what an earlier process left unfinished
        """
        from pzdecl import providers

        target = self.declared.provider
        if target.type == "aws":
            client: Client = providers.open_aws(
                region=target.region,
                profile=target.profile,
                endpoint=target.endpoint,
                role=target.role,
                assume_role=target.assume_role,
                external_id=target.external_id,
                staging=target.staging,
            )
        else:
            assert target.engine
            client = providers.open_local(
                target.engine,
                read_only=read_only,
                resumes=resumes,
                s3_root=target.s3_root,
                quotas=target.quotas,
            )
        try:
            yield client
        finally:
            client.close()

    def address(self, text: str) -> Address:
        """The declared or managed resource that was meant, in any case. Raises UsageError with the nearest."""
        with self.state() as state:
            known = {*self.declared.resources, *state.resources()}
        return find_address(text, known)

    def _addresses(self, texts: Iterable[str]) -> frozenset[Address]:
        return frozenset(self.address(text) for text in texts)

    def _called(self, kind: str, name: str) -> Address:
        return self.address(name if "/" in name else f"{kind}/{name}")


def find_address(text: str, known: Iterable[Address]) -> Address:
    """The one of `known` that `text` names, ignoring case. Raises UsageError."""
    try:
        asked = Address.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    names = {str(address): address for address in known}
    if str(asked) in names:
        return names[str(asked)]
    folded = [address for name, address in names.items() if name.casefold() == text.casefold()]
    if len(folded) == 1:
        return folded[0]
    alike = [name for name, one in names.items() if one.kind == asked.kind]
    near = nearest(text, alike) or nearest(text, names)
    raise UsageError(
        f"there is no {text} in this project",
        hint=f"did you mean {near}?" if near else "`pzdecl state list` and the manifests name what there is",
    )
