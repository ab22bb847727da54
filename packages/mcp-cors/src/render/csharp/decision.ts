/** The checks in C#, the same for every policy: `policy/decide.ts` in another language. */
export const DECISION = String.raw`
        // ---- The decision -----------------------------------------------------------------------------

        private static readonly Regex Token = Expression("\\A[!#$%&'*+\\-.^_\\x60|~0-9A-Za-z]+\\z");
        private static readonly Regex Scheme = Expression("\\A[a-z][a-z0-9+.-]{0,63}\\z");
        private static readonly Regex Domain = Expression("\\A(?:[a-z0-9_-]{1,63}\\.)*[a-z0-9_-]{1,63}\\z");
        private static readonly Regex Number = Expression("(?:^|\\.)(?:[0-9]+|0x[0-9a-f]*)\\z");
        private static readonly Regex Octet = Expression("\\A(?:0|[1-9][0-9]{0,2})\\z");
        private static readonly Regex Ipv6Characters = Expression("\\A[0-9a-f:]{2,39}\\z");
        private static readonly Regex Group = Expression("\\A[0-9a-f]{1,4}\\z");
        private static readonly Regex Port = Expression("\\A[1-9][0-9]{0,4}\\z");
        // Encoded characters, parameters, empty segments or dot segments: such a path does not say what it reaches.
        private static readonly Regex UnplainPath = Expression("[%\\\\#;]|//|/\\.{1,2}(?:/|\\z)");
        private static readonly Dictionary<string, string> KindByPath = KindsOf(Paths, false);
        private static readonly Dictionary<string, string> KindByPathInAnyCase = KindsOf(Paths, true);
        private static readonly string[] PathsBelowInAnyCase = InLowerCase(PathsBelow);

        /// <summary>What pages may do at one kind of endpoint. Header names are in lower case.</summary>
        private sealed class Kind
        {
            public HashSet<string> Methods;
            public string AllowMethods;
            public HashSet<string> HeaderNames;
            public string[] HeaderPrefixes;
            public bool AnyHeader;
            public string AllowHeaders;
            public string ExposeHeaders;
            public bool JsonOnly;
        }

        private sealed class Denial
        {
            public readonly int Status;
            public readonly string Body;

            public Denial(int status, string body)
            {
                Status = status;
                Body = body;
            }
        }

        /// <summary>What the policy looks at of a request. Repeated lines are joined, so that two never pass as one.</summary>
        internal sealed class Head
        {
            public string Method;
            public string Path;
            public string Scheme;
            public string Host;
            public string Origin;
            public string RequestMethod;
            public string RequestHeaders;
            public string ContentType;
            public string SessionId;
            public string FetchSite;
            public string FetchDest;
            public bool Loopback;
        }

        /// <summary>What becomes of a request: "pass", "preflight" or "deny"; with status 0 the application answers.</summary>
        internal sealed class Decision
        {
            public string Outcome;
            public string Reason;
            public int Status;
            public List<KeyValuePair<string, string>> Headers = new List<KeyValuePair<string, string>>();
            public string Vary;
            public string Kind = "";

            public void Add(string name, string value)
            {
                Headers.Add(new KeyValuePair<string, string>(name, value));
            }
        }

        /// <summary>An expression as states: each says what follows a character, and whether an origin may end there.</summary>
        private sealed class Table
        {
            private const int Characters = 128;
            private readonly int[][] next;
            private readonly bool[] accepting;

            public Table(string[] rows)
            {
                next = new int[rows.Length][];
                accepting = new bool[rows.Length];
                for (int i = 0; i < rows.Length; i++)
                {
                    next[i] = new int[Characters];
                    for (int j = 0; j < Characters; j++)
                    {
                        next[i][j] = -1;
                    }
                    accepting[i] = rows[i][0] == '+';
                    foreach (string move in rows[i].Substring(1).Split(' '))
                    {
                        int equals = move.IndexOf('=');
                        for (int j = 0; j < equals; j++)
                        {
                            next[i][move[j]] = int.Parse(move.Substring(equals + 1), CultureInfo.InvariantCulture);
                        }
                    }
                }
            }

            public bool Accepts(string text)
            {
                int state = 0;
                for (int i = 0; i < text.Length && state >= 0; i++)
                {
                    state = text[i] < Characters ? next[state][text[i]] : -1;
                }
                return state >= 0 && accepting[state];
            }
        }

        /// <summary>Makes the checks in their order; the first that fails decides.</summary>
        internal static Decision Decide(Head head)
        {
            // An absolute form would override Host (RFC 9112 section 3.2).
            if (!BeginsWith(head.Path, "/") && !(head.Path == "*" && head.Method == "OPTIONS"))
            {
                return Refuse("request-target-not-allowed");
            }
            bool checkHost = CheckHosts && (head.Loopback || !HostsOnLoopbackOnly);
            if (checkHost)
            {
                if (string.IsNullOrEmpty(head.Host))
                {
                    return Refuse("host-missing");
                }
                if (HostTooLong.IsMatch(head.Host) || !HostNames.IsMatch(head.Host.ToLowerInvariant()))
                {
                    return Refuse("host-not-allowed");
                }
            }
            if (head.Origin == null)
            {
                if (!MissingOrigin)
                {
                    return Refuse("origin-missing");
                }
                if (IsCrossSite(head) && GuardedKinds.Contains(KindOf(head.Path)))
                {
                    return Refuse("cross-site-request");
                }
                return Conclude(head, "no-origin", AnyOrigin ? "*" : null);
            }
            string allowed = AllowedOrigin(head.Origin);
            if (allowed != null)
            {
                return Conclude(head, "origin-allowed", allowed);
            }
            // A page of the server's own: only a Host that was checked can say so, or DNS rebinding would pass.
            if (checkHost && head.Origin == head.Scheme + "://" + head.Host)
            {
                return Conclude(head, "same-origin", head.Origin);
            }
            return Refuse(head.Origin == "null" ? "origin-null" : "origin-not-allowed");
        }

        /// <summary>
        /// Whether a page of another site sent a request to which browsers add no Origin. Following a link is not meant.
        /// </summary>
        private static bool IsCrossSite(Head head)
        {
            return (head.FetchSite == "cross-site" || head.FetchSite == "same-site") && head.FetchDest != "document";
        }

        /// <summary>
        /// The value of Access-Control-Allow-Origin, or null: nothing is sent back that was not found in the policy.
        /// </summary>
        private static string AllowedOrigin(string origin)
        {
            if (origin == "null")
            {
                return !NullOrigin ? null : AnyOrigin ? "*" : origin;
            }
            if (Origins.Contains(origin))
            {
                return origin;
            }
            if (OriginTooLong.IsMatch(origin))
            {
                return null;
            }
            if ((AnyOrigin || IsMatched(origin)) && IsOrigin(origin))
            {
                return AnyOrigin ? "*" : origin;
            }
            return null;
        }

        private static bool IsMatched(string origin)
        {
            foreach (Regex pattern in OriginPatterns)
            {
                if (pattern.IsMatch(origin))
                {
                    return true;
                }
            }
            foreach (Table table in OriginTables)
            {
                if (table.Accepts(origin))
                {
                    return true;
                }
            }
            return false;
        }

        /// <summary>Whether a text is an origin as browsers serialise it: lower case, no path, no default port, ASCII.</summary>
        private static bool IsOrigin(string text)
        {
            int separator = text.IndexOf("://", StringComparison.Ordinal);
            if (separator < 0 || !Scheme.IsMatch(text.Substring(0, separator)))
            {
                return false;
            }
            string scheme = text.Substring(0, separator);
            string defaultPort = scheme == "http" ? "80" : scheme == "https" ? "443" : null;
            string rest = text.Substring(separator + 3);
            string behind;
            if (BeginsWith(rest, "["))
            {
                int bracket = rest.IndexOf(']');
                if (bracket < 0 || !IsIpv6(rest.Substring(1, bracket - 1)))
                {
                    return false;
                }
                behind = rest.Substring(bracket + 1);
            }
            else
            {
                int colon = rest.IndexOf(':');
                string host = colon < 0 ? rest : rest.Substring(0, colon);
                behind = colon < 0 ? "" : rest.Substring(colon);
                if (!Domain.IsMatch(host))
                {
                    return false;
                }
                // What ends in a number is an IPv4 address, or nothing (URL standard, ends-in-a-number checker).
                if (defaultPort != null && Number.IsMatch(host) && !IsIpv4(host))
                {
                    return false;
                }
            }
            if (behind.Length == 0)
            {
                return true;
            }
            string port = behind.Substring(1);
            return behind[0] == ':' && Port.IsMatch(port) && Integer(port) <= 65535 && port != defaultPort;
        }

        private static bool IsIpv4(string host)
        {
            string[] numbers = host.Split('.');
            foreach (string number in numbers)
            {
                if (!Octet.IsMatch(number) || Integer(number) > 255)
                {
                    return false;
                }
            }
            return numbers.Length == 4;
        }

        /// <summary>Whether an address is in the one form that browsers send: hexadecimal, lower case, compressed.</summary>
        private static bool IsIpv6(string host)
        {
            if (!Ipv6Characters.IsMatch(host))
            {
                return false;
            }
            int gap = host.IndexOf("::", StringComparison.Ordinal);
            string[] before = GroupsOf(gap < 0 ? host : host.Substring(0, gap));
            string[] after = GroupsOf(gap < 0 ? "" : host.Substring(gap + 2));
            int zeros = 8 - before.Length - after.Length;
            if (gap < 0 ? zeros != 0 : zeros < 1)
            {
                return false;
            }
            List<string> all = new List<string>(before);
            for (int i = 0; i < zeros; i++)
            {
                all.Add("0");
            }
            all.AddRange(after);
            for (int i = 0; i < all.Count; i++)
            {
                if (!Group.IsMatch(all[i]))
                {
                    return false;
                }
                all[i] = Convert.ToInt32(all[i], 16).ToString("x", CultureInfo.InvariantCulture);
            }
            return host == Compressed(all);
        }

        private static string[] GroupsOf(string text)
        {
            return text.Length == 0 ? new string[0] : text.Split(':');
        }

        /// <summary>
        /// An IPv6 address with the longest run of zeros left out, the first of several (RFC 5952 section 4.2).
        /// </summary>
        private static string Compressed(List<string> groups)
        {
            int start = 0;
            int length = 0;
            for (int i = 0; i < groups.Count; i++)
            {
                int end = i;
                while (end < groups.Count && groups[end] == "0")
                {
                    end++;
                }
                if (end - i > length)
                {
                    start = i;
                    length = end - i;
                }
            }
            if (length < 2)
            {
                return string.Join(":", groups);
            }
            return string.Join(":", groups.GetRange(0, start)) + "::"
                + string.Join(":", groups.GetRange(start + length, groups.Count - start - length));
        }

        private static string KindOf(string path)
        {
            string known;
            if (KindByPath.TryGetValue(path, out known))
            {
                return known;
            }
            if (UnplainPath.IsMatch(path))
            {
                return "mcp";
            }
            string found = KindBelow(path, PathsBelow);
            // Servers may take /API/Mcp/ for /api/mcp: where another spelling is of another kind, the strictest holds.
            string lower = path.ToLowerInvariant();
            string trimmed = EndsWith(lower, "/") ? lower.Substring(0, lower.Length - 1) : lower;
            string meant;
            if (!KindByPathInAnyCase.TryGetValue(trimmed, out meant))
            {
                meant = KindBelow(lower, PathsBelowInAnyCase);
            }
            return found == meant ? found : "mcp";
        }

        private static string KindBelow(string path, string[] below)
        {
            for (int i = 0; i < below.Length; i += 2)
            {
                if (BeginsWith(path, below[i]))
                {
                    return below[i + 1];
                }
            }
            foreach (string name in MetadataNames)
            {
                if (path == name || BeginsWith(path, name + "/"))
                {
                    return "metadata";
                }
            }
            foreach (string ending in MetadataEndings)
            {
                if (EndsWith(path, ending))
                {
                    return "metadata";
                }
            }
            return "mcp";
        }

        /// <summary>What remains when the origin is admitted.</summary>
        private static Decision Conclude(Head head, string reason, string allowedOrigin)
        {
            string name = KindOf(head.Path);
            Kind kind = Kinds[name];
            Decision decision = new Decision { Outcome = "pass", Reason = reason, Vary = VaryOnPass, Kind = name };
            if (allowedOrigin != null)
            {
                decision.Add("Access-Control-Allow-Origin", allowedOrigin);
                if (Credentials)
                {
                    decision.Add("Access-Control-Allow-Credentials", "true");
                }
            }
            // A preflight is OPTIONS with Origin and a requested method; any other OPTIONS is the application's own.
            if (head.Method == "OPTIONS" && head.Origin != null && head.RequestMethod != null)
            {
                return Preflight(head, kind, decision);
            }
            if (allowedOrigin != null && kind.ExposeHeaders.Length > 0)
            {
                decision.Add("Access-Control-Expose-Headers", kind.ExposeHeaders);
            }
            // Any page can send a POST that is not JSON without a preflight.
            if (head.Method == "POST" && kind.JsonOnly && !IsJson(head.ContentType))
            {
                decision.Outcome = "deny";
                decision.Reason = "content-type-not-allowed";
                decision.Status = Denials[decision.Reason].Status;
            }
            return decision;
        }

        private static Decision Preflight(Head head, Kind kind, Decision decision)
        {
            string asked = head.RequestHeaders ?? "";
            string refusal = "method-not-allowed";
            if (kind.Methods.Contains(head.RequestMethod))
            {
                refusal = RefusalOfHeaders(asked, kind);
            }
            decision.Vary = VaryOnPreflight;
            if (refusal == null)
            {
                decision.Outcome = "preflight";
                decision.Reason = "preflight-allowed";
                decision.Status = 204;
                decision.Add("Access-Control-Allow-Methods", kind.AllowMethods);
                if (asked.Length > 0)
                {
                    decision.Add("Access-Control-Allow-Headers", asked); // every name in it was checked
                }
                decision.Add("Access-Control-Max-Age", MaxAge);
                return decision;
            }
            decision.Outcome = "deny";
            decision.Reason = refusal;
            bool sentAnyway = refusal == "method-not-allowed" && SafelistedMethods.Contains(head.RequestMethod);
            if (Debug && !sentAnyway)
            {
                // A passing status that lacks what was asked for makes the browser name what is missing, and send nothing.
                List<string> names = new List<string> { kind.AllowHeaders };
                names.AddRange(NamesByPrefix(asked, kind));
                decision.Status = 204;
                decision.Add("Access-Control-Allow-Methods", kind.AllowMethods);
                decision.Add("Access-Control-Allow-Headers", string.Join(", ", names));
                return decision;
            }
            decision.Status = Denials[refusal].Status;
            decision.Headers.Clear();
            return decision;
        }

        /// <summary>Why a list of requested headers is refused; null when it is not.</summary>
        private static string RefusalOfHeaders(string asked, Kind kind)
        {
            const string malformed = "request-headers-malformed";
            if (asked.Length == 0)
            {
                return null;
            }
            if (asked.Length > MaxListLength)
            {
                return malformed;
            }
            int names = 0;
            int empty = 0;
            foreach (string element in asked.Split(','))
            {
                string name = Trimmed(element);
                if (element.Length - name.Length > MaxSpacesPerName)
                {
                    return malformed;
                }
                if (name.Length == 0)
                {
                    empty++;
                }
                else if (!Token.IsMatch(name))
                {
                    return malformed;
                }
                else if (!IsHeaderAllowed(name.ToLowerInvariant(), kind))
                {
                    return "request-header-not-allowed";
                }
                else
                {
                    names++;
                }
                if (names > MaxNames || empty > MaxEmptyElements)
                {
                    return malformed;
                }
            }
            return null;
        }

        private static bool IsHeaderAllowed(string name, Kind kind)
        {
            if (kind.HeaderNames.Contains(name))
            {
                return true;
            }
            if (name.Length > MaxNameLength)
            {
                return false;
            }
            if (kind.AnyHeader)
            {
                return !ForbiddenRequestHeaders.Contains(name) && !BeginsWithAny(name, ForbiddenRequestPrefixes, 0);
            }
            return BeginsWithAny(name, kind.HeaderPrefixes, 1);
        }

        /// <summary>Whether a name begins with one of some prefixes, and goes on behind it.</summary>
        private static bool BeginsWithAny(string name, string[] prefixes, int least)
        {
            foreach (string prefix in prefixes)
            {
                if (BeginsWith(name, prefix) && name.Length >= prefix.Length + least)
                {
                    return true;
                }
            }
            return false;
        }

        private static List<string> NamesByPrefix(string asked, Kind kind)
        {
            List<string> found = new List<string>();
            if (asked.Length > MaxListLength)
            {
                return found;
            }
            string[] elements = asked.Split(',');
            for (int i = 0; i < elements.Length && i < MaxNames; i++)
            {
                string name = Trimmed(elements[i]);
                string lower = name.ToLowerInvariant();
                if (Token.IsMatch(name) && !kind.HeaderNames.Contains(lower) && IsHeaderAllowed(lower, kind))
                {
                    found.Add(name);
                }
            }
            return found;
        }

        /// <summary>Whether a POST is exactly application/json. A comma can only come from a second line: refused.</summary>
        private static bool IsJson(string contentType)
        {
            if (contentType == null || contentType.Length > MaxContentTypeLength || contentType.IndexOf(',') >= 0)
            {
                return false;
            }
            return string.Equals(Trimmed(contentType.Split(';')[0]), "application/json", StringComparison.OrdinalIgnoreCase);
        }

        private static Decision Refuse(string reason)
        {
            return new Decision { Outcome = "deny", Reason = reason, Status = Denials[reason].Status, Vary = VaryOnDenial };
        }

        /// <summary>Adds names to a Vary header without repeating one.</summary>
        internal static string MergeVary(string present, string names)
        {
            if (present.Trim().Length == 0)
            {
                return names;
            }
            HashSet<string> listed = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (string name in present.Split(','))
            {
                listed.Add(name.Trim());
            }
            if (names.Length == 0 || listed.Contains("*"))
            {
                return present;
            }
            StringBuilder merged = new StringBuilder(present);
            foreach (string name in names.Split(','))
            {
                if (!listed.Contains(name.Trim()))
                {
                    merged.Append(", ").Append(name.Trim());
                }
            }
            return merged.ToString();
        }

        /// <summary>Without white space as HTTP has it around a value.</summary>
        private static string Trimmed(string text)
        {
            return text.Trim(' ', '\t');
        }

        private static bool BeginsWith(string text, string prefix)
        {
            return text.StartsWith(prefix, StringComparison.Ordinal);
        }

        private static bool EndsWith(string text, string ending)
        {
            return text.EndsWith(ending, StringComparison.Ordinal);
        }

        private static int Integer(string digits)
        {
            return int.Parse(digits, CultureInfo.InvariantCulture);
        }

        private static Regex Expression(string pattern)
        {
            return new Regex(pattern, RegexOptions.CultureInvariant);
        }

        private static HashSet<string> SetOf(string[] texts)
        {
            return new HashSet<string>(texts, StringComparer.Ordinal);
        }

        private static Regex[] PatternsOf(string[] patterns)
        {
            return Array.ConvertAll(patterns, Expression);
        }

        /// <summary>Paths and kinds in turn as a dictionary.</summary>
        private static Dictionary<string, string> KindsOf(string[] paths, bool inAnyCase)
        {
            Dictionary<string, string> kinds = new Dictionary<string, string>(StringComparer.Ordinal);
            for (int i = 0; i < paths.Length; i += 2)
            {
                kinds[inAnyCase ? paths[i].ToLowerInvariant() : paths[i]] = paths[i + 1];
            }
            return kinds;
        }

        private static string[] InLowerCase(string[] paths)
        {
            return Array.ConvertAll(paths, text => text.ToLowerInvariant());
        }
`.replace(/^\n/, '');
