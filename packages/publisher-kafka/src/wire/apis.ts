import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import type { Api, BrokerAddress } from "./wire-connection.js";
import { accept } from "./wire-error.js";

// The requests of a transactional producer (KIP-98), each in a version that Kafka has from 2.8 on, and answers still.

export interface Producer {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly epoch: number;
}

/** Partitions by topic, and something of each. */
export type ByPartition<T> = ReadonlyMap<string, ReadonlyMap<number, T>>;

export interface ClusterView {
  readonly clusterId: string | null;
  readonly brokers: ReadonlyMap<number, BrokerAddress>;
  readonly topics: ReadonlyMap<string, TopicView>;
}

export interface TopicView {
  /** 0 where there is nothing to say against the topic. */
  readonly code: number;
  /** Of each partition, in their order, the broker that leads it; below 0 where none does. */
  readonly leaders: readonly number[];
}

/** Where the topics' partitions are. */
export const METADATA: Api<readonly string[], ClusterView> = {
  name: "Metadata",
  key: 3,
  version: 9,
  isFlexible: true,
  write: (writer, topics) =>
    void writer
      .array(topics, (topic, each) => each.string(topic).tags())
      .bool(false) // allow_auto_topic_creation
      .bool(false)
      .bool(false)
      .tags(),
  read: (reader) => {
    reader.int32();
    const brokers = reader.array((each) => {
      const broker = [each.int32(), { host: each.string() ?? "", port: each.int32() }] as const;
      each.string();
      each.tags();
      return broker;
    });
    const clusterId = reader.string();
    reader.int32();
    const topics = reader.array((each) => {
      const code = each.int16();
      const topic = each.string() ?? "";
      each.bool();
      const partitions = each.array(readPartition);
      each.int32();
      each.tags();
      partitions.sort((one, other) => one.index - other.index);
      return [topic, { code, leaders: partitions.map(({ leader }) => leader) }] as const;
    });
    return { clusterId, brokers: new Map(brokers), topics: new Map(topics) };
  },
};

function readPartition(reader: ByteReader): { index: number; leader: number } {
  reader.int16(); // of replicas that are away, which keeps no leader from writing
  const index = reader.int32();
  const leader = reader.int32();
  reader.int32();
  for (let list = 0; list < 3; list++) reader.array((each) => each.int32());
  reader.tags();
  return { index, leader };
}

const TRANSACTION = 1;

/** Which broker keeps a transactional id's state. */
export const FIND_COORDINATOR: Api<string, number> = {
  name: "FindCoordinator",
  key: 10,
  version: 3,
  isFlexible: true,
  write: (writer, transactionalId) => void writer.string(transactionalId).int8(TRANSACTION).tags(),
  read: (reader) => {
    reader.int32();
    const code = reader.int16();
    accept("looking for the transaction coordinator", code, { message: reader.string() });
    return reader.int32();
  },
};

interface InitRequest {
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
}

/** Fences whoever has the transactional id, aborts what is open, and answers when that is done. */
export const INIT_PRODUCER_ID: Api<InitRequest, { readonly producerId: bigint; readonly epoch: number }> = {
  name: "InitProducerId",
  key: 22,
  version: 4,
  isFlexible: true,
  write: (writer, { transactionalId, transactionTimeoutMs }) =>
    void writer.string(transactionalId).int32(transactionTimeoutMs).int64(-1n).int16(-1).tags(),
  read: (reader) => {
    reader.int32();
    accept("opening the transactional id", reader.int16());
    return { producerId: reader.int64(), epoch: reader.int16() };
  },
};

interface AddRequest {
  readonly producer: Producer;
  readonly partitions: ByPartition<unknown>;
}

export const ADD_PARTITIONS: Api<AddRequest, void> = {
  name: "AddPartitionsToTxn",
  key: 24,
  version: 3,
  isFlexible: true,
  write: (writer, { producer, partitions }) => {
    writeProducer(writer, producer);
    writer
      .array([...partitions], ([topic, indexes], each) =>
        each
          .string(topic)
          .array([...indexes.keys()], (index, one) => one.int32(index))
          .tags(),
      )
      .tags();
  },
  read: (reader) => {
    reader.int32();
    const answers = reader.array((each) => {
      const topic = each.string();
      const ofPartitions = each.array((one) => {
        one.int32();
        const code = one.int16();
        one.tags();
        return code;
      });
      each.tags();
      return ofPartitions.map((code) => ({ topic, code }));
    });
    const faults = answers.flat().filter(({ code }) => code !== 0);
    const fault = faults.find(({ code }) => code !== OPERATION_NOT_ATTEMPTED) ?? faults[0];
    const { topic, code } = fault ?? { topic: null, code: 0 };
    accept(`adding the topic ${topic} to the transaction`, code, { topic });
  },
};

/** What the others of a request are told where one partition is at fault. */
const OPERATION_NOT_ATTEMPTED = 55;

interface ProduceRequest {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** Writes each partition's records as COMPACT_RECORDS. */
  readonly batches: ByPartition<(writer: ByteWriter) => void>;
}

const ACKS_ALL = -1;

export const PRODUCE: Api<ProduceRequest, void> = {
  name: "Produce",
  key: 0,
  version: 9,
  isFlexible: true,
  write: (writer, { transactionalId, timeoutMs, batches }) =>
    void writer
      .string(transactionalId)
      .int16(ACKS_ALL)
      .int32(timeoutMs)
      .array([...batches], ([topic, ofPartitions], each) =>
        each
          .string(topic)
          .array([...ofPartitions], ([index, write], one) => {
            one.int32(index);
            write(one);
            one.tags();
          })
          .tags(),
      )
      .tags(),
  read: (reader) => {
    const answers = reader.array((each) => {
      const topic = each.string();
      const ofPartitions = each.array(readProduced);
      each.tags();
      return ofPartitions.map((answer) => ({ topic, ...answer }));
    });
    for (const { topic, code, message } of answers.flat()) {
      accept(`producing to the topic ${topic}`, code, { message, topic });
    }
  },
};

function readProduced(reader: ByteReader): { code: number; message: string | null } {
  reader.int32();
  const code = reader.int16();
  for (let field = 0; field < 3; field++) reader.int64();
  reader.array((each) => {
    each.int32();
    each.string();
    each.tags();
  });
  const message = reader.string();
  reader.tags();
  return { code, message };
}

export const END_TRANSACTION: Api<{ readonly producer: Producer; readonly isCommit: boolean }, void> = {
  name: "EndTxn",
  key: 26,
  version: 3,
  isFlexible: true,
  write: (writer, { producer, isCommit }) => {
    writeProducer(writer, producer);
    writer.bool(isCommit).tags();
  },
  read: (reader) => {
    reader.int32();
    accept("ending the transaction", reader.int16());
  },
};

function writeProducer(writer: ByteWriter, { transactionalId, producerId, epoch }: Producer): void {
  writer.string(transactionalId).int64(producerId).int16(epoch);
}
