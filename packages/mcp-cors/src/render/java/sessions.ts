/** Session sealing in Java, the same for every policy: `session/` in another language, with the same seals. */
export const SESSIONS = String.raw`
    // ---- Sessions -------------------------------------------------------------------------------------
    // A page sees "SEAL.ID" for the server's own ID, where SEAL is an HMAC-SHA-256 over the origin that opened the
    // session and the ID. Nothing is kept: every replica with the same secret opens it, in Node, Python or Java.

    private static final String SECRETS_VARIABLE = "MCP_CORS_SESSION_SECRETS";
    private static final int MIN_SECRET_LENGTH = 32;
    private static final int MAX_SEALED_LENGTH = 16_384;
    private static final int MAX_ENDPOINT_EVENT_BYTES = 16_384;
    private static final int SEAL_LENGTH = 43;
    private static final String SEAL_PURPOSE = "mcp-cors session 1";
    private static final Set<String> SESSION_KINDS = Set.of("mcp", "sse", "messages");
    // Names of the session in the query, as the SDKs for HTTP+SSE have them.
    private static final Set<String> SESSION_PARAMETERS = Set.of("sessionId", "session_id", "sessionid");
    private static final String SESSION_LETTERS = "sessionid";
    private static final String UNRESERVED = "-_.!~*'()";
    private static final Pattern EVENT_STREAM =
            Pattern.compile("\\s*text/event-stream\\s*(?:;|\\z)", Pattern.CASE_INSENSITIVE);
    private static final Pattern EVENT_LINES = Pattern.compile("([^\\r\\n]*)(\\r\\n|\\r|\\n)");

    /** The secrets of sessions, one a line: the first seals, all are accepted, so that they can be rotated. */
    private static List<String> secretsFromEnvironment() {
        String text = System.getenv().getOrDefault(SECRETS_VARIABLE, "");
        return text.replace("\r", "").lines().filter(line -> !line.isEmpty()).toList();
    }

    private static List<byte[]> keysOf(List<String> secrets) {
        if (secrets.isEmpty() || secrets.stream().anyMatch(secret -> secret.length() < MIN_SECRET_LENGTH)) {
            throw new IllegalStateException("The policy seals sessions. Put the secret, of at least "
                    + MIN_SECRET_LENGTH + " characters, into " + SECRETS_VARIABLE + ", or pass it to the constructor.");
        }
        return secrets.stream().map(secret -> secret.getBytes(StandardCharsets.UTF_8)).toList();
    }

    static String seal(List<byte[]> keys, String owner, String sessionId) {
        return sealOf(keys.get(0), owner, sessionId) + "." + sessionId;
    }

    /** The server's own id; null when this owner has no such session. */
    static String open(List<byte[]> keys, String owner, String sealed) {
        if (sealed.length() > MAX_SEALED_LENGTH || sealed.length() <= SEAL_LENGTH
                || sealed.charAt(SEAL_LENGTH) != '.') {
            return null;
        }
        byte[] given = sealed.substring(0, SEAL_LENGTH).getBytes(StandardCharsets.UTF_8);
        String sessionId = sealed.substring(SEAL_LENGTH + 1);
        boolean opened = false;
        for (byte[] key : keys) {
            byte[] seal = sealOf(key, owner, sessionId).getBytes(StandardCharsets.UTF_8);
            opened |= MessageDigest.isEqual(given, seal); // in constant time
        }
        return opened ? sessionId : null;
    }

    private static String sealOf(byte[] key, String owner, String sessionId) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            String text = SEAL_PURPOSE + "\0" + owner + "\0" + sessionId;
            byte[] digest = mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error); // every Java has HMAC-SHA-256
        }
    }

    /** The page's origin; "" for native clients. Pages of the server itself send Origin with some requests only. */
    static String sessionOwner(Head head) {
        String own = head.host == null ? null : lower(head.host);
        if (head.origin == null || (own != null && head.origin.endsWith("://" + own))) {
            if ("same-origin".equals(head.fetchSite) && own != null) {
                return "self " + own;
            }
            if (head.origin == null || head.fetchSite == null) {
                return "";
            }
        }
        return head.origin;
    }

    /** Changes the session in the query of a URL; null when there are several, or one that readers take differently. */
    static String changeSessionParameter(String target, UnaryOperator<String> change) {
        int start = target.indexOf('?') + 1;
        if (start == 0) {
            return target;
        }
        StringBuilder changed = new StringBuilder(target.substring(0, start));
        int found = 0;
        for (int at = start; at <= target.length(); ) {
            int end = at;
            while (end < target.length() && "&;?#".indexOf(target.charAt(end)) < 0) {
                end++;
            }
            String part = target.substring(at, end);
            String separator = end < target.length() ? target.substring(end, end + 1) : "";
            int equals = part.indexOf('=');
            String key = equals < 0 ? part : part.substring(0, equals);
            String name = part.length() < SESSION_LETTERS.length() ? "" : decoded(key);
            if (name != null && !isSessionLike(name)) {
                changed.append(part).append(separator);
            } else {
                found++;
                if (name == null || !SESSION_PARAMETERS.contains(name) || found > 1
                        || !(separator.isEmpty() || separator.equals("&"))) {
                    return null;
                }
                String sessionId = equals < 0 ? null : decoded(part.substring(equals + 1));
                String other = sessionId == null ? null : change.apply(sessionId);
                if (other == null) {
                    return null;
                }
                changed.append(key).append('=').append(encoded(other)).append(separator);
            }
            at = end + 1;
        }
        return changed.toString();
    }

    private static boolean isSessionLike(String name) {
        String letters = lower(Normalizer.normalize(name, Normalizer.Form.NFKC)).replace('\u0131', 'i');
        return letters.replaceAll("[^a-z]+", "").startsWith(SESSION_LETTERS);
    }

    /** Text of a query as forms have it; null when it is not UTF-8. */
    private static String decoded(String text) {
        StringBuilder decoded = new StringBuilder();
        for (int i = 0; i < text.length(); ) {
            if (text.charAt(i) != '%') {
                decoded.append(text.charAt(i) == '+' ? ' ' : text.charAt(i));
                i++;
                continue;
            }
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (; i < text.length() && text.charAt(i) == '%'; i += 3) {
                int high = i + 2 < text.length() ? hex(text.charAt(i + 1)) : -1;
                int low = high < 0 ? -1 : hex(text.charAt(i + 2));
                if (low < 0) {
                    return null;
                }
                bytes.write(high << 4 | low);
            }
            String characters = utf8(bytes.toByteArray());
            if (characters == null) {
                return null;
            }
            decoded.append(characters);
        }
        return decoded.toString();
    }

    private static int hex(char digit) {
        return digit < 128 ? Character.digit(digit, 16) : -1;
    }

    private static String encoded(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte one : text.getBytes(StandardCharsets.UTF_8)) {
            boolean plain = one >= '0' && one <= '9' || one >= 'A' && one <= 'Z' || one >= 'a' && one <= 'z'
                    || one > 0 && UNRESERVED.indexOf(one) >= 0;
            encoded.append(plain ? String.valueOf((char) one) : String.format("%%%02X", one & 0xff));
        }
        return encoded.toString();
    }

    /** Bytes as text; null when they are not UTF-8. */
    private static String utf8(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException error) {
            return null;
        }
    }

    /** Seals the session in the endpoint event with which a server of HTTP+SSE begins its stream; the rest passes. */
    static final class EndpointEvent {
        private final UnaryOperator<String> change;
        private final ByteArrayOutputStream held = new ByteArrayOutputStream();
        private boolean done;
        private boolean emptyLine = true;
        private boolean afterCr;
        private boolean first = true;

        EndpointEvent(UnaryOperator<String> change) {
            this.change = change;
        }

        /** Takes the next bytes, and gives those that may go on: of a block of lines all or none. */
        byte[] push(byte[] data) {
            if (done) {
                return data;
            }
            ByteArrayOutputStream ready = new ByteArrayOutputStream();
            for (int i = 0; i < data.length; i++) {
                boolean ends = endsBlock(data[i]);
                if (held.size() + 1 > MAX_ENDPOINT_EVENT_BYTES) {
                    return finish(ready, release(), data, i);
                }
                held.write(data[i]);
                if (!ends) {
                    continue;
                }
                byte[] block = release();
                byte[] changed = rewritten(block);
                if (changed != null) {
                    return finish(ready, changed, data, i + 1);
                }
                ready.writeBytes(block);
            }
            return ready.toByteArray();
        }

        /** Gives what was held back, when the stream ends. */
        byte[] flush() {
            return finish(new ByteArrayOutputStream(), release(), new byte[0], 0);
        }

        private byte[] finish(ByteArrayOutputStream ready, byte[] block, byte[] data, int from) {
            done = true;
            ready.writeBytes(block);
            ready.write(data, from, data.length - from);
            return ready.toByteArray();
        }

        private byte[] release() {
            byte[] released = held.toByteArray();
            held.reset();
            return released;
        }

        /** Whether a byte ends an empty line. Lines end with CR LF, LF or CR. */
        private boolean endsBlock(byte one) {
            boolean completes = one == '\n' && afterCr;
            afterCr = one == '\r';
            if (completes) {
                return false;
            }
            boolean ends = emptyLine && (one == '\n' || one == '\r');
            emptyLine = one == '\n' || one == '\r';
            return ends;
        }

        /** The first event, changed or as it is; null for comments and other blocks that are no event yet. */
        private byte[] rewritten(byte[] block) {
            boolean atStart = first;
            first = false;
            String text = utf8(block);
            if (text == null) {
                return null;
            }
            boolean hasData = false;
            String event = "";
            boolean unknown = false;
            String mark = atStart && text.startsWith("\ufeff") ? "\ufeff" : "";
            StringBuilder changed = new StringBuilder(mark);
            Matcher lines = EVENT_LINES.matcher(text).region(mark.length(), text.length());
            while (lines.find()) {
                String line = lines.group(1);
                int colon = line.indexOf(':');
                String name = colon < 0 ? line : line.substring(0, colon);
                String value = colon < 0 ? "" : line.substring(colon + 1);
                String space = value.startsWith(" ") ? " " : "";
                String data = value.substring(space.length());
                if (name.equals("event")) {
                    event = data;
                } else if (name.equals("data")) {
                    hasData = true;
                    data = changeSessionParameter(data, change);
                    unknown |= data == null;
                }
                changed.append(name).append(colon < 0 ? "" : ":").append(space).append(data).append(lines.group(2));
            }
            if (!hasData) {
                return null;
            }
            return event.equals("endpoint") && !unknown ? changed.toString().getBytes(StandardCharsets.UTF_8) : block;
        }
    }
`.replace(/^\n/, '');
