import type { RequestListener } from 'node:http';
import type { Page } from 'playwright-core';
import { createPage } from './bundle.js';

/** What the official client did in a page that signs in. */
export interface SignInReport {
  /** Where the user would have been sent, once the client was told to sign in. */
  readonly authorizationUrl: string | undefined;
  /** The tools, once it has a token. */
  readonly tools: readonly string[];
  readonly error: string | undefined;
}

const PROGRAM = `
  import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

  const stored = { redirect: location.origin + '/callback' };
  const provider = {
    redirectUrl: stored.redirect,
    clientMetadata: {
      client_name: 'page',
      redirect_uris: [stored.redirect],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    state: () => 'state',
    clientInformation: () => stored.client,
    saveClientInformation: (client) => { stored.client = client; },
    tokens: () => stored.tokens,
    saveTokens: (tokens) => { stored.tokens = tokens; },
    redirectToAuthorization: (url) => { stored.authorizationUrl = String(url); },
    saveCodeVerifier: (verifier) => { stored.verifier = verifier; },
    codeVerifier: () => stored.verifier,
    saveDiscoveryState: (state) => { stored.discovery = state; },
    discoveryState: () => stored.discovery,
  };
  const open = (url) => new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  const newClient = () =>
    new Client({ name: 'page', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } });
  let way;

  globalThis.signInHere = async (url) => {
    way = open(url);
    let error;
    try {
      await newClient().connect(way);
    } catch (cause) {
      error = String(cause);
    }
    return { authorizationUrl: stored.authorizationUrl, tools: [], error };
  };
  globalThis.finishSignInHere = async ({ url, callback }) => {
    try {
      await way.finishAuth(new URL(callback).searchParams);
      const client = newClient();
      await client.connect(open(url));
      const { tools } = await client.listTools();
      await client.close();
      return { authorizationUrl: undefined, tools: tools.map(({ name }) => name), error: undefined };
    } catch (cause) {
      return { authorizationUrl: undefined, tools: [], error: String(cause) };
    }
  };
`;

declare global {
  var signInHere: (url: string) => Promise<SignInReport>;
  var finishSignInHere: (asked: { url: string; callback: string }) => Promise<SignInReport>;
}

/** Serves a page that can sign in with the official client. */
export function createSignInPage(): Promise<RequestListener> {
  return createPage(PROGRAM);
}

/** Connects to a server that asks for a token: gives the address to which the client would send the user. */
export async function signIn(page: Page, url: string): Promise<SignInReport> {
  await page.waitForFunction(() => 'signInHere' in globalThis);
  return page.evaluate((asked) => globalThis.signInHere(asked), url);
}

/** Goes on where the user came back. */
export function finishSignIn(page: Page, url: string, callback: string): Promise<SignInReport> {
  return page.evaluate((asked) => globalThis.finishSignInHere(asked), { url, callback });
}
