/** The filter, the same for every policy. */
export const FILTER = `
    // ---- The filter -----------------------------------------------------------------------------------

    private static final String PASSED = McpCorsFilter.class.getName() + ".passed";
    private final List<byte[]> keys;

    public McpCorsFilter() {
        this(SEAL_SESSIONS ? secretsFromEnvironment() : List.of());
    }

    /** With the secrets of sessions, where the policy seals them: the first seals, all are accepted. */
    public McpCorsFilter(List<String> sessionSecrets) {
        keys = SEAL_SESSIONS ? keysOf(sessionSecrets) : List.of();
    }

    /** A request that was handed on, and what its response gets; without a decision the response is left alone. */
    private record Passed(Decision decision, String owner, String sessionId, String query) {
    }

    @Override
    protected boolean shouldNotFilterAsyncDispatch() {
        return false;
    }

    @Override
    protected boolean shouldNotFilterErrorDispatch() {
        return false;
    }

    @Override
    protected void doFilterNestedErrorDispatch(
            HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        doFilterInternal(request, response, chain);
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        // Error pages and what goes on later belong to a request that was decided about.
        if (request.getAttribute(PASSED) instanceof Passed passed) {
            if (passed.decision == null || WebUtils.getNativeResponse(response, GuardedResponse.class) != null) {
                chain.doFilter(request, response);
            } else {
                handOn(request, response, chain, passed);
            }
            return;
        }
        Head head = headOf(request);
        Decision decision = decide(head);
        boolean denied = decision.outcome.equals("deny");
        if (denied) {
            String text = decision.reason + ": " + quoted(head.method) + " " + quoted(head.path) + " for "
                    + quoted(head.host) + " from " + quoted(head.origin);
            if (REPORT_ONLY) {
                logger.warn(text);
            } else {
                logger.info(text);
            }
        }
        if (denied && REPORT_ONLY) {
            request.setAttribute(PASSED, new Passed(null, null, null, null));
            chain.doFilter(request, response);
            return;
        }
        if (!decision.outcome.equals("pass")) {
            answer(response, head, decision, decision.reason, decision.status);
            return;
        }
        Passed passed = opened(request, head, decision);
        if (passed == null) {
            // The client must initialize again (MCP 2025-11-25, transports, session management).
            String reason = "session-not-found";
            answer(response, head, decision, reason, DENIALS.get(reason).status);
            return;
        }
        request.setAttribute(PASSED, passed);
        handOn(request, response, chain, passed);
    }

    /** Hands a request on. Whatever answers, error pages and streams included, has the policy's headers. */
    private void handOn(HttpServletRequest request, HttpServletResponse response, FilterChain chain, Passed passed)
            throws ServletException, IOException {
        UnaryOperator<String> seal = passed.owner == null ? null : id -> seal(keys, passed.owner, id);
        GuardedResponse guarded = new GuardedResponse(response, passed.decision, seal);
        HandedRequest handed = new HandedRequest(request, guarded, passed);
        chain.doFilter(handed, guarded);
        if (!handed.isAsyncStarted()) {
            guarded.finish();
        }
    }

    private static Head headOf(HttpServletRequest request) {
        return new Head(
                request.getMethod(),
                request.getRequestURI(),
                request.getScheme(),
                hostOf(request),
                field(request, "Origin"),
                field(request, "Access-Control-Request-Method"),
                field(request, "Access-Control-Request-Headers"),
                field(request, "Content-Type"),
                field(request, "Mcp-Session-Id"),
                field(request, "Sec-Fetch-Site"),
                field(request, "Sec-Fetch-Dest"),
                isLoopback(request.getLocalAddr()));
    }

    /** A header, its lines joined; null when there is none. */
    private static String field(HttpServletRequest request, String name) {
        Enumeration<String> lines = request.getHeaders(name);
        if (lines == null || !lines.hasMoreElements()) {
            return null;
        }
        StringBuilder joined = new StringBuilder(trimmed(lines.nextElement()));
        while (lines.hasMoreElements()) {
            joined.append(", ").append(trimmed(lines.nextElement()));
        }
        return joined.toString();
    }

    /** Host; over HTTP/2, where servers keep :authority to themselves, what they tell of it. */
    private static String hostOf(HttpServletRequest request) {
        String host = field(request, "Host");
        if (host != null || !request.getProtocol().startsWith("HTTP/2")) {
            return host;
        }
        String port = String.valueOf(request.getServerPort());
        return request.getServerName() + (port.equals(DEFAULT_PORTS.get(request.getScheme())) ? "" : ":" + port);
    }

    /** Whether a connection came in on this machine alone. Not known, or a Unix socket, counts as yes. */
    private static boolean isLoopback(String address) {
        if (address == null || address.isEmpty()) {
            return true;
        }
        boolean ipv6 = address.contains(":");
        if (!ipv6 && !address.matches("[0-9.]+")) {
            return true;
        }
        try {
            // An address, never a name: nothing is looked up.
            return InetAddress.getByName(ipv6 && !address.startsWith("[") ? "[" + address + "]" : address)
                    .isLoopbackAddress();
        } catch (UnknownHostException error) {
            return true;
        }
    }

    /** What a client sent, for the log: no line ends in it, and nobody fills a disk with it. */
    private static String quoted(String text) {
        if (text == null) {
            return "-";
        }
        String start = text.length() > 200 ? text.substring(0, 200) : text;
        return "'" + start.replaceAll("[^ -~]", "?") + "'";
    }

    /** Answers a preflight or a refusal; the application does not hear of it. */
    private static void answer(
            HttpServletResponse response, Head head, Decision decision, String reason, int status) throws IOException {
        new GuardedResponse(response, decision, null);
        response.setStatus(status);
        if (status == HttpServletResponse.SC_NO_CONTENT) {
            return;
        }
        byte[] body = DENIALS.get(reason).body.getBytes(StandardCharsets.UTF_8);
        response.setContentType("application/json");
        response.setContentLength(body.length);
        if (!head.method.equals("HEAD")) {
            response.getOutputStream().write(body);
        }
    }

    /** The request with the server's own session ids; null when one does not open, or a message has none. */
    private Passed opened(HttpServletRequest request, Head head, Decision decision) {
        String query = request.getQueryString();
        if (!SEAL_SESSIONS || !SESSION_KINDS.contains(decision.kind)) {
            return new Passed(decision, null, null, query);
        }
        String owner = sessionOwner(head);
        String sessionId = head.sessionId == null ? null : open(keys, owner, head.sessionId);
        if (head.sessionId != null && sessionId == null) {
            return null;
        }
        String target = query == null ? "" : "?" + query;
        String changed = changeSessionParameter(target, id -> open(keys, owner, id));
        if (changed == null) {
            return null;
        }
        // A message belongs to a session. Where none was opened, the server would look for it somewhere else.
        boolean message = decision.kind.equals("messages") && head.method.equals("POST");
        if (message && sessionId == null && changed.equals(target)) {
            return null;
        }
        return new Passed(decision, owner, sessionId, query == null ? null : changed.substring(1));
    }

    /** A request as it is, but with the server's own session ids, and kept together with its response. */
    private static final class HandedRequest extends HttpServletRequestWrapper {
        private final GuardedResponse response;
        private final Passed passed;

        HandedRequest(HttpServletRequest request, GuardedResponse response, Passed passed) {
            super(request);
            this.response = response;
            this.passed = passed;
        }

        private boolean changes(String name) {
            return passed.sessionId != null && name.equalsIgnoreCase("Mcp-Session-Id");
        }

        @Override
        public String getHeader(String name) {
            return changes(name) ? passed.sessionId : super.getHeader(name);
        }

        @Override
        public Enumeration<String> getHeaders(String name) {
            return changes(name) ? Collections.enumeration(List.of(passed.sessionId)) : super.getHeaders(name);
        }

        @Override
        public String getQueryString() {
            // A request that was forwarded has a query of its own.
            String query = super.getQueryString();
            return passed.owner == null || getDispatcherType() != DispatcherType.REQUEST ? query : passed.query;
        }

        @Override
        public Map<String, String[]> getParameterMap() {
            Map<String, String[]> given = super.getParameterMap();
            String query = super.getQueryString();
            if (passed.owner == null || query == null || query.equals(passed.query)) {
                return given;
            }
            Map<String, String[]> changed = new LinkedHashMap<>(given);
            changeSessionParameter("?" + query, sealed -> {
                String id = sealed.substring(SEAL_LENGTH + 1);
                for (String name : SESSION_PARAMETERS) {
                    changed.computeIfPresent(name, (key, values) -> Arrays.stream(values)
                            .map(value -> value.equals(sealed) ? id : value).toArray(String[]::new));
                }
                return id;
            });
            return Collections.unmodifiableMap(changed);
        }

        @Override
        public String[] getParameterValues(String name) {
            String[] values = getParameterMap().get(name);
            return values == null ? null : values.clone();
        }

        @Override
        public String getParameter(String name) {
            String[] values = getParameterMap().get(name);
            return values == null || values.length == 0 ? null : values[0];
        }

        @Override
        public AsyncContext startAsync() {
            return super.startAsync(this, response); // with what the container has, the response would be unguarded
        }
    }

    /** A response with the policy's headers from its beginning, beside which nothing else is said about CORS. */
    private static final class GuardedResponse extends HttpServletResponseWrapper {
        private final Decision decision;
        private final UnaryOperator<String> seal;
        private final boolean mayBeginWithEndpoint;
        private String vary;
        private String sessionIds;
        private long contentLength = -1;
        private EventOutput output;
        private PrintWriter writer;

        GuardedResponse(HttpServletResponse response, Decision decision, UnaryOperator<String> seal) {
            super(response);
            this.decision = decision;
            this.seal = seal;
            this.mayBeginWithEndpoint = seal != null && !decision.kind.equals("messages");
            this.vary = String.join(", ", response.getHeaders("Vary"));
            apply();
        }

        private void apply() {
            decision.headers.forEach(super::setHeader);
            if (!vary.isEmpty() || !decision.vary.isEmpty()) {
                super.setHeader("Vary", mergeVary(vary, decision.vary));
            }
        }

        /** Sets a header or adds to it, and tells whether that was done. */
        private boolean takes(String name, String value, boolean adds) {
            String lower = name == null ? "" : lower(name);
            if (CORS_RESPONSE_HEADERS.contains(lower)) {
                return true;
            }
            if (value == null) {
                return false;
            }
            if (lower.equals("vary")) {
                vary = adds && !vary.isEmpty() ? vary + ", " + value : value;
                apply();
                return true;
            }
            if (lower.equals("mcp-session-id") && seal != null) {
                sessionIds = adds && sessionIds != null ? sessionIds + ", " + value : value;
                super.setHeader(name, seal.apply(sessionIds));
                return true;
            }
            if (lower.equals("content-length") && mayBeginWithEndpoint && value.matches("[0-9]{1,18}")) {
                contentLength = Long.parseLong(value);
                return true;
            }
            return false;
        }

        @Override
        public void setHeader(String name, String value) {
            if (!takes(name, value, false)) {
                super.setHeader(name, value);
            }
        }

        @Override
        public void addHeader(String name, String value) {
            if (!takes(name, value, true)) {
                super.addHeader(name, value);
            }
        }

        @Override
        public void setIntHeader(String name, int value) {
            if (!takes(name, String.valueOf(value), false)) {
                super.setIntHeader(name, value);
            }
        }

        @Override
        public void addIntHeader(String name, int value) {
            if (!takes(name, String.valueOf(value), true)) {
                super.addIntHeader(name, value);
            }
        }

        @Override
        public void setDateHeader(String name, long value) {
            if (!takes(name, null, false)) {
                super.setDateHeader(name, value);
            }
        }

        @Override
        public void addDateHeader(String name, long value) {
            if (!takes(name, null, true)) {
                super.addDateHeader(name, value);
            }
        }

        @Override
        public void setContentLength(int length) {
            setContentLengthLong(length);
        }

        @Override
        public void setContentLengthLong(long length) {
            if (mayBeginWithEndpoint) {
                contentLength = length; // a sealed id is longer
            } else {
                super.setContentLengthLong(length);
            }
        }

        @Override
        public void reset() {
            super.reset();
            vary = "";
            sessionIds = null;
            contentLength = -1;
            output = null;
            writer = null;
            apply();
        }

        @Override
        public ServletOutputStream getOutputStream() throws IOException {
            if (!mayBeginWithEndpoint) {
                return super.getOutputStream();
            }
            if (output == null) {
                output = new EventOutput(this, super.getOutputStream());
            }
            return output;
        }

        @Override
        public PrintWriter getWriter() throws IOException {
            if (!mayBeginWithEndpoint) {
                return super.getWriter();
            }
            if (writer == null) {
                setCharacterEncoding(getCharacterEncoding()); // it belongs to Content-Type, as with a container's own
                writer = new PrintWriter(new PlainWriter(getOutputStream(), getCharacterEncoding()));
            }
            return writer;
        }

        @Override
        public void flushBuffer() throws IOException {
            if (mayBeginWithEndpoint) {
                ((EventOutput) getOutputStream()).begin();
            }
            super.flushBuffer();
        }

        /** Lets go of what was held back, when the application is done. */
        void finish() throws IOException {
            if (output != null) {
                output.finish();
            } else if (contentLength >= 0 && !isCommitted()) {
                super.setContentLengthLong(contentLength);
            }
        }
    }

    /** What an application writes, with the session sealed where an event stream begins with it. */
    private static final class EventOutput extends ServletOutputStream {
        private final GuardedResponse response;
        private final ServletOutputStream output;
        private EndpointEvent event;
        private boolean begun;

        EventOutput(GuardedResponse response, ServletOutputStream output) {
            this.response = response;
            this.output = output;
        }

        void begin() {
            if (begun) {
                return;
            }
            begun = true;
            String type = response.getContentType();
            if (type != null && EVENT_STREAM.matcher(type).lookingAt()) {
                event = new EndpointEvent(response.seal);
            } else if (response.contentLength >= 0) {
                response.getResponse().setContentLengthLong(response.contentLength);
            }
        }

        void finish() throws IOException {
            begin();
            byte[] left = event == null ? new byte[0] : event.flush();
            if (left.length > 0) {
                output.write(left);
            }
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            begin();
            if (event == null) {
                output.write(bytes, offset, length);
                return;
            }
            byte[] ready = event.push(Arrays.copyOfRange(bytes, offset, offset + length));
            if (ready.length > 0) {
                output.write(ready); // or the rest of the first event is still to come
            }
        }

        @Override
        public void flush() throws IOException {
            begin();
            output.flush();
        }

        @Override
        public void close() throws IOException {
            finish();
            output.close();
        }

        @Override
        public boolean isReady() {
            return output.isReady();
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            output.setWriteListener(listener);
        }
    }

    /** Characters as bytes at once, so that nothing is left behind when a stream ends without being closed. */
    private static final class PlainWriter extends Writer {
        private final ServletOutputStream output;
        private final String encoding;
        private String half = "";

        PlainWriter(ServletOutputStream output, String encoding) {
            this.output = output;
            this.encoding = encoding;
        }

        @Override
        public void write(char[] characters, int offset, int length) throws IOException {
            String text = half + new String(characters, offset, length);
            boolean cut = !text.isEmpty() && Character.isHighSurrogate(text.charAt(text.length() - 1));
            half = cut ? text.substring(text.length() - 1) : "";
            output.write(text.substring(0, text.length() - half.length()).getBytes(encoding));
        }

        @Override
        public void flush() throws IOException {
            output.flush();
        }

        @Override
        public void close() throws IOException {
            output.close();
        }
    }
}
`.replace(/^\n/, '');
