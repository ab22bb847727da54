// Serves rendered packages: one program, and a port for each. Behind each stands a handler that hands every request on to
// a server. Started as: server SITES.json, where each site has: port; upstream; secrets of sessions.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
)

type site struct {
	Port     string
	Upstream string
	Secrets  []string
}

// What the policy has answered for.
var dropped = []string{"Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"}

func forward(upstream string) http.Handler {
	target, err := url.Parse(upstream)
	if err != nil {
		log.Fatal(err)
	}
	return &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = target.Scheme
			r.Out.URL.Host = target.Host
			r.Out.URL.RawQuery = r.In.URL.RawQuery // as it is
			r.Out.Host = r.In.Host
			for _, name := range dropped {
				r.Out.Header.Del(name)
			}
		},
	}
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var sites []site
	if err := json.Unmarshal(text, &sites); err != nil {
		log.Fatal(err)
	}
	for i, site := range sites {
		os.Setenv("MCP_CORS_SESSION_SECRETS", strings.Join(site.Secrets, "\n"))
		server := &http.Server{
			Addr:                         "127.0.0.1:" + site.Port,
			Handler:                      guards[i](forward(site.Upstream)),
			DisableGeneralOptionsHandler: true,
		}
		go func() { log.Fatal(server.ListenAndServe()) }()
	}
	select {}
}
