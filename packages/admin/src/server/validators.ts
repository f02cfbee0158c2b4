import { Ajv, type AnySchema, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import type { FastifySchemaCompiler } from "fastify";

// What is unknown is refused, never dropped: a misspelt filter would show another list than the one that was asked for.
const REFUSING = { removeAdditional: false, useDefaults: true, allErrors: false } as const;

/** Of a URL everything is text; a body says by itself what is a number. */
export function validatorCompiler(): FastifySchemaCompiler<AnySchema> {
  const ofUrl = withFormats(new Ajv({ ...REFUSING, coerceTypes: true }));
  const ofBody = withFormats(new Ajv(REFUSING));
  return ({ schema, httpPart }): ValidateFunction => (httpPart === "body" ? ofBody : ofUrl).compile(schema);
}

function withFormats(ajv: Ajv): Ajv {
  addFormats.default(ajv);
  return ajv;
}
