/** The net/http middleware, the same for every policy. */
export const MIDDLEWARE = String.raw`
// ---- The middleware ----

// Guard lets pages of the policy's origins reach a handler, and answers preflights and refusals itself. Put it around
// everything, authentication included. It panics when the policy seals sessions and MCP_CORS_SESSION_SECRETS has no
// secret.
func Guard(next http.Handler) http.Handler {
	if !sealSessions {
		return guard(next, nil)
	}
	return GuardWith(next, secretsFromEnvironment()...)
}

// GuardWith is Guard with the secrets of sessions from elsewhere: the first seals, all are accepted. It panics when the
// policy seals sessions and there is none, or one of less than 32 characters.
func GuardWith(next http.Handler, secrets ...string) http.Handler {
	if sealSessions {
		checkSecrets(secrets)
	}
	return guard(next, append([]string(nil), secrets...))
}

func guard(next http.Handler, secrets []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := headOf(r)
		d := decide(h)
		if d.refused != "" {
			report(h, d.refused)
			if reportOnly {
				next.ServeHTTP(w, r)
				return
			}
		}
		if d.status != 0 {
			answer(w, d)
			return
		}
		var sealID func(string) string
		if sealSessions && sessionKinds[d.kind] {
			owner := sessionOwner(h)
			opened := openSessions(r, h, d.kind, func(id string) (string, bool) { return unseal(secrets, owner, id) })
			if opened == nil {
				// The client must initialize again (MCP 2025-11-25, transports, session management).
				d.refused = "session-not-found"
				d.status = denialOf(d.refused).status
				report(h, d.refused)
				answer(w, d)
				return
			}
			r = opened
			sealID = func(id string) string { return seal(secrets[0], owner, id) }
		}
		passOn(next, &response{ResponseWriter: w, decision: d, sealID: sealID}, r)
	})
}

// passOn has the application answer. An answer that a panic prevents is given here, so that the page can read it; the
// panic goes on, for the server's log.
func passOn(next http.Handler, w *response, r *http.Request) {
	defer func() {
		if fault := recover(); fault != nil {
			if fault != http.ErrAbortHandler && !w.started {
				w.Header().Del("Content-Encoding")
				writeJSON(w, http.StatusInternalServerError, internalError)
				w.Flush()
			}
			panic(fault)
		}
		w.finish()
	}()
	next.ServeHTTP(w, r)
}

const internalError = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32603,\"message\":\"Internal error\"}}"

// answer is for preflights and refusals; the application does not hear of them.
func answer(w http.ResponseWriter, d decision) {
	putHeaders(w.Header(), d)
	if d.status == http.StatusNoContent {
		w.WriteHeader(d.status)
		return
	}
	writeJSON(w, d.status, denialOf(d.refused).body)
}

func writeJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // net/http leaves it out for HEAD
}

// report writes a refusal down, or what would be one: with log/slog, whose default prints it.
func report(h head, reason string) {
	level, origin := slog.LevelInfo, ""
	if reportOnly {
		level = slog.LevelWarn
	}
	if h.origin != nil {
		origin = *h.origin
	}
	slog.Log(context.Background(), level, "mcp-cors: "+reason,
		"method", short(h.method), "path", short(h.path), "host", short(h.host), "origin", short(origin))
}

func short(text string) string {
	return fmt.Sprintf("%.200s", text)
}

func headOf(r *http.Request) head {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	h := head{
		method:        textOf(r.Method),
		path:          textOf(path),
		scheme:        "http",
		host:          textOf(r.Host),
		origin:        field(r, "Origin"),
		requestMethod: field(r, "Access-Control-Request-Method"),
		sessionID:     field(r, sessionHeader),
		fetchSite:     field(r, "Sec-Fetch-Site"),
		loopback:      isLoopback(r),
	}
	if r.TLS != nil {
		h.scheme = "https"
	}
	if value := field(r, "Access-Control-Request-Headers"); value != nil {
		h.requestHeaders = *value
	}
	if value := field(r, "Content-Type"); value != nil {
		h.contentType = *value
	}
	if value := field(r, "Sec-Fetch-Dest"); value != nil {
		h.fetchDest = *value
	}
	return h
}

// field gives a header, its lines joined; nil when it is absent.
func field(r *http.Request, name string) *string {
	values := r.Header.Values(name)
	if len(values) == 0 {
		return nil
	}
	joined := textOf(strings.Join(values, ", "))
	return &joined
}

// textOf gives bytes of a request as text, a character each: what the seals of other languages are made of.
func textOf(bytes string) string {
	for i := 0; i < len(bytes); i++ {
		if bytes[i] >= utf8.RuneSelf {
			characters := make([]rune, len(bytes))
			for j := range characters {
				characters[j] = rune(bytes[j])
			}
			return string(characters)
		}
	}
	return bytes
}

// bytesOf is the way back. It cannot be gone with characters that are no byte.
func bytesOf(text string) (string, bool) {
	bytes := make([]byte, 0, len(text))
	for _, character := range text {
		if character > 0xff {
			return "", false
		}
		bytes = append(bytes, byte(character))
	}
	return string(bytes), true
}

// isLoopback tells whether a connection came in on this machine alone. Not known, or a Unix socket, counts as yes.
func isLoopback(r *http.Request) bool {
	address, known := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !known {
		return true
	}
	host, _, err := net.SplitHostPort(address.String())
	if err != nil {
		return true
	}
	ip := net.ParseIP(host)
	return ip == nil || ip.IsLoopback()
}

const sessionHeader = "Mcp-Session-Id"

// openSessions gives the request with the server's own session ids; nil when one does not open, or a message has none.
func openSessions(r *http.Request, h head, kind string, change changeOfID) *http.Request {
	target := textOf(r.RequestURI)
	changed, ok := changeSessionParameter(target, change)
	if !ok {
		return nil
	}
	// A message belongs to a session. Where none was opened, the server would look for it somewhere else.
	if kind == "messages" && h.method == http.MethodPost && h.sessionID == nil && changed == target {
		return nil
	}
	opened := r.WithContext(r.Context())
	if h.sessionID != nil {
		id, ok := change(*h.sessionID)
		if !ok {
			return nil
		}
		bytes, ok := bytesOf(id)
		if !ok {
			return nil
		}
		opened.Header = r.Header.Clone()
		opened.Header.Set(sessionHeader, bytes)
	}
	if changed != target {
		bytes, ok := bytesOf(changed)
		if !ok {
			return nil
		}
		opened.RequestURI = bytes
		address := *r.URL
		_, address.RawQuery, _ = strings.Cut(bytes, "?")
		opened.URL = &address
	}
	return opened
}

// A response gets the policy's headers when its own leave, so that nothing the handler sets stands beside them.
type response struct {
	http.ResponseWriter
	decision decision
	sealID   func(string) string // nil: ids pass as they are
	event    *endpointEvent      // nil: what is written passes as it is
	started  bool
}

// WriteHeader sends the head, with the policy's headers in it.
func (w *response) WriteHeader(status int) {
	informational := status < 200 && status != http.StatusSwitchingProtocols
	if !informational {
		w.start()
	}
	w.ResponseWriter.WriteHeader(status)
}

// start puts the policy's headers in place of the handler's, and seals the session ids among them.
func (w *response) start() {
	if w.started {
		return
	}
	w.started = true
	header := w.Header()
	putHeaders(header, w.decision)
	if w.sealID == nil {
		return
	}
	if ids := take(header, sessionHeader); len(ids) > 0 {
		// What was a header is one again: the id is in it as it was.
		sealed, _ := bytesOf(w.sealID(textOf(strings.Join(ids, ", "))))
		header.Set(sessionHeader, sealed)
	}
	if w.decision.kind != "messages" && eventStream.MatchString(strings.Join(header.Values("Content-Type"), ", ")) {
		take(header, "Content-Length") // a sealed id is longer
		w.event = &endpointEvent{change: func(id string) (string, bool) { return w.sealID(id), true }}
	}
}

var eventStream = regexp.MustCompile("(?i)^\\s*text/event-stream\\s*(?:;|$)")

// Write sends a part of the body, without what is held back of a stream's first event.
func (w *response) Write(data []byte) (int, error) {
	if !w.started {
		w.WriteHeader(http.StatusOK)
	}
	if w.event == nil {
		return w.ResponseWriter.Write(data)
	}
	if ready := w.event.push(data); len(ready) > 0 {
		if _, err := w.ResponseWriter.Write(ready); err != nil {
			return 0, err
		}
	}
	return len(data), nil
}

// finish is for handlers that have written nothing, and for streams that end within an event.
func (w *response) finish() {
	w.start()
	if w.event == nil {
		return
	}
	if rest := w.event.flush(); len(rest) > 0 {
		_, _ = w.ResponseWriter.Write(rest)
	}
}

// Flush sends what is there: MCP servers look for http.Flusher before they open a stream.
func (w *response) Flush() { _ = w.FlushError() }

// FlushError is for http.ResponseController.
func (w *response) FlushError() error {
	if !w.started {
		w.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack takes the connection over, for WebSockets: their requests were checked like any other.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.started = true
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func putHeaders(header http.Header, d decision) {
	for _, name := range corsResponseHeaders {
		take(header, name)
	}
	for _, field := range d.headers {
		value, _ := bytesOf(field[1])
		header.Set(field[0], value)
	}
	if d.vary != "" {
		header.Set("Vary", mergeVary(strings.Join(take(header, "Vary"), ", "), d.vary))
	}
}

// take removes a header, and gives its values. net/http sends names as they stand in the map.
func take(header http.Header, name string) []string {
	var values []string
	for key, found := range header {
		if strings.EqualFold(key, name) {
			values = append(values, found...)
			delete(header, key)
		}
	}
	return values
}
`;
