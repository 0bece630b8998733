/** `adopt` and `baseline`: databases that rungs has not made. */

import { adopt, baseline } from '../src/index.ts';
import { adoptionDocument, adoptionText, baselineDocument, baselineText } from '../src/report/adoption.ts';
import { errorDocument } from '../src/report/document.ts';
import { COMMON, type Command, operands } from './_command.ts';
import { readVersion } from './_flags.ts';

export const ADOPT: Command = {
  operand: '',
  help: 'take over from another migration tool: shows how its records map to the files, and writes with --yes',
  flags: [...COMMON, 'from', 'from-table', 'dry-run', 'yes'],
  connects: true,
  shows: true,
  run: async ({ args, options, loaded, voice, warnings }) => {
    operands(args, 'adopt', 0);
    const [from, fromTable] = [args.text('from'), args.text('from-table')];
    const found = await adopt({
      ...options,
      ...(from === null ? {} : { from }),
      ...(fromTable === null ? {} : { fromTable }),
      write: args.has('yes') && options.dryRun !== true,
    });
    const { error, setting: table } = found;
    // Few calls write YAML.
    const setting =
      found.written && table !== null
        ? (await import('./_setting.ts')).writeSetting(loaded, 'table', table)
        : null;
    const shown = error === null ? null : errorDocument(error, voice);
    return {
      text: adoptionText(found, setting, voice),
      document: adoptionDocument(found, setting, shown, warnings),
      error,
    };
  },
};

export const BASELINE: Command = {
  operand: 'V',
  help: 'count all up to version V as applied, where everything that it creates is there; runs nothing',
  flags: [...COMMON, 'dry-run'],
  connects: true,
  checkout: true,
  run: async ({ args, options, voice, warnings }) => {
    const version = readVersion(operands(args, 'baseline', 1), 'baseline');
    const done = await baseline({ ...options, version });
    return { text: baselineText(done, voice), document: baselineDocument(done, warnings) };
  },
};
