/** What build/validator.mjs makes of docs/config.schema.json. */
declare module 'virtual:config-validator' {
  export interface Node {
    readonly type?: string | readonly string[];
    readonly properties?: Readonly<Record<string, Node>>;
    /** Keys are the user's own, where they are of this form. */
    readonly patternProperties?: Readonly<Record<string, Node>>;
    readonly items?: Node;
    readonly $ref?: string;
    readonly definitions?: Readonly<Record<string, Node>>;
    readonly enum?: readonly string[];
    readonly default?: string | number | boolean;
    /** The value is not to be shown. */
    readonly writeOnly?: boolean;
    /** "must be …", for editors and for us. */
    readonly errorMessage?: string;
  }

  export const schema: Node;

  export interface Fault {
    /** A JSON pointer to the value. */
    readonly instancePath: string;
    readonly keyword: string;
    readonly params: { readonly additionalProperty?: string };
  }

  /** Turns text into numbers and truth values on the way, in place, where the schema wants them. */
  export const validate: {
    (tree: unknown): boolean;
    errors: readonly Fault[] | null;
  };
}
