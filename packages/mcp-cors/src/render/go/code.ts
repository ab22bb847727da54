/** The checks and the middleware in Go, the same for every policy: `policy/decide.ts` in another language. */
export const CODE = String.raw`
type kind struct {
	methods        map[string]bool
	allowMethods   string
	headerNames    map[string]bool
	headerPrefixes []string
	anyHeader      bool
	allowHeaders   string
	exposeHeaders  string
	jsonOnly       bool
}

type pathRule struct {
	path *regexp.Regexp
	kind string
}

type denial struct {
	status int
	body   string
}

// A decision says what becomes of a request: without a status the application answers.
type decision struct {
	refused string // why, when it is
	status  int
	headers [][2]string
	vary    string
}

// Guard lets pages of the policy's origins reach a handler, and answers preflights and refusals itself. Put it around
// everything, authentication included.
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := decide(r)
		if d.refused != "" {
			log.Printf("mcp-cors: %s: %.200q %.200q for %.200q from %.200q", d.refused, r.Method, r.URL.Path, r.Host, r.Header.Values("Origin"))
			if reportOnly {
				next.ServeHTTP(w, r)
				return
			}
		}
		if d.status == 0 {
			guarded := &response{ResponseWriter: w, decision: d}
			next.ServeHTTP(guarded, r)
			guarded.apply() // when the handler has written nothing
			return
		}
		apply(w.Header(), d)
		if d.status == http.StatusNoContent {
			w.WriteHeader(d.status)
			return
		}
		body := denials[d.refused].body
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(d.status)
		if r.Method != http.MethodHead {
			io.WriteString(w, body)
		}
	})
}

// A response gets the policy's headers when its own leave, so that nothing the handler sets stands beside them.
type response struct {
	http.ResponseWriter
	decision decision
	applied  bool
}

func (w *response) apply() {
	if !w.applied {
		w.applied = true
		apply(w.Header(), w.decision)
	}
}

func (w *response) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		w.ResponseWriter.WriteHeader(status) // informational: the answer is still to come
		return
	}
	w.apply()
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(bytes []byte) (int, error) {
	w.apply()
	return w.ResponseWriter.Write(bytes)
}

// Flush sends what is there: MCP servers look for http.Flusher before they open a stream.
func (w *response) Flush() {
	w.apply()
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func apply(header http.Header, d decision) {
	for _, name := range corsResponseHeaders {
		header.Del(name)
	}
	for _, field := range d.headers {
		header.Set(field[0], field[1])
	}
	if d.vary != "" {
		header.Set("Vary", mergeVary(strings.Join(header.Values("Vary"), ", "), d.vary))
	}
}

// decide makes the checks in their order; the first that fails decides.
func decide(r *http.Request) decision {
	// An absolute form would override Host (RFC 9112 section 3.2).
	if !strings.HasPrefix(r.RequestURI, "/") && !(r.RequestURI == "*" && r.Method == http.MethodOptions) {
		return refuse("request-target-not-allowed")
	}
	checkHost := checkHosts && (!hostsOnLoopbackOnly || isLoopback(r))
	if checkHost {
		if r.Host == "" {
			return refuse("host-missing")
		}
		if hostTooLong.MatchString(r.Host) || !hostNames.MatchString(strings.ToLower(r.Host)) {
			return refuse("host-not-allowed")
		}
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	origin, present := field(r, "Origin")
	if !present {
		if !missingOrigin {
			return refuse("origin-missing")
		}
		if isCrossSite(r) && guardedKinds[kindOf(path)] {
			return refuse("cross-site-request")
		}
		if anyOrigin {
			return conclude(r, kindOf(path), "*")
		}
		return conclude(r, kindOf(path), "")
	}
	if allowed := allowedOrigin(origin); allowed != "" {
		return conclude(r, kindOf(path), allowed)
	}
	// A page of the server's own: only a Host that was checked can say so, or DNS rebinding would pass.
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	if checkHost && origin == scheme+"://"+r.Host {
		return conclude(r, kindOf(path), origin)
	}
	if origin == "null" {
		return refuse("origin-null")
	}
	return refuse("origin-not-allowed")
}

// field gives a header, its lines joined, so that two never pass as one, and whether it is there.
func field(r *http.Request, name string) (string, bool) {
	values := r.Header.Values(name)
	return strings.Join(values, ", "), len(values) > 0
}

func refuse(reason string) decision {
	return decision{refused: reason, status: denials[reason].status, vary: varyOnDenial}
}

// isLoopback tells whether a connection came in on this machine alone. Not known counts as yes.
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

// isCrossSite tells whether a page of another site sent a request to which browsers add no Origin. Following a link is
// not meant.
func isCrossSite(r *http.Request) bool {
	site, _ := field(r, "Sec-Fetch-Site")
	dest, _ := field(r, "Sec-Fetch-Dest")
	return (site == "cross-site" || site == "same-site") && dest != "document"
}

// allowedOrigin gives the value of Access-Control-Allow-Origin; nothing is sent back that was not found in the policy.
func allowedOrigin(origin string) string {
	if origin == "null" {
		if nullOrigin && anyOrigin {
			return "*"
		}
		if nullOrigin {
			return origin
		}
		return ""
	}
	if origins[origin] {
		return origin
	}
	if originTooLong.MatchString(origin) {
		return ""
	}
	if matchesAny(originPatterns, origin) {
		return origin
	}
	if (anyOrigin || matchesAny(originExpressions, origin)) && wellFormedOrigin.MatchString(origin) {
		if anyOrigin {
			return "*"
		}
		return origin
	}
	return ""
}

func matchesAny(patterns []*regexp.Regexp, text string) bool {
	for _, pattern := range patterns {
		if pattern.MatchString(text) {
			return true
		}
	}
	return false
}

func kindOf(path string) string {
	if known, ok := paths[path]; ok {
		return known
	}
	for _, rule := range pathRules {
		if rule.path.MatchString(path) {
			return rule.kind
		}
	}
	return "mcp"
}

// conclude makes the checks that remain when the origin is admitted.
func conclude(r *http.Request, name, allowed string) decision {
	k := kinds[name]
	var headers [][2]string
	if allowed != "" {
		headers = append(headers, [2]string{"Access-Control-Allow-Origin", allowed})
		if credentials {
			headers = append(headers, [2]string{"Access-Control-Allow-Credentials", "true"})
		}
	}
	_, isFromPage := field(r, "Origin")
	method, isPreflight := field(r, "Access-Control-Request-Method")
	if r.Method == http.MethodOptions && isFromPage && isPreflight {
		return preflight(r, k, method, headers)
	}
	if allowed != "" && k.exposeHeaders != "" {
		headers = append(headers, [2]string{"Access-Control-Expose-Headers", k.exposeHeaders})
	}
	contentType, _ := field(r, "Content-Type")
	// Any page can send a POST that is not JSON without a preflight.
	if r.Method == http.MethodPost && k.jsonOnly && !jsonContentType.MatchString(contentType) {
		const reason = "content-type-not-allowed"
		return decision{refused: reason, status: denials[reason].status, headers: headers, vary: varyOnPass}
	}
	return decision{headers: headers, vary: varyOnPass}
}

func preflight(r *http.Request, k *kind, method string, headers [][2]string) decision {
	asked, _ := field(r, "Access-Control-Request-Headers")
	reason := "method-not-allowed"
	if k.methods[method] {
		reason = refusalOfHeaders(asked, k)
	}
	if reason == "" {
		headers = append(headers, [2]string{"Access-Control-Allow-Methods", k.allowMethods})
		if asked != "" {
			// Every name in it was checked.
			headers = append(headers, [2]string{"Access-Control-Allow-Headers", asked})
		}
		headers = append(headers, [2]string{"Access-Control-Max-Age", maxAge})
		return decision{status: http.StatusNoContent, headers: headers, vary: varyOnPreflight}
	}
	if debug && !(reason == "method-not-allowed" && safelistedMethods[method]) {
		// A passing status that lacks what was asked for makes the browser name what is missing, and send nothing.
		names := strings.Join(append([]string{k.allowHeaders}, namesByPrefix(asked, k)...), ", ")
		headers = append(headers, [2]string{"Access-Control-Allow-Methods", k.allowMethods}, [2]string{"Access-Control-Allow-Headers", names})
		return decision{refused: reason, status: http.StatusNoContent, headers: headers, vary: varyOnPreflight}
	}
	return decision{refused: reason, status: denials[reason].status, vary: varyOnPreflight}
}

// refusalOfHeaders says why a list of requested headers is refused; empty when it is not.
func refusalOfHeaders(asked string, k *kind) string {
	const malformed = "request-headers-malformed"
	if asked == "" {
		return ""
	}
	if len(asked) > maxListLength {
		return malformed
	}
	names, empty := 0, 0
	for _, element := range strings.Split(asked, ",") {
		name := strings.Trim(element, " \t")
		switch {
		case len(element)-len(name) > maxSpacesPerName:
			return malformed
		case name == "":
			empty++
		case !token.MatchString(name):
			return malformed
		case !isHeaderAllowed(strings.ToLower(name), k):
			return "request-header-not-allowed"
		default:
			names++
		}
		if names > maxNames || empty > maxEmptyElements {
			return malformed
		}
	}
	return ""
}

var token = regexp.MustCompile("^[!#$%&'*+\\-.^_\x60|~0-9A-Za-z]+$")

func isHeaderAllowed(name string, k *kind) bool {
	if k.headerNames[name] {
		return true
	}
	if len(name) > maxNameLength {
		return false
	}
	if k.anyHeader {
		return !forbiddenRequestHeaders[name] && !hasPrefix(name, forbiddenRequestPrefixes)
	}
	return hasPrefix(name, k.headerPrefixes)
}

func hasPrefix(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if len(name) > len(prefix) && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func namesByPrefix(asked string, k *kind) []string {
	var found []string
	if len(asked) > maxListLength {
		return found
	}
	for i, element := range strings.Split(asked, ",") {
		name := strings.Trim(element, " \t")
		lower := strings.ToLower(name)
		if i < maxNames && token.MatchString(name) && !k.headerNames[lower] && isHeaderAllowed(lower, k) {
			found = append(found, name)
		}
	}
	return found
}

// mergeVary adds names to a Vary header without repeating one.
func mergeVary(present, names string) string {
	if strings.TrimSpace(present) == "" {
		return names
	}
	listed := map[string]bool{}
	for _, name := range strings.Split(present, ",") {
		listed[strings.ToLower(strings.TrimSpace(name))] = true
	}
	if listed["*"] {
		return present
	}
	for _, name := range strings.Split(names, ", ") {
		if !listed[strings.ToLower(name)] {
			present += ", " + name
		}
	}
	return present
}
`;
