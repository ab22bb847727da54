/** Session sealing in Go, the same for every policy: `session/` in another language, with the same seals. */
export const SESSIONS = String.raw`
// ---- Sessions ----

// A page sees "SEAL.ID" for the server's own ID, where SEAL is an HMAC-SHA-256 over the origin that opened the session
// and the ID. Nothing is kept: every replica with the same secret opens it, one that runs mcp-cors for Node included.
const secretsVariable = "MCP_CORS_SESSION_SECRETS"
const minSecretLength = 32
const maxSealedLength = 16384
const maxEndpointEventBytes = 16384
const sealLength = 43
const sealPurpose = "mcp-cors session 1"

var sessionKinds = setOf("mcp", "sse", "messages")

// Names of the session in the query, as the SDKs for HTTP+SSE have them.
var sessionParameters = setOf("sessionId", "session_id", "sessionid")

const sessionLetters = "sessionid"

// A changeOfID gives another id, and whether there is one.
type changeOfID func(id string) (string, bool)

// secretsFromEnvironment gives the secrets of sessions, one a line: the first seals, all are accepted, so that they can
// be rotated.
func secretsFromEnvironment() []string {
	return strings.FieldsFunc(os.Getenv(secretsVariable), func(r rune) bool { return r == '\r' || r == '\n' })
}

// checkSecrets panics when sessions could not be sealed: a program without its secret must not begin to serve.
func checkSecrets(secrets []string) {
	if len(secrets) == 0 {
		panic("mcp-cors: the policy seals sessions, and there is no secret: put it into " + secretsVariable + ", or use GuardWith")
	}
	for _, secret := range secrets {
		if utf8.RuneCountInString(secret) < minSecretLength {
			panic("mcp-cors: a secret of sessions is shorter than " + strconv.Itoa(minSecretLength) + " characters")
		}
	}
}

// seal gives an id as its owner sees it.
func seal(secret, owner, id string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(sealPurpose + "\x00" + owner + "\x00" + id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + id
}

// unseal gives the server's own id when the sealed one belongs to the owner.
func unseal(secrets []string, owner, sealed string) (string, bool) {
	if len(sealed) <= sealLength || sealed[sealLength] != '.' || utf8.RuneCountInString(sealed) > maxSealedLength {
		return "", false
	}
	id := sealed[sealLength+1:]
	opened := false
	for _, secret := range secrets {
		if hmac.Equal([]byte(sealed), []byte(seal(secret, owner, id))) {
			opened = true
		}
	}
	if !opened {
		return "", false
	}
	return id, true
}

// sessionOwner gives the page's origin; "" for native clients. Pages of the server itself send Origin with some requests
// only.
func sessionOwner(h head) string {
	own := strings.ToLower(h.host)
	if h.origin == nil || (own != "" && strings.HasSuffix(*h.origin, "://"+own)) {
		if h.fetchSite != nil && *h.fetchSite == "same-origin" && own != "" {
			return "self " + own
		}
		if h.origin == nil || h.fetchSite == nil {
			return ""
		}
	}
	return *h.origin
}

// changeSessionParameter changes the session in the query of a URL. It cannot when there are several, or one that
// readers take differently.
func changeSessionParameter(target string, change changeOfID) (string, bool) {
	path, query, found := strings.Cut(target, "?")
	if !found {
		return target, true
	}
	var changed strings.Builder
	changed.WriteString(path + "?")
	sessions := 0
	for more := true; more; {
		part, separator := query, ""
		if end := strings.IndexAny(query, "&;?#"); end >= 0 {
			part, separator, query = query[:end], query[end:end+1], query[end+1:]
		}
		more = separator != ""
		key, value, hasValue := strings.Cut(part, "=")
		name, ok := decodeQuery(key)
		if utf8.RuneCountInString(part) < len(sessionLetters) || (ok && !isSessionLike(name)) {
			changed.WriteString(part + separator)
			continue
		}
		sessions++
		if !ok || !sessionParameters[name] || sessions > 1 || (separator != "" && separator != "&") || !hasValue {
			return "", false
		}
		id, ok := decodeQuery(value)
		if !ok {
			return "", false
		}
		other, ok := change(id)
		if !ok {
			return "", false
		}
		changed.WriteString(key + "=" + encodeQuery(other) + separator)
	}
	return changed.String(), true
}

// isSessionLike tells whether a reader somewhere behind could take a name for the session's. Only letters count, in any
// case; what some spelling of Unicode has for a letter counts as the right one.
func isSessionLike(name string) bool {
	rest := sessionLetters
	for _, character := range name {
		for _, like := range letterLike {
			if character >= like[0] && character <= like[1] {
				return true
			}
		}
		letter := character | 0x20 // in lower case, of what is a letter
		if letter < 'a' || letter > 'z' {
			continue
		}
		if letter != rune(rest[0]) {
			return false
		}
		if rest = rest[1:]; rest == "" {
			return true
		}
	}
	return false
}

// decodeQuery gives text of a query as forms have it, and whether it is UTF-8.
func decodeQuery(text string) (string, bool) {
	decoded, err := url.QueryUnescape(text)
	return decoded, err == nil && utf8.ValidString(decoded)
}

// encodeQuery escapes what may not stand in a query by itself.
func encodeQuery(text string) string {
	var encoded strings.Builder
	for _, b := range []byte(text) {
		plain := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
		if plain || strings.IndexByte("-_.!~*'()", b) >= 0 {
			encoded.WriteByte(b)
		} else {
			fmt.Fprintf(&encoded, "%%%02X", b)
		}
	}
	return encoded.String()
}

// An endpointEvent seals the session in the endpoint event with which a server of HTTP+SSE begins its stream; the rest
// passes as it is, however the bytes are cut.
type endpointEvent struct {
	change    changeOfID
	held      []byte
	lineBytes int
	afterCR   bool
	notFirst  bool
	done      bool
}

// push takes the next bytes, and gives those that may go on: of a block of lines all or none.
func (e *endpointEvent) push(data []byte) []byte {
	if e.done {
		return data
	}
	var ready []byte
	for i, b := range data {
		ends := e.endsBlock(b)
		if len(e.held)+1 > maxEndpointEventBytes {
			return append(append(ready, e.flush()...), data[i:]...)
		}
		e.held = append(e.held, b)
		if !ends {
			continue
		}
		block := e.held
		e.held = nil
		if changed := e.rewritten(block); changed != nil {
			e.done = true
			return append(append(ready, changed...), data[i+1:]...)
		}
		ready = append(ready, block...)
	}
	return ready
}

// flush gives what was held back, when the stream ends.
func (e *endpointEvent) flush() []byte {
	e.done = true
	held := e.held
	e.held = nil
	return held
}

// endsBlock tells whether a byte ends an empty line. Lines end with CR LF, LF or CR.
func (e *endpointEvent) endsBlock(b byte) bool {
	completes := b == '\n' && e.afterCR
	e.afterCR = b == '\r'
	if completes {
		return false
	}
	if b != '\n' && b != '\r' {
		e.lineBytes++
		return false
	}
	empty := e.lineBytes == 0
	e.lineBytes = 0
	return empty
}

// rewritten gives the first event, changed or as it is; nil for comments and other blocks that are no event yet.
func (e *endpointEvent) rewritten(block []byte) []byte {
	first := !e.notFirst
	e.notFirst = true
	if !utf8.Valid(block) {
		return nil
	}
	text, changed := string(block), ""
	if mark := "\ufeff"; first && strings.HasPrefix(text, mark) {
		text, changed = text[len(mark):], mark
	}
	event, hasData, possible := "", false, true
	for text != "" {
		end := strings.IndexAny(text, "\r\n")
		if end < 0 {
			break
		}
		line, ending := text[:end], text[end:end+1]
		if strings.HasPrefix(text[end:], "\r\n") {
			ending = "\r\n"
		}
		text = text[end+len(ending):]
		name, value, hasColon := strings.Cut(line, ":")
		before := name
		if hasColon {
			before += ":"
		}
		if strings.HasPrefix(value, " ") {
			before, value = before+" ", value[1:]
		}
		switch name {
		case "event":
			event = value // the last of several counts
		case "data":
			hasData = true
			address, ok := changeSessionParameter(value, e.change)
			value, possible = address, possible && ok
		}
		changed += before + value + ending
	}
	if !hasData {
		return nil
	}
	if event != "endpoint" || !possible {
		return block
	}
	return []byte(changed)
}
`;
