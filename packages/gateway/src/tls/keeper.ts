import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { TlsConfig, TlsFiles } from '../config/tls.js';
import { GatewayConfigError, type GatewayIssue } from '../errors.js';
import { type Certificate, loadCertificate } from './certificate.js';
import { CERTIFICATE_RENEWAL_DAYS, certifyLocally, type LocalAuthority } from './localAuthority.js';

/** What became of a certificate while the gateway served. */
export type CertificateEvent =
  | { readonly outcome: 'replaced'; readonly notAfter: Date }
  /** The one before is kept, for these reasons. */
  | { readonly outcome: 'kept'; readonly issues: readonly GatewayIssue[] };

/** What a certificate is made or read for. */
export interface TlsSettings {
  readonly tls: TlsConfig;
  /** The hosts under which clients reach the gateway, for `tls: auto`. */
  readonly hosts: readonly string[];
}

/** A certificate, and where it comes from. */
export interface Loaded {
  readonly settings: TlsSettings;
  readonly certificate: Certificate;
  readonly authority: LocalAuthority | undefined;
  /** What the files were like just before they were read. */
  readonly traces: readonly string[];
}

/** Keeps a certificate up to date while it is served with. */
export interface CertificateKeeper {
  /** Goes over to what another configuration says. */
  use(loaded: Loaded): void;
  stop(): void;
}

/** How often files are looked at. Looking finds what watching would miss: renames, links of links, network drives. */
const LOOK_MS = 1_000;
const DAY_MS = 86_400_000;

/**
 * Reads or makes the certificate that a configuration asks for.
 * @throws {GatewayConfigError} when there is none that can be served with.
 */
export async function loadTls(settings: TlsSettings): Promise<Loaded> {
  const { tls, hosts } = settings;
  if (tls === 'auto') return { settings, ...(await certifyLocally(hosts)), traces: [] };
  const traces = await tracesOf(tls);
  const issues: GatewayIssue[] = [];
  const certificate = loadCertificate(tls, issues);
  if (issues.length > 0 || certificate === undefined) throw new GatewayConfigError(issues);
  return { settings, certificate, authority: undefined, traces };
}

/** Starts to keep a certificate. `apply` serves with another one; `tell` hears what became of it. */
export function keepCertificate(
  first: Loaded,
  { apply, tell }: { apply(certificate: Certificate): void; tell(event: CertificateEvent): void },
  lookMs: number = LOOK_MS,
): CertificateKeeper {
  let current = first;
  let seen = first.traces;
  let looking = false;
  const timer = setInterval(() => void look(), lookMs).unref();
  void look();

  async function look(): Promise<void> {
    if (looking) return; // a drive may answer late
    looking = true;
    const looked = current;
    try {
      if (await isDue(looked)) await renew(looked);
    } finally {
      looking = false;
    }
  }

  async function isDue(looked: Loaded): Promise<boolean> {
    const { tls } = looked.settings;
    const { notAfter } = looked.certificate;
    if (tls === 'auto') return notAfter.getTime() - Date.now() < CERTIFICATE_RENEWAL_DAYS * DAY_MS;
    const found = await tracesOf(tls);
    const changed = looked === current && !isDeepStrictEqual(seen, found);
    if (changed) seen = found; // whether or not it can be served with
    return changed;
  }

  async function renew(looked: Loaded): Promise<void> {
    try {
      const loaded = await loadTls(looked.settings);
      if (current !== looked) return; // another configuration came meanwhile
      take(loaded);
      tell({ outcome: 'replaced', notAfter: loaded.certificate.notAfter });
    } catch (error) {
      tell({ outcome: 'kept', issues: issuesOf(error) });
    }
  }

  function take(loaded: Loaded): void {
    current = loaded;
    seen = loaded.traces;
    apply(loaded.certificate);
  }

  return {
    use: take,
    stop: () => clearInterval(timer),
  };
}

/** What kept a certificate from being replaced; nothing that happens on the way may end the gateway. */
function issuesOf(error: unknown): readonly GatewayIssue[] {
  if (error instanceof GatewayConfigError) return error.issues;
  const message = `the certificate cannot be replaced: ${(error as Error).message}`;
  return [
    {
      code: 'tls-unusable',
      path: 'tls',
      message,
      remedy: 'Restart the gateway to see whether it can be made',
    },
  ];
}

function tracesOf({ cert, key }: TlsFiles): Promise<readonly string[]> {
  return Promise.all([cert, key].map(traceOf));
}

/** What changes with a file's contents. */
async function traceOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return 'none';
  }
}
