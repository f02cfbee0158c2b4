import { hasApt, haveDebianPackages } from "./debian-packages.mjs";
import { asSetupFailure, embedded } from "./embedded.mjs";
import { progress } from "./progress.mjs";

const JAVA = ["openjdk-17-jre-headless", "openjdk-21-jre-headless", "openjdk-25-jre-headless"];

export async function haveKafka() {
  const { ensureKafka, findKafka } = await embedded("kafka-distribution");
  let found = await findKafka();
  if (found.kind === "jars") return;
  if (found.kind === "missing" && hasApt) {
    const packages = { java: JAVA, mvn: "maven" };
    await haveDebianPackages(
      found.commands.map((command) => packages[command]),
      "what Kafka runs on",
    );
    found = await findKafka();
  }
  if (found.kind === "docker") {
    const { pullKafkaImage } = await embedded("docker-kafka");
    await progress.check("pulling Kafka's image by Docker", () => pullKafkaImage().catch(asSetupFailure));
    return;
  }
  await progress.step("fetching Kafka by Maven", () => ensureKafka().catch(asSetupFailure));
}
