import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";
import { SetupFailure } from "./progress.mjs";

/** A compiled module of the package that starts Postgres and Kafka: it knows what they need. */
export function embedded(name) {
  return import(pathToFileURL(join(root, "packages", "embedded", "dist", `${name}.js`)).href);
}

/** Its errors say what to do already. */
export function asSetupFailure(error) {
  if (error?.name !== "ServiceStartError") throw error;
  throw new SetupFailure(error.message, { logged: false, cause: error });
}
