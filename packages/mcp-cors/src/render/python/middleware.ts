/** The ASGI middleware, the same for every policy. */
export const MIDDLEWARE = String.raw`
# ---- The middleware ---------------------------------------------------------------------------------

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = List[Tuple[bytes, bytes]]

logger = logging.getLogger("mcp_cors")

JSON_BODY = ("content-type", "application/json")
INTERNAL_ERROR = b'{"jsonrpc":"2.0","error":{"code":-32603,"message":"Internal error"}}'
# What a path may hold unencoded; for servers that tell the decoded path alone.
PATH_CHARACTERS = "/:@!$&'()*+,;=~[]|^\"<>{}\x60"


class McpCors:
    """Lets pages of the policy's origins reach an ASGI application, and answers preflights and refusals itself."""

    def __init__(self, app: ASGIApp, session_secrets: Optional[Sequence[str]] = None) -> None:
        self.app = app
        self.sealer: Optional[Sealer] = None
        if SEAL_SESSIONS:
            self.sealer = Sealer(secrets_from_environment() if session_secrets is None else session_secrets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)  # lifespan
            return
        head = _head_of(scope)
        decision = decide(head)
        if decision.outcome == "deny":
            level = logging.WARNING if REPORT_ONLY else logging.INFO
            text = "%s: %s %.200r for %.200r from %.200r"
            logger.log(level, text, decision.reason, head.method, head.path, head.host, head.origin)
        if decision.outcome == "deny" and REPORT_ONLY:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            if decision.outcome == "deny":
                await send({"type": "websocket.close", "code": 1008})  # before it is accepted: 403
            else:
                await self.app(scope, receive, send)
        elif decision.outcome == "pass":
            await self._pass_on(scope, receive, send, head, decision)
        else:
            await _answer(send, head, decision)

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, head: Head, decision: Decision
    ) -> None:
        """Hands a request on. Whatever answers, error handlers and streams included, gets the policy's headers."""
        seal: Optional[Callable[[str], str]] = None
        if self.sealer is not None and decision.kind in SESSION_KINDS:
            owner = _session_owner(head)
            opened = _open_sessions(scope, head, decision.kind, partial(self.sealer.open, owner))
            if opened is None:
                # The client must initialize again (MCP 2025-11-25, transports, session management).
                await _answer(send, head, decision._replace(reason="session-not-found", status=404))
                return
            scope = opened
            seal = partial(self.sealer.seal, owner)

        started = False
        event: Optional[EndpointEvent] = None

        async def send_with_headers(message: Message) -> None:
            nonlocal started, event
            if message["type"] == "http.response.start":
                started = True
                headers = _joined_headers(message.get("headers", ()), decision)
                if seal is not None:
                    headers, event = _sealed_headers(headers, decision.kind, seal)
                message = {**message, "headers": headers}
            elif message["type"] == "http.response.body" and event is not None:
                body = event.push(message.get("body", b""))
                more = message.get("more_body", False)
                if not more:
                    body += event.flush()
                if more and body == b"":
                    return  # the rest of the first event is still to come
                message = {**message, "body": body}
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            # Outside of Starlette's and FastAPI's own handler of errors nobody would put the headers on a 500.
            if not started:
                await send_with_headers({
                    "type": "http.response.start",
                    "status": 500,
                    "headers": _encoded((JSON_BODY, ("content-length", str(len(INTERNAL_ERROR))))),
                })
                await send_with_headers({
                    "type": "http.response.body",
                    "body": b"" if head.method == "HEAD" else INTERNAL_ERROR,
                })
            raise  # for the server's log


def _head_of(scope: Scope) -> Head:
    values: Dict[bytes, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1").strip(" \t")
        lower = name.lower()
        values[lower] = f"{values[lower]}, {text}" if lower in values else text
    raw_path = scope.get("raw_path")
    if isinstance(raw_path, bytes):
        path = raw_path.decode("latin-1").split("?", 1)[0]
    else:
        path = quote(scope["path"], safe=PATH_CHARACTERS)
    scheme: str = scope.get("scheme", "http")
    server = scope.get("server")
    return Head(
        method=scope.get("method", "GET"),
        path=path,
        scheme={"ws": "http", "wss": "https"}.get(scheme, scheme),
        host=values.get(b"host"),
        origin=values.get(b"origin"),
        request_method=values.get(b"access-control-request-method"),
        request_headers=values.get(b"access-control-request-headers"),
        content_type=values.get(b"content-type"),
        session_id=values.get(b"mcp-session-id"),
        fetch_site=values.get(b"sec-fetch-site"),
        fetch_dest=values.get(b"sec-fetch-dest"),
        loopback=_is_loopback(server[0] if server else None),
    )


def _is_loopback(address: Optional[str]) -> bool:
    """Whether a connection came in on this machine alone. Not known, or a Unix socket, counts as yes."""
    if not address or address.startswith("/"):
        return True
    return address in ("::1", "localhost") or address.startswith(("127.", "::ffff:127."))


async def _answer(send: Send, head: Head, decision: Decision) -> None:
    """Answers a preflight or a refusal; the application does not hear of it."""
    body = "" if decision.status == 204 else _json_error(decision.reason)
    fields = decision.headers
    if body:
        fields += (JSON_BODY, ("content-length", str(len(body))))
    headers = _joined_headers((), decision._replace(headers=fields))
    await send({"type": "http.response.start", "status": decision.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head.method == "HEAD" else body.encode("ascii")})


def _json_error(reason: str) -> str:
    error = {"code": DENIAL_ERROR_CODE, "message": DENIALS[reason][1], "data": {"reason": reason}}
    return json.dumps({"jsonrpc": "2.0", "error": error}, separators=(",", ":"))


def _encoded(fields: Iterable[Tuple[str, str]]) -> Headers:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


def _joined_headers(given: Iterable[Tuple[bytes, bytes]], decision: Decision) -> Headers:
    """The headers of a response: no CORS headers but the policy's, and its names in Vary."""
    headers = [
        (name, value) for name, value in given if name.lower().decode("latin-1") not in CORS_RESPONSE_HEADERS
    ]
    if decision.vary:
        present = b", ".join(value for name, value in headers if name.lower() == b"vary").decode("latin-1")
        headers = [(name, value) for name, value in headers if name.lower() != b"vary"]
        headers += _encoded((("vary", _merge_vary(present, decision.vary)),))
    return headers + _encoded(decision.headers)


def _open_sessions(scope: Scope, head: Head, kind: str, change: ChangeOfId) -> Optional[Scope]:
    """The request with the server's own session ids; None when one does not open, or a message has none."""
    session_id = None if head.session_id is None else change(head.session_id)
    if head.session_id is not None and session_id is None:
        return None
    query = scope.get("query_string", b"")
    target = f"?{query.decode('latin-1')}" if query else ""
    opened = _change_session_parameter(target, change)
    if opened is None:
        return None
    # A message belongs to a session. Where none was opened, the server would look for it somewhere else.
    if kind == "messages" and head.method == "POST" and session_id is None and opened == target:
        return None
    changed = dict(scope)
    if session_id is not None:
        kept = [(name, value) for name, value in scope["headers"] if name.lower() != b"mcp-session-id"]
        changed["headers"] = [*kept, (b"mcp-session-id", session_id.encode("latin-1"))]
    if opened != target:
        changed["query_string"] = opened[1:].encode("latin-1")
    return changed


def _sealed_headers(
    headers: Headers, kind: str, seal: Callable[[str], str]
) -> Tuple[Headers, Optional[EndpointEvent]]:
    """Headers with the session id sealed, and what seals the endpoint event of a stream."""
    ids = [value.decode("latin-1") for name, value in headers if name.lower() == b"mcp-session-id"]
    if ids:
        headers = [(name, value) for name, value in headers if name.lower() != b"mcp-session-id"]
        headers += _encoded((("mcp-session-id", seal(", ".join(ids))),))
    types = b", ".join(value for name, value in headers if name.lower() == b"content-type").decode("latin-1")
    if kind == "messages" or not EVENT_STREAM.match(types):
        return headers, None
    # A sealed id is longer.
    return [(name, value) for name, value in headers if name.lower() != b"content-length"], EndpointEvent(seal)
`.trimStart();
