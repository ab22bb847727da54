import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isTokenText, MIN_TOKEN_LENGTH, type TokenConfig } from '../config/metrics.js';
import { GatewayConfigError } from '../errors.js';

/** Whether a request's Authorization header carries the token. */
export type TokenCheck = (authorization: string | undefined) => boolean;

/**
 * Reads a token and makes the check for it, which takes the same time whatever it is given. Without a token everything
 * passes.
 * @throws {GatewayConfigError} when there is nothing where the token should be, or nothing that can be one.
 */
export function createTokenCheck(config: TokenConfig | undefined): TokenCheck {
  if (config === undefined) return () => true;
  const expected = digest(readToken(config));
  return (authorization) => {
    const given = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
    return timingSafeEqual(digest(given ?? ''), expected) && given !== undefined;
  };
}

function readToken(config: TokenConfig): string {
  const token =
    typeof config === 'string' ? config : 'env' in config ? process.env[config.env] : read(config);
  if (token !== undefined && isTokenText(token)) return token;
  throw tokenError(
    `${placeOf(config)} holds no token of at least ${MIN_TOKEN_LENGTH} letters, digits or ._~+/-`,
    'Make one: openssl rand -base64 32',
  );
}

function read({ file }: { readonly file: string }): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw tokenError(
      `the token cannot be read: ${(error as Error).message}`,
      'Create the file, and let this user read it',
    );
  }
}

function placeOf(config: TokenConfig): string {
  if (typeof config === 'string') return 'the configuration';
  return 'env' in config ? `the environment variable ${config.env}` : `the file ${config.file}`;
}

function tokenError(message: string, remedy: string): GatewayConfigError {
  return new GatewayConfigError([{ code: 'token-unreadable', path: 'metrics.token', message, remedy }]);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
