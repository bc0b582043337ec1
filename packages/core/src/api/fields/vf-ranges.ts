/** Sets of virtual functions as people write them: `2`, `0-3`. */

/** The highest number of a virtual function that a network can name. */
export const longestVf = 1023;

/** What one entry looks like. */
export const vfRangePattern = '^[0-9]{1,4}(-[0-9]{1,4})?$';

const range = new RegExp(vfRangePattern);

/** @returns the numbers in order, each once; or the first entry that is none, and why */
export function parseVfRanges(entries: readonly string[]): { vfs: number[] } | { fault: string } {
  const vfs = new Set<number>();
  for (const entry of entries.map((text) => text.trim())) {
    if (!range.test(entry)) return { fault: `"${entry}" is no number of a VF and no range such as "0-3"` };
    const [first = 0, last = first] = entry.split('-').map(Number);
    const [from, to] = [Math.min(first, last), Math.max(first, last)];
    if (to > longestVf) return { fault: `"${entry}" goes beyond ${longestVf}, the highest number of a VF` };
    for (let vf = from; vf <= to; vf += 1) vfs.add(vf);
  }
  return { vfs: [...vfs].sort((a, b) => a - b) };
}

/** `0-2,5` of 0, 1, 2 and 5, which are in order. */
export function vfRangesText(vfs: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const vf of vfs) {
    const last = ranges.at(-1);
    if (last && last[1] === vf - 1) last[1] = vf;
    else ranges.push([vf, vf]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}
