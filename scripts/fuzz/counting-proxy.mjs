import { once } from "node:events";
import { Agent, createServer, request } from "node:http";

/** Passes requests on and counts the answers by status: a witness beside what the fuzzer says of itself. */
export async function countingProxy(target) {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const counts = new Map();
  const server = createServer((asked, answered) => {
    const { method, url: path, headers } = asked;
    const onward = request({ hostname, port, method, path, headers, agent }, (answer) => {
      if (path !== "/openapi.json") counts.set(answer.statusCode, (counts.get(answer.statusCode) ?? 0) + 1);
      answered.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(answered);
    });
    onward.on("error", () => answered.destroy());
    asked.pipe(onward);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    counts: () => counts,
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
