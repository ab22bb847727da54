import { policyData } from './java/data.js';
import { DECISION } from './java/decision.js';
import { FILTER } from './java/filter.js';
import { SESSIONS } from './java/sessions.js';
import { always, DIRECTORIES, type Limit } from './limits.js';
import type { PolicyPlan } from './plan.js';
import type { Target } from './target.js';

/** What a servlet filter cannot express. */
const LIMITS: readonly Limit[] = [
  DIRECTORIES,
  {
    id: 'late-aborts',
    weakens: false,
    concerns: always,
    what: 'A stream whose page has gone ends at the application with its next event.',
    why: 'Servlet containers notice that a client has gone when they write to it.',
    instead: 'Let the application send a comment now and then: a quiet stream needs that anyway.',
  },
  {
    id: 'asterisk-form',
    weakens: false,
    concerns: always,
    what: 'OPTIONS * is answered by Tomcat itself, with the methods that it knows.',
    why: 'It has no path that could lead to an application.',
    instead: 'Nothing: no browser and no MCP client sends it.',
  },
  {
    id: 'absolute-form',
    weakens: false,
    concerns: always,
    what: 'A request target in absolute form counts as its path.',
    why: 'Tomcat takes the host of such a target away, and refuses it where Host says another. Host is checked all the same.',
    instead: 'Leave it: no browser and no MCP client sends it to a server.',
  },
  {
    id: 'unreadable-requests',
    weakens: false,
    concerns: always,
    what: 'What Tomcat cannot parse is refused with 400, whatever else would be wrong with it.',
    why: 'Its parser comes before any filter.',
    instead: 'Nothing: such a request reaches nobody.',
  },
];

/** Where the secret of sessions goes: never into source. */
function sessionAdvice({ settings, reportOnly }: PolicyPlan): readonly string[] {
  if (settings.sessions === undefined || reportOnly) return [];
  return [
    '',
    "Sessions are sealed with the secret in the environment variable MCP_CORS_SESSION_SECRETS, which is not in this file: one a line, the first seals, all are accepted. With the policy's own secret, replicas in Node, Python and Java share sessions.",
  ];
}

/** What the file imports: Java, Spring and the servlet API. */
const IMPORTS = `
package mcpcors;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.WebUtils;

/** Lets pages of the policy's origins reach an application, and answers preflights and refusals itself. */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
public class McpCorsFilter extends OncePerRequestFilter {

`.trimStart();

/** A servlet filter in one file: Spring Boot on Tomcat, Jetty or Undertow. */
export const SPRING: Target = Object.freeze({
  name: 'spring',
  title: 'Spring Boot 3, Java 17 or later',
  file: 'McpCorsFilter.java',
  type: 'middleware',
  comment: '//',
  limits: LIMITS,
  use: ({ routes: [{ policy }] }) => [
    'Put this file into src/main/java/mcpcors, and beside @SpringBootApplication:',
    '',
    '    @Import(mcpcors.McpCorsFilter.class)',
    '',
    'Spring Boot then puts it in front of everything, Spring Security and error pages included. CORS of the application itself (@CrossOrigin, CorsRegistry, http.cors) is not needed any more, and has no say.',
    ...sessionAdvice(policy),
    '',
    'It needs spring-web and nothing else. The policy is data, at the top; the code below is the same for every policy.',
  ],
  render: ({ routes: [{ policy }] }) =>
    [`${IMPORTS}${policyData(policy)}`, DECISION, SESSIONS, FILTER].join('\n'),
} satisfies Target);
