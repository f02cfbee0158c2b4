const EXPECTED = "expected postgres://user:password@host:port/database";

/** Why the text cannot be a Postgres address; undefined when it can. Never quotes the text: it may hold a password. */
export function databaseUrlProblem(text: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(text)) return EXPECTED;
  if (/\s/.test(text)) return `${EXPECTED} without blanks or line ends in it`;
  // An empty host is how the address of a Unix socket is written; the URL parser refuses it behind a user name.
  const parsed = URL.canParse(text) ? text : text.replace("@/", "@localhost/");
  const escaped = "with special characters in the password percent-encoded (# is %23, / is %2F, @ is %40)";
  if (!URL.canParse(parsed) || new URL(parsed).hash !== "") return `${EXPECTED}, ${escaped}`;
  return undefined;
}

/**
 * The address with every password in it replaced by `****`. Holds for malformed text too, because what is malformed is
 * printed in an error: whatever stands between the first colon and the last @ is taken for the password.
 */
export function maskDatabaseUrl(text: string): string {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return "****";
  const at = rest.lastIndexOf("@");
  const colon = rest.indexOf(":");
  const masked = colon >= 0 && colon < at ? `${rest.slice(0, colon)}:****${rest.slice(at)}` : rest;
  return scheme + masked.replace(/([?&][^=&]*pass[^=&]*=)[^&]*/gi, "$1****");
}
