import type { FastifyReply } from "fastify";

/**
 * Aborted once nobody waits for the answer: it was given, as when time was up, or its connection is gone. Not Fastify's
 * request.signal: that one is aborted as soon as a body is read.
 */
export function askerOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return gone.signal;
}
