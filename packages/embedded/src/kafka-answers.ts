import { connect } from "node:net";

const METADATA_KEY = 3;
const METADATA_VERSION = 4;
const CLIENT_ID = "siding-start";
const TIMEOUT_MS = 2_000;

/**
 * Whether a broker on 127.0.0.1 lists at least one broker as alive. An open port is not enough: a broker answers
 * requests a while before it may lead partitions, and a client that comes then waits out its own back-off.
 */
export function kafkaAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: TIMEOUT_MS });
    let received = Buffer.alloc(0);
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => socket.write(metadataRequest()));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      const size = received.length >= 4 ? 4 + received.readInt32BE(0) : Number.POSITIVE_INFINITY;
      // Size, correlation id, throttle time, then the length of the list of brokers.
      if (received.length >= size) done(size >= 16 && received.readInt32BE(12) > 0);
    });
    socket.once("timeout", () => done(false));
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
  });
}

/** Of no topic at all: the brokers are always listed. */
function metadataRequest(): Buffer {
  const body = Buffer.alloc(2 + 2 + 4 + 2 + CLIENT_ID.length + 4 + 1);
  let at = body.writeInt16BE(METADATA_KEY, 0);
  at = body.writeInt16BE(METADATA_VERSION, at);
  at = body.writeInt32BE(1, at);
  at = body.writeInt16BE(CLIENT_ID.length, at);
  at += body.write(CLIENT_ID, at, "latin1");
  at = body.writeInt32BE(0, at);
  body.writeInt8(0, at); // allow_auto_topic_creation
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}
