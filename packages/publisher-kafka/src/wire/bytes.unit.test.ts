import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import { crc32c } from "./crc32c.js";

const written = (write: (writer: ByteWriter) => unknown): Buffer => {
  const writer = new ByteWriter();
  write(writer);
  return writer.done();
};

describe("Kafka's primitive types", () => {
  test.each([
    [0, "00"],
    [127, "7f"],
    [128, "8001"],
    [300, "ac02"],
    [4_294_967_295, "ffffffff0f"],
  ])("UNSIGNED_VARINT of %d", (value, hex) => {
    expect(written((writer) => writer.uvarint(value)).toString("hex")).toBe(hex);
  });

  test.each([
    [0, "00"],
    [-1, "01"],
    [1, "02"],
    [-64, "7f"],
    [64, "8001"],
    [2_147_483_647, "feffffff0f"],
    [-2_147_483_648, "ffffffff0f"],
  ])("VARINT of %d", (value, hex) => {
    expect(written((writer) => writer.varint(value)).toString("hex")).toBe(hex);
  });

  test("what is written is read back", () => {
    const value = fc.record({
      int16: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
      int32: fc.integer(),
      int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      uvarint: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      text: fc.oneof(fc.constant(null), fc.string({ unit: "binary", maxLength: 6_000 })),
      bytes: fc.uint8Array({ maxLength: 6_000 }),
      list: fc.array(fc.boolean()),
    });
    fc.assert(
      fc.property(value, ({ int16, int32, int64, uvarint, text, bytes, list }) => {
        const reader = new ByteReader(
          written((writer) =>
            writer
              .int16(int16)
              .int32(int32)
              .int64(int64)
              .uvarint(uvarint)
              .string(text)
              .bytes(Buffer.from(bytes))
              .array(list, (each, one) => one.bool(each).tags())
              .tags(),
          ),
        );
        expect(reader.int16()).toBe(int16);
        expect(reader.int32()).toBe(int32);
        expect(reader.int64()).toBe(int64);
        expect(reader.uvarint()).toBe(uvarint);
        expect(reader.string()).toBe(text === null ? null : Buffer.from(text).toString());
        expect(reader.bytes()).toEqual(Buffer.from(bytes));
        const read = reader.array((each) => {
          const item = each.bool();
          each.tags();
          return item;
        });
        expect(read).toEqual(list);
        reader.tags();
        expect(() => reader.int8()).toThrow(RangeError);
      }),
    );
  });

  test("tagged fields that nobody knows are passed over", () => {
    const reader = new ByteReader(Buffer.from("0201020a0b03016307", "hex"));
    reader.tags();
    expect(reader.int8()).toBe(7);
  });

  test.each(["05616263", "ffffffffffff01"])("an answer that ends too soon, or counts too far, is none: %s", (hex) => {
    expect(() => new ByteReader(Buffer.from(hex, "hex")).bytes()).toThrow(RangeError);
  });
});

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
test.each([
  [Buffer.alloc(32), 0x8a9136aa],
  [Buffer.alloc(32, 0xff), 0x62a8ab43],
  [Buffer.from("123456789"), 0xe3069283],
])("CRC-32C", (bytes, checksum) => {
  expect(crc32c(bytes)).toBe(checksum);
});
