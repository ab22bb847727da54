import type { HeaderField } from '../../policy/index.js';
import type { Severity } from '../report.js';
import type { AttackContext, Breach } from './context.js';
import { act, type Outcome } from './deed.js';
import { ATTACKER } from './origins.js';

/** A page that got to the server by DNS rebinding: its host is the attacker's, and the browser takes the two for one origin. */
export interface HostProbe {
  readonly name: string;
  readonly headers: readonly HeaderField[];
  readonly rawTarget?: string;
  readonly id: 'host-not-checked' | 'host-port-not-checked' | 'forwarded-host-trusted' | 'host-ambiguous';
  /** Whether a browser can be made to send this. */
  readonly byBrowser: boolean;
}

/** A port at which hardly any server listens. */
const OTHER_PORT = '1';

/**
 * Requests in which Host and Origin are varied separately and together; the first is plain DNS rebinding.
 * @param allowed The origin of an allowed page.
 */
export function hostProbes(url: string, allowed: string): readonly HostProbe[] {
  const { protocol, host, hostname, port, pathname, search } = new URL(url);
  const colonPort = port === '' ? '' : `:${port}`;
  const rebound = (name: string): readonly HeaderField[] => [
    ['host', `${name}${colonPort}`],
    ['origin', `${protocol}//${name}${colonPort}`],
  ];
  const foreign = `${ATTACKER}${colonPort}`;
  const page: HeaderField = ['origin', `${protocol}//${foreign}`];
  const probe = (
    id: HostProbe['id'],
    name: string,
    headers: readonly HeaderField[],
    rest: { readonly byBrowser?: boolean; readonly rawTarget?: string } = {},
  ): HostProbe => ({ id, name, headers, byBrowser: true, ...rest });
  return [
    probe('host-not-checked', 'Host and Origin of a foreign domain', rebound(ATTACKER)),
    // Browsers leave Origin out of a GET to the same origin.
    probe('host-not-checked', 'Host of a foreign domain, without Origin', [['host', foreign]], {
      byBrowser: false,
    }),
    probe(
      'host-not-checked',
      'Host of a foreign domain, Origin of the allowed page',
      [
        ['host', foreign],
        ['origin', allowed],
      ],
      { byBrowser: false },
    ),
    probe(
      'host-port-not-checked',
      'Host of the server with another port',
      [['host', `${hostname}:${port === OTHER_PORT ? '2' : OTHER_PORT}`]],
      { byBrowser: false },
    ),
    ...[`${hostname.replace(/^\[|\]$/g, '')}.${ATTACKER}`, `localhost.${ATTACKER}`]
      .filter((name) => !name.includes(':'))
      .map((name) => probe('host-not-checked', `Host and Origin of ${name}`, rebound(name))),
    probe('forwarded-host-trusted', 'Host of a foreign domain with X-Forwarded-Host of the server', [
      ...rebound(ATTACKER),
      ['x-forwarded-host', host],
    ]),
    probe('forwarded-host-trusted', 'Host of a foreign domain with Forwarded of the server', [
      ...rebound(ATTACKER),
      ['forwarded', `host="${host}"`],
    ]),
    probe(
      'forwarded-host-trusted',
      'Origin of a foreign domain with X-Forwarded-Host of the same',
      [page, ['x-forwarded-host', foreign]],
      { byBrowser: false },
    ),
    probe(
      'host-ambiguous',
      'two Host lines, the server’s and a foreign one',
      [
        ['host', host],
        ['host', foreign],
      ],
      { byBrowser: false },
    ),
    probe('host-ambiguous', 'a request target that names a foreign host', [['host', host]], {
      byBrowser: false,
      rawTarget: `${protocol}//${foreign}${pathname}${search}`,
    }),
  ];
}

/** How grave an accepted Host is. */
export function hostSeverity(
  { id, byBrowser }: Pick<HostProbe, 'id' | 'byBrowser'>,
  { isPrivate, secure }: { readonly isPrivate: boolean; readonly secure: boolean },
): Severity {
  if (id === 'host-ambiguous') return 'info';
  // Over TLS the certificate does not fit the attacker's domain, and no browser gets as far as a request.
  if (secure) return 'info';
  if (!byBrowser) return 'info';
  // Rebinding a public server gives a page nothing that its author could not ask for directly, but for filters by address.
  return isPrivate ? 'error' : 'warning';
}

/**
 * Tries hosts that are not the server's. Judged by deeds alone: a server that asks for a token is not open, whatever it
 * answers.
 * @param open Whether the server acts for anybody who names the right host, without a token.
 */
export async function attackHost(context: AttackContext, open: boolean): Promise<void> {
  if (!open) return;
  // Where plain rebinding gets in, the others could add nothing: Host is not looked at.
  if (await tryRebinding(context)) return;
  const [, ...others] = hostProbes(context.target.url, context.origin);
  const foreignOrigin = await act(context, [['origin', `https://${ATTACKER}`], ...context.ambient]);
  for (const probe of others) {
    // Where foreign origins are carried out anyway, a forwarded host proves nothing.
    const provesNothing = probe.id === 'forwarded-host-trusted' && !probe.byBrowser && foreignOrigin?.acted;
    const outcome = provesNothing ? undefined : await attempt(context, probe);
    if (outcome?.acted) context.report(breach(context, probe, outcome));
  }
}

/** Asks for a deed as a page does that got to the server by DNS rebinding, reports it, and says whether it was done. */
export async function tryRebinding(context: AttackContext): Promise<boolean> {
  const [rebinding] = hostProbes(context.target.url, context.origin);
  const outcome = rebinding && (await attempt(context, rebinding));
  if (rebinding === undefined || !outcome?.acted) return false;
  context.report(breach(context, rebinding, outcome));
  return true;
}

function attempt(context: AttackContext, { headers, rawTarget }: HostProbe): Promise<Outcome | undefined> {
  return act(context, [...headers, ...context.ambient], rawTarget === undefined ? {} : { rawTarget });
}

function breach({ target, isPrivate }: AttackContext, probe: HostProbe, { answer }: Outcome): Breach {
  const severity = hostSeverity(probe, { isPrivate, secure: target.url.startsWith('https:') });
  return { id: probe.id, severity, tried: probe.name, witness: answer.witness };
}
