import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A key and a certificate in PEM, as servers take them. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Object identifiers (RFC 5758 section 3.2, RFC 4519 section 2.3), encoded. */
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;

/** Makes a key, and a certificate for `localhost` that it has signed itself (RFC 5280 section 4.1), good for a day. */
export function createCertificate(now = new Date()): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const day = 86_400_000;
  const algorithm = tlv(SEQUENCE, ECDSA_WITH_SHA256);
  const name = tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, COMMON_NAME, text(UTF8_STRING, 'localhost'))));
  const body = tlv(
    SEQUENCE,
    tlv(INTEGER, Buffer.of(1)),
    algorithm,
    name,
    tlv(SEQUENCE, time(new Date(now.getTime() - day)), time(new Date(now.getTime() + day))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = tlv(BIT_STRING, Buffer.of(0), signed(body, privateKey));
  const der = tlv(SEQUENCE, body, algorithm, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${der.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function signed(body: Buffer, key: KeyObject): Buffer {
  return sign('sha256', body, key);
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.[0-9]+/g, '');
  return text(UTC_TIME, digits.slice(2));
}

function text(tag: number, value: string): Buffer {
  return tlv(tag, Buffer.from(value));
}

/** A tag, a length, and contents of less than 64 kB (ITU-T X.690 section 8.1). */
function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const prefix =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...prefix), content]);
}
