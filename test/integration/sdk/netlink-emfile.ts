/** A process that runs out of file descriptors, for netlink.test.ts: the codes of two requests, then what a third sees. */
import { closeSync, openSync } from 'node:fs';
import { DpuError } from '@dpu-operator/sdk';
import { Netlink } from '@dpu-operator/sdk/linux';

const [netns = ''] = process.argv.slice(2);
// What is loaded once is loaded.
new Netlink(netns).close();
await new Promise(setImmediate);
const taken: number[] = [];
for (;;) {
  try {
    taken.push(openSync('/dev/null', 'r'));
  } catch {
    break;
  }
}
for (const path of [undefined, netns]) {
  try {
    new Netlink(path);
  } catch (error) {
    console.log(DpuError.from(error).code);
  }
}
for (const fd of taken) closeSync(fd);
const links = new Netlink(netns);
console.log((await links.listLinks()).map(({ name }) => name).join());
links.close();
