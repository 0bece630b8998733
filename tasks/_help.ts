import type { Carried } from './_carried.ts';
import type { Command } from './_command.ts';
import { COMMANDS } from './_commands.ts';
import { FLAGS, flagText } from './_flags.ts';

/** `carried`: in a bundle there is no checkout, and no other folder. */
export function generalHelp(carried: Carried | null): string {
  const program = carried?.program ?? 'rungs';
  const rows = Object.entries(COMMANDS)
    .filter(([, c]) => carried === null || c.checkout !== true)
    .map(([verb, c]) => `  ${`${verb} ${c.operand}`.padEnd(14)} ${c.help}`);
  return [
    `Usage: ${program} COMMAND [flags]`,
    '',
    ...rows,
    '',
    `Flags of a command: ${program} COMMAND --help`,
  ].join('\n');
}

export function commandHelp(verb: string, command: Command, carried: Carried | null): string {
  const flags = command.flags.filter((name) => name !== (carried === null ? 'embedded' : 'path'));
  const rows = flags.map((name) => {
    return `  ${flagText(name).padEnd(22)} ${FLAGS[name].help}`;
  });
  return [
    `Usage: ${carried?.program ?? 'rungs'} ${`${verb} ${command.operand}`.trim()} [flags]`,
    `  ${command.help}`,
    '',
    ...rows,
  ].join('\n');
}
