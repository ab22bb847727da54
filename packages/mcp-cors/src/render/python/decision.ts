/** The checks in Python, the same for every policy: `policy/decide.ts` in another language. */
export const DECISION = String.raw`
# ---- The decision -----------------------------------------------------------------------------------

TOKEN = re.compile(r"[!#$%&'*+\-.^_\x60|~0-9A-Za-z]+")
SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,63}")
DOMAIN = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")
OCTET = re.compile(r"0|[1-9][0-9]{0,2}")
IPV6_CHARACTERS = re.compile(r"[0-9a-f:]{2,39}")
PORT = re.compile(r"[1-9][0-9]{0,4}")
DEFAULT_PORTS = {"http": "80", "https": "443"}
# Encoded characters, parameters, empty segments or dot segments: such a path does not say what it reaches.
UNPLAIN_PATH = re.compile(r"[%\\#;]|//|/\.{1,2}(?:/|$)")

_host = re.compile(HOSTS, re.ASCII) if HOSTS is not None else None
_host_too_long = re.compile(HOST_TOO_LONG, re.ASCII)
_origin_too_long = re.compile(ORIGIN_TOO_LONG, re.ASCII)
_origin_patterns = tuple(re.compile(pattern, re.ASCII) for pattern in ORIGIN_PATTERNS)
_paths_in_any_case = {path.lower(): kind for path, kind in PATHS.items()}
_paths_below_in_any_case = tuple((prefix.lower(), kind) for prefix, kind in PATHS_BELOW)


class Head(NamedTuple):
    """What the policy looks at of a request. Repeated lines are joined, so that two never pass as one."""

    method: str
    path: str
    scheme: str
    host: Optional[str]
    origin: Optional[str]
    request_method: Optional[str]
    request_headers: Optional[str]
    content_type: Optional[str]
    session_id: Optional[str]
    fetch_site: Optional[str]
    fetch_dest: Optional[str]
    loopback: bool


class Decision(NamedTuple):
    """What becomes of a request: "pass", "preflight" or "deny"; without a status the application answers."""

    outcome: str
    reason: str
    status: Optional[int]
    headers: Tuple[Tuple[str, str], ...]
    vary: str
    kind: str


def decide(head: Head) -> Decision:
    """Makes the checks in their order; the first that fails decides."""
    # An absolute form would override Host (RFC 9112 section 3.2).
    if not head.path.startswith("/") and not (head.path == "*" and head.method == "OPTIONS"):
        return _refuse("request-target-not-allowed")

    check_host = HOSTS is not None and (head.loopback or not HOSTS_ON_LOOPBACK_ONLY)
    if check_host:
        if not head.host:
            return _refuse("host-missing")
        if not _is_host_allowed(head.host):
            return _refuse("host-not-allowed")

    if head.origin is None:
        if not MISSING_ORIGIN:
            return _refuse("origin-missing")
        if _is_cross_site(head) and _kind_of(head.path) in GUARDED_KINDS:
            return _refuse("cross-site-request")
        return _conclude(head, "no-origin", "*" if ANY_ORIGIN else None)
    allowed = _allowed_origin(head.origin)
    if allowed is not None:
        return _conclude(head, "origin-allowed", allowed)
    # A page of the server's own: only a Host that was checked can say so, or DNS rebinding would pass.
    if check_host and head.origin == f"{head.scheme}://{head.host}":
        return _conclude(head, "same-origin", head.origin)
    return _refuse("origin-null" if head.origin == "null" else "origin-not-allowed")


def _is_host_allowed(host: str) -> bool:
    if _host is None or _host_too_long.match(host):
        return False
    return _host.fullmatch(host.lower()) is not None


def _is_cross_site(head: Head) -> bool:
    """Whether a page of another site sent a request to which browsers add no Origin. Following a link is not meant."""
    return head.fetch_site in ("cross-site", "same-site") and head.fetch_dest != "document"


def _allowed_origin(origin: str) -> Optional[str]:
    """The value of Access-Control-Allow-Origin, or None: nothing is sent back that was not found in the policy."""
    if origin == "null":
        return ("*" if ANY_ORIGIN else "null") if NULL_ORIGIN else None
    if origin in ORIGINS:
        return origin
    if _origin_too_long.match(origin):
        return None
    if (ANY_ORIGIN or _is_matched(origin)) and _is_origin(origin):
        return "*" if ANY_ORIGIN else origin
    return None


def _is_matched(origin: str) -> bool:
    return any(pattern.fullmatch(origin) for pattern in _origin_patterns) or any(
        _is_accepted(table, origin) for table in ORIGIN_TABLES
    )


def _is_origin(text: str) -> bool:
    """Whether a text is an origin as browsers serialise it: lower case, no path, no default port, ASCII."""
    scheme, separator, rest = text.partition("://")
    if not separator or not SCHEME.fullmatch(scheme):
        return False
    if rest.startswith("["):
        host, bracket, behind = rest[1:].partition("]")
        if not bracket or not _is_ipv6(host):
            return False
    else:
        host, colon, port = rest.partition(":")
        behind = colon + port
        if not DOMAIN.fullmatch(host):
            return False
        # What ends in a number is an IPv4 address, or nothing (URL standard, ends-in-a-number checker).
        if scheme in DEFAULT_PORTS and NUMBER.search(host) and not _is_ipv4(host):
            return False
    if behind == "":
        return True
    port = behind[1:]
    return (
        behind[0] == ":"
        and PORT.fullmatch(port) is not None
        and int(port) <= 65535
        and DEFAULT_PORTS.get(scheme) != port
    )


def _is_ipv4(host: str) -> bool:
    numbers = host.split(".")
    return len(numbers) == 4 and all(OCTET.fullmatch(number) and int(number) <= 255 for number in numbers)


def _is_ipv6(host: str) -> bool:
    """Whether an address is in the one form that browsers send: hexadecimal, lower case, compressed."""
    if not IPV6_CHARACTERS.fullmatch(host):
        return False
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return False
    if address.ipv4_mapped is not None:
        return host == f"::ffff:{int(address) >> 16 & 0xFFFF:x}:{int(address) & 0xFFFF:x}"
    return host == address.compressed


def _is_accepted(table: Tuple[State, ...], text: str) -> bool:
    state = 0
    for character in text:
        for characters, following in table[state][1]:
            if character in characters:
                state = following
                break
        else:
            return False
    return table[state][0]


def _kind_of(path: str) -> str:
    known = PATHS.get(path)
    if known is not None:
        return known
    if UNPLAIN_PATH.search(path):
        return "mcp"
    found = _kind_below(path, PATHS_BELOW)
    # Servers may take /API/Mcp/ for /api/mcp: where another spelling is of another kind, the strictest holds.
    lower = path.lower()
    trimmed = lower[:-1] if lower.endswith("/") else lower
    meant = _paths_in_any_case.get(trimmed) or _kind_below(lower, _paths_below_in_any_case)
    return found if found == meant else "mcp"


def _kind_below(path: str, below: Tuple[Tuple[str, str], ...]) -> str:
    for prefix, kind in below:
        if path.startswith(prefix):
            return kind
    if any(path == name or path.startswith(f"{name}/") for name in METADATA_NAMES):
        return "metadata"
    return "metadata" if path.endswith(METADATA_ENDINGS) else "mcp"


def _conclude(head: Head, reason: str, allowed_origin: Optional[str]) -> Decision:
    """What remains when the origin is admitted."""
    name = _kind_of(head.path)
    kind = KINDS[name]
    origin: Tuple[Tuple[str, str], ...] = ()
    if allowed_origin is not None:
        origin = (("access-control-allow-origin", allowed_origin),)
        if CREDENTIALS:
            origin += (("access-control-allow-credentials", "true"),)
    # A preflight is OPTIONS with Origin and a requested method; any other OPTIONS is the application's own.
    if head.method == "OPTIONS" and head.origin is not None and head.request_method is not None:
        return _preflight(head, head.request_method, name, kind, origin)
    readable = origin
    if origin and kind.expose_headers:
        readable += (("access-control-expose-headers", kind.expose_headers),)
    # Any page can send a POST that is not JSON without a preflight.
    if head.method == "POST" and kind.json_only and not _is_json(head.content_type):
        return Decision("deny", "content-type-not-allowed", 415, readable, VARY_ON_PASS, name)
    return Decision("pass", reason, None, readable, VARY_ON_PASS, name)


def _preflight(
    head: Head, method: str, name: str, kind: Kind, origin: Tuple[Tuple[str, str], ...]
) -> Decision:
    asked = head.request_headers or ""
    methods = (("access-control-allow-methods", kind.allow_methods),)
    refusal = "method-not-allowed" if method not in kind.methods else _refusal_of_headers(asked, kind)
    if refusal is None:
        headers = origin + methods
        if asked:
            # Every name in it was checked.
            headers += (("access-control-allow-headers", asked),)
        headers += (("access-control-max-age", MAX_AGE),)
        return Decision("preflight", "preflight-allowed", 204, headers, VARY_ON_PREFLIGHT, name)
    if DEBUG and not (refusal == "method-not-allowed" and method in SAFELISTED_METHODS):
        # A passing status that lacks what was asked for makes the browser name what is missing, and send nothing.
        names = ", ".join([kind.allow_headers, *_names_by_prefix(asked, kind)])
        headers = origin + methods + (("access-control-allow-headers", names),)
        return Decision("deny", refusal, 204, headers, VARY_ON_PREFLIGHT, name)
    return Decision("deny", refusal, DENIALS[refusal][0], (), VARY_ON_PREFLIGHT, name)


def _refusal_of_headers(asked: str, kind: Kind) -> Optional[str]:
    """Why a list of requested headers is refused; None when it is not."""
    if asked == "":
        return None
    if len(asked) > MAX_LIST_LENGTH:
        return "request-headers-malformed"
    names = empty = 0
    for element in asked.split(","):
        name = element.strip(" \t")
        if len(element) - len(name) > MAX_SPACES_PER_NAME:
            return "request-headers-malformed"
        if name == "":
            empty += 1
        elif not TOKEN.fullmatch(name):
            return "request-headers-malformed"
        elif not _is_header_allowed(name.lower(), kind):
            return "request-header-not-allowed"
        else:
            names += 1
        if names > MAX_NAMES or empty > MAX_EMPTY_ELEMENTS:
            return "request-headers-malformed"
    return None


def _is_header_allowed(name: str, kind: Kind) -> bool:
    if name in kind.header_names:
        return True
    if len(name) > MAX_NAME_LENGTH:
        return False
    if kind.any_header:
        return name not in FORBIDDEN_REQUEST_HEADERS and not name.startswith(FORBIDDEN_REQUEST_PREFIXES)
    return any(len(name) > len(prefix) and name.startswith(prefix) for prefix in kind.header_prefixes)


def _names_by_prefix(asked: str, kind: Kind) -> List[str]:
    if len(asked) > MAX_LIST_LENGTH:
        return []
    names = (element.strip(" \t") for element in asked.split(",")[:MAX_NAMES])
    return [
        name
        for name in names
        if TOKEN.fullmatch(name)
        and name.lower() not in kind.header_names
        and _is_header_allowed(name.lower(), kind)
    ]


def _is_json(content_type: Optional[str]) -> bool:
    """Whether a POST is exactly application/json. A comma can only come from a second line: refused."""
    if content_type is None or len(content_type) > MAX_CONTENT_TYPE_LENGTH or "," in content_type:
        return False
    return content_type.split(";", 1)[0].strip(" \t").lower() == "application/json"


def _refuse(reason: str) -> Decision:
    return Decision("deny", reason, DENIALS[reason][0], (), VARY_ON_DENIAL, "")


def _merge_vary(present: str, names: str) -> str:
    """Adds names to a Vary header without repeating one."""
    if present.strip() == "":
        return names
    listed = [name.strip().lower() for name in present.split(",")]
    if "*" in listed:
        return present
    return ", ".join([present, *(name for name in names.split(", ") if name.lower() not in listed)])
`.trimStart();
