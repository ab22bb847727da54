import type { Terminal } from './terminal.js';

/** What of @mcp-cors/gateway tells how to trust a local authority. */
export interface TrustPackage {
  trustSteps(file: string): readonly { readonly who: string; readonly how: string }[];
}

/** What of a gateway says who signed its certificate. */
export interface CertifiedGateway {
  readonly authority: { readonly file: string; readonly isNew: boolean } | undefined;
}

/** Hears what became of a certificate while the gateway served. */
export interface CertificateListener {
  onCertificate(
    event:
      | { readonly outcome: 'replaced'; readonly notAfter: Date }
      | {
          readonly outcome: 'kept';
          readonly issues: readonly { readonly message: string; readonly remedy: string }[];
        },
  ): void;
}

/** Tells standard error how to trust the authority that was made for a gateway, or which one it was. */
export function tellTrust(
  { authority }: CertifiedGateway,
  { trustSteps }: TrustPackage,
  terminal: Terminal,
): void {
  if (authority === undefined) return;
  const { file, isNew } = authority;
  if (!isNew) {
    terminal.err(`certificate signed by the local authority ${file}`);
    return;
  }
  terminal.err(`made a local authority, which certifies the names of this gateway and no others: ${file}`);
  terminal.err('to trust it:');
  for (const { who, how } of trustSteps(file)) {
    terminal.err(`  ${terminal.paintErr('strong', who)}`);
    terminal.err(`    ${how}`);
  }
}

/** Tells standard error of certificates that were replaced, or could not be. */
export function createCertificateLog(terminal: Terminal): CertificateListener {
  return {
    onCertificate(event) {
      if (event.outcome === 'replaced') {
        terminal.err(`certificate replaced, valid until ${event.notAfter.toISOString().slice(0, 10)}`);
        return;
      }
      for (const { message, remedy } of event.issues) {
        terminal.err(`${terminal.paintErr('warning', 'certificate kept')}: ${message}`);
        terminal.err(`  ${terminal.paintErr('faint', remedy)}`);
      }
    },
  };
}
