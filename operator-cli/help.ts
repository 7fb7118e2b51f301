import type { Command } from 'commander';
import { type ExitName, exitCodesHelp } from '../src/foundation/index.ts';

/** A command line and what it does; an empty remark where the line says it itself. */
export type Example = readonly [line: string, remark: string];

/** Puts examples in front of a command's help: they are what most people came for. */
export function examples(command: Command, lines: readonly Example[]): void {
  const longest = Math.max(...lines.filter(([, remark]) => remark !== '').map(([line]) => line.length), 0);
  const shown = lines.map(([line, remark]) =>
    remark === '' ? `  ${line}` : `  ${line.padEnd(longest)}   ${remark}`,
  );
  command.addHelpText('before', `Examples:\n${shown.join('\n')}\n`);
}

/** Ends a command's help with the exits it has beyond those of any command. */
export function exits(command: Command, names: readonly ExitName[]): void {
  command.addHelpText('after', `\n${exitCodesHelp(['OK', 'USAGE', ...names])}`);
}

/** Names default values that are no text, which commander would print as JSON. */
export function defaultTexts(command: Command, texts: Readonly<Record<string, string>>): void {
  for (const option of command.options) {
    const text = texts[option.attributeName()];
    if (text !== undefined) option.defaultValueDescription = text;
  }
}
