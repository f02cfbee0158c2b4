import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface StubAnswer {
  readonly status?: number;
  readonly body: object;
}

/** An admin API that answers as a test says, so that a command meets what no real one could be brought to do in time. */
export async function withStubApi(
  answer: (request: string) => StubAnswer | "silence",
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer(({ method, url }, response) => {
    const said = answer(`${method} ${url!.split("?")[0]}`);
    // The connection ends, and nobody knows what became of the request.
    if (said === "silence") return response.destroy();
    const { status = 200, body } = said;
    const type = status < 400 ? "application/json" : "application/problem+json";
    response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
