import { Option } from "commander";

/** `-o json|table`, for whatever is listed. */
export function outputOption(): Option {
  return new Option("-o, --output <format>", "how to print it").choices(["table", "json"]).default("table");
}
