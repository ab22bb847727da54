/** The checks in Go, the same for every policy: `policy/decide.ts` in another language. */
export const DECISION = String.raw`
// ---- The decision ----

// setOf gives texts as a set.
func setOf(texts ...string) map[string]bool {
	set := make(map[string]bool, len(texts))
	for _, text := range texts {
		set[text] = true
	}
	return set
}

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

type pathKind struct{ path, kind string }

type denial struct {
	reason string
	status int
	body   string
}

// A head is what the policy looks at of a request. Repeated lines are joined, so that two never pass as one.
type head struct {
	method         string
	path           string
	scheme         string
	host           string
	origin         *string
	requestMethod  *string
	requestHeaders string
	contentType    string
	sessionID      *string
	fetchSite      *string
	fetchDest      string
	loopback       bool
}

// A decision says what becomes of a request: without a status the application answers.
type decision struct {
	refused string // why, when it is
	status  int
	headers [][2]string
	vary    string
	kind    string
}

// decide makes the checks in their order; the first that fails decides.
func decide(h head) decision {
	// An absolute form would override Host (RFC 9112 section 3.2).
	if !strings.HasPrefix(h.path, "/") && !(h.path == "*" && h.method == http.MethodOptions) {
		return refuse("request-target-not-allowed")
	}

	checkHost := checkHosts && (h.loopback || !hostsOnLoopbackOnly)
	if checkHost {
		if h.host == "" {
			return refuse("host-missing")
		}
		if hostTooLong.MatchString(h.host) || !hostNames.MatchString(strings.ToLower(h.host)) {
			return refuse("host-not-allowed")
		}
	}

	if h.origin == nil {
		if !missingOrigin {
			return refuse("origin-missing")
		}
		if isCrossSite(h) && guardedKinds[kindOf(h.path)] {
			return refuse("cross-site-request")
		}
		if anyOrigin {
			return conclude(h, "*")
		}
		return conclude(h, "")
	}
	origin := *h.origin
	if allowed := allowedOrigin(origin); allowed != "" {
		return conclude(h, allowed)
	}
	// A page of the server's own: only a Host that was checked can say so, or DNS rebinding would pass.
	if checkHost && origin == h.scheme+"://"+h.host {
		return conclude(h, origin)
	}
	if origin == "null" {
		return refuse("origin-null")
	}
	return refuse("origin-not-allowed")
}

func denialOf(reason string) denial {
	for _, found := range denials {
		if found.reason == reason {
			return found
		}
	}
	panic("mcp-cors: no denial " + reason)
}

func refuse(reason string) decision {
	return decision{refused: reason, status: denialOf(reason).status, vary: varyOnDenial}
}

// isCrossSite tells whether a page of another site sent a request to which browsers add no Origin. Following a link is
// not meant.
func isCrossSite(h head) bool {
	return h.fetchSite != nil && (*h.fetchSite == "cross-site" || *h.fetchSite == "same-site") && h.fetchDest != "document"
}

// allowedOrigin gives the value of Access-Control-Allow-Origin; nothing is sent back that was not found in the policy.
func allowedOrigin(origin string) string {
	if origin == "null" {
		if !nullOrigin {
			return ""
		}
		if anyOrigin {
			return "*"
		}
		return origin
	}
	if origins[origin] {
		return origin
	}
	if originTooLong.MatchString(origin) {
		return ""
	}
	if (anyOrigin || matchesAny(originPatterns, origin) || matchesAny(originExpressions, origin)) && isOrigin(origin) {
		if anyOrigin {
			return "*"
		}
		return origin
	}
	return ""
}

// Octets of a label of a domain (RFC 1035 section 2.3.4).
const maxLabelLength = 63

// isOrigin tells whether a text is an origin as browsers serialise it.
func isOrigin(text string) bool {
	if !wellFormedOrigin.MatchString(text) {
		return false
	}
	// What the expression leaves open: an address in another spelling than the shortest, and labels of too many digits.
	_, host, _ := strings.Cut(text, "://")
	if strings.HasPrefix(host, "[") {
		address, _, _ := strings.Cut(host[1:], "]")
		return isSerialisedIPv6(address)
	}
	host, _, _ = strings.Cut(host, ":")
	for _, label := range strings.Split(host, ".") {
		if len(label) > maxLabelLength {
			return false
		}
	}
	return true
}

// isSerialisedIPv6 tells whether an address is in the one form that browsers send: in hexadecimal to the end, and with the
// first of the longest runs of zeros left out (URL standard, IPv6 serializer).
func isSerialisedIPv6(text string) bool {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	if address.Is4In6() {
		pieces := address.As16()
		return text == fmt.Sprintf("::ffff:%x:%x", int(pieces[12])<<8|int(pieces[13]), int(pieces[14])<<8|int(pieces[15]))
	}
	return text == address.String()
}

func matchesAny(patterns []*regexp.Regexp, text string) bool {
	for _, pattern := range patterns {
		if pattern.MatchString(text) {
			return true
		}
	}
	return false
}

// Encoded characters, parameters, empty segments or dot segments: such a path does not say what it reaches.
var unplainPath = regexp.MustCompile("[%\\\\#;]|//|/\\.{1,2}(?:/|$)")

// Paths as they are, and as servers take them that do not tell case.
var kindOfPath = kindsOf(func(path string) string { return path })
var kindInAnyCase = kindsOf(strings.ToLower)

func kindsOf(spelling func(string) string) map[string]string {
	kinds := make(map[string]string, len(paths))
	for _, known := range paths {
		kinds[spelling(known.path)] = known.kind
	}
	return kinds
}

func kindOf(path string) string {
	if known, ok := kindOfPath[path]; ok {
		return known
	}
	if unplainPath.MatchString(path) {
		return "mcp"
	}
	found := kindBelow(path, func(prefix string) string { return prefix })
	// Servers may take /API/Mcp/ for /api/mcp: where another spelling is of another kind, the strictest holds.
	lower := strings.ToLower(path)
	meant, ok := kindInAnyCase[strings.TrimSuffix(lower, "/")]
	if !ok {
		meant = kindBelow(lower, strings.ToLower)
	}
	if found != meant {
		return "mcp"
	}
	return found
}

func kindBelow(path string, spelling func(string) string) string {
	for _, below := range pathsBelow {
		if strings.HasPrefix(path, spelling(below.path)) {
			return below.kind
		}
	}
	for _, name := range metadataNames {
		if path == name || strings.HasPrefix(path, name+"/") {
			return "metadata"
		}
	}
	for _, ending := range metadataEndings {
		if strings.HasSuffix(path, ending) {
			return "metadata"
		}
	}
	return "mcp"
}

// conclude makes the checks that remain when the origin is admitted.
func conclude(h head, allowed string) decision {
	name := kindOf(h.path)
	k := kinds[name]
	var headers [][2]string
	if allowed != "" {
		headers = append(headers, [2]string{"Access-Control-Allow-Origin", allowed})
		if credentials {
			headers = append(headers, [2]string{"Access-Control-Allow-Credentials", "true"})
		}
	}
	// A preflight is OPTIONS with Origin and a requested method; any other OPTIONS is the application's own.
	if h.method == http.MethodOptions && h.origin != nil && h.requestMethod != nil {
		return preflight(h, name, headers)
	}
	if allowed != "" && k.exposeHeaders != "" {
		headers = append(headers, [2]string{"Access-Control-Expose-Headers", k.exposeHeaders})
	}
	// Any page can send a POST that is not JSON without a preflight.
	if h.method == http.MethodPost && k.jsonOnly && !isJSON(h.contentType) {
		const reason = "content-type-not-allowed"
		return decision{refused: reason, status: denialOf(reason).status, headers: headers, vary: varyOnPass, kind: name}
	}
	return decision{headers: headers, vary: varyOnPass, kind: name}
}

func preflight(h head, name string, headers [][2]string) decision {
	k, method, asked := kinds[name], *h.requestMethod, h.requestHeaders
	methods := [2]string{"Access-Control-Allow-Methods", k.allowMethods}
	reason := "method-not-allowed"
	if k.methods[method] {
		reason = refusalOfHeaders(asked, k)
	}
	if reason == "" {
		headers = append(headers, methods)
		if asked != "" {
			// Every name in it was checked.
			headers = append(headers, [2]string{"Access-Control-Allow-Headers", asked})
		}
		headers = append(headers, [2]string{"Access-Control-Max-Age", maxAge})
		return decision{status: http.StatusNoContent, headers: headers, vary: varyOnPreflight, kind: name}
	}
	if debug && !(reason == "method-not-allowed" && safelistedMethods[method]) {
		// A passing status that lacks what was asked for makes the browser name what is missing, and send nothing.
		names := strings.Join(append([]string{k.allowHeaders}, namesByPrefix(asked, k)...), ", ")
		headers = append(headers, methods, [2]string{"Access-Control-Allow-Headers", names})
		return decision{refused: reason, status: http.StatusNoContent, headers: headers, vary: varyOnPreflight, kind: name}
	}
	return decision{refused: reason, status: denialOf(reason).status, vary: varyOnPreflight, kind: name}
}

// refusalOfHeaders says why a list of requested headers is refused; empty when it is not.
func refusalOfHeaders(asked string, k *kind) string {
	const malformed = "request-headers-malformed"
	if asked == "" {
		return ""
	}
	if utf8.RuneCountInString(asked) > maxListLength {
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
		return !forbiddenRequestHeaders[name] && !startsWithAny(name, forbiddenRequestPrefixes)
	}
	for _, prefix := range k.headerPrefixes {
		if len(name) > len(prefix) && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func startsWithAny(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func namesByPrefix(asked string, k *kind) []string {
	var found []string
	if utf8.RuneCountInString(asked) > maxListLength {
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

// isJSON tells whether a POST is exactly application/json. A comma can only come from a second line: refused.
func isJSON(contentType string) bool {
	if utf8.RuneCountInString(contentType) > maxContentTypeLength || strings.Contains(contentType, ",") {
		return false
	}
	essence, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.Trim(essence, " \t"), "application/json")
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
