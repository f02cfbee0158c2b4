import type { AdminClient } from "@siding/admin/client/admin-client.js";
import type { LogSize } from "./fill-log.js";

/** A page of a list, whatever it lists. */
export interface ListPage {
  readonly rows: number;
  readonly next: string | null;
}

export interface MeasuredList {
  readonly name: string;
  /** @param draw a number from 0 to 1: another value of the same filter with each */
  page(
    client: AdminClient,
    draw: number,
    more: { readonly limit: number; readonly cursor?: string },
  ): Promise<ListPage>;
}

type Query = Parameters<AdminClient["events"]>[0];

/** Every filter by itself, and those that meet in practice. */
export function lists({ events, tenants }: LogSize): readonly MeasuredList[] {
  const at = (share: number): string => new Date(Date.now() - 7 * 86_400_000 * (1 - share)).toISOString();
  const anyTenant = (draw: number): string => `tenant-${Math.floor(tenants * draw)}`;
  const nth = (draw: number): number => 2 * Math.floor((draw * events) / 2 - 1) + 2;
  const large = "tenant-0";
  const filters: Readonly<Record<string, (draw: number) => NonNullable<Query>>> = {
    "no filter": () => ({}),
    pending: () => ({ status: "pending" }),
    published: () => ({ status: "published" }),
    dead: () => ({ status: "dead" }),
    "any tenant": (draw) => ({ tenant: anyTenant(draw) }),
    "the largest tenant": () => ({ tenant: large }),
    "the largest tenant, pending": () => ({ tenant: large, status: "pending" }),
    "the largest tenant, published": () => ({ tenant: large, status: "published" }),
    "the largest tenant, dead": () => ({ tenant: large, status: "dead" }),
    "any tenant, dead": (draw) => ({ tenant: anyTenant(draw), status: "dead" }),
    "any tenant, pending": (draw) => ({ tenant: anyTenant(draw), status: "pending" }),
    "any tenant, published": (draw) => ({ tenant: anyTenant(draw), status: "published" }),
    "a tenant that waits, pending": () => ({ tenant: "tenant-1", status: "pending" }),
    "a tenant that waits, a topic, pending": () => ({ tenant: "tenant-1", topic: "topic-7", status: "pending" }),
    "a tenant that waits, the rare topic, pending": () => ({ tenant: "tenant-1", topic: "rare", status: "pending" }),
    "a tenant that waits, published": () => ({ tenant: "tenant-1", status: "published" }),
    "a tenant that is not": () => ({ tenant: "nobody" }),
    "any tenant, a topic": (draw) => ({ tenant: anyTenant(draw), topic: "topic-7" }),
    "the largest tenant, a topic": () => ({ tenant: large, topic: "topic-7" }),
    "the largest tenant, the rare topic": () => ({ tenant: large, topic: "rare" }),
    "the largest tenant, a topic, pending": () => ({ tenant: large, topic: "topic-7", status: "pending" }),
    "the largest tenant, a topic, published": () => ({ tenant: large, topic: "topic-7", status: "published" }),
    "the largest tenant, a topic, dead": () => ({ tenant: large, topic: "topic-0", status: "dead" }),
    "the largest tenant, a topic without dead letters, dead": () => ({
      tenant: large,
      topic: "topic-7",
      status: "dead",
    }),
    "any tenant, a topic, dead": (draw) => ({ tenant: anyTenant(draw), topic: "topic-0", status: "dead" }),
    "a topic": () => ({ topic: "topic-7" }),
    "a topic, published": () => ({ topic: "topic-7", status: "published" }),
    "a topic, pending": () => ({ topic: "topic-7", status: "pending" }),
    "a topic, dead": () => ({ topic: "topic-0", status: "dead" }),
    "a topic without dead letters, dead": () => ({ topic: "topic-7", status: "dead" }),
    "the rare topic": () => ({ topic: "rare" }),
    "the rare topic, pending": () => ({ topic: "rare", status: "pending" }),
    "the rare topic, dead": () => ({ topic: "rare", status: "dead" }),
    "a topic that is not": () => ({ topic: "nowhere" }),
    "a key": (draw) => ({ key: `order-${Math.floor((draw * events) / 10)}` }),
    "a key of a tenant": (draw) => ({ key: `order-${Math.floor((draw * events) / 10)}`, tenant: anyTenant(draw) }),
    "a key, dead": (draw) => ({ key: `order-${Math.floor((draw * events) / 10)}`, status: "dead" }),
    "a key that all have": () => ({ key: "common" }),
    "a key that all have, pending": () => ({ key: "common", status: "pending" }),
    "a key that all have, any tenant": (draw) => ({ key: "common", tenant: anyTenant(draw) }),
    "a key that is not": () => ({ key: "nowhere" }),
    "a dedupe key that all have": () => ({ dedupe_key: "welcome" }),
    "a dedupe key that all have, dead": () => ({ dedupe_key: "welcome", status: "dead" }),
    "a dedupe key": (draw) => ({ dedupe_key: `order-${nth(draw)}` }),
    "a dedupe key of a tenant": (draw) => ({ dedupe_key: `order-${nth(draw)}`, tenant: anyTenant(draw) }),
    "an id": (draw) => ({ id: uuidOf(nth(draw)) }),
    "since an hour": () => ({ since: at(1 - 1 / 168) }),
    "an hour of any day": (draw) => ({ since: at(draw * 0.99), until: at(draw * 0.99 + 1 / 168) }),
    "an hour of any day, the largest tenant": (draw) => ({
      since: at(draw * 0.99),
      until: at(draw * 0.99 + 1 / 168),
      tenant: large,
    }),
    "an hour of any day, pending": (draw) => ({
      since: at(draw * 0.99),
      until: at(draw * 0.99 + 1 / 168),
      status: "pending",
    }),
    "an hour of any day, dead, the largest tenant": (draw) => ({
      since: at(draw * 0.99),
      until: at(draw * 0.99 + 1 / 168),
      status: "dead",
      tenant: large,
    }),
    "an hour of any day, a topic, any tenant": (draw) => ({
      since: at(draw * 0.99),
      until: at(draw * 0.99 + 1 / 168),
      topic: "topic-7",
      tenant: anyTenant(draw),
    }),
    "an hour of any day, the rare topic": (draw) => ({
      since: at(draw * 0.99),
      until: at(draw * 0.99 + 1 / 168),
      topic: "rare",
    }),
    "before any day, dead": (draw) => ({ until: at(draw), status: "dead" }),
    "since yesterday, a topic, published": () => ({ since: at(6 / 7), topic: "topic-7", status: "published" }),
  };
  const ofEvents = Object.entries(filters).map(
    ([name, query]): MeasuredList => ({
      name,
      page: async (client, draw, more) => {
        const { events: rows, next_cursor: next } = await client.events({ ...query(draw), ...more });
        return { rows: rows.length, next };
      },
    }),
  );
  return [...ofEvents, ...beside(anyTenant)];
}

