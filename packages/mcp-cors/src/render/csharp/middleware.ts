/** The ASP.NET Core middleware, the same for every policy. */
export const MIDDLEWARE = String.raw`
        // ---- The middleware ---------------------------------------------------------------------------

        private const string InternalError = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32603,\"message\":\"Internal error\"}}";

        private readonly RequestDelegate next;
        private readonly ILogger<McpCorsMiddleware> logger;
        private readonly List<byte[]> keys;

        public McpCorsMiddleware(RequestDelegate next, ILogger<McpCorsMiddleware> logger, string[] sessionSecrets)
        {
            this.next = next;
            this.logger = logger;
            keys = new List<byte[]>();
            if (SealSessions)
            {
                keys = KeysOf(sessionSecrets.Length == 0 ? SecretsFromEnvironment() : sessionSecrets);
            }
        }

        public async Task InvokeAsync(HttpContext context)
        {
            Head head = HeadOf(context);
            Decision decision = Decide(head);
            bool denied = decision.Outcome == "deny";
            if (denied)
            {
                logger.Log(ReportOnly ? LogLevel.Warning : LogLevel.Information, "{Reason}: {Method} {Path} for {Host} from {Origin}",
                    decision.Reason, Quoted(head.Method), Quoted(head.Path), Quoted(head.Host), Quoted(head.Origin));
            }
            if (denied && ReportOnly)
            {
                await next(context);
                return;
            }
            if (decision.Outcome != "pass")
            {
                await Answer(context, head, decision, decision.Status, denied ? Denials[decision.Reason].Body : "");
                return;
            }
            string owner = SealSessions && SessionKinds.Contains(decision.Kind) ? SessionOwner(head) : null;
            if (owner != null && !OpenSessions(context.Request, head, decision.Kind, owner))
            {
                // The client must initialize again (MCP 2025-11-25, transports, session management).
                Denial denial = Denials["session-not-found"];
                await Answer(context, head, decision, denial.Status, denial.Body);
                return;
            }
            await HandOn(context, head, decision, owner);
        }

        /// <summary>Hands a request on. Whatever answers, error handlers and streams included, gets the policy's headers.</summary>
        private async Task HandOn(HttpContext context, Head head, Decision decision, string owner)
        {
            bool mayBeginWithEndpoint = owner != null && decision.Kind != "messages";
            // The first to be registered runs last: nothing that the application sets stands beside it.
            context.Response.OnStarting(delegate
            {
                Apply(context.Response, decision);
                if (owner != null)
                {
                    SealHeaders(context.Response, mayBeginWithEndpoint, id => Seal(keys, owner, id));
                }
                return Task.CompletedTask;
            });
            IHttpResponseBodyFeature body = context.Features.Get<IHttpResponseBodyFeature>();
            EventBody events = null;
            try
            {
                if (mayBeginWithEndpoint)
                {
                    events = new EventBody(context.Response, body.Stream, id => Seal(keys, owner, id));
                    StreamResponseBodyFeature sealing = new StreamResponseBodyFeature(events, body);
                    context.Features.Set<IHttpResponseBodyFeature>(sealing);
                    await next(context);
                    if (sealing.Writer.UnflushedBytes > 0)
                    {
                        await sealing.Writer.FlushAsync();
                    }
                    await events.Finish();
                }
                else
                {
                    await next(context);
                }
            }
            catch (Exception error)
            {
                if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
                {
                    throw;
                }
                // The server would answer without the headers, and the page could not read that.
                BadHttpRequestException bad = error as BadHttpRequestException;
                if (bad == null)
                {
                    logger.LogError(error, "The application failed.");
                }
                context.Features.Set<IHttpResponseBodyFeature>(body);
                context.Response.Clear();
                context.Response.StatusCode = bad == null ? 500 : bad.StatusCode;
                await Write(context, head, InternalError);
            }
            finally
            {
                context.Features.Set<IHttpResponseBodyFeature>(body);
            }
        }

        private static Head HeadOf(HttpContext context)
        {
            IHeaderDictionary headers = context.Request.Headers;
            return new Head
            {
                Method = context.Request.Method,
                Path = PathOf(context),
                Scheme = context.Request.Scheme,
                Host = Field(headers, "Host"),
                Origin = Field(headers, "Origin"),
                RequestMethod = Field(headers, "Access-Control-Request-Method"),
                RequestHeaders = Field(headers, "Access-Control-Request-Headers"),
                ContentType = Field(headers, "Content-Type"),
                SessionId = Field(headers, "Mcp-Session-Id"),
                FetchSite = Field(headers, "Sec-Fetch-Site"),
                FetchDest = Field(headers, "Sec-Fetch-Dest"),
                Loopback = IsLoopback(context.Connection.LocalIpAddress),
            };
        }

        /// <summary>The path as it came, not decoded; servers that do not tell it are asked for the decoded one.</summary>
        private static string PathOf(HttpContext context)
        {
            IHttpRequestFeature feature = context.Features.Get<IHttpRequestFeature>();
            string target = feature == null ? null : feature.RawTarget;
            if (string.IsNullOrEmpty(target))
            {
                return context.Request.PathBase.ToUriComponent() + context.Request.Path.ToUriComponent();
            }
            int query = target.IndexOf('?');
            return query < 0 ? target : target.Substring(0, query);
        }

        /// <summary>A header, its lines joined; null when there is none.</summary>
        private static string Field(IHeaderDictionary headers, string name)
        {
            StringValues lines;
            if (!headers.TryGetValue(name, out lines) || lines.Count == 0)
            {
                return null;
            }
            string[] texts = lines.ToArray();
            return string.Join(", ", Array.ConvertAll(texts, text => Trimmed(text ?? "")));
        }

        /// <summary>Whether a connection came in on this machine alone. Not known, or a Unix socket, counts as yes.</summary>
        private static bool IsLoopback(IPAddress address)
        {
            return address == null || IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
        }

        /// <summary>What a client sent, for the log: no line ends in it, and nobody fills a disk with it.</summary>
        private static string Quoted(string text)
        {
            if (text == null)
            {
                return "-";
            }
            char[] characters = text.Substring(0, Math.Min(text.Length, 200)).ToCharArray();
            return "'" + new string(Array.ConvertAll(characters, one => one < ' ' || one > '~' ? '?' : one)) + "'";
        }

        /// <summary>Answers a preflight or a refusal; the application does not hear of it.</summary>
        private static Task Answer(HttpContext context, Head head, Decision decision, int status, string body)
        {
            Apply(context.Response, decision);
            context.Response.StatusCode = status;
            return status == 204 ? Task.CompletedTask : Write(context, head, body);
        }

        private static Task Write(HttpContext context, Head head, string body)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(body);
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = bytes.Length;
            return head.Method == "HEAD" ? Task.CompletedTask : context.Response.Body.WriteAsync(bytes, 0, bytes.Length);
        }

        /// <summary>No CORS headers but the policy's, and its names in Vary.</summary>
        private static void Apply(HttpResponse response, Decision decision)
        {
            foreach (string name in CorsResponseHeaders)
            {
                response.Headers.Remove(name);
            }
            foreach (KeyValuePair<string, string> header in decision.Headers)
            {
                response.Headers[header.Key] = header.Value;
            }
            if (decision.Vary.Length > 0)
            {
                response.Headers["Vary"] = MergeVary(Field(response.Headers, "Vary") ?? "", decision.Vary);
            }
        }

        /// <summary>Gives the request the server's own session ids; false when one does not open, or a message has none.</summary>
        private bool OpenSessions(HttpRequest request, Head head, string kind, string owner)
        {
            string sessionId = head.SessionId == null ? null : Open(keys, owner, head.SessionId);
            if (head.SessionId != null && sessionId == null)
            {
                return false;
            }
            string query = request.QueryString.Value ?? "";
            string changed = ChangeSessionParameter(query, id => Open(keys, owner, id));
            if (changed == null)
            {
                return false;
            }
            // A message belongs to a session. Where none was opened, the server would look for it somewhere else.
            if (kind == "messages" && head.Method == "POST" && sessionId == null && changed == query)
            {
                return false;
            }
            if (sessionId != null)
            {
                request.Headers["Mcp-Session-Id"] = sessionId;
            }
            if (changed != query)
            {
                request.QueryString = new QueryString(changed);
            }
            return true;
        }

        private static void SealHeaders(HttpResponse response, bool mayBeginWithEndpoint, Func<string, string> seal)
        {
            string sessionId = Field(response.Headers, "Mcp-Session-Id");
            if (sessionId != null)
            {
                response.Headers["Mcp-Session-Id"] = seal(sessionId);
            }
            if (mayBeginWithEndpoint && EventStream.IsMatch(Field(response.Headers, "Content-Type") ?? ""))
            {
                response.ContentLength = null; // a sealed id is longer
            }
        }

        /// <summary>What an application writes, with the session sealed where an event stream begins with it.</summary>
        private sealed class EventBody : Stream
        {
            private readonly HttpResponse response;
            private readonly Stream output;
            private readonly Func<string, string> seal;
            private EndpointEvent events;
            private bool begun;

            public EventBody(HttpResponse response, Stream output, Func<string, string> seal)
            {
                this.response = response;
                this.output = output;
                this.seal = seal;
            }

            public override bool CanRead { get { return false; } }

            public override bool CanSeek { get { return false; } }

            public override bool CanWrite { get { return true; } }

            public override long Length { get { throw new NotSupportedException(); } }

            public override long Position
            {
                get { throw new NotSupportedException(); }
                set { throw new NotSupportedException(); }
            }

            /// <summary>Lets go of what was held back, when the application is done.</summary>
            public Task Finish()
            {
                byte[] left = events == null ? new byte[0] : events.Flush();
                return left.Length == 0 ? Task.CompletedTask : output.WriteAsync(left, 0, left.Length);
            }

            private byte[] Ready(byte[] buffer, int offset, int count)
            {
                if (!begun)
                {
                    begun = true;
                    bool stream = EventStream.IsMatch(Field(response.Headers, "Content-Type") ?? "");
                    events = stream ? new EndpointEvent(seal) : null;
                }
                byte[] bytes = new byte[count];
                Array.Copy(buffer, offset, bytes, 0, count);
                return events == null ? bytes : events.Push(bytes);
            }

            public override void Write(byte[] buffer, int offset, int count)
            {
                byte[] ready = Ready(buffer, offset, count);
                if (ready.Length > 0)
                {
                    output.Write(ready, 0, ready.Length); // or the rest of the first event is still to come
                }
            }

            public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellation)
            {
                byte[] ready = Ready(buffer, offset, count);
                return ready.Length == 0 ? Task.CompletedTask : output.WriteAsync(ready, 0, ready.Length, cancellation);
            }

            public override void Flush()
            {
                output.Flush();
            }

            public override Task FlushAsync(CancellationToken cancellation)
            {
                return output.FlushAsync(cancellation);
            }

            public override int Read(byte[] buffer, int offset, int count)
            {
                throw new NotSupportedException();
            }

            public override long Seek(long offset, SeekOrigin origin)
            {
                throw new NotSupportedException();
            }

            public override void SetLength(long value)
            {
                throw new NotSupportedException();
            }
        }
    }

    public static class McpCorsExtensions
    {
        /// <summary>
        /// Puts the policy in front of what is used after it. Secrets of sessions may be given here: the first seals, all are
        /// accepted; otherwise they are in the environment.
        /// </summary>
        public static IApplicationBuilder UseMcpCors(this IApplicationBuilder app, params string[] sessionSecrets)
        {
            return app.UseMiddleware<McpCorsMiddleware>(new object[] { sessionSecrets });
        }
    }
}
`.replace(/^\n/, '');
