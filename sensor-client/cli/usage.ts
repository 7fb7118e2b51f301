import { type Command, InvalidArgumentError } from 'commander';
import { type ExitName, exitCodesHelp } from '../../src/foundation/index.ts';

/** Puts examples in front of a command's help: they are what most people came for. */
export function examples(
  command: Command,
  lines: readonly (readonly [line: string, remark: string])[],
): void {
  const longest = Math.max(...lines.map(([line]) => line.length));
  const shown = lines.map(([line, remark]) => `  ${line.padEnd(longest)}   ${remark}`);
  command.addHelpText('before', `Examples:\n${shown.join('\n')}\n`);
}

/** Ends a command's help with the exits it has beyond those of any command. */
export function exits(command: Command, names: readonly ExitName[]): void {
  command.addHelpText('after', `\n${exitCodesHelp(['OK', 'USAGE', ...names])}`);
}

/** Reads a whole number of an option; the message of a failure names the range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}
