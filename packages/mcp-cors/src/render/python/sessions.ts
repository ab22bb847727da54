/** Session sealing in Python, the same for every policy: `session/` in another language, with the same seals. */
export const SESSIONS = String.raw`
# ---- Sessions ---------------------------------------------------------------------------------------
# A page sees "SEAL.ID" for the server's own ID, where SEAL is an HMAC-SHA-256 over the origin that opened the session
# and the ID. Nothing is kept: every replica with the same secret opens it, one that runs mcp-cors for Node included.

SECRETS_VARIABLE = "MCP_CORS_SESSION_SECRETS"
MIN_SECRET_LENGTH = 32
MAX_SEALED_LENGTH = 16_384
MAX_ENDPOINT_EVENT_BYTES = 16_384
SEAL_LENGTH = 43
SEAL_PURPOSE = "mcp-cors session 1"
SESSION_KINDS = frozenset(("mcp", "sse", "messages"))
# Names of the session in the query, as the SDKs for HTTP+SSE have them.
SESSION_PARAMETERS = frozenset(("sessionId", "session_id", "sessionid"))
SESSION_LETTERS = "sessionid"

QUERY_SEPARATORS = re.compile(r"([&;?#])")
BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
EVENT_STREAM = re.compile(r"\s*text/event-stream\s*(?:;|$)", re.IGNORECASE)
EVENT_LINES = re.compile(r"([^\r\n]*)(\r\n|\r|\n)")

ChangeOfId = Callable[[str], Optional[str]]


def secrets_from_environment() -> Tuple[str, ...]:
    """The secrets of sessions, one a line: the first seals, all are accepted, so that they can be rotated."""
    text = os.environ.get(SECRETS_VARIABLE, "")
    return _checked(tuple(line for line in text.replace("\r", "").split("\n") if line))


def _checked(secrets: Sequence[str]) -> Tuple[str, ...]:
    if not secrets or any(len(secret) < MIN_SECRET_LENGTH for secret in secrets):
        raise ValueError(
            f"The policy seals sessions. Put the secret, of at least {MIN_SECRET_LENGTH} characters, into "
            f"{SECRETS_VARIABLE}, or pass session_secrets."
        )
    return tuple(secrets)


class Sealer:
    """Seals session ids to whoever opened the session, and opens them for the same."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = tuple(secret.encode("utf-8") for secret in _checked(secrets))

    def seal(self, owner: str, session_id: str) -> str:
        return f"{_seal(self._keys[0], owner, session_id)}.{session_id}"

    def open(self, owner: str, sealed: str) -> Optional[str]:
        if len(sealed) > MAX_SEALED_LENGTH or sealed[SEAL_LENGTH : SEAL_LENGTH + 1] != ".":
            return None
        given = sealed[:SEAL_LENGTH].encode("utf-8")
        session_id = sealed[SEAL_LENGTH + 1 :]
        opened = False
        for key in self._keys:
            if hmac.compare_digest(given, _seal(key, owner, session_id).encode("ascii")):
                opened = True
        return session_id if opened else None


def _seal(key: bytes, owner: str, session_id: str) -> str:
    text = f"{SEAL_PURPOSE}\0{owner}\0{session_id}".encode("utf-8")
    digest = hmac.new(key, text, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _session_owner(head: Head) -> str:
    """The page's origin; "" for native clients. Pages of the server itself send Origin with some requests only."""
    own = None if head.host is None else head.host.lower()
    if head.origin is None or (own is not None and head.origin.endswith(f"://{own}")):
        if head.fetch_site == "same-origin" and own is not None:
            return f"self {own}"
        if head.origin is None or head.fetch_site is None:
            return ""
    return head.origin


def _change_session_parameter(target: str, change: ChangeOfId) -> Optional[str]:
    """Changes the session in the query of a URL; None when there are several, or one that readers take differently."""
    start = target.find("?") + 1
    if start == 0:
        return target
    parts = QUERY_SEPARATORS.split(target[start:])
    found = 0
    for i in range(0, len(parts), 2):
        part = parts[i]
        if len(part) < len(SESSION_LETTERS):
            continue
        key, equals, value = part.partition("=")
        name = _decoded(key)
        if name is not None and not _is_session_like(name):
            continue
        found += 1
        if name not in SESSION_PARAMETERS or found > 1:
            return None
        if i + 1 < len(parts) and parts[i + 1] != "&":
            return None
        session_id = _decoded(value) if equals else None
        changed = None if session_id is None else change(session_id)
        if changed is None:
            return None
        parts[i] = f"{key}={quote(changed, safe=UNRESERVED)}"
    return target[:start] + "".join(parts)


UNRESERVED = "-_.!~*'()"


def _is_session_like(name: str) -> bool:
    letters = unicodedata.normalize("NFKC", name).lower().replace("\u0131", "i")
    return re.sub(r"[^a-z]+", "", letters).startswith(SESSION_LETTERS)


def _decoded(text: str) -> Optional[str]:
    """Text of a query as forms have it; None when it is not UTF-8."""
    spaced = text.replace("+", " ")
    if BROKEN_ESCAPE.search(spaced):
        return None
    try:
        return ESCAPES.sub(lambda escapes: bytes.fromhex(escapes[0].replace("%", "")).decode("utf-8"), spaced)
    except UnicodeDecodeError:
        return None


class EndpointEvent:
    """Seals the session in the endpoint event with which a server of HTTP+SSE begins its stream; the rest passes."""

    def __init__(self, change: ChangeOfId) -> None:
        self.done = False
        self._change = change
        self._held = bytearray()
        self._line_bytes = 0
        self._after_cr = False
        self._first = True

    def push(self, data: bytes) -> bytes:
        """Takes the next bytes, and gives those that may go on: of a block of lines all or none."""
        if self.done:
            return data
        ready: List[bytes] = []
        start = 0
        for i, byte in enumerate(data):
            ends = self._ends_block(byte)
            if len(self._held) + i + 1 - start > MAX_ENDPOINT_EVENT_BYTES:
                return self._finish(ready, self._release(), data[start:])
            if not ends:
                continue
            block = self._release() + data[start : i + 1]
            start = i + 1
            changed = self._rewritten(block)
            if changed is not None:
                return self._finish(ready, changed, data[start:])
            ready.append(block)
        self._held += data[start:]
        return b"".join(ready)

    def flush(self) -> bytes:
        """Gives what was held back, when the stream ends."""
        return self._finish([], self._release(), b"")

    def _finish(self, ready: List[bytes], *parts: bytes) -> bytes:
        self.done = True
        return b"".join([*ready, *parts])

    def _release(self) -> bytes:
        released = bytes(self._held)
        self._held.clear()
        return released

    def _ends_block(self, byte: int) -> bool:
        """Whether a byte ends an empty line. Lines end with CR LF, LF or CR."""
        completes = byte == 0x0A and self._after_cr
        self._after_cr = byte == 0x0D
        if completes:
            return False
        if byte not in (0x0A, 0x0D):
            self._line_bytes += 1
            return False
        empty = self._line_bytes == 0
        self._line_bytes = 0
        return empty

    def _rewritten(self, block: bytes) -> Optional[bytes]:
        """The first event, changed or as it is; None for comments and other blocks that are no event yet."""
        first, self._first = self._first, False
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError:
            return None
        mark = "\ufeff" if first and text.startswith("\ufeff") else ""
        fields = [(line.partition(":"), end) for line, end in EVENT_LINES.findall(text[len(mark) :])]
        if not any(name == "data" for (name, _, _), _ in fields):
            return None
        events = [value[1:] if value.startswith(" ") else value for (name, _, value), _ in fields if name == "event"]
        if events[-1:] != ["endpoint"]:
            return block
        changed = mark
        for (name, colon, value), end in fields:
            space = " " if value.startswith(" ") else ""
            data: Optional[str] = value[len(space) :]
            if name == "data" and data is not None:
                data = _change_session_parameter(data, self._change)
            if data is None:
                return block
            changed += f"{name}{colon}{space}{data}{end}"
        return changed.encode("utf-8")
`.trimStart();
