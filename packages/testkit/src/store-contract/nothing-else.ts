/** Of a plan that moves the main line and does nothing else. */
export const NOTHING_ELSE = { dead: [], published: [], lines: null, job: null } as const;