/** Lists of what is no event. */
function beside(anyTenant: (draw: number) => string): readonly MeasuredList[] {
  const single = async (answer: Promise<object>): Promise<ListPage> => ({
    rows: Number((await answer) !== null),
    next: null,
  });
  const auditPage = async (answer: ReturnType<AdminClient["audit"]>): Promise<ListPage> => {
    const { entries, next_cursor: next } = await answer;
    return { rows: entries.length, next };
  };
  return [
    { name: "audit", page: (client, _, more) => auditPage(client.audit(more)) },
    {
      name: "audit of any tenant",
      page: (client, draw, more) => auditPage(client.audit({ ...more, tenant: anyTenant(draw) })),
    },
    { name: "jobs", page: (client, _, { limit }) => single(client.jobs({ limit })) },
    { name: "jobs that run", page: (client, _, { limit }) => single(client.jobs({ limit, running: true })) },
    {
      name: "jobs of any tenant",
      page: (client, draw, { limit }) => single(client.jobs({ limit, tenant: anyTenant(draw) })),
    },
    {
      name: "tenants",
      page: async (client, _, { limit, cursor }) => {
        const after = cursor === undefined ? {} : { after: cursor };
        const { tenants, next_after: next } = await client.tenants({ limit, ...after });
        return { rows: tenants.length, next };
      },
    },
    { name: "any tenant itself", page: (client, draw) => single(client.tenant(anyTenant(draw))) },
    { name: "usage of any tenant", page: (client, draw) => single(client.tenantUsage(anyTenant(draw))) },
    { name: "usage of a tenant that waits", page: (client) => single(client.tenantUsage("tenant-1")) },
  ];
}

/** As fill-log.ts makes them, but for what MD5 adds: an id that is not there costs the same search. */
function uuidOf(n: number): string {
  const hex = `${n.toString(16).padStart(12, "0")}${"0".repeat(20)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
