import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { Api, WireConnection } from "./wire-connection.js";
import { accept, ConnectionLost } from "./wire-error.js";

export interface SaslOptions {
  readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
  readonly username: string;
  readonly password: string;
}

/** SaslHandshake 1: the mechanism by name. */
const HANDSHAKE: Api<string, void> = {
  name: "SaslHandshake",
  key: 17,
  version: 1,
  isFlexible: false,
  write: (writer, mechanism) => void writer.plainString(mechanism),
  read: (reader) => accept("signing in", reader.int16()),
};

/** SaslAuthenticate 2: one message of the mechanism (KIP-152), and for how long it holds in ms, 0 for ever (KIP-368). */
const AUTHENTICATE: Api<Buffer, { readonly bytes: Buffer; readonly lifetimeMs: number }> = {
  name: "SaslAuthenticate",
  key: 36,
  version: 2,
  isFlexible: true,
  write: (writer, bytes) => void writer.bytes(bytes).tags(),
  read: (reader) => {
    const code = reader.int16();
    accept("signing in", code, { message: reader.string() });
    return { bytes: reader.bytes() ?? Buffer.alloc(0), lifetimeMs: Number(reader.int64()) };
  },
};

const derive = promisify(pbkdf2);

/** Where a session ends, it is renewed after this share of it. */
const LIFETIME_SHARE = 0.8;
/** RFC 5802, section 5.1: what a server may ask for. */
const ITERATIONS = { min: 4_096, max: 1_000_000 };

/** Signs in. Answers when the session has to be renewed, on the monotonic clock. @throws BrokerRefusal, ConnectionLost */
export async function authenticate(connection: WireConnection, options: SaslOptions): Promise<number> {
  await connection.ask(HANDSHAKE, options.mechanism);
  const lifetimeMs =
    options.mechanism === "PLAIN" ? await plain(connection, options) : await scram(connection, options);
  return lifetimeMs > 0 ? performance.now() + lifetimeMs * LIFETIME_SHARE : Number.POSITIVE_INFINITY;
}

/** RFC 4616. */
async function plain(connection: WireConnection, { username, password }: SaslOptions): Promise<number> {
  const { lifetimeMs } = await connection.ask(AUTHENTICATE, Buffer.from(`\0${username}\0${password}`));
  return lifetimeMs;
}

/** SCRAM, RFC 5802, sections 3 and 5, without channel binding. */
async function scram(connection: WireConnection, options: SaslOptions): Promise<number> {
  const hash = options.mechanism === "SCRAM-SHA-256" ? "sha256" : "sha512";
  const nonce = randomBytes(24).toString("base64");
  const name = options.username.replaceAll("=", "=3D").replaceAll(",", "=2C");
  const first = `n=${name},r=${nonce}`;
  const challenge = (await connection.ask(AUTHENTICATE, Buffer.from(`n,,${first}`))).bytes.toString();
  const { r: both = "", s: salt = "", i: rounds = "" } = attributesOf(challenge);
  const iterations = Number(rounds);
  const isSound = both.startsWith(nonce) && both.length > nonce.length && salt !== "" && Number.isInteger(iterations);
  if (!isSound || iterations < ITERATIONS.min || iterations > ITERATIONS.max) {
    throw new ConnectionLost("signing in: a challenge that is not SCRAM's");
  }
  const length = hash === "sha256" ? 32 : 64;
  const password = options.password.normalize("NFKC");
  const salted = await derive(password, Buffer.from(salt, "base64"), iterations, length, hash);
  const sign = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
  const clientKey = sign(salted, "Client Key");
  const withoutProof = `c=biws,r=${both}`;
  const whole = `${first},${challenge},${withoutProof}`;
  const signature = sign(createHash(hash).update(clientKey).digest(), whole);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!)).toString("base64");
  const { bytes, lifetimeMs } = await connection.ask(AUTHENTICATE, Buffer.from(`${withoutProof},p=${proof}`));
  const { v: verifier = "" } = attributesOf(bytes.toString());
  const expected = sign(sign(salted, "Server Key"), whole);
  const given = Buffer.from(verifier, "base64");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new ConnectionLost("signing in: the broker does not know the password itself");
  }
  return lifetimeMs;
}

function attributesOf(message: string): Partial<Record<string, string>> {
  return Object.fromEntries(message.split(",").map((part) => [part.slice(0, 1), part.slice(2)]));
}
