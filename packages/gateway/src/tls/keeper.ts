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
  if (tls === 'auto') return { settings, ...(await certifyLocally(hosts)) };
  const issues: GatewayIssue[] = [];
  const certificate = loadCertificate(tls, issues);
  if (issues.length > 0 || certificate === undefined) throw new GatewayConfigError(issues);
  return { settings, certificate, authority: undefined };
}

/** Starts to keep a certificate. `apply` serves with another one; `tell` hears what became of it. */
export function keepCertificate(
  first: Loaded,
  { apply, tell }: { apply(certificate: Certificate): void; tell(event: CertificateEvent): void },
  lookMs: number = LOOK_MS,
): CertificateKeeper {
  let current = first;
  let seen: readonly string[] | undefined;
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

  async function isDue({ settings: { tls }, certificate: { notAfter } }: Loaded): Promise<boolean> {
    if (tls === 'auto') return notAfter.getTime() - Date.now() < CERTIFICATE_RENEWAL_DAYS * DAY_MS;
    const found = await Promise.all([tls.cert, tls.key].map(traceOf));
    const changed = seen !== undefined && !isDeepStrictEqual(seen, found);
    seen = found;
    return changed;
  }

  async function renew(looked: Loaded): Promise<void> {
    try {
      const loaded = await loadTls(looked.settings);
      if (current !== looked) return; // another configuration came meanwhile
      current = loaded;
      apply(loaded.certificate);
      tell({ outcome: 'replaced', notAfter: loaded.certificate.notAfter });
    } catch (error) {
      if (!(error instanceof GatewayConfigError)) throw error;
      tell({ outcome: 'kept', issues: error.issues });
    }
  }

  return {
    use(loaded) {
      if (filesOf(loaded) !== filesOf(current)) seen = undefined;
      current = loaded;
      apply(loaded.certificate);
    },
    stop: () => clearInterval(timer),
  };
}

function filesOf({ settings: { tls } }: Loaded): string {
  return JSON.stringify(tls satisfies 'auto' | TlsFiles);
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
