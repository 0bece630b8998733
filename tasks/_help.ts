import { COMMANDS, type Command } from './_commands.ts';
import { FLAGS } from './_flags.ts';

export function generalHelp(): string {
  const rows = Object.entries(COMMANDS).map(
    ([verb, c]) => `  ${`${verb} ${c.operand}`.padEnd(14)} ${c.help}`,
  );
  return ['Usage: rungs COMMAND [flags]', '', ...rows, '', 'Flags of a command: rungs COMMAND --help'].join(
    '\n',
  );
}

export function commandHelp(verb: string, command: Command): string {
  const rows = command.flags.map((name) => {
    const { value, help } = FLAGS[name];
    return `  ${`--${name}${value === null ? '' : ` ${value}`}`.padEnd(22)} ${help}`;
  });
  return [
    `Usage: rungs ${`${verb} ${command.operand}`.trim()} [flags]`,
    `  ${command.help}`,
    '',
    ...rows,
  ].join('\n');
}
