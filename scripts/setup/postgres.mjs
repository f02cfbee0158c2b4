import { asSetupFailure, embedded } from "./embedded.mjs";
import { progress } from "./progress.mjs";

/** As root a copy that an unprivileged user can reach may be needed: made here rather than at the first start. */
export async function havePostgres() {
  const { postgresBinaries } = await embedded("postgres-binaries");
  const { unprivilegedUser } = await embedded("unprivileged-user");
  await progress.check("preparing Postgres", () => postgresBinaries(unprivilegedUser()).catch(asSetupFailure));
}
