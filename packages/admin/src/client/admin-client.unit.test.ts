import { expect, test } from "vitest";
import { AdminClient } from "./admin-client.js";

test.each([".", ".."])("a tenant named %j is asked of nobody: its path would lead elsewhere", async (name) => {
  const client = new AdminClient({ url: "http://127.0.0.1:1", token: undefined });
  const refusal = {
    code: "SIDING_USAGE",
    message: expect.stringContaining(`${JSON.stringify(name)}: no URL can name it`),
  };
  await expect(client.tenant(name)).rejects.toMatchObject(refusal);
  await expect(client.tenantUsage(name)).rejects.toMatchObject(refusal);
  await expect(client.patchTenant(name, { weight: 2, reason: "r" })).rejects.toMatchObject(refusal);
  await expect(client.pauseTenant(name, { reason: "r" })).rejects.toMatchObject(refusal);
  await expect(client.resumeTenant(name, { reason: "r" })).rejects.toMatchObject(refusal);
});
