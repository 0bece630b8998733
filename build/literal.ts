/**
 * Plain data as JavaScript. JSON has no bigint, and JSON's strings are JavaScript's: no backslash, backtick, line
 * separator or half of a `</script>` in a file can mean anything.
 */
export function literal(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(literal).join(',\n')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // Quoted keys: esbuild's `mangleProps` leaves those alone.
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${literal(item)}`)}}`;
}
