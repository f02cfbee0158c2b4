/** Why a server cannot listen, in words for whoever chose the address. */
export function listenFailure(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  switch (code) {
    case "EADDRINUSE":
      return "another process listens there already";
    case "EADDRNOTAVAIL":
      return "this machine does not have that address";
    case "EACCES":
      return "this user may not listen on that port";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "that host name cannot be resolved";
    default:
      return `it cannot listen there (${code})`;
  }
}
