import { CATALOGUE } from './catalogue.ts';
import { runCheck } from './report.ts';

// A process of the model checker: runs the checks whose names it is sent, one after the other.
process.on('message', (name) => {
  const check = CATALOGUE.find((found) => found.name === name);
  if (check === undefined) throw new Error(`expected the name of a check, got ${String(name)}`);
  process.send?.(runCheck(check));
});
