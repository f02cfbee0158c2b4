export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

export function decimals(value: number, digits: number): string {
  return value.toFixed(digits);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** CPU seconds as a share of one core; a dash for a server that was not started here. */
export function coreShare(cpuSeconds: number | null, seconds: number): string {
  return cpuSeconds === null ? "-" : percent(cpuSeconds / seconds);
}
