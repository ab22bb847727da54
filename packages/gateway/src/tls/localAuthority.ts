import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import { type AuthorityStore, createAuthorityStore } from './authorityStore.js';
import type { Certificate } from './certificate.js';
import { type LocalNames, localNames, nameConstraints } from './localNames.js';

/** A certificate authority of this machine and user, which certifies nothing but their own names. */
export interface LocalAuthority {
  /** Its certificate in PEM, for browsers to trust. */
  readonly file: string;
  /** Whether it was made just now, and so nobody trusts it yet. */
  readonly isNew: boolean;
  readonly names: LocalNames;
}

const DAY_MS = 86_400_000;
/** Of the authority: trusting one takes somebody's time. */
const AUTHORITY_DAYS = 1_095;
/** Of a certificate: each start makes another, and a gateway that runs on makes one in time. */
const CERTIFICATE_DAYS = 30;
/** How long before its end an authority is replaced: a certificate must not outlive it. */
const AUTHORITY_RENEWAL_DAYS = CERTIFICATE_DAYS + 1;
/** How long before its end a certificate is. */
export const CERTIFICATE_RENEWAL_DAYS = 7;

/**
 * Makes a certificate for the names of this machine and those hosts, signed by the local authority, which is made when
 * there is none for these names. The key of the certificate stays in memory; that of the authority in a file of its owner.
 */
export async function certifyLocally(
  hosts: readonly string[],
  { folder, now = new Date() }: { readonly folder?: string | undefined; readonly now?: Date } = {},
): Promise<{ readonly certificate: Certificate; readonly authority: LocalAuthority }> {
  const names = localNames(hosts);
  const constraints = nameConstraints(names);
  const store = createAuthorityStore(folder, storeName(names));
  const kept = readKept(store, now);
  const { pem, isNew } =
    kept === undefined ? await create(store, constraints, now) : { pem: kept, isNew: false };
  const file = store.publish(certificateOf(pem));
  return { certificate: await issueCertificate(pem, names, now), authority: { file, isNew, names } };
}

/** Authorities for different names are different: trusting one must not be trusting the other. */
function storeName({ dns, ip }: LocalNames): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([dns, ip]))
    .digest('hex');
  return `authority-${digest.slice(0, 12)}`;
}

function readKept(store: AuthorityStore, now: Date): string | undefined {
  const pem = store.read();
  if (pem === undefined) return undefined;
  try {
    createPrivateKey(pem);
    const left = new Date(new X509Certificate(pem).validTo).getTime() - now.getTime();
    return left > AUTHORITY_RENEWAL_DAYS * DAY_MS ? pem : undefined;
  } catch {
    return undefined; // not what was written there
  }
}

async function create(
  store: AuthorityStore,
  constraints: Buffer,
  now: Date,
): Promise<{ readonly pem: string; readonly isNew: true }> {
  const keys = newKeys();
  const x509 = await loadX509();
  const subject = `CN=mcp-cors local authority ${randomBytes(4).toString('hex')}`;
  const publicKey = await importKey(keys.publicKey, 'verify');
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: subject,
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS),
    publicKey,
    signingKey: await importKey(keys.privateKey, 'sign'),
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.Extension(NAME_CONSTRAINTS, true, new Uint8Array(constraints)),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const pem = `${key.trim()}\n${certificate.toString('pem').trim()}\n`;
  store.write(pem);
  return { pem, isNew: true };
}

/** Signs a certificate for these names, with the key and the certificate of an authority in PEM. */
export async function issueCertificate(
  authorityPem: string,
  { dns, ip }: LocalNames,
  now: Date,
): Promise<Certificate> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(certificateOf(authorityPem));
  const keys = newKeys();
  const publicKey = await importKey(keys.publicKey, 'verify');
  const notAfter = new Date(now.getTime() + CERTIFICATE_DAYS * DAY_MS);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${dns[0]}`,
    issuer: issuer.subject,
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter,
    publicKey,
    signingKey: await importKey(createPrivateKey(authorityPem), 'sign'),
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...dns.map((value) => ({ type: 'dns' as const, value })),
        ...ip.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return {
    cert: `${certificate.toString('pem').trim()}\n`,
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    notAfter,
  };
}

/** The certificate out of a file that has the key too. */
function certificateOf(pem: string): string {
  return `${/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(pem)?.[0] ?? ''}\n`;
}

/** RFC 5280 section 4.2.1.10. */
const NAME_CONSTRAINTS = '2.5.29.30';
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;

function newKeys(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** Positive, and of more than 64 random bits. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function importKey(key: KeyObject, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  const der =
    usage === 'sign'
      ? key.export({ type: 'pkcs8', format: 'der' })
      : key.export({ type: 'spki', format: 'der' });
  return webcrypto.subtle.importKey(usage === 'sign' ? 'pkcs8' : 'spki', der, CURVE, true, [usage]);
}

/** The library is loaded when it is needed: it takes its time, and most gateways never do. */
async function loadX509() {
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  return x509;
}
