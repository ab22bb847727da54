/** How to make something trust the local authority. `FILE` stands for its certificate. */
export interface TrustStep {
  readonly who: string;
  /** A command, or what to click. */
  readonly how: string;
}

const NODE: TrustStep = { who: 'Node', how: 'NODE_EXTRA_CA_CERTS=FILE node ...' };
const FIREFOX: TrustStep = {
  who: 'Firefox',
  how: 'Settings > Privacy & Security > Certificates > View Certificates > Authorities > Import FILE, for websites',
};

const STEPS: Readonly<Partial<Record<NodeJS.Platform, readonly TrustStep[]>>> = {
  linux: [
    {
      who: 'Chromium and Chrome',
      how: 'certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n mcp-cors -i FILE   (package libnss3-tools or nss-tools)',
    },
    FIREFOX,
    {
      who: 'Debian, Ubuntu',
      how: 'sudo cp FILE /usr/local/share/ca-certificates/mcp-cors.crt && sudo update-ca-certificates',
    },
    { who: 'Fedora, RHEL, Arch', how: 'sudo trust anchor FILE' },
    NODE,
  ],
  darwin: [
    {
      who: 'macOS, with Safari, Chrome and Edge',
      how: 'security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db FILE',
    },
    FIREFOX,
    NODE,
  ],
  win32: [
    { who: 'Windows, with Chrome and Edge', how: 'certutil -user -addstore Root FILE' },
    FIREFOX,
    { who: 'Node', how: 'set NODE_EXTRA_CA_CERTS=FILE' },
  ],
};

/** The steps to trust an authority on a platform. */
export function trustSteps(file: string, platform: NodeJS.Platform = process.platform): readonly TrustStep[] {
  const quoted = /^[\w./\\:-]+$/.test(file) ? file : `"${file}"`;
  const steps = STEPS[platform] ?? [FIREFOX, NODE];
  return steps.map(({ who, how }) => ({ who, how: how.replace('FILE', () => quoted) }));
}
