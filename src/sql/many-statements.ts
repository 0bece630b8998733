/**
 * The statements of a large file. As an object each takes 90 bytes, which is two thirds of what a short INSERT has in the
 * text; here it is three numbers, unless there is more to say of it, and an object only while somebody looks at it.
 */

import type { Statement } from '../migration.ts';

/** What nearly all of them are. */
const USUAL = {
  run: 'transaction',
  session: false,
  limits: false,
  concurrentIndex: null,
  patient: false,
} as const;

export class ManyStatements {
  /** `start`, `end` and `line` of each. */
  #numbers = new Int32Array(3 << 10);
  readonly #others = new Map<number, Statement>();
  #count = 0;

  push(st: Statement): void {
    const at = 3 * this.#count;
    if (at === this.#numbers.length) {
      const more = new Int32Array(2 * at);
      more.set(this.#numbers);
      this.#numbers = more;
    }
    this.#numbers[at] = st.start;
    this.#numbers[at + 1] = st.end;
    this.#numbers[at + 2] = st.line;
    if (!isUsual(st)) this.#others.set(this.#count, st);
    this.#count++;
  }

  /** To be read as any array is; slices of it are such arrays too. */
  array(from = 0, to = this.#count): readonly Statement[] {
    const length = Math.max(to - from, 0);
    const inside = (n: number) => (n < 0 ? Math.max(length + n, 0) : Math.min(n, length));
    const slice = (a = 0, b = length) => this.array(from + inside(a), from + inside(b));
    const at = (key: string | symbol) => {
      const i = typeof key === 'string' ? Number(key) : Number.NaN;
      return Number.isInteger(i) && i >= 0 && i < length ? this.#statement(from + i) : undefined;
    };
    return new Proxy<readonly Statement[]>([], {
      has: (array, key) => at(key) !== undefined || Reflect.has(array, key),
      get(array, key) {
        if (key === 'length') return length;
        return key === 'slice' ? slice : (at(key) ?? Reflect.get(array, key));
      },
    });
  }

  #statement(i: number): Statement {
    const other = this.#others.get(i);
    if (other !== undefined) return other;
    const numberAt = (n: number) => this.#numbers[3 * i + n] ?? 0;
    return { start: numberAt(0), end: numberAt(1), line: numberAt(2), ...USUAL };
  }
}

const isUsual = ({ run, session, limits, concurrentIndex, patient }: Statement): boolean =>
  run === USUAL.run && !session && !limits && concurrentIndex === null && !patient;
