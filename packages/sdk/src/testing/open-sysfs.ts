import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeSysfs } from './sysfs.ts';

/** The stand-in for `/sys` that another process has made, with its `machine.json`; both see what either changes. */
export async function openFakeSysfs(root: string): Promise<FakeSysfs> {
  const sysfs = new FakeSysfs(root);
  await sysfs.adopt(JSON.parse(await readFile(join(root, 'machine.json'), 'utf8')));
  return sysfs;
}
