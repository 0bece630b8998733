import { MigrateError } from '../errors.ts';
import { originText, type Problem, placeOf } from './layer.ts';

/** CONFIG_INVALID with every problem; with a place in the file where there is just one, and it is there. */
export function configError(all: readonly Problem[]): MigrateError {
  const problems = all.toSorted((a, b) => lineOf(a) - lineOf(b));
  const lines = [...new Set(problems.map(line))];
  const [first] = problems;
  const isOne = lines.length === 1;
  const origin = first?.origin ?? null;
  const place = origin === null ? null : placeOf(origin);
  const onlyFlags = problems.every((p) => p.origin?.kind === 'flag');
  return new MigrateError('CONFIG_INVALID', onlyFlags ? 'flag' : 'config', {
    operation: 'read the configuration',
    message:
      isOne && place !== null
        ? (first?.message ?? '')
        : isOne
          ? (lines[0] ?? '')
          : `${lines.length} problems`,
    details: isOne ? [] : lines,
    location: isOne ? place : null,
  });
}

/** The file's in their order, and then the others in theirs. */
const lineOf = ({ origin }: Problem): number =>
  origin?.kind === 'file' ? origin.line : Number.MAX_SAFE_INTEGER;

function line({ origin, message }: Problem): string {
  if (origin === null) return message;
  const place = origin.kind === 'file' ? `:${origin.column}:` : '';
  return `${originText(origin)}${place} ${message}`;
}
