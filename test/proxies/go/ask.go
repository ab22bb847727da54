// What the tests ask of a rendered package, whose own names are not for others. It stands beside the package.

package mcpcors

import (
	"encoding/json"
	"strings"
)

type askedHead struct {
	Method, Path, Scheme, Host  string
	Origin, RequestMethod       *string
	RequestHeaders, ContentType string
	SessionID, FetchSite        *string
	FetchDest                   string
	Loopback                    bool
}

func (h askedHead) head() head {
	return head{
		method:         h.Method,
		path:           h.Path,
		scheme:         h.Scheme,
		host:           h.Host,
		origin:         h.Origin,
		requestMethod:  h.RequestMethod,
		requestHeaders: h.RequestHeaders,
		contentType:    h.ContentType,
		sessionID:      h.SessionID,
		fetchSite:      h.FetchSite,
		fetchDest:      h.FetchDest,
		loopback:       h.Loopback,
	}
}

func read[T any](text json.RawMessage) T {
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		panic(err)
	}
	return value
}

func orNull(text string, ok bool) any {
	if !ok {
		return nil
	}
	return text
}

func inBrackets(id string) (string, bool) { return "<" + id + ">", true }

// Ask answers a question about the policy of the package.
func Ask(asked string, args []json.RawMessage) any {
	switch asked {
	case "decide":
		return decided(decide(read[askedHead](args[0]).head()))
	case "owner":
		return sessionOwner(read[askedHead](args[0]).head())
	case "seal":
		return seal(read[[]string](args[0])[0], read[string](args[1]), read[string](args[2]))
	case "open":
		return orNull(unseal(read[[]string](args[0]), read[string](args[1]), read[string](args[2])))
	case "parameter":
		return orNull(changeSessionParameter(read[string](args[0]), inBrackets))
	case "event":
		event := endpointEvent{change: inBrackets}
		var out [][]int
		for _, part := range read[[][]byte](args[0]) {
			out = append(out, numbers(event.push(part)))
		}
		return append(out, numbers(event.flush()))
	}
	panic("nobody can be asked for " + asked)
}

func numbers(bytes []byte) []int {
	found := make([]int, len(bytes))
	for i, b := range bytes {
		found[i] = int(b)
	}
	return found
}

func decided(d decision) map[string]any {
	outcome, status, headers := "pass", any(nil), [][2]string{}
	if d.status != 0 {
		outcome, status = "preflight", d.status
	}
	if d.refused != "" {
		outcome = "deny"
	}
	for _, field := range d.headers {
		headers = append(headers, [2]string{strings.ToLower(field[0]), field[1]})
	}
	return map[string]any{
		"outcome": outcome, "reason": d.refused, "status": status, "headers": headers, "vary": d.vary, "kind": d.kind,
	}
}
