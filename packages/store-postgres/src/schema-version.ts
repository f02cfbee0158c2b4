/** The newest migration that this release knows. */
export const SCHEMA_VERSION = 13;
