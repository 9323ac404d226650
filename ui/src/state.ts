// state.ts - the nine states that a machine shows, in the order in which codes count them.
import type {StateName} from './types';

export const stateNames: readonly StateName[] =
  ['run', 'starved', 'blocked', 'setup', 'waiting', 'down', 'pm', 'off', 'unknown'];

// What a person should look at first.
const worst: readonly StateName[] =
  ['down', 'unknown', 'waiting', 'blocked', 'setup', 'pm', 'starved', 'off', 'run'];

export function stateCode(name: string | number): number {
  const code = typeof name === 'number' ? name : stateNames.indexOf(name as StateName);
  return code >= 0 && code < stateNames.length ? code : stateNames.length - 1;
}

export function severity(code: number): number {
  return worst.length - worst.indexOf(stateNames[code] ?? 'unknown');
}

// The state to name a group by: the gravest that is there.
export function gravest(codes: ArrayLike<number>): number {
  let found = codes.length > 0 ? codes[0]! : stateNames.length - 1;
  for (let i = 1; i < codes.length; i++) {
    if (severity(codes[i]!) > severity(found)) found = codes[i]!;
  }
  return found;
}
