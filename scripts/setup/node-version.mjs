import { SetupFailure } from "./progress.mjs";

export function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupFailure(`Node ${process.versions.node} is too old: install Node 20.19 or later`, { logged: false });
}
