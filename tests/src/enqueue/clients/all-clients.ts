import type { ClientUnderTest } from "./client-under-test.js";
import { drizzleOverPg } from "./drizzle-over-pg.js";
import { drizzleOverPostgresJs } from "./drizzle-over-postgres-js.js";
import { knexClient } from "./knex-client.js";
import { kyselyClient } from "./kysely-client.js";
import { pgClient } from "./pg-client.js";
import { postgresJsClient } from "./postgres-js-client.js";
import { prismaClient } from "./prisma-client.js";
import { typeOrmClient } from "./typeorm-client.js";

/** Every client that enqueueing is promised to work with: the suite runs in full for each. */
export const ALL_CLIENTS: readonly ClientUnderTest[] = [
  pgClient,
  postgresJsClient,
  drizzleOverPg,
  drizzleOverPostgresJs,
  prismaClient,
  knexClient,
  kyselyClient,
  typeOrmClient,
];
