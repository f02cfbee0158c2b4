import { readFileSync } from "node:fs";

const PAGE = new URL("../../../docs/handbook.md", import.meta.url);

/** The commands of each section of the handbook, in order, as they are written there. */
export function handbookCommands(): ReadonlyMap<string, readonly string[]> {
  const sections = readFileSync(PAGE, "utf8").split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [title, ...text] = section.split("\n");
      const blocks = [...text.join("\n").matchAll(/^```sh\n(.*?)^```/gms)];
      const lines = blocks.flatMap((block) => block[1]!.split("\n")).map((line) => line.replace(/\s+#.*$/, "").trim());
      return [title!, lines.filter((line) => line !== "")] as const;
    }),
  );
}
