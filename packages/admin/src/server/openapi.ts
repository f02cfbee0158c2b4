import swagger from "@fastify/swagger";
import { Type } from "typebox";
import { PROBLEM_MEDIA_TYPE, Problem } from "../api/problem.js";
import type { RouteAccess } from "./access.js";
import type { AdminRoutes } from "./admin-routes.js";

const PROBLEM = { description: "A problem document", content: { [PROBLEM_MEDIA_TYPE]: { schema: Problem } } };

/** Describes every route that is registered after it, from the schemas that check its requests. */
export async function describeRoutes(server: AdminRoutes, version: string): Promise<void> {
  server.addHook("onRoute", (route) => {
    const access = route.config?.access;
    if (access === undefined) throw new Error(`${route.method} ${route.url} does not say who may call it`);
    route.schema = {
      ...route.schema,
      ...accessOf(access),
      response: { ...(route.schema?.response as object | undefined), "4xx": PROBLEM, "5xx": PROBLEM },
    };
  });
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Siding admin API", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    },
  });
  let description: string | undefined;
  server.get(
    "/openapi.json",
    {
      config: { access: "public" },
      schema: {
        tags: ["meta"],
        summary: "This description",
        response: { 200: Type.Object({}, { additionalProperties: true }) },
      },
    },
    async (_request, reply) => {
      description ??= JSON.stringify(server.swagger());
      return reply.type("application/json").send(description as never);
    },
  );
}

function accessOf(access: RouteAccess): { readonly security: { token: string[] }[]; readonly description: string } {
  if (access === "public") return { security: [], description: "Takes no token." };
  const whose =
    access.scope === "tenant"
      ? "A token that is bound to tenants sees its own."
      : "Not for a token that is bound to tenants.";
  return { security: [{ token: [] }], description: `Takes a token of role ${access.role} or more. ${whose}` };
}
