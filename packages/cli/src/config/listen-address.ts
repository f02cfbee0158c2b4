import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";

/** Where a server listens. `host` carries no brackets; port 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Reads `127.0.0.1:9464`, `localhost:9464` or `[::1]:9464`; undefined for anything else. The host is never left out:
 * `:9464` means every interface to some programs and loopback to others.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) return undefined;
  if (bracketed !== undefined && !isIPv6(bracketed)) return undefined;
  // Digits and dots are an address gone wrong, never a name to ask the resolver about.
  if (plain !== undefined && /^[\d.]+$/.test(plain) && !isIPv4(plain)) return undefined;
  return { host, port };
}

/** A text that {@link parseListenAddress} reads as the same address. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can reach the host. A name other than `localhost` counts as beyond it. */
export function isLoopbackHost(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === "localhost";
  return LOOPBACK.check(host, family === 4 ? "ipv4" : "ipv6");
}
