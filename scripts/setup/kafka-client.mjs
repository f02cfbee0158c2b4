import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { hasApt, haveDebianPackages } from "./debian-packages.mjs";
import { restoreBinary, saveBinary } from "./kafka-client-cache.mjs";
import { npm } from "./npm-packages.mjs";
import { root } from "./paths.mjs";
import { progress, SetupFailure } from "./progress.mjs";
import { run } from "./run-command.mjs";

const CLIENT = "@confluentinc/kafka-javascript";
const LOAD_TIMEOUT_MS = 30_000;
const DOWNLOAD_TIMEOUT_MS = 60_000;
const BUILD_TIMEOUT_MS = 1_200_000;

const TOOLS = ["g++", "make", "python3"];
const HEADERS = ["libssl-dev", "zlib1g-dev", "libsasl2-dev", "libzstd-dev", "libcurl4-openssl-dev", "liblz4-dev"];

const directory = join(root, "node_modules", CLIENT);

/** The Kafka client is native code: its binary comes from an earlier build, is downloaded, or is built here. */
export async function haveKafkaClient() {
  if (loads()) return;
  const { version } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  if (restoreBinary(directory, version) && loads()) return;

  // What does not load must not stay: the download would take it for its own and do nothing.
  rmSync(join(directory, "build"), { recursive: true, force: true });
  if (!(await progress.step("fetching the Kafka client's binary", download))) {
    if (hasApt) await haveDebianPackages([...TOOLS, ...HEADERS], "what the Kafka client is built with");
    await progress.step("no binary to be had; building the Kafka client, one to three minutes", buildFromSource);
  }
  saveBinary(directory, version);
}

async function download() {
  const installer = createRequire(join(directory, "package.json")).resolve("@mapbox/node-pre-gyp/package.json");
  const fetched = await run(process.execPath, [join(dirname(installer), "bin", "node-pre-gyp"), "install"], {
    cwd: directory,
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  });
  return fetched && loads();
}

async function buildFromSource() {
  // One job: librdkafka, most of the work, is compiled on all cores anyway, and the outer build does not
  // know that it has to be configured first: run in parallel it fails.
  const built = await npm(["rebuild", "--foreground-scripts", CLIENT], BUILD_TIMEOUT_MS, {
    npm_config_build_from_source: "true",
    CKJS_LINKING: "dynamic",
    JOBS: "1",
    MAKEFLAGS: "",
    ...localHeaders(),
  });
  if (built && loads()) return;
  const needs = hasApt
    ? ""
    : ": install a C++ compiler, make, Python 3 and the headers of OpenSSL, zlib, SASL, zstd, curl and lz4, then run this again";
  throw new SetupFailure(`the Kafka client (${CLIENT}) could not be built${needs}`);
}

/** Node's headers where they lie beside this Node: otherwise they are downloaded. */
function localHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include", "node", "node.h")) ? { npm_config_nodedir: prefix } : {};
}

/** In a process of its own: a binary made for another machine may end the process that loads it. */
function loads() {
  const { status } = spawnSync(process.execPath, ["-e", `require("${CLIENT}")`], {
    cwd: root,
    stdio: "ignore",
    timeout: LOAD_TIMEOUT_MS,
  });
  return status === 0;
}
