/** Session sealing in C#, the same for every policy: `session/` in another language, with the same seals. */
export const SESSIONS = String.raw`
        // ---- Sessions ---------------------------------------------------------------------------------
        // A page sees "SEAL.ID" for the server's own ID, where SEAL is an HMAC-SHA-256 over the origin that opened the
        // session and the ID. Nothing is kept: every replica with the same secret opens it, in Node, Python or .NET.

        private const string SecretsVariable = "MCP_CORS_SESSION_SECRETS";
        private const int MinSecretLength = 32;
        private const int MaxSealedLength = 16384;
        private const int MaxEndpointEventBytes = 16384;
        private const int SealLength = 43;
        private const string SealPurpose = "mcp-cors session 1";
        private static readonly HashSet<string> SessionKinds = SetOf(new string[] { "mcp", "sse", "messages" });
        // Names of the session in the query, as the SDKs for HTTP+SSE have them.
        private static readonly HashSet<string> SessionParameters = SetOf(new string[] { "sessionId", "session_id", "sessionid" });
        private const string SessionLetters = "sessionid";
        private const string Unreserved = "-_.!~*'()";
        private static readonly char[] QuerySeparators = { '&', ';', '?', '#' };
        private static readonly Encoding Utf8 = new UTF8Encoding(false, true);
        private static readonly Regex EventStream =
            new Regex("\\A\\s*text/event-stream\\s*(?:;|\\z)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);
        private static readonly Regex EventLines = Expression("([^\\r\\n]*)(\\r\\n|\\r|\\n)");

        /// <summary>The secrets of sessions, one a line: the first seals, all are accepted, so that they can be rotated.</summary>
        private static string[] SecretsFromEnvironment()
        {
            string text = Environment.GetEnvironmentVariable(SecretsVariable) ?? "";
            return text.Split(new char[] { '\r', '\n' }, StringSplitOptions.RemoveEmptyEntries);
        }

        internal static List<byte[]> KeysOf(string[] secrets)
        {
            List<byte[]> keys = new List<byte[]>();
            foreach (string secret in secrets)
            {
                if (secret.Length >= MinSecretLength)
                {
                    keys.Add(Encoding.UTF8.GetBytes(secret));
                }
            }
            if (keys.Count == 0 || keys.Count < secrets.Length)
            {
                throw new InvalidOperationException("The policy seals sessions. Put the secret, of at least "
                    + MinSecretLength + " characters, into " + SecretsVariable + ", or pass it to UseMcpCors.");
            }
            return keys;
        }

        internal static string Seal(List<byte[]> keys, string owner, string sessionId)
        {
            return SealOf(keys[0], owner, sessionId) + "." + sessionId;
        }

        /// <summary>The server's own id; null when this owner has no such session.</summary>
        internal static string Open(List<byte[]> keys, string owner, string sealedId)
        {
            if (sealedId.Length > MaxSealedLength || sealedId.Length <= SealLength || sealedId[SealLength] != '.')
            {
                return null;
            }
            byte[] given = Encoding.UTF8.GetBytes(sealedId.Substring(0, SealLength));
            string sessionId = sealedId.Substring(SealLength + 1);
            bool opened = false;
            foreach (byte[] key in keys)
            {
                byte[] seal = Encoding.UTF8.GetBytes(SealOf(key, owner, sessionId));
                opened |= CryptographicOperations.FixedTimeEquals(given, seal);
            }
            return opened ? sessionId : null;
        }

        private static string SealOf(byte[] key, string owner, string sessionId)
        {
            using (HMACSHA256 mac = new HMACSHA256(key))
            {
                byte[] digest = mac.ComputeHash(Encoding.UTF8.GetBytes(SealPurpose + "\0" + owner + "\0" + sessionId));
                return Convert.ToBase64String(digest).TrimEnd('=').Replace('+', '-').Replace('/', '_');
            }
        }

        /// <summary>
        /// The page's origin; "" for native clients. Pages of the server itself send Origin with some requests only.
        /// </summary>
        internal static string SessionOwner(Head head)
        {
            string own = head.Host == null ? null : head.Host.ToLowerInvariant();
            if (head.Origin == null || (own != null && EndsWith(head.Origin, "://" + own)))
            {
                if (head.FetchSite == "same-origin" && own != null)
                {
                    return "self " + own;
                }
                if (head.Origin == null || head.FetchSite == null)
                {
                    return "";
                }
            }
            return head.Origin;
        }

        /// <summary>
        /// Changes the session in the query of a URL; null when there are several, or one that readers take differently.
        /// </summary>
        internal static string ChangeSessionParameter(string target, Func<string, string> change)
        {
            int start = target.IndexOf('?') + 1;
            if (start == 0)
            {
                return target;
            }
            StringBuilder changed = new StringBuilder(target.Substring(0, start));
            int found = 0;
            for (int at = start; at <= target.Length;)
            {
                int end = target.IndexOfAny(QuerySeparators, at);
                end = end < 0 ? target.Length : end;
                string part = target.Substring(at, end - at);
                string separator = end < target.Length ? target.Substring(end, 1) : "";
                int equals = part.IndexOf('=');
                string key = equals < 0 ? part : part.Substring(0, equals);
                string name = part.Length < SessionLetters.Length ? "" : Decoded(key);
                if (name != null && !IsSessionLike(name))
                {
                    changed.Append(part).Append(separator);
                }
                else
                {
                    found++;
                    if (name == null || !SessionParameters.Contains(name) || found > 1
                        || !(separator == "" || separator == "&"))
                    {
                        return null;
                    }
                    string sessionId = equals < 0 ? null : Decoded(part.Substring(equals + 1));
                    string other = sessionId == null ? null : change(sessionId);
                    if (other == null)
                    {
                        return null;
                    }
                    changed.Append(key).Append('=').Append(Encoded(other)).Append(separator);
                }
                at = end + 1;
            }
            return changed.ToString();
        }

        private static bool IsSessionLike(string name)
        {
            string normal = name.Normalize(NormalizationForm.FormKC).ToLowerInvariant();
            StringBuilder letters = new StringBuilder();
            foreach (char letter in normal.Replace('\u0131', 'i').Replace('\u0130', 'i'))
            {
                if (letter >= 'a' && letter <= 'z')
                {
                    letters.Append(letter);
                }
            }
            return BeginsWith(letters.ToString(), SessionLetters);
        }

        /// <summary>Text of a query as forms have it; null when it is not UTF-8.</summary>
        private static string Decoded(string text)
        {
            StringBuilder decoded = new StringBuilder();
            for (int i = 0; i < text.Length;)
            {
                if (text[i] != '%')
                {
                    decoded.Append(text[i] == '+' ? ' ' : text[i]);
                    i++;
                    continue;
                }
                List<byte> bytes = new List<byte>();
                for (; i < text.Length && text[i] == '%'; i += 3)
                {
                    int high = i + 2 < text.Length ? Hex(text[i + 1]) : -1;
                    int low = high < 0 ? -1 : Hex(text[i + 2]);
                    if (low < 0)
                    {
                        return null;
                    }
                    bytes.Add((byte)(high << 4 | low));
                }
                string characters = TextOf(bytes.ToArray());
                if (characters == null)
                {
                    return null;
                }
                decoded.Append(characters);
            }
            return decoded.ToString();
        }

        private static int Hex(char digit)
        {
            return "0123456789abcdef".IndexOf(digit >= 'A' && digit <= 'F' ? (char)(digit | 0x20) : digit);
        }

        private static string Encoded(string text)
        {
            StringBuilder encoded = new StringBuilder();
            foreach (byte one in Encoding.UTF8.GetBytes(text))
            {
                bool plain = one >= '0' && one <= '9' || one >= 'A' && one <= 'Z' || one >= 'a' && one <= 'z'
                    || Unreserved.IndexOf((char)one) >= 0;
                encoded.Append(plain ? ((char)one).ToString() : "%" + one.ToString("X2", CultureInfo.InvariantCulture));
            }
            return encoded.ToString();
        }

        /// <summary>Bytes as text; null when they are not UTF-8.</summary>
        private static string TextOf(byte[] bytes)
        {
            try
            {
                return Utf8.GetString(bytes);
            }
            catch (DecoderFallbackException)
            {
                return null;
            }
        }

        /// <summary>
        /// Seals the session in the endpoint event with which a server of HTTP+SSE begins its stream; the rest passes.
        /// </summary>
        internal sealed class EndpointEvent
        {
            private readonly Func<string, string> change;
            private readonly List<byte> held = new List<byte>();
            private bool done;
            private bool emptyLine = true;
            private bool afterCr;
            private bool first = true;

            public EndpointEvent(Func<string, string> change)
            {
                this.change = change;
            }

            /// <summary>Takes the next bytes, and gives those that may go on: of a block of lines all or none.</summary>
            public byte[] Push(byte[] data)
            {
                if (done)
                {
                    return data;
                }
                List<byte> ready = new List<byte>();
                for (int i = 0; i < data.Length; i++)
                {
                    bool ends = EndsBlock(data[i]);
                    if (held.Count + 1 > MaxEndpointEventBytes)
                    {
                        return Finish(ready, Release(), data, i);
                    }
                    held.Add(data[i]);
                    if (!ends)
                    {
                        continue;
                    }
                    byte[] block = Release();
                    byte[] changed = Rewritten(block);
                    if (changed != null)
                    {
                        return Finish(ready, changed, data, i + 1);
                    }
                    ready.AddRange(block);
                }
                return ready.ToArray();
            }

            /// <summary>Gives what was held back, when the stream ends.</summary>
            public byte[] Flush()
            {
                return Finish(new List<byte>(), Release(), new byte[0], 0);
            }

            private byte[] Finish(List<byte> ready, byte[] block, byte[] data, int start)
            {
                done = true;
                ready.AddRange(block);
                for (int i = start; i < data.Length; i++)
                {
                    ready.Add(data[i]);
                }
                return ready.ToArray();
            }

            private byte[] Release()
            {
                byte[] released = held.ToArray();
                held.Clear();
                return released;
            }

            /// <summary>Whether a byte ends an empty line. Lines end with CR LF, LF or CR.</summary>
            private bool EndsBlock(byte one)
            {
                bool completes = one == '\n' && afterCr;
                afterCr = one == '\r';
                if (completes)
                {
                    return false;
                }
                bool ends = emptyLine && (one == '\n' || one == '\r');
                emptyLine = one == '\n' || one == '\r';
                return ends;
            }

            /// <summary>The first event, changed or as it is; null for comments and other blocks that are no event yet.</summary>
            private byte[] Rewritten(byte[] block)
            {
                bool atStart = first;
                first = false;
                string text = TextOf(block);
                if (text == null)
                {
                    return null;
                }
                bool hasData = false;
                bool unknown = false;
                string type = "";
                string mark = atStart && BeginsWith(text, "\ufeff") ? "\ufeff" : "";
                StringBuilder changed = new StringBuilder(mark);
                for (Match line = EventLines.Match(text, mark.Length); line.Success; line = line.NextMatch())
                {
                    string content = line.Groups[1].Value;
                    int colon = content.IndexOf(':');
                    string name = colon < 0 ? content : content.Substring(0, colon);
                    string value = colon < 0 ? "" : content.Substring(colon + 1);
                    string space = BeginsWith(value, " ") ? " " : "";
                    string data = value.Substring(space.Length);
                    if (name == "event")
                    {
                        type = data;
                    }
                    else if (name == "data")
                    {
                        hasData = true;
                        data = ChangeSessionParameter(data, change);
                        unknown |= data == null;
                    }
                    changed.Append(name).Append(colon < 0 ? "" : ":").Append(space).Append(data).Append(line.Groups[2].Value);
                }
                if (!hasData)
                {
                    return null;
                }
                return type == "endpoint" && !unknown ? Encoding.UTF8.GetBytes(changed.ToString()) : block;
            }
        }
`.replace(/^\n/, '');
