import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificate, createCertificate } from '../carriers/http2Certificate.js';

/** A certificate in files, as a gateway takes it. */
export interface CertificateFiles {
  readonly files: { readonly cert: string; readonly key: string };
  readonly certificate: Certificate;
  /** Puts another certificate in place, the way that renewal programs do: file by file, by renaming. */
  replace(certificate: Certificate): void;
  remove(): void;
}

/** Writes a certificate into a folder of its own. */
export function writeCertificate(certificate: Certificate = createCertificate()): CertificateFiles {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-certificate-'));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const put = (file: string, text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const replace = ({ cert, key }: Certificate): void => {
    put(files.cert, cert);
    put(files.key, key);
  };
  replace(certificate);
  return {
    files,
    certificate,
    replace,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
