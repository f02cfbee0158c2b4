export type KafkaProperties = Readonly<Record<string, string | number | boolean>>;

interface Node {
  readonly listeners: string;
  readonly advertised: string;
  readonly controller: string;
  readonly logDir: string;
  readonly extra: KafkaProperties | undefined;
}

/** One node that is broker and controller at once. */
export function kafkaProperties(node: Node): KafkaProperties {
  return {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@${node.controller}`,
    listeners: node.listeners,
    "advertised.listeners": node.advertised,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": node.logDir,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    // The defaults, 50 partitions each, take seconds to create and to load on a small machine.
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "group.initial.rebalance.delay.ms": 0,
    "auto.create.topics.enable": false,
    // 128 MB by default, taken at once: a quarter of the whole heap here.
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    ...node.extra,
  };
}
