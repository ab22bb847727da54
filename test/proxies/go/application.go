// An application in which everything happens that a handler can do, behind a rendered package. Started as: server PORT.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"site/p0"
)

func main() {
	handlers := map[string]http.HandlerFunc{
		// What writes nothing at all.
		"/nothing": func(http.ResponseWriter, *http.Request) {},
		"/early": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</x>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
		},
		"/panics": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Access-Control-Allow-Origin", "*")
			panic("this is not for pages")
		},
		"/aborts": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"/breaks-off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: 1\n\n")
			w.(http.Flusher).Flush()
			panic("this is not for pages")
		},
		// As they were written, not as net/http spells them.
		"/spelled": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["access-control-allow-origin"] = []string{"*"}
			w.Header()["vary"] = []string{"accept", "origin"}
			w.Header()["mcp-session-id"] = []string{"one"}
			w.WriteHeader(http.StatusUnauthorized)
		},
		"/controlled": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			if err := http.NewResponseController(w).Flush(); err != nil {
				log.Fatal(err)
			}
			_, _ = io.Copy(w, io.LimitReader(zeros{}, 100_000))
		},
		"/hijacked": func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				log.Fatal(err)
			}
			fmt.Fprint(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			connection.Close()
		},
		// The first event comes byte by byte, and the handler asks for each to be sent.
		"/sse": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Content-Length", "48")
			for _, b := range []byte("event: endpoint\ndata: /messages?sessionId=abc\n\n:") {
				if n, err := w.Write([]byte{b}); n != 1 || err != nil {
					log.Fatal(n, err)
				}
				w.(http.Flusher).Flush()
			}
		},
		// A stream that ends within its first event.
		"/sse/": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "event: endpoint\ndata: /messages")
		},
		"/messages": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s %s", r.RequestURI, r.URL.RawQuery, r.FormValue("sessionId"))
		},
	}
	mux := http.NewServeMux()
	for path, handler := range handlers {
		mux.HandleFunc(path, handler)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], mcpcors.Guard(mux)))
}

type zeros struct{}

func (zeros) Read(bytes []byte) (int, error) {
	for i := range bytes {
		bytes[i] = '0'
	}
	return len(bytes), nil
}
