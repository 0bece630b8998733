import type { Environment } from './keywords.ts';

export interface Substituted {
  readonly text: string;
  /** Whether anything in it came from the environment. */
  readonly isSubstituted: boolean;
  /** Why it cannot be used. What stands in the braces is named only if it looks like a variable. */
  readonly fault: string | null;
}

/** `${NAME}` becomes the variable's value, and `$${` the two characters `${`. There is no more to it: no defaults, no nesting. */
export function substitute(written: string, env: Environment): Substituted {
  let isSubstituted = false;
  let fault: string | null = null;
  const text = written.replaceAll(
    /\$\$\{|\$\{([^}]*)(\}?)/g,
    (all, name: string | undefined, end: string) => {
      if (name === undefined) return '${';
      isSubstituted = true;
      if (end === '' || !/^[A-Za-z_]\w*$/.test(name)) {
        fault ??= 'what follows ${ is not the name of a variable; write $${ for ${ itself';
        return all;
      }
      const value = env[name];
      if (value === undefined) fault ??= `the variable ${name} is not set`;
      return value ?? '';
    },
  );
  return { text, isSubstituted, fault };
}
