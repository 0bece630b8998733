/** A command's result, both ways it can be printed. */
export interface Result {
  readonly text: string;
  readonly document: unknown;
}
