import { isLoopbackHost, type ListenAddress } from "./listen-address.js";

/**
 * Why the relay may not listen there; undefined when it may. Metrics name tenants and topics, so nothing that shows
 * them is reachable from another machine without a token.
 */
export function listenerProblem({ host }: ListenAddress, token: string | undefined): string | undefined {
  if (token !== undefined || isLoopbackHost(host)) return undefined;
  return "beyond loopback it needs SIDING_HTTP_TOKEN, the Bearer token that /metrics then asks for (/healthz and /readyz stay open)";
}
