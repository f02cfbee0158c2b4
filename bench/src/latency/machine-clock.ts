/** A monotonic clock that all processes of this machine share, in ms: what is begun in one may be ended in another. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
