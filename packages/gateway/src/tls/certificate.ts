import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { TlsFiles } from '../config/tls.js';
import type { GatewayIssue } from '../errors.js';

/** The oldest version of TLS that is spoken. */
export const MIN_TLS_VERSION = 'TLSv1.2';

/** A certificate that can be served with, and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly notAfter: Date;
}

/** Reads a certificate and its key; what is wrong with them is told as issues. */
export function loadCertificate(
  files: TlsFiles,
  issues: GatewayIssue[],
  now = new Date(),
): Certificate | undefined {
  const cert = readPem(files.cert, 'tls.cert', issues);
  const key = readPem(files.key, 'tls.key', issues);
  if (cert === undefined || key === undefined) return undefined;
  const leaf = parseLeaf(cert, files.cert, issues);
  if (leaf === undefined || !fits(leaf, { cert, key }, files, issues)) return undefined;
  const notBefore = new Date(leaf.validFrom);
  const notAfter = new Date(leaf.validTo);
  if (now > notAfter) {
    const message = `the certificate in ${files.cert} expired on ${day(notAfter)}`;
    issues.push(fault('tls-certificate-expired', 'tls.cert', message, 'Renew it'));
  }
  if (now < notBefore) {
    const message = `the certificate in ${files.cert} is not valid before ${day(notBefore)}`;
    issues.push(
      fault(
        'tls-certificate-not-yet-valid',
        'tls.cert',
        message,
        "Wait until then, or set this machine's clock",
      ),
    );
  }
  return { cert, key, notAfter };
}

function readPem(file: string, path: string, issues: GatewayIssue[]): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const [why, remedy] = READ_FAULTS[code ?? ''] ?? [message, 'Name a file in PEM'];
    issues.push(fault('tls-file-unreadable', path, `cannot read ${file}: ${why}`, remedy));
    return undefined;
  }
}

const READ_FAULTS: Readonly<Record<string, readonly [message: string, remedy: string]>> = {
  ENOENT: [
    'there is no such file',
    'Name a file in PEM; a relative name counts from where the gateway was started',
  ],
  EACCES: ['this user may not read it', 'Let the user of the gateway read it: chgrp and chmod 640'],
  EISDIR: ['it is a folder', 'Name the file in it'],
};

function parseLeaf(cert: string, file: string, issues: GatewayIssue[]): X509Certificate | undefined {
  try {
    return new X509Certificate(cert);
  } catch {
    issues.push(
      fault(
        'tls-certificate-invalid',
        'tls.cert',
        `${file} holds no certificate in PEM`,
        'It begins with -----BEGIN CERTIFICATE-----, the certificate of the server first',
      ),
    );
    return undefined;
  }
}

/** Whether a key can be read, and is that of the certificate. */
function fits(
  leaf: X509Certificate,
  { cert, key }: { readonly cert: string; readonly key: string },
  files: TlsFiles,
  issues: GatewayIssue[],
): boolean {
  const encrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(key);
  if (encrypted || !key.includes('PRIVATE KEY-----')) {
    const message = encrypted
      ? `the key in ${files.key} is encrypted`
      : `${files.key} holds no private key in PEM`;
    const remedy = encrypted
      ? 'Decrypt it: openssl pkey -in ENCRYPTED -out KEY, readable for the gateway alone'
      : 'It begins with -----BEGIN PRIVATE KEY----- or -----BEGIN EC PRIVATE KEY-----';
    issues.push(fault('tls-key-invalid', 'tls.key', message, remedy));
    return false;
  }
  try {
    createSecureContext({ cert, key, minVersion: MIN_TLS_VERSION });
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const mismatch =
      code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' || code === 'ERR_OSSL_X509_KEY_TYPE_MISMATCH';
    issues.push(
      mismatch
        ? fault(
            'tls-key-mismatch',
            'tls.key',
            `the key in ${files.key} is not that of the certificate in ${files.cert} (${oneLine(leaf.subject)})`,
            'Name the key that the certificate was made with',
          )
        : fault(
            'tls-unusable',
            'tls',
            `the certificate and its key cannot be used: ${message}`,
            'Make them anew',
          ),
    );
    return false;
  }
}

function oneLine(subject: string | undefined): string {
  return (subject ?? 'no subject').replaceAll('\n', ', ').slice(0, 100);
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function fault(code: string, path: string, message: string, remedy: string): GatewayIssue {
  return Object.freeze({ code, path, message, remedy });
}
