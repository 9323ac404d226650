// plant_paths.ts - the values of a plant file that a what-if may change.
export interface Change {
  path: string;
  value: string;
}

// The values that the plant file has, as `stations.grind.machines`: what is written on one line.
export function pathsOf(text: string): Change[] {
  const found: Change[] = [], above: {indent: number; key: string}[] = [];
  for (const line of text.split('\n')) {
    const match = /^( *)([\w-]+): *([^#]*?) *(?:#.*)?$/.exec(line);
    if (!match) continue;
    const indent = match[1]!.length;
    while (above.length && above[above.length - 1]!.indent >= indent) above.pop();
    above.push({indent, key: match[2]!});
    if (match[3] && !/^[[{|>&*]/.test(match[3])) found.push({path: above.map((k) => k.key).join('.'), value: match[3]});
  }
  return found;
}
