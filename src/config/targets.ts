/** The `targets:` section: what a fleet migrates, or who says it. */

import type { Checked } from './check.ts';
import { type Layer, type Origin, originText } from './layer.ts';
import type { PlacedTarget } from './target.ts';

export type ConfiguredTargets = { readonly origin: Origin } & (
  | { readonly list: readonly PlacedTarget[] }
  | { readonly query: string }
  | { readonly command: string }
);

/** Only the file has them. An empty list is one: of no targets. */
export function configuredTargets(layers: readonly Checked[], file: Layer | null): ConfiguredTargets | null {
  const values = new Map(layers.flatMap((c) => [...c.values]));
  for (const key of ['query', 'command'] as const) {
    const said = values.get(`targets/${key}`);
    if (said === undefined) continue;
    const { origin } = said;
    return key === 'query' ? { query: String(said.value), origin } : { command: String(said.value), origin };
  }
  const list: PlacedTarget[] = [];
  let first: Origin | null = null;
  for (let i = 0; ; i++) {
    const url = values.get(`targets/${i}`) ?? values.get(`targets/${i}/url`);
    const [schema, name] = ['schema', 'name'].map((key) => values.get(`targets/${i}/${key}`));
    const origin = (url ?? schema ?? name)?.origin;
    if (origin === undefined) break;
    first ??= origin;
    const text = (given: typeof url) => (given === undefined ? undefined : String(given.value));
    list.push({ url: text(url), schema: text(schema), name: text(name), where: originText(origin) });
  }
  const origin = first ?? (Array.isArray(file?.tree.targets) ? file?.origins.get('targets') : null) ?? null;
  return origin === null ? null : { list, origin };
}
