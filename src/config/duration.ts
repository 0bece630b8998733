const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** `15s`, `500ms`, `2m`, or seconds, in milliseconds; null for anything else. */
export function readDuration(text: string): number | null {
  const m = /^(\d{1,9}(?:\.\d+)?)(ms|s|m)?$/.exec(text.trim());
  return m === null ? null : Number(m[1]) * (UNITS[m[2] ?? 's'] ?? 1000);
}

/** The same the other way round. */
export function durationText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
