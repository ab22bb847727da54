/** The checks in Java, the same for every policy: `policy/decide.ts` in another language. */
export const DECISION = String.raw`
    // ---- The decision ---------------------------------------------------------------------------------

    private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+\\-.^_\\x60|~0-9A-Za-z]+");
    private static final Pattern SCHEME = Pattern.compile("[a-z][a-z0-9+.-]{0,63}");
    private static final Pattern DOMAIN = Pattern.compile("(?:[a-z0-9_-]{1,63}\\.)*[a-z0-9_-]{1,63}");
    private static final Pattern NUMBER = Pattern.compile("(?:^|\\.)(?:[0-9]+|0x[0-9a-f]*)\\z");
    private static final Pattern OCTET = Pattern.compile("0|[1-9][0-9]{0,2}");
    private static final Pattern IPV6_CHARACTERS = Pattern.compile("[0-9a-f:]{2,39}");
    private static final Pattern GROUP = Pattern.compile("[0-9a-f]{1,4}");
    private static final Pattern PORT = Pattern.compile("[1-9][0-9]{0,4}");
    private static final Map<String, String> DEFAULT_PORTS = Map.of("http", "80", "https", "443");
    // Encoded characters, parameters, empty segments or dot segments: such a path does not say what it reaches.
    private static final Pattern UNPLAIN_PATH = Pattern.compile("[%\\\\#;]|//|/\\.{1,2}(?:/|\\z)");
    private static final Map<String, String> PATHS_IN_ANY_CASE = inLowerCase(PATHS, (first, last) -> last);
    private static final Map<String, String> PATHS_BELOW_IN_ANY_CASE =
            inLowerCase(PATHS_BELOW, (first, last) -> first);

    /** What pages may do at one kind of endpoint. Header names are in lower case. */
    private record Kind(
            Set<String> methods, String allowMethods, Set<String> headerNames, List<String> headerPrefixes,
            boolean anyHeader, String allowHeaders, String exposeHeaders, boolean jsonOnly) {
    }

    private record Denial(int status, String body) {
    }

    /** What the policy looks at of a request. Repeated lines are joined, so that two never pass as one. */
    record Head(
            String method, String path, String scheme, String host, String origin, String requestMethod,
            String requestHeaders, String contentType, String sessionId, String fetchSite, String fetchDest,
            boolean loopback) {
    }

    /** What becomes of a request: "pass", "preflight" or "deny"; with status 0 the application answers. */
    record Decision(
            String outcome, String reason, int status, Map<String, String> headers, String vary, String kind) {
    }

    /** An expression as states: each says what follows a character, and whether an origin may end there. */
    private static final class Table {
        private static final int CHARACTERS = 128;
        private final int[][] next;
        private final boolean[] accepting;

        Table(String[]... parts) {
            List<String> rows = listOf(parts);
            next = new int[rows.size()][CHARACTERS];
            accepting = new boolean[rows.size()];
            for (int i = 0; i < next.length; i++) {
                Arrays.fill(next[i], -1);
                accepting[i] = rows.get(i).charAt(0) == '+';
                for (String move : rows.get(i).substring(1).split(" ")) {
                    int equals = move.indexOf('=');
                    for (int j = 0; j < equals; j++) {
                        next[i][move.charAt(j)] = Integer.parseInt(move.substring(equals + 1));
                    }
                }
            }
        }

        boolean accepts(String text) {
            int state = 0;
            for (int i = 0; i < text.length() && state >= 0; i++) {
                state = text.charAt(i) < CHARACTERS ? next[state][text.charAt(i)] : -1;
            }
            return state >= 0 && accepting[state];
        }
    }

    /** Makes the checks in their order; the first that fails decides. */
    static Decision decide(Head head) {
        // An absolute form would override Host (RFC 9112 section 3.2).
        if (!head.path.startsWith("/") && !(head.path.equals("*") && head.method.equals("OPTIONS"))) {
            return refuse("request-target-not-allowed");
        }
        boolean checkHost = CHECK_HOSTS && (head.loopback || !HOSTS_ON_LOOPBACK_ONLY);
        if (checkHost) {
            if (head.host == null || head.host.isEmpty()) {
                return refuse("host-missing");
            }
            if (!isHostAllowed(head.host)) {
                return refuse("host-not-allowed");
            }
        }
        if (head.origin == null) {
            if (!MISSING_ORIGIN) {
                return refuse("origin-missing");
            }
            if (isCrossSite(head) && GUARDED_KINDS.contains(kindOf(head.path))) {
                return refuse("cross-site-request");
            }
            return conclude(head, "no-origin", ANY_ORIGIN ? "*" : null);
        }
        String allowed = allowedOrigin(head.origin);
        if (allowed != null) {
            return conclude(head, "origin-allowed", allowed);
        }
        // A page of the server's own: only a Host that was checked can say so, or DNS rebinding would pass.
        if (checkHost && head.origin.equals(head.scheme + "://" + head.host)) {
            return conclude(head, "same-origin", head.origin);
        }
        return refuse(head.origin.equals("null") ? "origin-null" : "origin-not-allowed");
    }

    private static boolean isHostAllowed(String host) {
        return !HOST_TOO_LONG.matcher(host).lookingAt() && HOST_NAMES.matcher(lower(host)).matches();
    }

    /** Whether a page of another site sent a request to which browsers add no Origin. Following a link is not meant. */
    private static boolean isCrossSite(Head head) {
        boolean foreign = "cross-site".equals(head.fetchSite) || "same-site".equals(head.fetchSite);
        return foreign && !"document".equals(head.fetchDest);
    }

    /** The value of Access-Control-Allow-Origin, or null: nothing is sent back that was not found in the policy. */
    private static String allowedOrigin(String origin) {
        if (origin.equals("null")) {
            return !NULL_ORIGIN ? null : ANY_ORIGIN ? "*" : origin;
        }
        if (ORIGINS.contains(origin)) {
            return origin;
        }
        if (ORIGIN_TOO_LONG.matcher(origin).lookingAt()) {
            return null;
        }
        if ((ANY_ORIGIN || isMatched(origin)) && isOrigin(origin)) {
            return ANY_ORIGIN ? "*" : origin;
        }
        return null;
    }

    private static boolean isMatched(String origin) {
        for (Pattern pattern : ORIGIN_PATTERNS) {
            if (pattern.matcher(origin).matches()) {
                return true;
            }
        }
        for (Table table : ORIGIN_TABLES) {
            if (table.accepts(origin)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a text is an origin as browsers serialise it: lower case, no path, no default port, ASCII. */
    private static boolean isOrigin(String text) {
        int separator = text.indexOf("://");
        if (separator < 0 || !SCHEME.matcher(text.substring(0, separator)).matches()) {
            return false;
        }
        String scheme = text.substring(0, separator);
        String rest = text.substring(separator + 3);
        String behind;
        if (rest.startsWith("[")) {
            int bracket = rest.indexOf(']');
            if (bracket < 0 || !isIpv6(rest.substring(1, bracket))) {
                return false;
            }
            behind = rest.substring(bracket + 1);
        } else {
            int colon = rest.indexOf(':');
            String host = colon < 0 ? rest : rest.substring(0, colon);
            behind = colon < 0 ? "" : rest.substring(colon);
            if (!DOMAIN.matcher(host).matches()) {
                return false;
            }
            // What ends in a number is an IPv4 address, or nothing (URL standard, ends-in-a-number checker).
            if (DEFAULT_PORTS.containsKey(scheme) && NUMBER.matcher(host).find() && !isIpv4(host)) {
                return false;
            }
        }
        if (behind.isEmpty()) {
            return true;
        }
        String port = behind.substring(1);
        return behind.charAt(0) == ':' && PORT.matcher(port).matches() && Integer.parseInt(port) <= 65535
                && !port.equals(DEFAULT_PORTS.get(scheme));
    }

    private static boolean isIpv4(String host) {
        String[] numbers = host.split("\\.", -1);
        for (String number : numbers) {
            if (!OCTET.matcher(number).matches() || Integer.parseInt(number) > 255) {
                return false;
            }
        }
        return numbers.length == 4;
    }

    /** Whether an address is in the one form that browsers send: hexadecimal, lower case, compressed. */
    private static boolean isIpv6(String host) {
        if (!IPV6_CHARACTERS.matcher(host).matches()) {
            return false;
        }
        int gap = host.indexOf("::");
        String[] before = groups(gap < 0 ? host : host.substring(0, gap));
        String[] after = groups(gap < 0 ? "" : host.substring(gap + 2));
        int zeros = 8 - before.length - after.length;
        if (gap < 0 ? zeros != 0 : zeros < 1) {
            return false;
        }
        List<String> all = new ArrayList<>(Arrays.asList(before));
        all.addAll(Collections.nCopies(zeros, "0"));
        all.addAll(Arrays.asList(after));
        for (int i = 0; i < all.size(); i++) {
            if (!GROUP.matcher(all.get(i)).matches()) {
                return false;
            }
            all.set(i, Integer.toHexString(Integer.parseInt(all.get(i), 16)));
        }
        return host.equals(compressed(all));
    }

    private static String[] groups(String text) {
        return text.isEmpty() ? new String[0] : text.split(":", -1);
    }

    /** An IPv6 address with the longest run of zeros left out, the first of several (RFC 5952 section 4.2). */
    private static String compressed(List<String> groups) {
        int start = 0;
        int length = 0;
        for (int i = 0; i < groups.size(); i++) {
            int end = i;
            while (end < groups.size() && groups.get(end).equals("0")) {
                end++;
            }
            if (end - i > length) {
                start = i;
                length = end - i;
            }
        }
        if (length < 2) {
            return String.join(":", groups);
        }
        return String.join(":", groups.subList(0, start)) + "::"
                + String.join(":", groups.subList(start + length, groups.size()));
    }

    private static String kindOf(String path) {
        String known = PATHS.get(path);
        if (known != null) {
            return known;
        }
        if (UNPLAIN_PATH.matcher(path).find()) {
            return "mcp";
        }
        String found = kindBelow(path, PATHS_BELOW);
        // Servers may take /API/Mcp/ for /api/mcp: where another spelling is of another kind, the strictest holds.
        String lower = lower(path);
        String trimmed = lower.endsWith("/") ? lower.substring(0, lower.length() - 1) : lower;
        String meant = PATHS_IN_ANY_CASE.get(trimmed);
        return found.equals(meant != null ? meant : kindBelow(lower, PATHS_BELOW_IN_ANY_CASE)) ? found : "mcp";
    }

    private static String kindBelow(String path, Map<String, String> below) {
        for (Map.Entry<String, String> entry : below.entrySet()) {
            if (path.startsWith(entry.getKey())) {
                return entry.getValue();
            }
        }
        for (String name : METADATA_NAMES) {
            if (path.equals(name) || path.startsWith(name + "/")) {
                return "metadata";
            }
        }
        for (String ending : METADATA_ENDINGS) {
            if (path.endsWith(ending)) {
                return "metadata";
            }
        }
        return "mcp";
    }

    /** What remains when the origin is admitted. */
    private static Decision conclude(Head head, String reason, String allowedOrigin) {
        String name = kindOf(head.path);
        Kind kind = KINDS.get(name);
        Map<String, String> headers = new LinkedHashMap<>();
        if (allowedOrigin != null) {
            headers.put("Access-Control-Allow-Origin", allowedOrigin);
            if (CREDENTIALS) {
                headers.put("Access-Control-Allow-Credentials", "true");
            }
        }
        // A preflight is OPTIONS with Origin and a requested method; any other OPTIONS is the application's own.
        if (head.method.equals("OPTIONS") && head.origin != null && head.requestMethod != null) {
            return preflight(head, name, kind, headers);
        }
        if (allowedOrigin != null && !kind.exposeHeaders.isEmpty()) {
            headers.put("Access-Control-Expose-Headers", kind.exposeHeaders);
        }
        // Any page can send a POST that is not JSON without a preflight.
        if (head.method.equals("POST") && kind.jsonOnly && !isJson(head.contentType)) {
            String refusal = "content-type-not-allowed";
            return new Decision("deny", refusal, DENIALS.get(refusal).status, headers, VARY_ON_PASS, name);
        }
        return new Decision("pass", reason, 0, headers, VARY_ON_PASS, name);
    }

    private static Decision preflight(Head head, String name, Kind kind, Map<String, String> headers) {
        String asked = head.requestHeaders == null ? "" : head.requestHeaders;
        String refusal = "method-not-allowed";
        if (kind.methods.contains(head.requestMethod)) {
            refusal = refusalOfHeaders(asked, kind);
        }
        if (refusal == null) {
            headers.put("Access-Control-Allow-Methods", kind.allowMethods);
            if (!asked.isEmpty()) {
                headers.put("Access-Control-Allow-Headers", asked); // every name in it was checked
            }
            headers.put("Access-Control-Max-Age", MAX_AGE);
            return new Decision("preflight", "preflight-allowed", 204, headers, VARY_ON_PREFLIGHT, name);
        }
        boolean sentAnyway = refusal.equals("method-not-allowed") && SAFELISTED_METHODS.contains(head.requestMethod);
        if (DEBUG && !sentAnyway) {
            // A passing status that lacks what was asked for makes the browser name what is missing, and send nothing.
            List<String> names = new ArrayList<>(List.of(kind.allowHeaders));
            names.addAll(namesByPrefix(asked, kind));
            headers.put("Access-Control-Allow-Methods", kind.allowMethods);
            headers.put("Access-Control-Allow-Headers", String.join(", ", names));
            return new Decision("deny", refusal, 204, headers, VARY_ON_PREFLIGHT, name);
        }
        return new Decision("deny", refusal, DENIALS.get(refusal).status, Map.of(), VARY_ON_PREFLIGHT, name);
    }

    /** Why a list of requested headers is refused; null when it is not. */
    private static String refusalOfHeaders(String asked, Kind kind) {
        String malformed = "request-headers-malformed";
        if (asked.isEmpty()) {
            return null;
        }
        if (asked.length() > MAX_LIST_LENGTH) {
            return malformed;
        }
        int names = 0;
        int empty = 0;
        for (String element : asked.split(",", -1)) {
            String name = trimmed(element);
            if (element.length() - name.length() > MAX_SPACES_PER_NAME) {
                return malformed;
            }
            if (name.isEmpty()) {
                empty++;
            } else if (!TOKEN.matcher(name).matches()) {
                return malformed;
            } else if (!isHeaderAllowed(lower(name), kind)) {
                return "request-header-not-allowed";
            } else {
                names++;
            }
            if (names > MAX_NAMES || empty > MAX_EMPTY_ELEMENTS) {
                return malformed;
            }
        }
        return null;
    }

    private static boolean isHeaderAllowed(String name, Kind kind) {
        if (kind.headerNames.contains(name)) {
            return true;
        }
        if (name.length() > MAX_NAME_LENGTH) {
            return false;
        }
        if (kind.anyHeader) {
            return !FORBIDDEN_REQUEST_HEADERS.contains(name) && !beginsWithAny(name, FORBIDDEN_REQUEST_PREFIXES, 0);
        }
        return beginsWithAny(name, kind.headerPrefixes, 1);
    }

    /** Whether a name begins with one of some prefixes, and goes on behind it. */
    private static boolean beginsWithAny(String name, List<String> prefixes, int least) {
        for (String prefix : prefixes) {
            if (name.startsWith(prefix) && name.length() >= prefix.length() + least) {
                return true;
            }
        }
        return false;
    }

    private static List<String> namesByPrefix(String asked, Kind kind) {
        List<String> found = new ArrayList<>();
        if (asked.length() > MAX_LIST_LENGTH) {
            return found;
        }
        String[] elements = asked.split(",", -1);
        for (int i = 0; i < elements.length && i < MAX_NAMES; i++) {
            String name = trimmed(elements[i]);
            String lower = lower(name);
            if (TOKEN.matcher(name).matches() && !kind.headerNames.contains(lower) && isHeaderAllowed(lower, kind)) {
                found.add(name);
            }
        }
        return found;
    }

    /** Whether a POST is exactly application/json. A comma can only come from a second line: refused. */
    private static boolean isJson(String contentType) {
        if (contentType == null || contentType.length() > MAX_CONTENT_TYPE_LENGTH || contentType.contains(",")) {
            return false;
        }
        return trimmed(contentType.split(";", 2)[0]).equalsIgnoreCase("application/json");
    }

    private static Decision refuse(String reason) {
        return new Decision("deny", reason, DENIALS.get(reason).status, Map.of(), VARY_ON_DENIAL, "");
    }

    /** Adds names to a Vary header without repeating one. */
    private static String mergeVary(String present, String names) {
        if (present.isBlank()) {
            return names;
        }
        Set<String> listed = new HashSet<>();
        for (String name : present.split(",")) {
            listed.add(lower(name.strip()));
        }
        StringBuilder merged = new StringBuilder(present);
        for (String name : names.isEmpty() || listed.contains("*") ? new String[0] : names.split(", ")) {
            if (!listed.contains(lower(name))) {
                merged.append(", ").append(name);
            }
        }
        return merged.toString();
    }

    /** Lower case of ASCII, whatever the language of the machine. */
    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    /** Without white space as HTTP has it around a value. */
    private static String trimmed(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && (text.charAt(start) == ' ' || text.charAt(start) == '\t')) {
            start++;
        }
        while (end > start && (text.charAt(end - 1) == ' ' || text.charAt(end - 1) == '\t')) {
            end--;
        }
        return text.substring(start, end);
    }

    private static List<String> listOf(String[]... parts) {
        return Arrays.stream(parts).flatMap(Arrays::stream).toList();
    }

    private static Set<String> setOf(String[]... parts) {
        return new HashSet<>(listOf(parts));
    }

    private static List<Pattern> patterns(String[]... parts) {
        return listOf(parts).stream().map(Pattern::compile).toList();
    }

    /** Keys and values in turn, in their order. */
    private static Map<String, String> mapOf(String[]... parts) {
        List<String> texts = listOf(parts);
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < texts.size(); i += 2) {
            map.put(texts.get(i), texts.get(i + 1));
        }
        return map;
    }

    private static Map<String, String> inLowerCase(Map<String, String> paths, BinaryOperator<String> choice) {
        Map<String, String> map = new LinkedHashMap<>();
        paths.forEach((path, kind) -> map.merge(lower(path), kind, choice));
        return map;
    }
`.replace(/^\n/, '');
